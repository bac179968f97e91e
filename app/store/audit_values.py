"""Personal values of entries, encrypted beside the log in the transaction of the entry that commits to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from app.domain.audit import AuditEntry
from app.domain.commitments import Commitments, Opening, commitment
from app.sealing import MasterKeys, Sealed, new_openings, seal
from app.store import subject_keys
from app.store.readable import reading
from app.store.session import ReadSession, WriteSession, member_of, members
from app.store.subject_keys import SubjectKey
from app.store.subject_tables import audit_values


@dataclass(frozen=True, slots=True)
class Committed:
    """An entry that is about to be written: what it commits to, what opens that, and the key it lies under."""

    text: str
    openings: Mapping[str, Opening]
    key: SubjectKey


@dataclass(frozen=True, slots=True)
class Held:
    """The values of an entry as they are kept."""

    key_id: str
    sealed: Sealed


async def commit_to(
    session: WriteSession, masters: MasterKeys, entries: Sequence[AuditEntry], now: datetime
) -> list[Committed | None]:
    """What each entry commits to, in its place; None for those without personal values."""
    subjects = {entry.personal.subject for entry in entries if entry.personal}
    keys = await subject_keys.of_subjects(session, masters, subjects, now)
    return [_committed(entry, keys) for entry in entries]


def _committed(entry: AuditEntry, keys: Mapping[str, SubjectKey]) -> Committed | None:
    if entry.personal is None:
        return None
    key, openings = keys[entry.personal.subject], new_openings(entry.personal.values)
    committed = {name: commitment(each.salt, name, each.value) for name, each in openings.items()}
    return Committed(Commitments(key.id, committed).to_text(), openings, key)


async def put(session: WriteSession, written: Sequence[tuple[int, Committed]]) -> None:
    """Keep the values of entries, each by the number it was given."""
    rows = []
    for audit_id, one in written:
        sealed = seal(one.key.secret, audit_id, one.text, one.openings)
        row = {"audit_id": audit_id, "key_id": one.key.id, "nonce": sealed.nonce, "ciphertext": sealed.ciphertext}
        rows.append(row)
    await session.execute(insert(audit_values), rows)


async def find(session: ReadSession, audit_ids: Collection[int]) -> dict[int, Held]:
    """The values of entries, as far as there are any.

    Raises:
        UnreadableRow: one of the rows holds what cannot be read.
    """
    if not audit_ids:
        return {}
    statement = select(audit_values).where(member_of(audit_values.c.audit_id, "ids", session.dialect))
    with reading(session):
        rows = await session.rows(statement, {"ids": members(sorted(audit_ids), session.dialect)})
        return {row.audit_id: Held(row.key_id, Sealed(bytes(row.nonce), bytes(row.ciphertext))) for row in rows}
