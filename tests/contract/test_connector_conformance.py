"""Every connector keeps the same promises: the shipped fake and the portal's, on the mock, in one suite."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import pytest_asyncio

from connectors.base import (
    Accepted,
    Capacity,
    Connector,
    Health,
    Kind,
    Knowledge,
    Outcome,
    Parcel,
    Rejected,
    TryLater,
    Unknown,
)
from connectors.http import HttpSettings, build_client
from connectors.portal import PortalConnector, Profile
from connectors.testing import ArrayPolicy, InMemoryConnector
from tests.bounds import AMPLE_SECONDS, BRIEF_SECONDS
from tests.contract.support import (
    a_code,
    arm,
    dossier_parcel,
    in_process,
    mock_ledger,
    portal_settings,
    step_parcel,
)
from tests.mock.support import running

Line = tuple[str, str, Any]
PUSHES = ("DongBoHoSoMC", "CapNhatTienDoHoSoMC")


class FarSide(Protocol):
    """The nation behind a connector, as a test sees and disturbs it."""

    @property
    def connector(self) -> Connector:
        """The way to it."""

    async def ledger(self) -> list[Line]:
        """What was taken, in order: kind, dossier, data."""

    async def lose_answer(self) -> None:
        """Apply the next push, and break the connection instead of answering."""

    async def swallow(self) -> None:
        """Let the next push go unanswered and unapplied."""

    async def refuse_access(self) -> None:
        """Answer the next push with 503 and a time to wait of 7 seconds."""

    async def throttle(self) -> None:
        """Answer the next push with 429 and a time to wait of 7 seconds."""

    async def garble(self, fault: str) -> None:
        """Do not apply the next push, and answer it with something that nobody can read."""

    async def judge_by(self, policy: ArrayPolicy) -> None:
        """Treat the next array with a wrong item so."""


@dataclass
class Fake:
    """The shipped fake is its own far side."""

    connector: InMemoryConnector

    async def ledger(self) -> list[Line]:
        """As in ``FarSide``."""
        return [(line.kind, line.dossier, line.payload) for line in self.connector.ledger]

    async def lose_answer(self) -> None:
        """As in ``FarSide``."""
        self.connector.lose_answer()

    async def swallow(self) -> None:
        """As in ``FarSide``."""
        self.connector.script(Unknown("read_timeout"))

    async def refuse_access(self) -> None:
        """As in ``FarSide``."""
        self.connector.script(TryLater("http_503", "HTTP 503", 7.0))

    async def throttle(self) -> None:
        """As in ``FarSide``."""
        self.connector.script(TryLater("http_429", "HTTP 429", 7.0))

    async def garble(self, fault: str) -> None:
        """As in ``FarSide``."""
        self.connector.script(Unknown("unknown_code" if fault == "unknown_code" else "unreadable_answer"))

    async def judge_by(self, policy: ArrayPolicy) -> None:
        """As in ``FarSide``."""
        self.connector.policy = policy


@dataclass
class Mock:
    """The portal's connector with the mock behind it; ``admin`` disturbs the mock."""

    connector: PortalConnector
    admin: httpx.AsyncClient

    async def ledger(self) -> list[Line]:
        """As in ``FarSide``."""
        return list(await mock_ledger(self.admin))

    async def lose_answer(self) -> None:
        """As in ``FarSide``."""
        await self._arm("lost_answer")

    async def swallow(self) -> None:
        """As in ``FarSide``."""
        await self._arm("hang")
        self.connector.client.event_hooks["request"].append(_hurried)

    async def refuse_access(self) -> None:
        """As in ``FarSide``."""
        await self._arm("status", status=503, retry_after_seconds=7)

    async def throttle(self) -> None:
        """As in ``FarSide``."""
        await self._arm("http_429_retry_after", retry_after_seconds=7)

    async def garble(self, fault: str) -> None:
        """As in ``FarSide``."""
        await self._arm(fault)

    async def judge_by(self, policy: ArrayPolicy) -> None:
        """As in ``FarSide``."""
        await self._arm(f"bad_item_{policy}")

    async def _arm(self, kind: str, **more: object) -> None:
        for service in PUSHES:
            await arm(self.admin, system="portal", kind=kind, service=service, **more)


