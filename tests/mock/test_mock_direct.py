"""Way D, the direct line, and the order of the checks on every way."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import httpx
import pytest

from mock_national.app import create_app
from mock_national.people import generate
from mock_national.settings import Settings
from tests.mock.support import LGSP, READ, Clock, Population, in_process

PEOPLE = generate(count=200)
ADULT = next(p for p in PEOPLE if p.number_12 and p.birth_date)
DIRECT = {"003": "/c06/XacThucThongTinCongDan", "037": "/c06/TraCuuThongTinCongDan"}


def headers(stamp: float, path: str = DIRECT["037"], **changes: str) -> dict[str, str]:
    """What a call needs; the hash is over the path, the account, the time stamp and the secret."""
    text = f"{stamp:.0f}"
    digest = hashlib.sha256(f"{path}mock-c06-user{text}mock-c06-secret".encode()).hexdigest()
    proof = base64.b64encode(f"mock-c06-user:{digest}".encode()).decode()
    usual = {"Authorization": f"Basic {proof}", "Timestamp": text, "X-Road-Client": "VN/GOV/H15/mot-cua"}
    return {**usual, "ApiKey": "mock-c06-key", "Content-Type": "application/xml", **changes}


async def send(population: Population, sent: dict[str, str], **changes: Any) -> httpx.Response:
    question = replace(population.about(ADULT, service="037"), **changes)
    return await population.client.post(DIRECT[question.service], content=question.soap().encode(), headers=sent)


@pytest.mark.asyncio
@pytest.mark.parametrize("unit", [1000, 1], ids=["milliseconds", "seconds"])
async def test_the_direct_line_answers_both_services(population: Population, clock: Clock, unit: int) -> None:
    record = await send(population, headers(clock.now * unit))
    assert (record.status_code, ADULT.number_12 in record.text) == (200, True)
    verdict = await send(population, headers(clock.now * unit, DIRECT["003"]), service="003")
    assert (verdict.status_code, ">1<" in verdict.text) == (200, True)


@pytest.mark.asyncio
@pytest.mark.parametrize(("drift", "status"), [(-300, 200), (300, 200), (-301, 401), (301, 401)])
async def test_clocks_may_differ_by_five_minutes(population: Population, clock: Clock, drift: int, status: int) -> None:
    response = await send(population, headers((clock.now + drift) * 1000))
    assert response.status_code == status


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "changes",
    [
        {"Authorization": ""},
        {"Authorization": "Basic " + base64.b64encode(b"mock-c06-user:mock-c06-secret").decode()},
        {"Timestamp": ""},
        {"Timestamp": "soon"},
        {"Timestamp": "1780000000001"},
        {"X-Road-Client": ""},
        {"X-Road-Client": "VN/GOV/H15"},
        {"ApiKey": "other"},
    ],
)
async def test_every_header_is_needed(population: Population, clock: Clock, changes: dict[str, str]) -> None:
    response = await send(population, headers(clock.now * 1000, **changes))
    assert (response.status_code, response.json()["code"]) == (401, "900901")


@pytest.mark.asyncio
async def test_the_hash_binds_the_service(population: Population, clock: Clock, settings: Settings) -> None:
    assert (await send(population, headers(clock.now * 1000, DIRECT["003"]))).status_code == 401
    chosen = replace(settings, database=":memory:", direct_service_path="/dancu/v1")
    async with in_process(create_app(chosen)) as client:
        other = Population(client)
        assert (await send(other, headers(clock.now * 1000))).status_code == 401
        assert (await send(other, headers(clock.now * 1000, "/dancu/v1"))).status_code == 200


@pytest.mark.asyncio
async def test_a_request_cannot_be_played_again(population: Population, clock: Clock) -> None:
    sent = headers(clock.now * 1000)
    assert (await send(population, sent, request_id="H15-again")).status_code == 200
    again = await send(population, sent, request_id="H15-again")
    assert (again.status_code, again.json()["message"][:8]) == (400, "MaYeuCau")
    assert (await population.ask(population.about(ADULT, request_id="H15-again"))).status_code == 400


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["session_expired", "wrong_unit", "empty_body", "http_429"])
async def test_armed_faults_reach_the_direct_line(population: Population, clock: Clock, kind: str) -> None:
    await population.client.post("/__admin/faults", json={"system": "population", "kind": kind})
    statuses = {"session_expired": 401, "wrong_unit": 403, "empty_body": 200, "http_429": 429}
    response = await send(population, headers(clock.now * 1000))
    assert (response.status_code, ADULT.number_12 in response.text) == (statuses[kind], False)


@pytest.mark.asyncio
async def test_elements_may_come_in_any_order_when_the_gateway_is_lax(settings: Settings) -> None:
    async with in_process(create_app(replace(settings, strict_order=False))) as client:
        population = Population(client)
        await population.log_in()
        late = population.about(ADULT, service="037", fields={"MaDonVi": "H15"}).soap()
        assert (await population.send(late, path=READ)).status_code == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("direct", [False, True], ids=["gateway", "direct"])
async def test_checks_come_in_their_order(settings: Settings, clock: Clock, *, direct: bool) -> None:
    """A question that is wrong in every way is mended one fault at a time, from the first check to the last."""
    limited = replace(settings, unit_calls_per_second=1, officer_calls_per_day=0)
    async with in_process(create_app(limited)) as client:
        population = Population(client)
        await population.log_in()
        await population.read(ADULT)
        sent = {"Authorization": f"Bearer {population.token}", "lgspaccesstoken": LGSP}
        if direct:
            sent = headers(clock.now * 1000, **{"X-Road-Client": "VN/GOV/H15/x"})
            await send(population, sent)
        else:
            sent["AuthHash"] = base64.b64encode(b"canbo99:mock-canbo99").decode()
        wrong = population.about(ADULT, service="", procedure="VPCP", officer="canbo99", extra="<d:Khac/>")
        wrong.operation = "TraCuuThongTinCongDan"
        mends: list[tuple[dict[str, Any], int, str]] = [
            ({}, 401, "900901"),
            ({}, 400, "MaTichHop: bắt buộc"),
            ({"service": "003"}, 400, "XML: thứ tự"),
            ({"extra": ""}, 400, "MaTichHop: phải là 037"),
            ({"service": "037"}, 400, "004"),
            ({"procedure": "1.001193"}, 400, "005"),
            ({"officer": "canbo01"}, 429, "900802"),
        ]
        for step, (mend, status, said) in enumerate(mends):
            wrong = replace(wrong, request_id=f"order-{step}", **mend)
            if wrong.officer == "canbo01" and not direct:
                sent["AuthHash"] = base64.b64encode(b"canbo01:mock-canbo01").decode()
            used = {} if step == 0 else sent
            path = DIRECT["037"] if direct else READ
            response = await client.post(path, content=wrong.soap().encode(), headers=used)
            assert (response.status_code, said in response.text) == (status, True), (step, response.text)
        clock.now += 2
        if direct:
            sent = headers(clock.now * 1000)
        last = replace(wrong, request_id="order-last", name="AI ĐÓ")
        response = await client.post(path, content=last.soap().encode(), headers=sent)
        assert (response.status_code, 'SoCongDan="0"' in response.text) == (200, True)
