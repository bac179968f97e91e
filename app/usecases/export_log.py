"""Bundles: all entries about one dossier or one person with their proofs, for somebody who does not believe us.

A bundle is a ZIP: ``entries.ndjson`` (leaves, a line each), ``proofs/`` (C2SP tlog-proof), ``checkpoint.txt``,
``keys.txt``, ``bundle.json`` (what was selected), ``verify.py`` and ``README.txt``; with ``consistency.txt`` when it
was asked for since an older checkpoint. That nothing was left out it shows only beside an older bundle.
Where checkpoints are time-stamped, the newest stamp (``timestamp.tsr``) goes with what it is over
(``timestamped.txt``); unless it was asked for since another, ``consistency.txt`` is from that one on.
"""

import base64
import json
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from app import tlog
from app.store import log_reading, log_stamps
from app.store.log_stamps import Stamp
from app.store.session import ReadSession
from app.tlog import TlogError, Verifier, open_checkpoint
from app.usecases import prove_log
from app.usecases.archives import Shelf
from app.usecases.context import Caller, Context
from app.usecases.log_lies import Lies
from app.usecases.prove_log import NoProof, Proof, Signed

FORMAT: Final = "lienthong-audit-bundle@1"
README: Final = (
    "Kiểm tra (cần Python >= 3.11 và gói cryptography): python verify.py – rồi đối chiếu khóa với khóa đã công bố.\n"
    "Verify (needs Python >= 3.11 and cryptography): python verify.py – then compare the key with the published one.\n"
)
VERIFIER: Final = Path(tlog.__file__).with_name("bundle_verify.py")
# ZIP knows no earlier time, and the same bundle should be the same bytes.
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


class About(StrEnum):
    """What a bundle is about: a column of the log."""

    DOSSIER = "dossier_code"
    SUBJECT = "subject_ref"


@dataclass(frozen=True, slots=True)
class Exported:
    """What a bundle holds. ``pending`` entries are too new to be covered by a checkpoint."""

    entries: int
    pending: int
    size: int


async def export(
    context: Context,
    caller: Caller,
    about: About,
    value: str,
    out: BinaryIO,
    *,
    since: str | None = None,
    correlation_id: str,
) -> Exported:
    """Write a bundle to ``out``. That it was asked for is on record before anything is read.

    Args:
        context: with the keys that go into the bundle.
        caller: who asks.
        about: by which column entries are chosen.
        value: its value.
        out: an open file; what it holds after a failure is no bundle.
        since: a checkpoint (note) that the asker holds: the bundle then proves that the log has only grown since.
        correlation_id: of the entry about this export.

    Raises:
        NoProof: nothing is signed, or what is held is not what was signed.
        ArchiveNeeded: some of it was archived, and a file is not at hand.
    """
    detail: dict[str, object] = {"dossier" if about is About.DOSSIER else "subject_ref": value}
    await prove_log.note_access(context, caller, "exported", correlation_id, detail)
    async with context.database.read() as session:
        signed = await prove_log.newest(session)
        stamp = await _stamp(context, session)
        since = since or (stamp.note if stamp else None)
        path = None if since is None else await _since(context, session, since, signed)
        pending = await log_reading.count_pending(session, about.value, value)
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            shelf = Shelf(context.retention.archive_dir)
            async with aclosing(_proofs(session, about, value, signed, shelf)) as proofs:
                written, above = await _write_entries(bundle, proofs)
            write_frame(bundle, {about.value: value}, signed.note, context.log.verifiers, path)
            if stamp is not None:
                write(bundle, "timestamp.tsr", stamp.reply)
                write(bundle, "timestamped.txt", stamp.note.encode())
    return Exported(written, pending + above, signed.size)


async def _stamp(context: Context, session: ReadSession) -> Stamp | None:
    """The newest time-stamp, if what it is over is signed by a key that goes into the bundle."""
    stamp = await log_stamps.newest(session)
    try:
        open_checkpoint(stamp.note if stamp else "", context.log.verifiers, context.log.origin)
    except TlogError:
        return None
    return stamp


async def _since(context: Context, session: ReadSession, since: str, signed: Signed) -> list[bytes]:
    try:
        old, _ = open_checkpoint(since, context.log.verifiers, context.log.origin, context.log.earlier)
    except TlogError as error:
        message = f"the older checkpoint is not one of this log: {error}"
        raise NoProof(message) from error
    return await prove_log.consistency(session, old.size, signed.size)


async def _proofs(
    session: ReadSession, about: About, value: str, signed: Signed, shelf: Shelf
) -> AsyncGenerator[Proof | None, None]:
    """The proofs in the order of the tree, of what was archived too; None for an entry above the checkpoint."""
    try:
        async for leaf in shelf.leaves_about(session, about.value, value):
            yield await prove_log.proof_of(session, leaf, signed, shelf) if leaf.seq < signed.size else None
    except Lies as error:
        message = f"not all of it can be shown: {error}; run 'lienthong audit verify'"
        raise NoProof(message) from error


async def _write_entries(bundle: zipfile.ZipFile, proofs: AsyncIterator[Proof | None]) -> tuple[int, int]:
    """Write proofs, then the leaves they hold; how many, and how many stand above the checkpoint."""
    leaves: list[bytes] = []
    above = 0
    async for proof in proofs:
        if proof is None:
            above += 1
            continue
        write(bundle, f"proofs/{proof.index}.tlog-proof", proof.to_text().encode())
        leaves.append(proof.leaf)
    write(bundle, "entries.ndjson", b"".join(leaf + b"\n" for leaf in leaves))
    return len(leaves), above


def write_frame(
    bundle: zipfile.ZipFile,
    selection: dict[str, str],
    checkpoint: str,
    verifiers: Iterable[Verifier],
    consistency: Sequence[bytes] | None,
) -> None:
    """What stands around the entries of a bundle."""
    about = json.dumps({"format": FORMAT, "selection": selection}, ensure_ascii=False, indent=1)
    write(bundle, "bundle.json", about.encode() + b"\n")
    write(bundle, "checkpoint.txt", checkpoint.encode())
    write(bundle, "keys.txt", "".join(f"{verifier.vkey}\n" for verifier in verifiers).encode())
    if consistency is not None:
        lines = "".join(f"{base64.b64encode(each).decode()}\n" for each in consistency)
        write(bundle, "consistency.txt", lines.encode())
    write(bundle, "verify.py", VERIFIER.read_bytes())
    write(bundle, "README.txt", README.encode())


def write(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put a file into a bundle."""
    bundle.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