async def _hurried(request: httpx.Request) -> None:
    """Wait only a little for the answer to a push, once it is sent."""
    if json.loads(request.content).get("service") in PUSHES:
        request.extensions["timeout"]["read"] = BRIEF_SECONDS


@asynccontextmanager
async def _fake(_: Path) -> AsyncIterator[FarSide]:
    yield Fake(InMemoryConnector())


@asynccontextmanager
async def _mock_in_process(folder: Path) -> AsyncIterator[FarSide]:
    async with in_process(folder) as (client, _):
        yield Mock(PortalConnector(portal_settings("http://mock.test"), client), client)


@asynccontextmanager
async def _mock_process(folder: Path) -> AsyncIterator[FarSide]:
    """A process of its own: only there can a connection break."""
    http = HttpSettings(
        connect_seconds=AMPLE_SECONDS,
        read_seconds=AMPLE_SECONDS,
        pool_seconds=AMPLE_SECONDS,
        total_seconds=AMPLE_SECONDS,
    )
    async with running(folder / "mock.sqlite3") as mock, mock.client() as admin:
        connector = PortalConnector(portal_settings(mock.url), build_client(http), http)
        yield Mock(connector, admin)
        await connector.aclose()


@pytest_asyncio.fixture(params=[_fake, _mock_in_process], ids=["fake", "portal"])
async def far(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FarSide]:
    """Each connector with its far side."""
    async with request.param(tmp_path) as side:
        yield side


@pytest_asyncio.fixture(params=[_fake, _mock_process], ids=["fake", "portal"])
async def breakable(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FarSide]:
    """Each connector with a far side whose connections can break."""
    async with request.param(tmp_path) as side:
        yield side


async def alone(far: FarSide, *args: Any, **changes: Any) -> Outcome:
    """The outcome of one dossier sent alone."""
    sent = await far.connector.send([dossier_parcel(*args, **changes)])
    assert not sent.array_refused
    (outcome,) = sent.outcomes
    return outcome


async def told(far: FarSide) -> list[tuple[str, str]]:
    """Kind and dossier of all that was taken."""
    return [(kind, dossier) for kind, dossier, _ in await far.ledger()]


async def test_an_insert_is_taken(far: FarSide) -> None:
    outcome = await alone(far)
    assert isinstance(outcome, Accepted)
    assert (outcome.code, "thành công" in outcome.message) == ("0", True)
    assert await told(far) == [("insert", a_code())]


async def test_an_insert_of_what_is_held_becomes_an_update(far: FarSide) -> None:
    await alone(far)
    assert isinstance(await alone(far, summary="Bản thứ hai"), Accepted)
    assert await told(far) == [("insert", a_code()), ("update", a_code())]
    assert "Bản thứ hai" in str((await far.ledger())[-1][2])


async def test_what_is_known_is_updated(far: FarSide) -> None:
    await alone(far)
    assert isinstance(await alone(far, known=True, status="processing"), Accepted)
    assert await told(far) == [("insert", a_code()), ("update", a_code())]


async def test_an_update_of_what_is_unknown_is_refused(far: FarSide) -> None:
    outcome = await alone(far, known=True)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.field) == ("4", "MaHoSo")
    assert await told(far) == []


async def test_steps_of_what_is_unknown_are_refused(far: FarSide) -> None:
    sent = await far.connector.send([step_parcel()])
    assert isinstance(sent.outcomes[0], Rejected)
    assert sent.outcomes[0].code == "4"
    assert not sent.array_refused
    assert await told(far) == []


