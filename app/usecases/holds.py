"""What an operator holds and lets go on: a destination, a procedure, a unit. Held work waits; none of it is dropped."""

from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import Fault, HoldEnded, UnknownCode, UnknownHold, UnknownTarget
from app.store import audit, overview
from app.store import holds as store
from app.store.holds import Hold
from app.store.overview import DestinationView
from app.store.session import WriteSession
from app.usecases.context import Caller, Context


async def hold(
    context: Context,
    caller: Caller,
    key: str,
    procedure: str | None,
    unit: str | None,
    reason: str,
    correlation_id: str,
) -> tuple[Hold, bool]:
    """Hold what goes to a destination: all of it, one procedure, one unit, or one procedure at one unit.

    Gives the hold and whether it is new: what is held with the same scope already is not held twice.

    Raises:
        UnknownTarget: no such destination is in use.
        UnknownCode: a procedure or unit that its table does not hold; it would hold nothing.
    """
    _known_codes(context, procedure, unit)

    async def work(session: WriteSession) -> tuple[Hold, bool]:
        now = await session.now()
        if not await overview.exists(session, key, context.policies):
            message = f"'{key}' is not a destination in use"
            raise UnknownTarget(message)
        placed, new = await store.place(
            session, key, procedure=procedure, unit=unit, reason=reason, held_by=caller.name, now=now
        )
        outcome = "hold:placed" if new else "hold:held already"
        await audit.append(session, [_entry(caller, placed, outcome, correlation_id)], now)
        return placed, new

    return await context.database.run(work)


async def resume(context: Context, caller: Caller, hold_id: int, note: str, correlation_id: str) -> Hold:
    """End a hold: what waited for it goes on by itself.

    Raises:
        UnknownHold: there is none.
        HoldEnded: somebody has ended it already; says who and when.
    """

    async def work(session: WriteSession) -> Hold:
        now = await session.now()
        ended = await store.lift(session, hold_id, released_by=caller.name, note=note, now=now)
        if ended is None:
            found = await store.find(session, hold_id)
            if found is None or found.released_at is None:
                message = f"hold {hold_id} does not exist"
                raise UnknownHold(message)
            message = f"hold {hold_id} was ended by '{found.released_by}' at {found.released_at.isoformat()}"
            raise HoldEnded(message)
        await audit.append(session, [_entry(caller, ended, "resume:ok", correlation_id)], now)
        return ended

    return await context.database.run(work)


async def active(context: Context) -> list[Hold]:
    """What is held now, oldest first."""
    async with context.database.read() as session:
        return await store.active(session)


async def target_overview(context: Context) -> list[DestinationView]:
    """Every destination: gate, holds, what waits and since when, how fast it goes, when it will be done."""
    async with context.database.read() as session:
        return await overview.destinations(session, context.policies, await session.now())


def _known_codes(context: Context, procedure: str | None, unit: str | None) -> None:
    asked = (
        ("/procedure", procedure, context.catalogue.procedures, "procedures"),
        ("/unit", unit, context.catalogue.units, "units"),
    )
    faults = tuple(
        Fault(pointer, f"'{value}' is not in the table '{table}'", table)
        for pointer, value, known, table in asked
        if value is not None and value not in known
    )
    if faults:
        raise UnknownCode("; ".join(fault.detail for fault in faults), faults=faults)


def _entry(caller: Caller, about: Hold, outcome: str, correlation_id: str) -> AuditEntry:
    """The reason and the note stand with the hold itself; the log names it."""
    return AuditEntry(
        kind=AuditKind.OPERATION,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=correlation_id,
        procedure_code=about.procedure_code,
        unit_code=about.unit_code,
        detail={"hold": about.id, "target": about.target},
    )
