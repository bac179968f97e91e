"""Whoever can be asked for papers keeps the same promises: the shipped fake and the connector on the mock."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import pytest_asyncio

from connectors.http import HttpSettings, build_client
from connectors.national_store import (
    HeldFile,
    HeldPaper,
    NationalStore,
    NationalStoreConnector,
    NationalStoreSettings,
    PapersQuestion,
    StoreChannel,
    StoreOutcome,
)
from connectors.testing_documents import FakeNationalStore
from tests.bounds import AMPLE_SECONDS
from tests.contract.support import FORWARD, arm, in_process
from tests.mock.support import running

FOUND, NOTHING_HELD, DENIED = StoreOutcome.FOUND, StoreOutcome.NOTHING_HELD, StoreOutcome.DENIED
UNAVAILABLE, BAD_REPLY = StoreOutcome.UNAVAILABLE, StoreOutcome.BAD_REPLY
OWNER, BODY = "003190123456", "UBND phường Mẫu"
BIRTH, MARRIAGE = "KQ.G15.000031", "KQ.G15.000002"
PDF = b"%PDF-1.7 \xfb\xff\xfe" * 500
OFFICER = PapersQuestion(OWNER, "Trần Văn Mẫu", "003180000001", StoreChannel.OFFICER, "1.001193")
CITIZEN = replace(OFFICER, requester_number=OWNER, channel=StoreChannel.CITIZEN)
HTTP = HttpSettings(tries_max=1, transport="httpx")


class FarSide(Protocol):
    """The store behind a connector, as a test fills and disturbs it."""

    @property
    def store(self) -> NationalStore:
        """The way to it."""

    async def hold(self, owner: str, code: str, symbol: str, content: bytes) -> None:
        """Hold a paper with one file."""

    async def trouble(self, outcome: StoreOutcome) -> None:
        """Let the next call come to this outcome."""


@dataclass
class Fake:
    """The shipped fake is its own far side."""

    store: FakeNationalStore

    async def hold(self, owner: str, code: str, symbol: str, content: bytes) -> None:
        """As in ``FarSide``."""
        path = f"p/{owner}/{code}/{symbol}"
        paper = HeldPaper(code, f"Giấy {code}", symbol, BODY, (HeldFile("giay.pdf", path),))
        self.store.hold(owner, paper, {path: content})

    async def trouble(self, outcome: StoreOutcome) -> None:
        """As in ``FarSide``."""
        self.store.script(outcome)


@dataclass
class Mock:
    """The connector with the mock behind it; ``admin`` fills and disturbs the mock."""

    store: NationalStoreConnector
    admin: httpx.AsyncClient

    async def hold(self, owner: str, code: str, symbol: str, content: bytes) -> None:
        """As in ``FarSide``."""
        file = {"name": "giay.pdf", "content": base64.b64encode(content).decode()}
        paper = {
            "owner": owner,
            "result_code": code,
            "number_symbol": symbol,
            "issuing_body": BODY,
            "name": f"Giấy {code}",
            "files": [file],
        }
        response = await self.admin.put("/__admin/papers", json={"papers": [paper]})
        assert response.status_code == 200, response.text

    async def trouble(self, outcome: StoreOutcome) -> None:
        """As in ``FarSide``."""
        kinds = {DENIED: "wrong_unit", UNAVAILABLE: "http_503", BAD_REPLY: "html_200"}
        await arm(self.admin, system="papers", kind=kinds[outcome])


def settings(base: str, **changes: Any) -> NationalStoreSettings:
    """The account of the mock at ``base``."""
    usual: dict[str, Any] = {
        "adapter_url": f"{base}/{FORWARD}",
        "username": "000.00.00.H15",
        "password": "mock-only-papers",
        "unit_code": "H15",
    }
    return NationalStoreSettings(**(usual | changes))


@asynccontextmanager
async def mock(folder: Path, **choices: Any) -> AsyncIterator[Mock]:
    """The mock in this process, logged in to, so that trouble meets the question."""
    async with in_process(folder, **choices) as (client, _):
        found = Mock(NationalStoreConnector(settings("http://mock.test"), client, HTTP), client)
        assert (await found.store.papers(OFFICER)).outcome is NOTHING_HELD
        yield found


@pytest_asyncio.fixture(params=["fake", "text", "json"])
async def far(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FarSide]:
    """The fake, and the mock with either shape of a file."""
    if request.param == "fake":
        yield Fake(FakeNationalStore())
        return
    async with mock(tmp_path, paper_file_shape=request.param) as found:
        yield found


async def test_what_is_held_is_found_and_its_file_comes_whole(far: FarSide) -> None:
    await far.hold(OWNER, BIRTH, "12/GKS", PDF)
    await far.hold(OWNER, MARRIAGE, "", b"another")
    answer = await far.store.papers(OFFICER)
    assert (answer.outcome, answer.unasked) == (FOUND, 0)
    birth, marriage = answer.papers
    assert (birth.result_code, birth.name, birth.number_symbol) == (BIRTH, f"Giấy {BIRTH}", "12/GKS")
    assert (marriage.number_symbol, marriage.issuing_body) == ("", BODY)
    (file,) = birth.files
    assert file.name == "giay.pdf"
    fetched = await far.store.file(birth.issuing_body, file.path, len(PDF))
    assert (fetched.outcome, fetched.content) == (FOUND, PDF)


async def test_nothing_held_is_said_only_of_who_holds_nothing(far: FarSide) -> None:
    await far.hold(OWNER, BIRTH, "12/GKS", PDF)
    other = replace(OFFICER, owner_number="003190999999")
    answer = await far.store.papers(other)
    assert (answer.outcome, answer.papers) == (NOTHING_HELD, ())


async def test_only_what_is_wanted_is_found(far: FarSide) -> None:
    await far.hold(OWNER, BIRTH, "12/GKS", PDF)
    await far.hold(OWNER, BIRTH, "13/GKS", PDF)
    await far.hold(OWNER, MARRIAGE, "7/KH", PDF)

    async def symbols(*wanted: tuple[str, str | None]) -> list[str]:
        answer = await far.store.papers(replace(OFFICER, wanted=wanted))
        assert answer.outcome is (FOUND if answer.papers else NOTHING_HELD)
        return [paper.number_symbol for paper in answer.papers]

    assert await symbols((BIRTH, None)) == ["12/GKS", "13/GKS"]
    assert await symbols((BIRTH, "13/GKS")) == ["13/GKS"]
    assert await symbols((BIRTH, "99/GKS")) == []
    assert await symbols((BIRTH, "12/GKS"), (MARRIAGE, None)) == ["12/GKS", "7/KH"]


async def test_a_citizen_asks_for_their_own_papers_and_nobody_asks_unnamed(far: FarSide) -> None:
    await far.hold(OWNER, BIRTH, "12/GKS", PDF)
    assert (await far.store.papers(CITIZEN)).outcome is FOUND
    assert (await far.store.papers(replace(CITIZEN, requester_number="003180000001"))).outcome is DENIED
    assert (await far.store.papers(replace(OFFICER, requester_name=" "))).outcome is DENIED
    assert (await far.store.papers(replace(OFFICER, requester_number=""))).outcome is DENIED


@pytest.mark.parametrize("outcome", [DENIED, UNAVAILABLE, BAD_REPLY])
async def test_trouble_is_its_own_outcome_and_passes(far: FarSide, outcome: StoreOutcome) -> None:
    await far.hold(OWNER, BIRTH, "12/GKS", PDF)
    await far.trouble(outcome)
    answer = await far.store.papers(OFFICER)
    assert (answer.outcome, answer.papers) == (outcome, ())
    assert answer.reason
    answer = await far.store.papers(OFFICER)
    path = answer.papers[0].files[0].path
    await far.trouble(outcome)
    fetched = await far.store.file(BODY, path, 10_000)
    assert (fetched.outcome, fetched.content) == (outcome, None)
    assert (await far.store.file(BODY, path, 10_000)).outcome is FOUND


async def test_a_file_that_is_not_there_or_too_long_brings_nothing(far: FarSide) -> None:
    await far.hold(OWNER, BIRTH, "12/GKS", PDF)
    (paper,) = (await far.store.papers(OFFICER)).papers
    path = paper.files[0].path
    for body, wanted, most, expected in (
        (BODY, "giayto/none", 10_000, NOTHING_HELD),
        ("Nơi khác", path, 10_000, NOTHING_HELD),
        (BODY, path, len(PDF) - 1, BAD_REPLY),
    ):
        fetched = await far.store.file(body, wanted, most)
        assert (fetched.outcome, fetched.content) == (expected, None)


async def test_many_questions_at_once_are_each_answered(far: FarSide) -> None:
    await far.hold(OWNER, BIRTH, "12/GKS", PDF)
    found = await asyncio.gather(*[far.store.papers(OFFICER) for _ in range(20)])
    assert {answer.outcome for answer in found} == {FOUND}


FAULTS = {
    "html": BAD_REPLY,
    "empty_body": BAD_REPLY,
    "truncated_json": BAD_REPLY,
    "code_missing": BAD_REPLY,
    "unknown_code": BAD_REPLY,
    "status": UNAVAILABLE,
    "http_429_retry_after": UNAVAILABLE,
    "maintenance": UNAVAILABLE,
    "wrong_unit": DENIED,
    "code_00": NOTHING_HELD,
    "code_int": NOTHING_HELD,
    "json_in_string": NOTHING_HELD,
    "session_expired": NOTHING_HELD,
    "clock_skew": NOTHING_HELD,
}


@pytest.mark.parametrize("kind", sorted(FAULTS))
async def test_each_fault_of_the_mock_comes_to_its_outcome(tmp_path: Path, kind: str) -> None:
    async with mock(tmp_path) as there:
        await arm(there.admin, system="papers", kind=kind, service=None if kind == "maintenance" else "list")
        answer = await there.store.papers(OFFICER)
        assert answer.outcome is FAULTS[kind], answer
        assert (await there.admin.get("/__admin/fired")).json()["by_kind"] == {kind: 1}


async def test_what_was_not_taken_is_not_nothing_held(tmp_path: Path) -> None:
    async with mock(tmp_path) as there:
        for kind in ("code_00", "code_int", "code_missing", "json_in_string"):
            await arm(there.admin, system="papers", kind=kind, service="list", applied=False)
            assert (await there.store.papers(OFFICER)).outcome in {DENIED, BAD_REPLY}


async def test_a_session_that_ended_is_renewed_without_the_officer_seeing_it(tmp_path: Path) -> None:
    async with mock(tmp_path) as there:
        await there.hold(OWNER, BIRTH, "12/GKS", PDF)
        await arm(there.admin, system="papers", kind="session_expired", service="list", after_calls=1)
        assert [(await there.store.papers(OFFICER)).outcome for _ in range(3)] == [FOUND] * 3
        calls = (await there.admin.get("/__admin/calls")).json()["calls"]
        services = [call["service"] for call in reversed(calls)]
        assert services == ["login", "list", "list", "list", "login", "list", "list"]


async def test_a_wrong_account_is_no_answer_about_anybody(tmp_path: Path) -> None:
    async with in_process(tmp_path) as (client, _):
        store = NationalStoreConnector(settings("http://mock.test", password="wrong"), client, HTTP)
        answer = await store.papers(OFFICER)
        assert (answer.outcome, answer.exchange) == (UNAVAILABLE, None)
        assert answer.reason == "no session: 1: Sai tên đăng nhập hoặc mật khẩu"


async def test_on_a_real_line_every_break_is_unavailable(tmp_path: Path) -> None:
    http = HttpSettings(
        connect_seconds=AMPLE_SECONDS,
        read_seconds=AMPLE_SECONDS,
        pool_seconds=AMPLE_SECONDS,
        total_seconds=AMPLE_SECONDS,
        tries_max=1,
    )
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(running(tmp_path / "m.sqlite3"))
        admin = await stack.enter_async_context(process.client())
        there = Mock(NationalStoreConnector(settings(process.url), build_client(http), http), admin)
        await there.hold(OWNER, BIRTH, "12/GKS", PDF)
        assert (await there.store.papers(OFFICER)).outcome is FOUND
        # The one that shuts the door comes last.
        for kind in (
            "drip",
            "reset_before",
            "reset_during",
            "reset_after",
            "lost_answer",
            "hang",
            "connection_refused",
        ):
            there.store.settings = settings(process.url, list_seconds=0.5 if kind == "hang" else AMPLE_SECONDS)
            await arm(admin, system="papers", kind=kind, service="list", delay_ms=100)
            answer = await there.store.papers(OFFICER)
            assert answer.outcome is (FOUND if kind == "drip" else UNAVAILABLE), kind
            assert answer.exchange is not None
        assert set((await _fired(process.url)).values()) == {1}
        await there.store.aclose()


async def _fired(url: str) -> dict[str, int]:
    """How often each kind has fired, as soon as the mock listens again."""
    async with asyncio.timeout(AMPLE_SECONDS):
        while True:
            try:
                async with httpx.AsyncClient(base_url=url, timeout=AMPLE_SECONDS) as client:
                    found: dict[str, int] = (await client.get("/__admin/fired")).json()["by_kind"]
                    return found
            except httpx.TransportError:
                await asyncio.sleep(0.02)
