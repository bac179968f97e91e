"""Look at the personal values that an entry of the log commits to: with a purpose and a reason, and on record."""

from dataclasses import dataclass, field
from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.commitments import Commitments
from app.domain.disclosure import VALUES
from app.domain.erasure import LookReason
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import NoValues, ValuesAltered, ValuesErased, ValuesUnreadable
from app.sealing import Unsealable
from app.store import audit, audit_values, disclosures, subject_keys
from app.store.readable import UnreadableRow
from app.store.session import ReadSession, Row, WriteSession
from app.store.subject_keys import KeyRow
from app.usecases import prove_log
from app.usecases.check_values import commitments_of, opened_values
from app.usecases.context import Caller, Context

_PURPOSE_MAX = 500


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """The values of an entry, each held to its commitment, and whom they are about."""

    audit_id: int
    at: datetime
    kind: str
    dossier_code: str | None
    subject: str
    values: dict[str, str] = field(repr=False)


async def open_values(
    context: Context, caller: Caller, audit_id: int, why: LookReason, reason: str, correlation_id: str
) -> OpenedEntry:
    """Open the values. The look is on record in the transaction that reads them, and told to whom they are about.

    Raises:
        NoValues: no such entry, or it commits to none.
        ValuesErased: their key was destroyed.
        ValuesAltered: they are not those that the entry commits to, or gone.
        ValuesUnreadable: the master key that wraps their key is not at hand.
    """

    async def work(session: WriteSession) -> OpenedEntry:
        row, committed = await _entry(session, audit_id)
        try:
            key = (await subject_keys.find(session, [committed.key_id])).get(committed.key_id)
            if key is None:
                message = f"the key of the values of entry {audit_id} is gone"
                raise ValuesAltered(message)
            values = await _values(session, row, key)
        except UnreadableRow as error:
            message = f"the values of entry {audit_id}, or their key, cannot be read"
            raise ValuesAltered(message) from error
        looked = _look(caller, row, key, f"{why.value}; {reason}", correlation_id)
        await audit.append(session, [looked], await session.now())
        return OpenedEntry(audit_id, row["at"], row["kind"], row["dossier_code"], key.subject_id, values)

    try:
        return await context.database.run(work)
    except (ValuesErased, ValuesAltered, ValuesUnreadable) as refusal:
        # Who tried to see them is on record, too.
        asked: dict[str, object] = {"log": VALUES, "entry": audit_id, "purpose": why.value, "reason": reason}
        await prove_log.note_access(context, caller, refusal.slug, correlation_id, asked)
        refusal.on_record = True
        raise


async def _entry(session: ReadSession, audit_id: int) -> tuple[Row, Commitments]:
    row = await disclosures.entry(session, audit_id)
    committed = commitments_of(row) if row else None
    if row is None or committed is None:
        message = f"entry {audit_id} does not exist, or commits to no personal value"
        raise NoValues(message)
    return row, committed


async def _values(session: ReadSession, row: Row, key: KeyRow) -> dict[str, str]:
    audit_id = row["id"]
    if key.wrapped is None:
        message = f"the key of the values of entry {audit_id} was destroyed"
        raise ValuesErased(message)
    masters = session.keys
    if masters is None or key.master_key not in masters.known:
        message = f"master key '{key.master_key}' is not at hand"
        raise ValuesUnreadable(message)
    secret = subject_keys.opened(masters, key)
    held = (await audit_values.find(session, [audit_id])).get(audit_id)
    if secret is None or held is None:
        message = f"the values of entry {audit_id}, or their key, were altered or deleted"
        raise ValuesAltered(message)
    try:
        openings = opened_values(secret, audit_id, row["commitments"], held)
    except Unsealable as error:
        raise ValuesAltered(str(error)) from error
    return {name: opening.value for name, opening in openings.items()}


def _look(caller: Caller, row: Row, key: KeyRow, why: str, correlation_id: str) -> AuditEntry:
    return AuditEntry(
        kind=AuditKind.LOG_ACCESS,
        outcome="values_read",
        actor=caller.name,
        agency=caller.agency,
        purpose=f"{Purpose.AUDIT.value}: {why}"[:_PURPOSE_MAX],
        legal_basis=LEGAL_BASIS[Purpose.AUDIT],
        correlation_id=correlation_id,
        # So that what is to be told later of the dossier is told later of this look, too.
        dossier_code=row["dossier_code"],
        procedure_code=row["procedure_code"],
        unit_code=row["unit_code"],
        subject_ref=key.subject_id,
        detail={"log": VALUES, "entry": row["id"], "items": sorted(Commitments.parse(row["commitments"]).values)},
    )
