"""Master keys: wrap all keys of subjects anew under the newest one, in small blocks; and how they stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import ConfigurationError
from app.sealing import MasterKeys
from app.store import audit, subject_keys
from app.store.session import WriteSession
from app.store.subject_keys import KeyRow
from app.usecases.context import Caller, Context

BLOCK = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """How keys stand. ``current`` wraps new ones (None: no personal value is kept); ``living`` counts by master key."""

    current: str | None
    living: Mapping[str, int]
    destroyed: int
    unknown: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether values are kept, and every key that lives can be unwrapped here."""
        return self.current is not None and not self.unknown

    @property
    def to_rewrap(self) -> int:
        """Keys that an older master key wraps still; until there are none it must be kept."""
        return sum(count for master, count in self.living.items() if master != self.current)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of a rotation: keys wrapped anew, those that no master key at hand unwraps, remnants gone or not."""

    rewrapped: int
    failed: int
    scrubbed: bool


async def standing(context: Context) -> Standing:
    """How the keys of subjects stand."""
    masters = context.database.keys
    async with context.database.read() as session:
        living, destroyed = await subject_keys.figures(session)
    known = masters.known if masters else {}
    unknown = tuple(sorted(living.keys() - known.keys()))
    return Standing(masters.current.id if masters else None, living, destroyed, unknown)


async def rotate(
    context: Context, caller: Caller, correlation_id: str, tell: Callable[[int], None], block: int = BLOCK
) -> Rotated:
    """Wrap every living key under the current master key. Values are not encrypted again.

    Broken off, it goes on where it stood: what is wrapped anew is done. ``tell`` is told how many are.

    Raises:
        ConfigurationError: there is no master key.
    """
    masters = context.database.keys
    if masters is None:
        message = "LIENTHONG_MASTER_KEY is not set"
        raise ConfigurationError(message)
    after, done, failed = "", 0, 0
    while True:
        async with context.database.read() as session:
            rows = await subject_keys.to_rewrap(session, masters.current.id, after, block)
        if not rows:
            break
        after = rows[-1].id
        fresh = [row for row in (_rewrapped(masters, row) for row in rows) if row is not None]
        failed += len(rows) - len(fresh)
        done += await _write(context, caller, fresh, masters.current.id, correlation_id)
        tell(done + failed)
    return Rotated(done, failed, await context.database.scrub())


def _rewrapped(masters: MasterKeys, row: KeyRow) -> KeyRow | None:
    secret = subject_keys.opened(masters, row)
    if secret is None:
        return None
    return replace(row, wrapped=masters.current.wrap(secret, row.id, row.subject_id), master_key=masters.current.id)


async def _write(context: Context, caller: Caller, rows: Sequence[KeyRow], current: str, correlation_id: str) -> int:
    async def work(session: WriteSession) -> int:
        changed = await subject_keys.rewrap(session, rows, current)
        entry = AuditEntry(
            kind=AuditKind.OPERATION,
            outcome="keys_rewrapped",
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.OPERATION.value,
            legal_basis=LEGAL_BASIS[Purpose.OPERATION],
            correlation_id=correlation_id,
            detail={"master_key": current, "keys": changed},
        )
        await audit.append(session, [entry], await session.now())
        return changed

    return await context.database.run(work) if rows else 0