async def test_steps_of_one_call_are_taken_in_order(far: FarSide) -> None:
    await alone(far, 1)
    await alone(far, 2)
    steps = [step_parcel(number, place) for place in (3, 1, 2) for number in (1, 2)]
    sent = await far.connector.send(steps)
    assert all(isinstance(outcome, Accepted) for outcome in sent.outcomes)
    assert len(sent.outcomes) == len(steps)
    assert (await told(far))[2:] == [("step", step.dossier_code) for step in steps]
    words = [str(data) for _, _, data in (await far.ledger())[2:]]
    assert [f"Bước {place}" in word for place, word in zip((3, 3, 1, 1, 2, 2), words, strict=True)] == [True] * 6


async def test_a_step_sent_twice_stands_there_twice(far: FarSide) -> None:
    await alone(far)
    await far.connector.send([step_parcel()])
    await far.connector.send([step_parcel()])
    assert await told(far) == [("insert", a_code()), ("step", a_code()), ("step", a_code())]


async def test_one_wrong_step_refuses_its_array(far: FarSide) -> None:
    await alone(far)
    sent = await far.connector.send([step_parcel(1, 1), step_parcel(2, 1), step_parcel(1, 2)])
    assert sent.array_refused
    assert [type(outcome) for outcome in sent.outcomes] == [Rejected] * 3
    assert await told(far) == [("insert", a_code())]


async def test_one_held_dossier_refuses_an_array_of_inserts(far: FarSide) -> None:
    await alone(far, 2)
    sent = await far.connector.send([dossier_parcel(number) for number in (1, 2, 3)])
    assert sent.array_refused
    assert [type(outcome) for outcome in sent.outcomes] == [Rejected] * 3
    assert await told(far) == [("insert", a_code(2))]


async def test_one_unknown_dossier_refuses_an_array_of_updates(far: FarSide) -> None:
    await alone(far, 1)
    sent = await far.connector.send([dossier_parcel(number, known=True) for number in (1, 2)])
    assert sent.array_refused
    assert await told(far) == [("insert", a_code(1))]


async def test_a_dossier_twice_in_one_array_of_inserts_is_refused(far: FarSide) -> None:
    sent = await far.connector.send([dossier_parcel(), dossier_parcel(summary="Bản thứ hai")])
    assert sent.array_refused
    assert await told(far) == []


async def test_a_whole_array_is_taken_in_order(far: FarSide) -> None:
    sent = await far.connector.send([dossier_parcel(number) for number in (3, 1, 2)])
    assert [type(outcome) for outcome in sent.outcomes] == [Accepted] * 3
    assert await told(far) == [("insert", a_code(number)) for number in (3, 1, 2)]


async def test_out_of_service_is_no_refusal(far: FarSide) -> None:
    await far.refuse_access()
    sent = await far.connector.send([dossier_parcel(1), dossier_parcel(2)])
    assert sent.outcomes == (TryLater("http_503", "HTTP 503", 7.0),) * 2
    assert not sent.array_refused
    assert await told(far) == []
    assert isinstance(await alone(far), Accepted)


Push = Callable[[FarSide], Awaitable[tuple[Outcome, ...]]]


async def _push_dossiers(far: FarSide) -> tuple[Outcome, ...]:
    return (await far.connector.send([dossier_parcel(1), dossier_parcel(2)])).outcomes


async def _push_steps(far: FarSide) -> tuple[Outcome, ...]:
    return (await far.connector.send([step_parcel(1, 1), step_parcel(1, 2)])).outcomes


async def test_a_dossier_whose_answer_was_lost_is_found(breakable: FarSide) -> None:
    await breakable.lose_answer()
    outcomes = await _push_dossiers(breakable)
    assert [type(outcome) for outcome in outcomes] == [Unknown] * 2
    for number in (1, 2):
        probed = await breakable.connector.probe(a_code(number), [dossier_parcel(number)])
        assert (probed.knowledge, probed.dossier_known, probed.failure) == ((Knowledge.HOLDS,), True, None)
    assert await told(breakable) == [("insert", a_code(1)), ("insert", a_code(2))]


