"""The gate before each destination, shared by all workers; the rules are ``app.domain.breaker``.

A closed gate costs a claim one plain read. Only a grant (a trial, a step of a ramp) and a report lock the row.
"""

import math
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain import breaker
from app.domain.breaker import BreakerPolicy, Gate, GateState
from app.store.session import ReadSession, Row, WriteSession
from app.store.tables import gates

# How fast the rate forgets: long enough to be calm, short enough to follow an outage.
RATE_SECONDS = 120.0
_FIELDS = tuple(field.name for field in fields(Gate))


@dataclass(frozen=True, slots=True)
class Admission:
    """How many lanes may be claimed now, the state of the gate, and when to ask again (None: at once)."""

    lanes: int
    state: GateState
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A gate with why it opened and how fast deliveries went last (per second; None: not known)."""

    key: str
    gate: Gate
    reason: str | None
    reason_message: str | None
    delivered_rate: float | None
    rate_at: datetime | None


async def load(session: ReadSession, key: str) -> Gate | None:
    """The gate of a destination; None when nothing was ever reported of it, which means closed."""
    row = await session.one_or_none(select(gates).where(gates.c.target == key))
    return None if row is None else _gate(row)


async def admit(session: WriteSession, key: str, policy: BreakerPolicy, wanted: int, now: datetime) -> Admission:
    """Ask for ``wanted`` lanes. A trial and a step of a ramp are granted once, whoever asks at the same time.

    A grant is used up by the commit: who finds nothing to claim rolls back.
    """
    gate = await load(session, key)
    if gate is None:
        return Admission(max(wanted, 0), GateState.CLOSED, None)
    lanes, after = breaker.admit(gate, policy, wanted, now)
    if after != gate:
        gate = await _locked(session, key) or gate
        lanes, after = breaker.admit(gate, policy, wanted, now)
    if after != gate:
        await session.execute(update(gates).where(gates.c.target == key).values(**_values(after)))
    return Admission(lanes, after.state, after.retry_at)


async def record(  # noqa: PLR0913 - what a round knows
    session: WriteSession,
    key: str,
    policy: BreakerPolicy,
    *,
    good: int,
    bad: int,
    now: datetime,
    begun_at: datetime | None = None,
    reason: str | None = None,
    message: str | None = None,
    retry_after_seconds: float | None = None,
) -> tuple[Gate, Gate]:
    """Count the calls of a round, begun when the gate let it through; gives the gate before and after.

    ``reason`` and ``message`` (fit to be shown) are kept while the gate is not closed.
    """
    before = await _opened_row(session, key, begun_at or now)
    after = breaker.record(
        before, policy, good=good, bad=bad, now=now, begun_at=begun_at, retry_after_seconds=retry_after_seconds
    )
    if after == before:
        return before, after
    values = _values(after)
    if after.state is GateState.CLOSED:
        values |= {"reason": None, "reason_message": None}
    elif after.state is GateState.OPEN and bad:
        values |= {"reason": reason, "reason_message": message}
    await session.execute(update(gates).where(gates.c.target == key).values(**values))
    return before, after


async def note_rate(session: WriteSession, key: str, *, delivered: int, seconds: float, now: datetime) -> float:
    """Take ``delivered`` messages of a round of ``seconds`` into the rate of the whole fleet; gives it, per second.

    Of the time since the last report no more counts than the round itself took: idle time is not slowness.
    """
    await _opened_row(session, key, now)
    row = await session.one_or_none(select(gates.c.delivered_rate, gates.c.rate_at).where(gates.c.target == key))
    assert row is not None  # noqa: S101 - made by the line above
    rate = _smoothed(row.delivered_rate, row.rate_at, delivered, max(seconds, 0.001), now)
    at = now if row.rate_at is None else max(now, row.rate_at)
    await session.execute(update(gates).where(gates.c.target == key).values(delivered_rate=rate, rate_at=at))
    return rate


async def listing(session: ReadSession) -> list[tuple[str, Gate]]:
    """All gates by the key of their destination."""
    return [(standing.key, standing.gate) for standing in await standings(session)]


async def standings(session: ReadSession) -> list[Standing]:
    """All gates with their reasons and rates, by key."""
    rows = await session.rows(select(gates).order_by(gates.c.target))
    return [Standing(r.target, _gate(r), r.reason, r.reason_message, r.delivered_rate, r.rate_at) for r in rows]


def _smoothed(rate: float | None, rate_at: datetime | None, delivered: int, seconds: float, now: datetime) -> float:
    if rate is None or rate_at is None:
        return delivered / seconds
    passed = min(max((now - rate_at).total_seconds(), 0.001), seconds)
    return rate + (1 - math.exp(-passed / RATE_SECONDS)) * (delivered / passed - rate)


async def _locked(session: WriteSession, key: str) -> Gate | None:
    row = await session.one_or_none(select(gates).where(gates.c.target == key).with_for_update())
    return None if row is None else _gate(row)


async def _opened_row(session: WriteSession, key: str, since: datetime) -> Gate:
    """The locked gate of a destination, made when there was none."""
    gate = await _locked(session, key)
    if gate is not None:
        return gate
    insert = (postgresql if session.dialect == "postgresql" else sqlite).insert(gates)
    row = {"target": key} | _values(breaker.fresh(since))
    # Somebody else may make it in the same moment: then theirs is the one.
    await session.execute(insert.values(row).on_conflict_do_nothing(index_elements=["target"]))
    gate = await _locked(session, key)
    assert gate is not None  # noqa: S101 - gates are never deleted
    return gate


def _gate(row: Any) -> Gate:  # noqa: ANN401 - a row
    found = {name: getattr(row, name) for name in _FIELDS}
    return Gate(**(found | {"state": GateState(row.state)}))


def _values(gate: Gate) -> Row:
    found: Row = {name: getattr(gate, name) for name in _FIELDS}
    return found | {"state": gate.state.value}
