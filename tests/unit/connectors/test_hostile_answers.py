"""What a far side may send by mistake or malice neither raises nor spoils what comes after."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from connectors.base import Accepted, Kind, Parcel, Rejected, Unknown
from connectors.http import HttpSettings, Reply, build_client, post
from connectors.population import (
    OfficerKey,
    PersonOutcome,
    PersonQuestion,
    PopulationConnector,
    PopulationSettings,
    PopulationWay,
)
from connectors.population.soap import read_verdict
from connectors.portal import PortalConnector, PortalSettings
from connectors.portal.answers import meaning, read_answer
from tests.bounds import AMPLE_SECONDS

YES = "<Envelope><Body><R><SoLuongCongDan>1</SoLuongCongDan></R></Body></Envelope>"
PARCEL = Parcel(1, Kind.STEP, "H15-260701-0001", "{}", known=True, correlation_id="c")


@pytest.mark.parametrize("transport", ["aiohttp", "httpx"])
async def test_no_cookie_is_kept_and_none_does_harm(transport: str) -> None:
    requests: list[bytes] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(1)
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n"
        writer.write(head + b"Set-Cookie: a=b\r\nSet-Cookie: sid=\xff\xfe; Path=/\r\n\r\n{\x00}")
        await writer.drain()
        writer.close()

    settings = HttpSettings(
        connect_seconds=AMPLE_SECONDS,
        read_seconds=AMPLE_SECONDS,
        pool_seconds=AMPLE_SECONDS,
        transport="aiohttp" if transport == "aiohttp" else "httpx",
    )
    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server, build_client(settings) as client:
        # By name: aiohttp keeps no cookies of bare addresses anyway.
        url = f"http://localhost:{server.sockets[0].getsockname()[1]}/"
        for _ in range(3):
            result = await post(client, settings, url, content=b"x", headers={})
            assert isinstance(result, Reply), result
            assert result.text == "{\ufffd}"
    assert len(requests) == 3
    assert not any(b"cookie" in request.lower() for request in requests)


@pytest.mark.parametrize("bad", ["\0", "\ud800"])
def test_what_no_database_can_hold_is_replaced(bad: str) -> None:
    answer = read_answer(json.dumps({"error_code": f"-3{bad}", "message": f"TenTTHC: {bad}"}))
    assert answer is not None
    assert meaning(answer) == Unknown("unknown_code", "-3\ufffd: TenTTHC: \ufffd")
    answer = read_answer(json.dumps({"error_code": "-3", "message": f"TenTTHC: {bad}"}))
    assert answer is not None
    assert meaning(answer) == Rejected("-3", "TenTTHC: \ufffd", "TenTTHC")


def test_codes_and_field_names_are_bounded() -> None:
    answer = read_answer(json.dumps({"error_code": "9" * 5000, "message": "A" * 61 + ": x"}))
    assert answer is not None
    assert meaning(answer) == Unknown("unknown_code", "9" * 40 + ": " + "A" * 61 + ": x")
    answer = read_answer(json.dumps({"error_code": "-3", "message": "A" * 61 + ": x"}))
    assert answer is not None
    assert meaning(answer) == Rejected("-3", "A" * 61 + ": x", None)


def portal(answers: httpx.MockTransport, **bounds: float) -> PortalConnector:
    """A portal connector behind which ``answers`` speaks."""
    settings = PortalSettings(adapter_url="http://far.test/forward", username="u", password="p", unit_code="H15")
    return PortalConnector(settings, httpx.AsyncClient(transport=answers), HttpSettings(**bounds))  # type: ignore[arg-type]


async def test_a_send_that_is_cancelled_at_any_moment_leaves_the_session_usable() -> None:
    stuck, logins = asyncio.Event(), 0

    async def far(request: httpx.Request) -> httpx.Response:
        nonlocal logins
        if request.url.path.endswith("login"):
            logins += 1
            if logins == 1:
                stuck.set()
                await asyncio.Event().wait()
            return httpx.Response(200, json={"error_code": "0", "session": "s"})
        return httpx.Response(200, json={"error_code": "0", "message": "ok"})

    connector = portal(httpx.MockTransport(far))
    first, second = (asyncio.ensure_future(connector.send([PARCEL])) for _ in range(2))
    await stuck.wait()
    first.cancel()
    async with asyncio.timeout(AMPLE_SECONDS):
        sent = await second
    assert [type(outcome) for outcome in sent.outcomes] == [Accepted]
    assert first.cancelled()
    assert logins == 2


@pytest.mark.parametrize("name", ["foo", "ucs-2", "utf-7", "utf-16", "x" * 500])
def test_an_unknown_encoding_is_no_verdict(name: str) -> None:
    text = f'<?xml version="1.0" encoding="{name}"?><Body><SoLuongCongDan>0</SoLuongCongDan></Body>'
    assert read_verdict(text) is None


@pytest.mark.parametrize(
    ("count", "verdict"), [("0", False), ("000", False), ("1", True), ("10", True), ("9" * 5000, True), ("-1", None)]
)
def test_any_length_of_count_is_read(count: str, verdict: bool | None) -> None:  # noqa: FBT001
    assert read_verdict(f"<Body><SoLuongCongDan>{count}</SoLuongCongDan></Body>") is verdict


def population(far: httpx.MockTransport, **bounds: float) -> PopulationConnector:
    """Way A, with ``far`` as the gateway."""
    settings = PopulationSettings(
        way=PopulationWay.LGSP,
        base_url="http://far.test",
        service_path="ask",
        token_path="token",
        unit_code="H15",
        access_key="a",
        secret_key="b",
        app_name="c",
        partner_code="d",
        partner_code_cus="e",
        officers={"o": OfficerKey("o", "p")},
    )
    return PopulationConnector(settings, httpx.AsyncClient(transport=far), HttpSettings(tries_max=1, **bounds))  # type: ignore[arg-type]


def question(request_id: str) -> PersonQuestion:
    """Any question."""
    return PersonQuestion(request_id, "1.001193", "o", "H15", "003190123456", "Nguyễn Văn Bí", "1990-01-31")


async def test_questions_that_meet_an_ended_token_together_are_all_asked_again() -> None:
    tokens, met, everybody = 0, 0, asyncio.Event()

    async def far(request: httpx.Request) -> httpx.Response:
        nonlocal tokens, met
        if request.url.path == "/token":
            tokens += 1
            return httpx.Response(200, json={"access_token": f"t{tokens}"})
        if request.headers["authorization"] != "Bearer t1":
            return httpx.Response(200, text=YES)
        met += 1
        if met == 4:
            everybody.set()
        await everybody.wait()
        return httpx.Response(401)

    connector = population(httpx.MockTransport(far))
    answers = await asyncio.gather(*[connector.verify(question(f"q{number}")) for number in range(4)])
    assert [answer.outcome for answer in answers] == [PersonOutcome.MATCH] * 4
    assert tokens == 2


async def test_no_two_requests_of_a_question_share_an_id() -> None:
    statuses, ids = iter([401, 503, 401, 503, 401, 503]), []

    async def far(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t"})
        ids.append(request.content.decode().partition("MaYeuCau>")[2].partition("<")[0])
        return httpx.Response(next(statuses))

    await population(httpx.MockTransport(far)).verify(question("x" * 40))
    assert len(set(ids)) == len(ids) == 6
    assert max(map(len, ids)) <= 40


async def test_a_question_without_an_answer_shows_that_it_was_asked() -> None:
    silent = False

    async def far(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t"})
        if silent:
            await asyncio.Event().wait()
        return httpx.Response(200, text=YES)

    connector = population(httpx.MockTransport(far))
    assert (await connector.verify(question("p"))).outcome is PersonOutcome.MATCH
    # The token is there: what is short is the time for the answer only.
    silent = True
    connector.http = replace(connector.http, total_seconds=0.2)
    answer = await connector.verify(question("q"))
    assert answer.outcome is PersonOutcome.UNAVAILABLE
    assert answer.exchange is not None
    assert "<dan:MaYeuCau>q<" in answer.exchange.request
    assert "003190123456" not in answer.exchange.request