async def test_steps_whose_answer_was_lost_are_found(breakable: FarSide) -> None:
    await alone(breakable)
    await breakable.lose_answer()
    outcomes = await _push_steps(breakable)
    assert [type(outcome) for outcome in outcomes] == [Unknown] * 2
    asked = [step_parcel(1, 1), step_parcel(1, 2), step_parcel(1, 3)]
    probed = await breakable.connector.probe(a_code(), asked)
    assert probed.knowledge == (Knowledge.HOLDS, Knowledge.HOLDS, Knowledge.LACKS)


@pytest.mark.parametrize("push", [_push_dossiers, _push_steps])
async def test_what_was_swallowed_is_not_found(breakable: FarSide, push: Push) -> None:
    await alone(breakable, 3)
    await breakable.swallow()
    outcomes = await push(breakable)
    assert outcomes[0] == outcomes[1]
    assert isinstance(outcomes[0], Unknown)
    assert outcomes[0].reason == "read_timeout"
    probed = await breakable.connector.probe(a_code(1), [dossier_parcel(1), step_parcel(1, 1)])
    assert (probed.knowledge, probed.dossier_known) == ((Knowledge.LACKS, Knowledge.LACKS), False)


async def test_a_probe_tells_an_older_snapshot_from_the_promised_one(far: FarSide) -> None:
    await alone(far, summary="Bản một")
    asked = [dossier_parcel(known=True, summary="Bản hai"), dossier_parcel(known=True, summary="Bản một")]
    probed = await far.connector.probe(a_code(), asked)
    assert (probed.knowledge, probed.dossier_known) == ((Knowledge.LACKS, Knowledge.HOLDS), True)


async def test_a_probe_sees_that_something_was_taken_back(far: FarSide) -> None:
    await alone(far, note="Chờ bổ sung")
    probed = await far.connector.probe(a_code(), [dossier_parcel(known=True)])
    assert (probed.knowledge, probed.dossier_known) == ((Knowledge.LACKS,), True)


async def test_equal_steps_are_counted(far: FarSide) -> None:
    await alone(far)
    await far.connector.send([step_parcel(1, 1), step_parcel(1, 2), step_parcel(1, 1)])
    asked = [step_parcel(1, 1), step_parcel(1, 1), step_parcel(1, 1), step_parcel(1, 2), step_parcel(1, 2)]
    probed = await far.connector.probe(a_code(), asked)
    assert [knowledge.value for knowledge in probed.knowledge] == ["holds", "holds", "lacks", "holds", "lacks"]


async def test_a_probe_without_parcels_tells_whether_the_dossier_is_known(far: FarSide) -> None:
    assert (await far.connector.probe(a_code(), [])).dossier_known is False
    await alone(far)
    assert (await far.connector.probe(a_code(), [])).dossier_known is True


async def test_envelopes_never_mix(far: FarSide) -> None:
    kinds = [dossier_parcel(1), dossier_parcel(1, known=True), step_parcel(1, 1)]
    assert len({far.connector.envelope(parcel) for parcel in kinds}) == 3
    for parcel in kinds:
        other = dossier_parcel(2, known=parcel.known) if parcel.kind is Kind.DOSSIER else step_parcel(2, 2)
        assert far.connector.envelope(parcel) == far.connector.envelope(other)


async def test_capacity_is_of_each_kind(far: FarSide) -> None:
    capacity = far.connector.capacity
    assert capacity.of(Kind.DOSSIER) == capacity.dossiers_per_call > 0
    assert capacity.of(Kind.STEP) == capacity.steps_per_call > 0


async def test_the_far_side_is_reachable(far: FarSide) -> None:
    assert (await far.connector.check()).reachable


