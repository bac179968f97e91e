"""What callers may see: a dossier and where it stands, deliveries, the summary, answers of a new shape, the log."""

import json
from dataclasses import replace
from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import UnknownDelivery, UnknownDossier
from app.store import audit, dossiers, lookups, results, sightings, views
from app.store.session import Row, WriteSession
from app.store.views import DeliveryFilter
from app.usecases import reach
from app.usecases.context import Caller, Context


async def dossier(context: Context, caller: Caller, code: str, correlation_id: str) -> Row:
    """A dossier's facts as handed over, its lanes and its deliveries; the look is on record before it is answered.

    Raises:
        UnknownDossier: it was never handed over.
    """

    async def note(session: WriteSession) -> None:
        row = await dossiers.facts(session, code)
        if row is None:
            message = f"dossier '{code}' was never handed over"
            raise UnknownDossier(message)
        entry = AuditEntry(
            kind=AuditKind.DOSSIER_READ,
            outcome="given",
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.OPERATION.value,
            legal_basis=LEGAL_BASIS[Purpose.OPERATION],
            correlation_id=correlation_id,
            dossier_code=code,
            procedure_code=row["procedure_code"],
            unit_code=row["unit_code"],
        )
        await audit.append(session, [entry], await session.now())

    await context.database.run(note)
    async with context.database.read() as session:
        row = await dossiers.facts(session, code)
        assert row is not None  # noqa: S101 - dossiers are never taken away
        lanes = await views.lanes_of(session, code)
        deliveries = await views.dossier_deliveries(session, code)
        steps = await dossiers.count_steps(session, code)
    return row | {"facts": json.loads(row["facts"]), "lanes": lanes, "deliveries": deliveries, "steps": steps}


async def deliveries(context: Context, caller: Caller, wanted: DeliveryFilter) -> list[Row]:
    """One page of deliveries in reach."""
    async with context.database.read() as session:
        return await views.deliveries(session, replace(wanted, units=reach.units_of(context, caller)))


async def delivery(context: Context, delivery_id: int) -> Row:
    """One delivery with its attempts.

    Raises:
        UnknownDelivery: there is none.
    """
    async with context.database.read() as session:
        row = await views.delivery(session, delivery_id)
    if row is None:
        message = f"delivery {delivery_id} does not exist"
        raise UnknownDelivery(message)
    return row


async def summary(context: Context, caller: Caller) -> Row:
    """The state of the sync, from rows; with the shares of electronic results and of scans avoided."""
    units = reach.units_of(context, caller)
    async with context.database.read() as session:
        found = await views.summary(session, await session.now(), units)
        shares, (asked, saved) = await results.shares(session, units), await lookups.figures(session, units)
    scans = {"lookups": asked, "scans_avoided": saved, "share": saved / asked if asked else None}
    return found | {"e_results": _e_results(context, shares), "scans": scans}


def _e_results(context: Context, shares: list[tuple[str, str, int, int]]) -> Row:
    """Only procedures whose list names a result owe one."""
    procedures = context.catalogue.procedures
    owing = [row for row in shares if row[1] in procedures and procedures[row[1]].result_codes]
    groups = [
        {"unit": unit, "procedure": procedure, "resolved": n, "with_e_result": has, "share": round(has / n, 4)}
        for unit, procedure, n, has in owing
    ]
    resolved, has_result = sum(n for _, _, n, _ in owing), sum(has for *_, has in owing)
    share = round(has_result / resolved, 4) if resolved else None
    return {"resolved": resolved, "with_e_result": has_result, "share": share, "groups": groups}


async def contracts(context: Context, before_id: int | None, limit: int) -> list[Row]:
    """A page of the answers whose shape nobody had seen, with a masked example each."""
    async with context.database.read() as session:
        return await sightings.listing(session, before_id, limit)


async def log(
    context: Context,
    caller: Caller,
    *,
    equal: dict[str, str],
    since: datetime | None,
    until: datetime | None,
    before_id: int | None,
    limit: int,
    correlation_id: str,
) -> list[Row]:
    """A page of the audit log. Looking into the log is on record too, also for administrators."""

    async def note(session: WriteSession) -> None:
        entry = AuditEntry(
            kind=AuditKind.LOG_ACCESS,
            outcome="read",
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.AUDIT.value,
            legal_basis=LEGAL_BASIS[Purpose.AUDIT],
            correlation_id=correlation_id,
            detail={"filter": equal, "limit": limit},
        )
        await audit.append(session, [entry], await session.now())

    await context.database.run(note)
    async with context.database.read() as session:
        return await audit.page(session, before_id=before_id, limit=limit, equal=equal, since=since, until=until)
