"""Personal values held against what the entries of the log commit to: opened again where their key lives.

A key that was destroyed is no lie where the log itself says so: an entry of a kind of its own names each one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from app.domain.commitments import Commitments, Opening
from app.domain.log_check import Finding, Lie
from app.sealing import Unsealable, unseal
from app.store import audit, audit_values, subject_keys
from app.store.audit_values import Held
from app.store.log_reading import Leaf
from app.store.readable import UnreadableRow
from app.store.session import ReadSession, Row
from app.store.subject_keys import KeyRow


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """Entries with values: ``opened`` and held to their commitments, ``erased``, ``unread`` without a master key."""

    opened: int = 0
    erased: int = 0
    unread: int = 0

    def __add__(self, other: "ValueCounts") -> "ValueCounts":
        """Both together."""
        return ValueCounts(self.opened + other.opened, self.erased + other.erased, self.unread + other.unread)


class _Wrong(Exception):
    """Carries a lie up, with its words."""

    def __init__(self, lie: Lie, words: str) -> None:
        super().__init__(words)
        self.lie, self.words = lie, words


@dataclass(slots=True)
class Beside:
    """What stands beside a block of entries: values, their keys unwrapped, and which destructions are on record.

    ``unreadable`` are the numbers of entries beside which something stands that cannot be read.
    """

    held: Mapping[int, Held]
    keys: Mapping[str, KeyRow]
    secrets: Mapping[str, bytes | None]
    known_masters: frozenset[str]
    erased: frozenset[str]
    unreadable: frozenset[int] = frozenset()
    counts: ValueCounts = field(default_factory=ValueCounts)

    def lie(self, leaf: Leaf) -> Finding | None:
        """Hold an entry, whose row was found to be right, against what stands beside it."""
        where = f"entry {leaf.audit_id} (place {leaf.seq})"
        if leaf.audit_id in self.unreadable:
            words = f"{where}: the values beside it, or their key, cannot be read"
            return Finding(Lie.ALTERED_VALUE, words, leaf.seq, leaf.audit_id)
        try:
            if leaf.row is not None:
                self.counts += self._look(leaf.audit_id, leaf.row)
        except _Wrong as wrong:
            words = f"{where}: {wrong.words}"
            return Finding(wrong.lie, words, leaf.seq, leaf.audit_id)
        return None

    def _look(self, audit_id: int, row: Row) -> ValueCounts:
        committed, held = commitments_of(row), self.held.get(audit_id)
        if committed is None:
            if held is not None:
                raise _Wrong(Lie.ALTERED_VALUE, "values stand beside it, and it commits to none")
            return ValueCounts()
        key = self.keys.get(committed.key_id)
        if key is None:
            raise _Wrong(Lie.DELETED_VALUE, "the key of the values that it commits to is gone")
        if key.wrapped is None:
            if key.id not in self.erased:
                raise _Wrong(Lie.DELETED_VALUE, "the key of its values was destroyed, and no erasure is on record")
            return ValueCounts(erased=1)
        if held is None:
            raise _Wrong(Lie.DELETED_VALUE, "the values that it commits to are gone, and their key was not destroyed")
        if key.master_key not in self.known_masters:
            return ValueCounts(unread=1)
        secret = self.secrets[key.id]
        if secret is None:
            raise _Wrong(Lie.ALTERED_VALUE, "the key of its values was altered")
        try:
            opened_values(secret, audit_id, row["commitments"], held)
        except Unsealable as error:
            raise _Wrong(Lie.ALTERED_VALUE, "the values beside it are not those that it commits to") from error
        return ValueCounts(opened=1)


async def load_beside(session: ReadSession, leaves: Iterable[Leaf]) -> Beside:
    """Everything that stands beside these entries, in three or four questions."""
    rows = {leaf.audit_id: leaf.row for leaf in leaves if leaf.row is not None}
    try:
        return await _load(session, rows)
    except UnreadableRow:
        return await _one_by_one(session, rows)


async def _one_by_one(session: ReadSession, rows: Mapping[int, Row]) -> Beside:
    """What stands beside these entries where something of it cannot be read: so that the first is named."""
    found, bad = await _load(session, {}), set[int]()
    for audit_id, row in rows.items():
        try:
            one = await _load(session, {audit_id: row})
        except UnreadableRow:
            bad.add(audit_id)
        else:
            found = replace(
                found,
                held={**found.held, **one.held},
                keys={**found.keys, **one.keys},
                secrets={**found.secrets, **one.secrets},
                erased=found.erased | one.erased,
            )
    return replace(found, unreadable=frozenset(bad))


async def _load(session: ReadSession, rows: Mapping[int, Row]) -> Beside:
    held = await audit_values.find(session, rows.keys())
    named = {found.key_id for row in rows.values() if (found := commitments_of(row)) is not None}
    keys = await subject_keys.find(session, named)
    gone = {key.subject_id for key in keys.values() if key.wrapped is None}
    masters = session.keys
    secrets = {key.id: subject_keys.opened(masters, key) if masters else None for key in keys.values()}
    known = frozenset(masters.known) if masters else frozenset()
    return Beside(held, keys, secrets, known, await audit.erased_keys(session, gone))


def commitments_of(row: Row) -> Commitments | None:
    """What an entry commits to; None for nothing, and for what nobody of ours wrote (its leaf tells of that)."""
    try:
        return None if row["commitments"] is None else Commitments.parse(row["commitments"])
    except ValueError:
        return None


def opened_values(secret: bytes, audit_id: int, commitments: str, held: Held) -> dict[str, Opening]:
    """The values of an entry, each held to what the entry commits to.

    Raises:
        Unsealable: they do not open, or are not those.
    """
    committed = Commitments.parse(commitments)
    openings = unseal(secret, audit_id, commitments, held.sealed)
    same = held.key_id == committed.key_id and openings.keys() == committed.values.keys()
    if not same or not all(openings[name].fits(name, value) for name, value in committed.values.items()):
        message = f"the values of entry {audit_id} are not those that it commits to"
        raise Unsealable(message)
    return openings