async def test_the_exchange_shows_no_name_and_no_number(far: FarSide) -> None:
    sent = await far.connector.send([dossier_parcel()])
    probed = await far.connector.probe(a_code(), [dossier_parcel()])
    for exchange in (sent.exchange, probed.exchange):
        assert exchange.service
        assert exchange.http_status == 200
        for secret in ("Bịa", "003190123456", "mock-only-password"):
            assert secret not in exchange.request + exchange.answer


async def test_too_many_calls_are_no_refusal(far: FarSide) -> None:
    await far.throttle()
    sent = await far.connector.send([dossier_parcel(1), dossier_parcel(2)])
    assert sent.outcomes == (TryLater("http_429", "HTTP 429", 7.0),) * 2
    assert (sent.array_refused, await told(far)) == (False, [])


@pytest.mark.parametrize(
    ("fault", "reason", "shape"),
    [
        ("truncated_json", "unreadable_answer", "truncated json"),
        ("empty_body", "unreadable_answer", "empty"),
        ("html_200", "unreadable_answer", "html"),
        ("code_missing", "unreadable_answer", "json {message}"),
        ("unknown_code", "unknown_code", "code 77"),
    ],
)
async def test_what_cannot_be_read_leaves_each_parcel_in_doubt(
    far: FarSide, fault: str, reason: str, shape: str
) -> None:
    await alone(far)
    await far.garble(fault)
    sent = await far.connector.send([step_parcel(1, 1)])
    (outcome,) = sent.outcomes
    assert isinstance(outcome, Unknown)
    assert (outcome.reason, sent.array_refused) == (reason, False)
    if isinstance(far, Mock):
        assert sent.exchange.strange is not None
        assert sent.exchange.strange.shape == shape


@pytest.mark.parametrize("fault", ["truncated_json", "empty_body", "html_200"])
async def test_what_was_not_taken_behind_a_broken_answer_is_not_found(far: FarSide, fault: str) -> None:
    await far.garble(fault)
    sent = await far.connector.send([dossier_parcel(1), dossier_parcel(2)])
    assert [type(outcome) for outcome in sent.outcomes] == [Unknown] * 2
    for number in (1, 2):
        probed = await far.connector.probe(a_code(number), [dossier_parcel(number)])
        assert (probed.knowledge, probed.dossier_known, probed.held) == ((Knowledge.LACKS,), False, None)


async def test_each_item_may_have_its_own_answer(far: FarSide) -> None:
    await alone(far, 1)
    await alone(far, 3)
    await far.judge_by("per_item")
    sent = await far.connector.send([step_parcel(1, 1), step_parcel(2, 1), step_parcel(3, 1), step_parcel(1, 2)])
    assert [type(outcome) for outcome in sent.outcomes] == [Accepted, Rejected, Accepted, Accepted]
    assert not sent.array_refused
    assert (await told(far))[2:] == [("step", a_code(1)), ("step", a_code(3)), ("step", a_code(1))]


async def test_of_inserts_answered_by_item_the_held_ones_become_updates(far: FarSide) -> None:
    await alone(far, 2)
    await far.judge_by("per_item")
    sent = await far.connector.send([dossier_parcel(number, summary="Bản hai") for number in (1, 2, 3)])
    assert [type(outcome) for outcome in sent.outcomes] == [Accepted] * 3
    assert not sent.array_refused
    assert (await told(far))[1:] == [("insert", a_code(1)), ("insert", a_code(3)), ("update", a_code(2))]
    for number in (1, 2, 3):
        probed = await far.connector.probe(a_code(number), [dossier_parcel(number, summary="Bản hai")])
        assert probed.knowledge == (Knowledge.HOLDS,)


async def test_of_an_array_taken_in_part_without_a_word_the_probe_tells_which(far: FarSide) -> None:
    await alone(far, 1)
    await far.judge_by("rest_taken")
    steps = [step_parcel(1, 1), step_parcel(2, 1), step_parcel(1, 2)]
    sent = await far.connector.send(steps)
    assert [type(outcome) for outcome in sent.outcomes] == [Rejected] * 3
    assert sent.array_refused
    asked = [step_parcel(1, 1), step_parcel(1, 2), step_parcel(1, 3)]
    probed = await far.connector.probe(a_code(1), asked)
    assert probed.knowledge == (Knowledge.HOLDS, Knowledge.HOLDS, Knowledge.LACKS)
    assert (await far.connector.probe(a_code(2), [step_parcel(2, 1)])).dossier_known is False


