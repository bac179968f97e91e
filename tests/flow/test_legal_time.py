"""What the office owes first by law goes to the nation first."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.domain.retry import Schedules
from app.domain.worktime import WorkingCalendar
from app.store.session import Database
from app.store.tables import lanes
from app.usecases.context import Context, DeliveryPolicy
from connectors.testing import InMemoryConnector
from tests.factories import NOW, ManualClock
from tests.worlds import SCHEDULE, code, context_of, dossier, drain, hand_over

# Where the clock starts: Wednesday 1 July 2026, 09:00 in Vietnam.
MORNING = NOW


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest.fixture
def context(clocked_database: Database, nation: InMemoryConnector) -> Context:
    policy = DeliveryPolicy(Schedules(SCHEDULE), lanes_per_claim=1, lease_seconds=100.0, call_seconds=40.0)
    return context_of(clocked_database, nation, policy, calendar=WorkingCalendar())


async def keys(context: Context) -> dict[str, datetime]:
    async with context.database.read() as session:
        rows = await session.connection.execute(select(lanes.c.dossier_code, lanes.c.due_at))
    return {row.dossier_code: row.due_at for row in rows}


async def test_what_must_be_passed_on_today_goes_before_an_earlier_promise(
    context: Context, nation: InMemoryConnector
) -> None:
    await hand_over(
        context,
        dossier(1, status="processing", due_at="2026-07-02T17:00:00+07:00"),
        dossier(2, status="received", due_at="2026-07-30T17:00:00+07:00"),
        dossier(
            3, status="received", received_at="2026-06-30T15:01:00+07:00", submitted_at="2026-06-30T08:00:00+07:00"
        ),
    )
    assert await keys(context) == {
        code(1): datetime(2026, 7, 2, 10, tzinfo=UTC),
        code(2): datetime(2026, 7, 1, 10, tzinfo=UTC),
        # It was due when the office opened: overdue, so it stands where it came.
        code(3): MORNING,
    }
    await drain(context)
    assert [entry.dossier for entry in nation.ledger] == [code(3), code(2), code(1)]


async def test_due_dates_with_no_working_time_between_go_by_age(context: Context, nation: InMemoryConnector) -> None:
    await hand_over(
        context,
        dossier(1, status="processing", due_at="2026-07-06T07:30:00+07:00"),
        dossier(2, status="processing", due_at="2026-07-04T09:00:00+07:00"),
        dossier(3, status="processing", due_at="2026-07-03T17:00:00+07:00"),
    )
    assert set((await keys(context)).values()) == {datetime(2026, 7, 3, 10, tzinfo=UTC)}
    await drain(context)
    assert [entry.dossier for entry in nation.ledger] == [code(1), code(2), code(3)]


async def test_without_a_due_date_a_record_waits_ninety_days_at_most(context: Context) -> None:
    await hand_over(context, dossier(1, status="processing", due_at=None), dossier(2, due_at=None))
    # 29 September 2026, 08:05, a Tuesday; the second one has still to be passed on today.
    assert await keys(context) == {
        code(1): datetime(2026, 9, 29, 1, 5, tzinfo=UTC),
        code(2): datetime(2026, 7, 1, 10, tzinfo=UTC),
    }


async def test_an_overdue_newcomer_does_not_overtake_what_was_overdue_before(
    context: Context, clock: ManualClock, nation: InMemoryConnector
) -> None:
    await hand_over(context, dossier(1, status="processing", due_at="2026-07-01T08:30:00+07:00"))
    clock.advance(3600)
    await hand_over(context, dossier(2, status="processing", due_at="2025-01-02T17:00:00+07:00"))
    await drain(context)
    assert [entry.dossier for entry in nation.ledger] == [code(1), code(2)]
