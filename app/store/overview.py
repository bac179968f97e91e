"""Each destination at a glance: its gate, what is held, what waits, how fast it goes, and when it will be done.

Reads only; every figure is derived from rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import case, func, select, text

from app.domain import breaker, forecast
from app.domain.breaker import BreakerPolicy, Gate, GateState
from app.domain.delivery import Destination, LaneState, Target
from app.domain.forecast import Backlog
from app.store import gates, holds
from app.store.holds import Hold
from app.store.session import ReadSession
from app.store.tables import PENDING, lanes, messages
from app.store.watch_tables import webhooks

_ID_END = 2**63
_MOVES = frozenset({GateState.CLOSED, GateState.RAMP})


class Bounds(Protocol):
    """What of the engine's bounds a forecast needs."""

    @property
    def lanes_per_claim(self) -> int:
        """The most lanes that one claim takes."""

    @property
    def breaker(self) -> BreakerPolicy | None:
        """How the gate comes back; None: there is none."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one destination is still owed; ``standing_messages`` wait in lanes that are held, for whatever reason."""

    lanes: int = 0
    messages: int = 0
    standing_messages: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DestinationView:
    """One destination at the time ``at``; ``delivered_rate`` is messages a second while work went on, None: unknown."""

    key: str
    at: datetime
    gate: Gate
    reason: str | None
    reason_message: str | None
    holds: tuple[Hold, ...]
    waiting: Waiting
    delivered_rate: float | None
    bounds: Bounds | None = None

    @property
    def held(self) -> bool:
        """Whether an operator holds the whole destination."""
        return holds.blocks_destination(self.holds)

    @property
    def oldest_seconds(self) -> float | None:
        """How long the oldest record has waited; None when nothing waits."""
        oldest = self.waiting.oldest_at
        return None if oldest is None else max((self.at - oldest).total_seconds(), 0.0)

    @property
    def forecast_seconds(self) -> float | None:
        """How long until nothing waits but what is held; None when nobody can tell, or when nothing may go."""
        return None if self.held or self.gate.state not in _MOVES else self.drain_seconds

    @property
    def drain_seconds(self) -> float | None:
        """How long what waits will take if the next trial goes well; None when nobody can tell.

        Counts what the gate still holds back, how it lets more and more through, and the rate measured last.
        """
        moving = self.waiting.messages - self.waiting.standing_messages
        if not moving:
            return 0.0
        if not self.delivered_rate:
            return None
        if self.bounds is None:
            return moving / self.delivered_rate
        per_lane = self.waiting.messages / max(self.waiting.lanes, 1)
        backlog = Backlog(moving, per_lane, self.bounds.lanes_per_claim)
        return forecast.drain_seconds(backlog, self.gate, self.bounds.breaker, self.delivered_rate, self.at)


async def destinations(session: ReadSession, targets: Mapping[Target, Bounds], now: datetime) -> list[DestinationView]:
    """The destinations of the targets in use, and others that are still owed or held; national ones first."""
    standings = {standing.key: standing for standing in await gates.standings(session)}
    waiting = await _waiting(session)
    held: dict[str, list[Hold]] = {}
    for hold in await holds.active(session):
        held.setdefault(hold.target, []).append(hold)
    keys = {*await _in_use(session, targets), *waiting, *held}
    views = []
    for key in sorted(keys, key=lambda k: (k.startswith(Target.WEBHOOK.value), len(k), k)):
        standing = standings.get(key)
        views.append(
            DestinationView(
                key=key,
                at=now,
                gate=standing.gate if standing else breaker.fresh(now),
                reason=standing.reason if standing else None,
                reason_message=standing.reason_message if standing else None,
                holds=tuple(held.get(key, [])),
                waiting=waiting.get(key, Waiting()),
                delivered_rate=standing.delivered_rate if standing else None,
                bounds=_bounds_of(key, targets),
            )
        )
    return views


def _bounds_of(key: str, targets: Mapping[Target, Bounds]) -> Bounds | None:
    try:
        return targets.get(Destination.of(key).target)
    except ValueError:
        # Owed to a system that this version no longer knows.
        return None


async def exists(session: ReadSession, key: str, targets: Iterable[Target]) -> bool:
    """Whether a key names a destination that is in use."""
    try:
        destination = Destination.of(key)
    except ValueError:
        return False
    if destination.key != key or destination.target not in set(targets):
        return False
    if destination.target is not Target.WEBHOOK:
        return destination.endpoint is None
    # A number that no database keeps is nobody's.
    if destination.endpoint is None or not 0 < destination.endpoint < _ID_END:
        return False
    living = select(webhooks.c.id).where(webhooks.c.id == destination.endpoint, webhooks.c.ended_at.is_(None))
    return await session.one_or_none(living) is not None


async def _in_use(session: ReadSession, targets: Iterable[Target]) -> list[str]:
    keys: list[str] = []
    for target in targets:
        if target is Target.WEBHOOK:
            living = await session.rows(select(webhooks.c.id).where(webhooks.c.ended_at.is_(None)))
            keys.extend(Destination(target, row.id).key for row in living)
        else:
            keys.append(Destination(target).key)
    return keys


async def _waiting(session: ReadSession) -> dict[str, Waiting]:
    stands = func.sum(case((lanes.c.state == LaneState.HELD.value, 1), else_=0))
    statement = (
        select(
            messages.c.target,
            func.count(messages.c.lane_id.distinct()).label("lanes"),
            func.count().label("messages"),
            stands.label("standing"),
            func.min(messages.c.created_at).label("oldest_at"),
        )
        .join(lanes, lanes.c.id == messages.c.lane_id)
        .where(text(PENDING.replace("state", "messages.state")))
        .group_by(messages.c.target)
    )
    rows = await session.rows(statement)
    return {row.target: Waiting(row.lanes, row.messages, int(row.standing), row.oldest_at) for row in rows}