async def test_a_probe_shows_what_is_held(far: FarSide) -> None:
    await alone(far)
    await far.connector.send([step_parcel(1, 1)])
    held = (await far.connector.probe(a_code(), [])).held
    assert held is not None
    shown = json.loads(held)
    assert (shown["MAHOSO"], shown["TIENDO"][0]["NOIDUNGXULY"]) == (a_code(), "Bước 1")
    assert "Bịa" not in held
    assert "003190123456" not in held
    assert (await far.connector.probe(a_code(2), [])).held is None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("wrong_unit", "unit_refused"),
        ("maintenance", "maintenance"),
        ("http_503", "http_503"),
        ("http_429", "http_429"),
    ],
)
async def test_what_the_door_keeper_refuses_waits_and_was_not_taken(tmp_path: Path, fault: str, reason: str) -> None:
    async with in_process(tmp_path) as (client, _):
        side = Mock(PortalConnector(portal_settings("http://mock.test"), client), client)
        assert (await side.connector.check()).reachable
        await arm(client, system="portal", kind=fault, service="DongBoHoSoMC")
        sent = await side.connector.send([dossier_parcel(1), dossier_parcel(2)])
        assert {outcome.reason for outcome in sent.outcomes if isinstance(outcome, TryLater)} == {reason}
        assert (len(sent.outcomes), sent.array_refused, await told(side)) == (2, False, [])


@pytest.mark.parametrize("fault", ["code_00", "code_int", "json_in_string", "clock_skew", "slow_body", "drip"])
@pytest.mark.parametrize("shape", ["message", "string"])
async def test_the_same_answer_in_another_dress_is_the_same_answer(tmp_path: Path, fault: str, shape: str) -> None:
    async with in_process(tmp_path) as (client, _):
        side = Mock(PortalConnector(portal_settings("http://mock.test"), client), client)
        await arm(client, system="portal", kind=fault, service="DongBoHoSoMC", shape=shape, delay_ms=20)
        assert isinstance(await alone(side), Accepted)
        assert await told(side) == [("insert", a_code())]


async def test_a_session_that_ends_in_the_middle_is_renewed_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    async with in_process(tmp_path) as (client, _):
        side = Mock(PortalConnector(portal_settings("http://mock.test"), client), client)
        await alone(side)
        await side.connector.send([step_parcel(1, 1), step_parcel(1, 2)])
        await arm(client, system="portal", kind="session_expired", service="CapNhatTienDoHoSoMC")
        sent = await side.connector.send([step_parcel(1, 3), step_parcel(1, 4)])
        assert [type(outcome) for outcome in sent.outcomes] == [Accepted] * 2
        assert len(sent.earlier) == 1
        assert await told(side) == [("insert", a_code())] + [("step", a_code())] * 4


async def test_a_duplicate_answered_as_500_is_updated_when_alone_and_asked_about_in_an_array(tmp_path: Path) -> None:
    async with in_process(tmp_path) as (client, _):
        side = Mock(PortalConnector(portal_settings("http://mock.test"), client), client)
        await alone(side)
        await arm(client, system="portal", kind="duplicate_500", times=2)
        assert isinstance(await alone(side, summary="Bản hai"), Accepted)
        sent = await side.connector.send([dossier_parcel(2), dossier_parcel(1, summary="Bản ba")])
        assert sent.outcomes == (Unknown("http_500", "HTTP 500"),) * 2
        probed = await side.connector.probe(a_code(1), [dossier_parcel(1, summary="Bản hai")])
        assert probed.knowledge == (Knowledge.HOLDS,)


