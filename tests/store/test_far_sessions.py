"""The session with the portal, shared through the database: one login at a time, whoever needs one."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
import pytest_asyncio

from app.store import far_sessions
from app.store.session import Database, ReadSession, WriteSession
from app.usecases.far_session import SharedSessions
from connectors.base import Accepted, Kind, Parcel, TryLater
from connectors.http import HttpSettings
from connectors.population import (
    OfficerKey,
    PersonOutcome,
    PersonQuestion,
    PopulationConnector,
    PopulationSettings,
    PopulationWay,
)
from connectors.portal import PortalConnector, PortalSettings
from connectors.portal.session import Session
from connectors.sessions import Busy, Living, LogIn
from tests.factories import NOW, ManualClock

TARGET = "portal"
PARCEL = Parcel(1, Kind.STEP, "H15-260701-0001", '{"MaHoSo":"1"}', known=True, correlation_id="c")


@dataclass
class Nation:
    """Logs in with s1, s2, …; refuses the sessions named in ``ended``; ``answers`` come instead of the next logins."""

    logins: int = 0
    pushes: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    answers: list[httpx.Response] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.url.path.endswith("login"):
            self.logins += 1
            number = self.logins
            self.entered.set()
            await self.release.wait()
            if self.answers:
                return self.answers.pop(0)
            return httpx.Response(200, json={"error_code": "0", "message": "ok", "session": f"s{number}"})
        token = json.loads(request.content)["session"]
        self.pushes.append(token)
        if token in self.ended:
            return httpx.Response(200, json={"error_code": "2", "message": "Phiên làm việc đã hết hạn"})
        return httpx.Response(200, json={"error_code": "0", "message": "thành công"})


def connector(nation: Nation, database: Database) -> PortalConnector:
    """A connector as a process of its own would have it."""
    settings = PortalSettings(adapter_url="http://far.test/f", username="u", password="p", unit_code="H15")
    client = httpx.AsyncClient(transport=httpx.MockTransport(nation.handle))
    return PortalConnector(settings, client, HttpSettings(tries_max=1), SharedSessions(database, TARGET))


@pytest.fixture
def nation() -> Nation:
    nation = Nation()
    nation.release.set()
    return nation


@pytest_asyncio.fixture
async def other(database_url: str, clock: ManualClock) -> AsyncIterator[Database]:
    """The same database as another process has it."""
    database = Database(database_url, clock=clock)
    yield database
    await database.aclose()


async def standing(database: Database) -> far_sessions.Standing:
    async with database.read() as session:
        found = await far_sessions.load(session, TARGET, await session.now())
    assert found is not None
    return found


async def test_twenty_needs_of_two_processes_make_one_login(
    clocked_database: Database, other: Database, nation: Nation
) -> None:
    nation.release.clear()
    both = [connector(nation, clocked_database), connector(nation, other)]
    sends = [asyncio.ensure_future(both[number % 2].send([PARCEL])) for number in range(20)]
    await nation.entered.wait()
    nation.release.set()
    found = await asyncio.gather(*sends)
    assert all(isinstance(sent.outcomes[0], Accepted) for sent in found)
    assert (nation.logins, set(nation.pushes), len(nation.pushes)) == (1, {"s1"}, 20)
    assert (await standing(clocked_database)).generation == 1


async def test_a_session_that_the_portal_ends_is_renewed_once_for_all(
    clocked_database: Database, other: Database, nation: Nation
) -> None:
    both = [connector(nation, clocked_database), connector(nation, other)]
    for one in both:
        await one.send([PARCEL])
    nation.ended.add("s1")
    found = await asyncio.gather(*[both[number % 2].send([PARCEL]) for number in range(10)])
    assert all(isinstance(sent.outcomes[0], Accepted) for sent in found)
    assert nation.logins == 2
    assert nation.pushes.count("s2") == 10


async def test_while_it_lives_nobody_asks_the_database(
    clocked_database: Database, nation: Nation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = connector(nation, clocked_database)
    await ours.send([PARCEL])

    async def never(_book: SharedSessions, _not_this: str | None) -> None:
        pytest.fail("the database was asked")

    monkeypatch.setattr(SharedSessions, "ask", never)
    assert isinstance((await ours.send([PARCEL])).outcomes[0], Accepted)


async def test_a_process_that_is_killed_while_logging_in_holds_nobody_up_for_longer_than_its_lease(
    clocked_database: Database, other: Database, nation: Nation, clock: ManualClock
) -> None:
    killed = await SharedSessions(clocked_database, TARGET).ask(None)
    assert isinstance(killed, LogIn)
    book = SharedSessions(other, TARGET)
    assert await book.ask(None) == Busy()
    clock.advance(19.9)
    assert await book.ask(None) == Busy()
    waiting = asyncio.ensure_future(connector(nation, other).send([PARCEL]))
    clock.advance(0.1)
    assert isinstance((await waiting).outcomes[0], Accepted)
    assert nation.logins == 1
    # What the dead one brings after all is not kept in the place of the newer one.
    assert not await SharedSessions(clocked_database, TARGET).keep(killed, "late", 540)
    assert (await standing(other)).token == "s1"


async def test_a_failed_login_is_not_repeated_by_those_who_waited_for_it(
    clocked_database: Database, other: Database, nation: Nation, clock: ManualClock
) -> None:
    nation.release.clear()
    nation.answers = [httpx.Response(200, json={"error_code": "1", "message": "Sai mật khẩu"})]
    both = [connector(nation, clocked_database), connector(nation, other)]
    sends = [asyncio.ensure_future(both[number % 2].send([PARCEL])) for number in range(20)]
    await nation.entered.wait()
    nation.release.set()
    outcomes = [sent.outcomes[0] for sent in await asyncio.gather(*sends)]
    assert all(isinstance(outcome, TryLater) for outcome in outcomes)
    assert {(outcome.reason, outcome.message) for outcome in outcomes if isinstance(outcome, TryLater)} == {
        ("login_refused", "Sai mật khẩu")
    }
    assert (nation.logins, nation.pushes) == (1, [])
    clock.advance(5)
    assert isinstance((await both[1].send([PARCEL])).outcomes[0], Accepted)
    assert nation.logins == 2
    assert (await standing(other)).failure_reason is None


async def test_a_login_that_is_put_off_is_not_asked_for_again_before_its_time(
    clocked_database: Database, nation: Nation, clock: ManualClock
) -> None:
    nation.answers = [httpx.Response(429, headers={"Retry-After": "40"})]
    ours = connector(nation, clocked_database)
    for seconds, logins in ((0, 1), (39, 1), (1, 2)):
        clock.advance(seconds)
        await ours.send([PARCEL])
        assert nation.logins == logins


async def test_the_end_counts_by_the_clock_of_the_database(
    clocked_database: Database, other: Database, nation: Nation, clock: ManualClock
) -> None:
    await connector(nation, clocked_database).send([PARCEL])
    found = await SharedSessions(other, TARGET).ask(None)
    assert isinstance(found, Living)
    assert 480 < found.seconds <= 540
    clock.advance(541)
    assert isinstance(await SharedSessions(other, TARGET).ask(None), LogIn)


async def test_a_session_that_was_renewed_meanwhile_is_used(clocked_database: Database) -> None:
    book = SharedSessions(clocked_database, TARGET)
    for token in ("s1", "s2"):
        leave = await book.ask("s1")
        assert isinstance(leave, LogIn)
        assert await book.keep(leave, token, 540)
    found = await book.ask("s1")
    assert isinstance(found, Living)
    assert found.token == "s2"
    assert "s2" not in repr(found) + repr(await standing(clocked_database))


async def test_a_living_session_is_used_although_a_later_login_failed(clocked_database: Database) -> None:
    book = SharedSessions(clocked_database, TARGET)
    leave = await book.ask(None)
    assert isinstance(leave, LogIn)
    await book.keep(leave, "s1", 540)
    leave = await book.ask("s1")
    assert isinstance(leave, LogIn)
    await book.fail(leave, TryLater("login_refused", "x" * 5000), 5)
    assert isinstance(await book.ask(None), Living)
    found = await book.ask("s1")
    assert isinstance(found, TryLater)
    assert (found.reason, len(found.message)) == ("login_refused", 1000)
    assert found.retry_after_seconds == pytest.approx(5, abs=0.1)


async def test_a_login_under_way_elsewhere_for_too_long_is_said_to_all_at_once(clocked_database: Database) -> None:
    await SharedSessions(clocked_database, TARGET).ask(None)
    ours = connector(Nation(), clocked_database)
    session = Session(ours.settings, ours.http, ours.client, ours.book, wait_seconds=0.5)
    # If each waited on its own, one after the other, they would take 40 seconds.
    async with asyncio.timeout(30):
        found = await asyncio.gather(*[session.token() for _ in range(80)])
    assert {one.reason for one in found if isinstance(one, TryLater)} == {"login_busy"}
    assert not any(isinstance(one, str) for one in found)


async def test_a_store_out_of_reach_is_no_bug_and_nothing_is_sent(nation: Nation) -> None:
    lost = Database("postgresql://nobody@127.0.0.1:1/none", busy_seconds=0.2)
    sent = await connector(nation, lost).send([PARCEL])
    (outcome,) = sent.outcomes
    assert isinstance(outcome, TryLater)
    assert outcome.reason == "login_busy"
    assert (nation.logins, nation.pushes) == (0, [])
    await lost.aclose()


async def test_a_store_that_fails_in_the_middle_is_no_bug_and_its_words_are_not_told(
    clocked_database: Database, nation: Nation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        message = "server closed the connection: UPDATE … token='s1'"
        raise RuntimeError(message)

    book = SharedSessions(clocked_database, TARGET)
    leave = await book.ask(None)
    assert isinstance(leave, LogIn)
    monkeypatch.setattr(far_sessions, "load", broken)
    monkeypatch.setattr(Database, "run", broken)
    assert not await book.keep(leave, "s1", 540)
    await book.fail(leave, TryLater("login_refused"), 5)
    (outcome,) = (await connector(nation, clocked_database).send([PARCEL])).outcomes
    assert isinstance(outcome, TryLater)
    assert (outcome.reason, "s1" in outcome.message) == ("login_busy", False)
    assert nation.pushes == []


async def test_of_many_who_want_to_log_in_one_may(clocked_database: Database, other: Database) -> None:
    async def want(database: Database, by: str) -> bool:
        async def work(session: WriteSession) -> bool:
            return await far_sessions.begin_login(
                session, TARGET, by=by, not_this=None, lease_seconds=20, now=await session.now()
            )

        return await database.run(work)

    both = [clocked_database, other]
    won = await asyncio.gather(*[want(both[number % 2], f"w{number}") for number in range(16)])
    assert sum(won) == 1


async def test_nothing_is_kept_of_a_destination_that_never_asked(database: Database) -> None:
    async with database.read() as session:
        assert isinstance(session, ReadSession)
        assert await far_sessions.load(session, TARGET, NOW) is None


@dataclass
class Register:
    """A population database that gives the tokens t1, t2, … and refuses those in ``ended``."""

    tokens: int = 0
    asked: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.url.path == "/token":
            self.tokens += 1
            number = self.tokens
            await asyncio.sleep(0)
            return httpx.Response(200, json={"access_token": f"t{number}", "expires_in": 1800})
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.asked.append(token)
        if token in self.ended:
            return httpx.Response(401)
        return httpx.Response(200, text="<E><Body><SoLuongCongDan>1</SoLuongCongDan></Body></E>")


def population(register: Register, database: Database) -> PopulationConnector:
    """A connector as a process of its own would have it."""
    settings = PopulationSettings(
        way=PopulationWay.LGSP,
        base_url="http://far.test",
        service_path="service",
        token_path="token",
        unit_code="H15",
        access_key="a",
        secret_key="s",
        app_name="n",
        partner_code="p",
        partner_code_cus="p",
        officers={"canbo01": OfficerKey("canbo01", "x")},
    )
    client = httpx.AsyncClient(transport=httpx.MockTransport(register.handle))
    return PopulationConnector(settings, client, HttpSettings(tries_max=1), SharedSessions(database, "population"))


async def test_two_processes_share_one_token_of_the_population_database(
    clocked_database: Database, other: Database, clock: ManualClock
) -> None:
    register = Register()
    both = [population(register, clocked_database), population(register, other)]

    async def ask(number: int) -> PersonOutcome:
        facts = ("1.001193", "canbo01", "H15.16", "003190123456", "Nguyễn Văn Mẫu", "1990-05-17")
        return (await both[number % 2].verify(PersonQuestion(f"q-{number}", *facts))).outcome

    assert set(await asyncio.gather(*[ask(number) for number in range(10)])) == {PersonOutcome.MATCH}
    assert (register.tokens, set(register.asked)) == (1, {"t1"})
    register.ended.add("t1")
    assert set(await asyncio.gather(*[ask(number) for number in range(10, 20)])) == {PersonOutcome.MATCH}
    assert (register.tokens, register.asked.count("t2")) == (2, 10)
    clock.advance(1801)
    assert await ask(20) is PersonOutcome.MATCH
    assert (register.tokens, register.asked[-1]) == (3, "t3")
