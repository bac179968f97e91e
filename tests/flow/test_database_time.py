"""Whose clock counts: on PostgreSQL the database's, however wrong the clock of the machine that asks is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from app.domain.delivery import PORTAL, LaneState
from app.store import session as store_session
from app.store.session import Database, Row, SystemClock
from app.store.tables import lanes
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.upkeep import tick
from connectors.testing import InMemoryConnector
from tests.worlds import context_of, dossier, drain, hand_over

WRONG_BY = timedelta(hours=1)
#: How far two looks at the right clock may lie apart on a busy machine; far less than the clock is wrong by.
APART = timedelta(minutes=2)
LEASE = timedelta(minutes=5)

_ONLY_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


class _FastDatetime(datetime):
    """The time of a machine whose clock is an hour ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) + WRONG_BY


class _SlowDatetime(datetime):
    """The time of a machine whose clock is an hour behind."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) - WRONG_BY


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest_asyncio.fixture
async def context(database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    plain = context_of(database, nation)
    policy = DeliveryPolicy(plain.policies[PORTAL.target].schedules, lease_seconds=LEASE.total_seconds())
    yield context_of(database, nation, policy)


async def databases_time(database: Database) -> datetime:
    async with database.read() as session:
        at: datetime = (await session.connection.execute(select(func.clock_timestamp()))).scalar_one()
    return at


async def lane(context: Context) -> Row:
    async with context.database.read() as session:
        (row,) = await session.rows(select(lanes))
    return dict(row._mapping)


@pytest.mark.parametrize(("wrong", "sign"), [(_FastDatetime, 1), (_SlowDatetime, -1)])
async def test_a_wrong_machine_clock_moves_the_time_only_where_it_is_the_only_clock(
    database: Database, monkeypatch: pytest.MonkeyPatch, wrong: type[datetime], sign: int
) -> None:
    monkeypatch.setattr(store_session, "datetime", wrong)
    right = datetime.now(UTC)
    shifted = right + sign * WRONG_BY
    assert abs(SystemClock().now() - shifted) < APART, "this is where the machine's clock is read"
    async with database.read() as session:
        found = await session.now()
    assert abs(found - (shifted if database.is_sqlite else right)) < APART


@_ONLY_POSTGRESQL
@pytest.mark.parametrize("wrong", [_FastDatetime, _SlowDatetime])
async def test_a_claim_of_a_worker_whose_clock_is_wrong_is_a_lease_of_the_right_length(
    context: Context, nation: InMemoryConnector, monkeypatch: pytest.MonkeyPatch, wrong: type[datetime]
) -> None:
    await hand_over(context, dossier())
    monkeypatch.setattr(store_session, "datetime", wrong)
    before = await databases_time(context.database)
    nation.pause()
    under_way = asyncio.create_task(deliver(context, PORTAL, "wrong"))
    await nation.waiting.wait()
    after = await databases_time(context.database)
    assert before + LEASE <= (await lane(context))["lease_until"] <= after + LEASE
    nation.resume()
    assert await under_way == 1
    assert (await lane(context))["state"] == LaneState.IDLE.value


@_ONLY_POSTGRESQL
async def test_a_worker_whose_clock_is_an_hour_ahead_takes_no_living_lease_away(
    context: Context, nation: InMemoryConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hand_over(context, dossier())
    nation.pause()
    under_way = asyncio.create_task(deliver(context, PORTAL, "right"))
    await nation.waiting.wait()
    monkeypatch.setattr(store_session, "datetime", _FastDatetime)
    assert (await tick(context)).rescued == 0
    assert await drain(context, "ahead") == 0
    taken = await lane(context)
    assert (taken["state"], taken["worker"]) == (LaneState.LEASED.value, "right")
    nation.resume()
    await under_way
    assert len(nation.ledger) == 1