async def test_payloads_of_the_older_generation_are_taken_by_an_older_portal(tmp_path: Path) -> None:
    async with in_process(tmp_path, profile="v1.4") as (client, _):
        connector = PortalConnector(portal_settings("http://mock.test", profile=Profile.V1_4), client)
        (outcome,) = (await connector.send([dossier_parcel(profile=Profile.V1_4)])).outcomes
        assert isinstance(outcome, Accepted)
        (outcome,) = (await connector.send([dossier_parcel(2)])).outcomes
        assert isinstance(outcome, Rejected)


async def test_a_session_that_has_ended_is_renewed(tmp_path: Path) -> None:
    async with in_process(tmp_path) as (client, _):
        side = Mock(PortalConnector(portal_settings("http://mock.test"), client), client)
        await alone(side, 1)
        assert (await client.post("/__admin/reset")).status_code == 200
        assert isinstance(await alone(side, 2), Accepted)
        assert await told(side) == [("insert", a_code(2))]


async def test_fake_a_scripted_outcome_waits_for_its_dossier() -> None:
    fake = InMemoryConnector()
    fake.script(TryLater("http_429"), times=1, dossier=a_code(2))
    assert isinstance(await alone(Fake(fake), 1), Accepted)
    sent = await fake.send([dossier_parcel(2), dossier_parcel(3)])
    assert sent.outcomes == (TryLater("http_429"),) * 2
    assert [line.dossier for line in fake.ledger] == [a_code(1)]
    assert [[parcel.dossier_code for parcel in call] for call in fake.calls] == [
        [a_code(1)],
        [a_code(2), a_code(3)],
    ]


async def test_fake_a_refused_parcel_stays_refused_until_it_is_let_through() -> None:
    fake = InMemoryConnector()
    fake.refuse(a_code(1), code="6", message="MaTTHC: không có", field="MaTTHC")
    for _ in range(2):
        assert await alone(Fake(fake)) == Rejected("6", "MaTTHC: không có", "MaTTHC")
    fake.refusals.clear()
    assert isinstance(await alone(Fake(fake)), Accepted)


async def test_fake_a_probe_can_fail() -> None:
    fake = InMemoryConnector()
    fake.fail_probe(TryLater("http_503", "", 9.0), dossier=a_code(2))
    assert (await fake.probe(a_code(1), [])).failure is None
    probed = await fake.probe(a_code(2), [dossier_parcel(2)])
    assert (probed.knowledge, probed.dossier_known) == ((Knowledge.CANNOT_TELL,), None)
    assert probed.failure == TryLater("http_503", "", 9.0)
    assert (await fake.probe(a_code(2), [])).failure is None
    assert fake.probes == [a_code(1), a_code(2), a_code(2)]


async def test_fake_part_of_an_array_can_be_taken_behind_a_refusal() -> None:
    fake = InMemoryConnector()
    fake.script(Rejected("-1", "?"), partly=True)
    sent = await fake.send([dossier_parcel(number) for number in (1, 2, 3)])
    assert sent.array_refused
    assert [line.dossier for line in fake.ledger] == [a_code(1), a_code(2)]


async def test_fake_bugs_are_raised_as_often_as_asked_for() -> None:
    fake = InMemoryConnector()
    fake.raise_bug(2)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="asked for"):
            await fake.send([dossier_parcel()])
    assert isinstance(await alone(Fake(fake)), Accepted)


async def test_fake_a_mixed_call_is_a_bug_of_the_caller() -> None:
    fake = InMemoryConnector()
    for parcels in ([], [dossier_parcel(1), dossier_parcel(2, known=True)]):
        with pytest.raises(RuntimeError, match="two envelopes"):
            await fake.send(parcels)


