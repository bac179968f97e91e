"""Gates in the database: what workers at the same time may get, and what is kept of a report."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from app.domain.breaker import BreakerPolicy, Gate, GateState
from app.store import gates
from app.store.gates import Admission
from app.store.session import Database, WriteSession
from tests.factories import NOW

KEY = "portal"
POLICY = BreakerPolicy()


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def admit(database: Database, at: datetime, wanted: int = 100) -> Admission:
    async def work(session: WriteSession) -> Admission:
        return await gates.admit(session, KEY, POLICY, wanted, at)

    return await database.run(work)


async def tell(
    database: Database,
    good: int,
    bad: int,
    at: datetime,
    *,
    key: str = KEY,
    begun_at: datetime | None = None,
    retry_after: float | None = None,
) -> tuple[Gate, Gate]:
    async def work(session: WriteSession) -> tuple[Gate, Gate]:
        return await gates.record(
            session,
            key,
            POLICY,
            good=good,
            bad=bad,
            now=at,
            begun_at=begun_at,
            reason="http_503" if bad else None,
            message="busy" if bad else None,
            retry_after_seconds=retry_after,
        )

    return await database.run(work)


async def standing(database: Database) -> gates.Standing:
    async with database.read() as session:
        (found,) = await gates.standings(session)
    return found


async def test_a_destination_never_heard_of_is_closed_and_costs_no_row(database: Database) -> None:
    assert await admit(database, NOW) == Admission(100, GateState.CLOSED, None)
    async with database.read() as session:
        assert await gates.load(session, KEY) is None
        assert await gates.listing(session) == []


async def test_a_whole_course_from_closed_to_closed(database: Database) -> None:
    before, opened = await tell(database, 0, 4, NOW, begun_at=NOW, retry_after=20)
    assert (before.state, opened.state) == (GateState.CLOSED, GateState.OPEN)
    assert await admit(database, after(19)) == Admission(0, GateState.OPEN, after(20))
    assert await admit(database, after(20)) == Admission(1, GateState.TRIAL, after(20 + POLICY.trial_seconds))
    found = await standing(database)
    assert (found.gate.state, found.reason, found.reason_message) == (GateState.TRIAL, "http_503", "busy")
    _, ramp = await tell(database, 1, 0, after(21), begun_at=after(20))
    assert ramp.state is GateState.RAMP
    grants, at = [], after(21)
    while (await standing(database)).gate.state is GateState.RAMP:
        admission = await admit(database, at)
        grants.append(admission.lanes)
        assert admission.retry_at == at + timedelta(seconds=1)
        await tell(database, 1, 0, at, begun_at=at)
        at += timedelta(seconds=1)
    assert grants == [2, 4, 8, 16, 32, 64, 100, 100]
    found = await standing(database)
    assert (found.gate.trips, found.reason, found.reason_message) == (0, None, None)


async def test_what_is_stored_is_what_the_rule_said(database: Database) -> None:
    for good, bad, seconds in ((3, 1, 0.0), (2, 1, 70.5), (0, 5, 71.25), (0, 1, 72.0)):
        _, said = await tell(database, good, bad, after(seconds))
        async with database.read() as session:
            assert await gates.load(session, KEY) == said
            assert await gates.listing(session) == [(KEY, said)]


async def test_many_who_ask_at_once_get_one_trial(database: Database, database_url: str) -> None:
    await tell(database, 0, 4, NOW)
    other = Database(database_url)
    try:
        asked = [admit(side, after(5 + n / 1000)) for n in range(6) for side in (database, other)]
        admissions = await asyncio.gather(*asked)
    finally:
        await other.aclose()
    assert sorted(a.lanes for a in admissions) == [0] * 11 + [1]
    assert {a.state for a in admissions} == {GateState.TRIAL}


async def test_a_second_asker_waits_for_the_first_ones_commit_and_gets_nothing(database: Database) -> None:
    """Both have read that the trial is free; the lock decides, and the loser reads again."""
    await tell(database, 0, 4, NOW)
    granted, go_on = asyncio.Event(), asyncio.Event()

    async def first(session: WriteSession) -> Admission:
        admission = await gates.admit(session, KEY, POLICY, 100, after(5))
        granted.set()
        await go_on.wait()
        return admission

    one = asyncio.create_task(database.run(first))
    await granted.wait()
    two = asyncio.create_task(admit(database, after(5)))
    done, _ = await asyncio.wait([two], timeout=0.2)
    assert not done
    go_on.set()
    assert ((await one).lanes, (await two).lanes) == (1, 0)


async def test_a_grant_that_is_rolled_back_is_there_for_the_next(database: Database) -> None:
    await tell(database, 0, 4, NOW)

    async def nothing_to_claim(session: WriteSession) -> None:
        assert (await gates.admit(session, KEY, POLICY, 100, after(5))).lanes == 1
        raise LookupError

    with pytest.raises(LookupError):
        await database.run(nothing_to_claim)
    assert (await admit(database, after(5))).lanes == 1


async def test_first_reports_at_once_are_all_counted(database: Database, database_url: str) -> None:
    other = Database(database_url)
    try:
        await asyncio.gather(*(tell(side, 5, 1, NOW, begun_at=NOW) for _ in range(5) for side in (database, other)))
    finally:
        await other.aclose()
    gate = (await standing(database)).gate
    assert (gate.calls, gate.failures) == (60, 10)


async def test_one_dead_destination_leaves_the_others_alone(database: Database) -> None:
    await tell(database, 0, 9, NOW, key="webhook:7")
    await tell(database, 1, 0, NOW)
    assert (await admit(database, after(1))).lanes == 100
    async with database.read() as session:
        states = {key: gate.state for key, gate in await gates.listing(session)}
    assert states == {KEY: GateState.CLOSED, "webhook:7": GateState.OPEN}


async def test_a_closed_gate_costs_one_read(database: Database) -> None:
    await tell(database, 1, 0, NOW)
    seen: list[str] = []

    async def work(session: WriteSession) -> None:
        def note(*call: object) -> None:
            seen.append(str(call[2]))

        engine = session.connection.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            await gates.admit(session, KEY, POLICY, 100, after(1))
        finally:
            event.remove(engine, "before_cursor_execute", note)

    await database.run(work)
    (statement,) = [text for text in seen if not text.startswith("BEGIN")]
    assert statement.startswith("SELECT")
    assert "FOR UPDATE" not in statement


async def note_rate(database: Database, delivered: int, seconds: float, at: datetime) -> float:
    async def work(session: WriteSession) -> float:
        return await gates.note_rate(session, KEY, delivered=delivered, seconds=seconds, now=at)

    return await database.run(work)


async def test_the_rate_begins_with_the_first_round_and_follows_slowly(database: Database) -> None:
    assert await note_rate(database, 100, 2.0, NOW) == pytest.approx(50)
    rate = 50.0
    for second in range(1, 601):
        rate = await note_rate(database, 10, 1.0, after(second))
        assert rate > 10
    assert rate == pytest.approx(10, abs=0.5)
    found = await standing(database)
    assert found.delivered_rate == pytest.approx(rate)
    assert found.rate_at == after(600)


async def test_two_workers_side_by_side_are_twice_as_fast_as_one(database: Database) -> None:
    rate = 0.0
    for half_second in range(1, 1201):
        # Each round takes a second; two workers, half a second apart.
        rate = await note_rate(database, 10, 1.0, after(half_second / 2))
    assert rate == pytest.approx(20, rel=0.05)


async def test_idle_time_is_not_slowness(database: Database) -> None:
    await note_rate(database, 10, 1.0, NOW)
    assert await note_rate(database, 10, 1.0, after(86400)) == pytest.approx(10)


async def test_a_rate_and_reports_leave_each_other_alone(database: Database) -> None:
    await note_rate(database, 10, 1.0, NOW)
    await tell(database, 0, 4, after(1))
    await note_rate(database, 0, 1.0, after(2))
    found = await standing(database)
    assert found.gate.state is GateState.OPEN
    assert found.delivered_rate is not None
    assert 9 < found.delivered_rate < 10
