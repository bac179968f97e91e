"""Go on after a restore that lies behind what was signed: under a new name, with the loss on record.

Under the old name the log may never again be shorter than it was, and no witness would sign that. So it ends where the
backup ends, and a new log with a new key grows out of the same entries; its first own entry says what was lost, how
much, and holds the last checkpoint of the old one, by which anybody can tell what is gone.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.errors import LienThongError
from app.store import audit, restoring
from app.store.session import WriteSession
from app.tlog import TlogError, Verifier, create_key_file
from app.usecases import log_signing
from app.usecases.backup import entry_of
from app.usecases.context import Caller, Context

_BEHIND: Final = frozenset({"rolled_back", "rewritten"})


class NothingToAccept(LienThongError):
    """The log does not lie behind what was signed, or cannot go on so; says why."""


@dataclass(frozen=True, slots=True)
class NewEpoch:
    """The old log's public key, the new one's, and how many entries lie between what was signed and what is there."""

    old: Verifier
    new: Verifier
    lost: int
    restored_size: int


async def accept(context: Context, caller: Caller, name: str, out: Path, reason: str) -> NewEpoch:
    """Make the key of the new log, and put the loss on record.

    Raises:
        NothingToAccept: nobody signs here, nothing is lost, the name is an old one, or the key cannot be made.
    """
    policy = context.log
    if policy.signer is None:
        message = "no key signs here (LIENTHONG_LOG_KEY)"
        raise NothingToAccept(message)
    if name in {policy.origin, *policy.earlier}:
        message = f"'{name}' is a name this log has had; a log that has lost entries goes on under a new one"
        raise NothingToAccept(message)
    try:
        note, signed = log_signing.recall(policy) or "", log_signing.remembered_size(policy)
    except log_signing.NotSigned as error:
        message = f"the log's memory cannot be read ({error.reason})"
        raise NothingToAccept(message) from error
    async with context.database.read() as session:
        restored, why = await restoring.newest(session), await log_signing.broken(policy, session)
    if restored is None or why not in _BEHIND:
        message = f"the log does not lie behind what was signed because of a restore ({why or 'it goes on by itself'})"
        raise NothingToAccept(message)
    try:
        verifier = create_key_file(out, name)
    except TlogError as error:
        raise NothingToAccept(str(error)) from error
    held = restored["log_size"]
    detail: dict[str, object] = {"old_key": policy.signer.verifier.vkey, "new_key": verifier.vkey, "reason": reason}
    detail |= {"signed_size": signed, "restored_size": held, "last_checkpoint": note}

    async def work(session: WriteSession) -> None:
        entry = entry_of(caller, "log_loss_accepted", restored["backup_name"], detail)
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)
    return NewEpoch(policy.signer.verifier, verifier, signed - held, held)