async def test_fake_can_hold_calls_and_probes_open() -> None:
    fake = InMemoryConnector()
    fake.pause()
    sending = asyncio.ensure_future(fake.send([dossier_parcel()]))
    await fake.waiting.wait()
    assert fake.ledger == []
    fake.resume()
    assert isinstance((await sending).outcomes[0], Accepted)
    fake.pause()
    assert not fake.waiting.is_set()
    probing = asyncio.ensure_future(fake.probe(a_code(), []))
    await fake.waiting.wait()
    assert not probing.done()
    fake.resume()
    assert (await probing).dossier_known


async def test_fake_what_comes_late_is_applied_when_it_is_released() -> None:
    fake = InMemoryConnector()
    fake.apply_late(2)
    assert isinstance(await alone(Fake(fake)), Unknown)
    assert (await fake.probe(a_code(), [dossier_parcel()])).dossier_known is False
    assert isinstance(await alone(Fake(fake), 2), Unknown)
    assert (fake.release_late(), fake.release_late()) == (2, 0)
    assert [(line.kind, line.dossier) for line in fake.ledger] == [("insert", a_code(1)), ("insert", a_code(2))]
    fake.apply_late()
    await fake.send([step_parcel(1, 1), step_parcel(1, 2)])
    await fake.send([step_parcel(1, 3)])
    fake.release_late()
    assert fake.steps(a_code()) == [step_parcel(1, place).payload for place in (3, 1, 2)]


async def test_fake_a_late_insert_of_what_is_held_by_then_is_refused() -> None:
    fake = InMemoryConnector()
    fake.apply_late()
    await fake.send([dossier_parcel(1, summary="Bản một")])
    assert isinstance(await alone(Fake(fake), 1, summary="Bản hai"), Accepted)
    assert fake.release_late() == 1
    assert fake.held(a_code()) == dossier_parcel(1, summary="Bản hai").payload


async def test_fake_a_probe_outage_lasts_until_it_is_over() -> None:
    fake = InMemoryConnector()
    fake.probe_down = True
    for _ in range(2):
        probed = await fake.probe(a_code(), [dossier_parcel()])
        assert (probed.knowledge, probed.failure) == ((Knowledge.CANNOT_TELL,), TryLater("http_503", "HTTP 503"))
    fake.probe_down = False
    assert (await fake.probe(a_code(), [dossier_parcel()])).dossier_known is False


async def test_fake_events_depend_on_nothing() -> None:
    fake = InMemoryConnector()
    news = Parcel(7, Kind.EVENT, a_code(9), '{"type":"x"}', known=False, correlation_id="c")
    assert fake.envelope(news) == "event"
    assert (await fake.send([news])).outcomes == (Accepted("0", "thành công"),)
    assert [(line.kind, line.dossier) for line in fake.ledger] == [("event", a_code(9))]
    assert (await fake.probe(a_code(9), [news])).knowledge == (Knowledge.CANNOT_TELL,)


async def test_fake_that_dies_at_the_gate_has_taken_nothing() -> None:
    fake = InMemoryConnector()
    fake.pause()
    under_way = asyncio.ensure_future(fake.send([dossier_parcel()]))
    await fake.waiting.wait()
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    fake.resume()
    assert fake.ledger == []


async def test_fake_shows_what_it_holds() -> None:
    fake = InMemoryConnector(Capacity(2, 3))
    assert (fake.held(a_code()), fake.steps(a_code())) == (None, [])
    await fake.send([dossier_parcel()])
    await fake.send([step_parcel(1, 1), step_parcel(1, 2)])
    assert fake.held(a_code()) == dossier_parcel().payload
    assert fake.steps(a_code()) == [step_parcel(1, 1).payload, step_parcel(1, 2).payload]
    assert (fake.capacity.of(Kind.DOSSIER), fake.capacity.of(Kind.STEP)) == (2, 3)


async def test_fake_says_that_it_was_closed() -> None:
    fake = InMemoryConnector()
    fake.health = Health(reachable=False, detail="down")
    assert not (await fake.check()).reachable
    await fake.aclose()
    assert fake.closed
