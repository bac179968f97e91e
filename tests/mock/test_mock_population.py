"""The population database: who may ask, how, and what comes back."""

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from defusedxml.ElementTree import ParseError, fromstring

from mock_national.app import create_app
from mock_national.matching import fold, iso_date
from mock_national.people import Person, generate
from mock_national.settings import Settings
from tests.mock.support import LGSP, VERIFY, WRAPPER, Clock, Population, in_process

PEOPLE = generate(count=200)
ADULT = next(p for p in PEOPLE if p.number_12 and p.birth_date)
YEAR_ONLY = next(p for p in PEOPLE if p.number_12 and not p.birth_date)
OLD = next(p for p in PEOPLE if p.number_9)
COUNT = "{http://www.mic.gov.vn/dancu/1.0}SoLuongCongDan"
EXISTS = "{http://dancuquocgia.bca}TonTai"


def counted(response: httpx.Response) -> str | None:
    assert response.status_code == 200
    found: str | None = fromstring(response.content).findtext(f".//{COUNT}")
    return found


def ending(digits: str) -> Person:
    return next(p for p in PEOPLE if p.number_12.endswith(digits))


@pytest.mark.asyncio
@pytest.mark.parametrize("birth", [ADULT.birth_date, ADULT.birth_date.replace("-", "")])
@pytest.mark.parametrize("name", [ADULT.full_name, fold(ADULT.full_name), ADULT.full_name.lower()])
async def test_three_that_agree_are_a_match(population: Population, birth: str, name: str) -> None:
    response = await population.ask(population.question(ADULT.number_12, name, birth))
    assert response.headers["content-type"].startswith("text/xml")
    assert counted(response) == "1"


@pytest.mark.asyncio
async def test_anything_that_does_not_agree_is_no_match(population: Population) -> None:
    other = PEOPLE[5]
    for number, name, birth in [
        (ADULT.number_12, other.full_name, ADULT.birth_date),
        (ADULT.number_12, ADULT.full_name, "1901-01-01"),
        ("003099999999", ADULT.full_name, ADULT.birth_date),
        (ADULT.number_12, ADULT.full_name, ADULT.birth_year),
    ]:
        assert counted(await population.ask(population.question(number, name, birth))) == "0"


@pytest.mark.asyncio
async def test_a_year_only_person_matches_by_the_year_alone(population: Population) -> None:
    by_year = population.question(YEAR_ONLY.number_12, YEAR_ONLY.full_name, YEAR_ONLY.birth_year)
    assert counted(await population.ask(by_year)) == "1"
    by_date = population.question(YEAR_ONLY.number_12, YEAR_ONLY.full_name, f"{YEAR_ONLY.birth_year}0101")
    assert counted(await population.ask(by_date)) == "0"


@pytest.mark.asyncio
async def test_an_old_person_is_found_by_the_nine_digits(population: Population) -> None:
    assert counted(await population.ask(population.about(OLD))) == "1"


@pytest.mark.asyncio
async def test_the_other_answer_shape_is_true_or_false(settings: Settings) -> None:
    async with in_process(create_app(replace(settings, population_shape="exists"))) as client:
        population = Population(client)
        await population.log_in()
        for name, expected in ((ADULT.full_name, "true"), ("AI ĐÓ", "false")):
            response = await population.ask(population.question(ADULT.number_12, name, ADULT.birth_date))
            assert fromstring(response.content).findtext(f".//{EXISTS}") == expected


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "header", ["", "x", base64.b64encode(base64.b64decode(LGSP).replace(b":", b": ")).decode(), LGSP[:-4]]
)
async def test_a_token_needs_the_partners_credentials(population: Population, header: str) -> None:
    response = await population.client.post(
        "/oauth2/token", data={"grant_type": "client_credentials"}, headers={"lgspaccesstoken": header}
    )
    assert response.status_code == 401
    assert response.json()["code"] == "900901"


@pytest.mark.asyncio
async def test_a_token_needs_the_right_grant_and_lasts_an_hour(population: Population, clock: Clock) -> None:
    wrong = await population.client.post("/oauth2/token", data={}, headers={"lgspaccesstoken": LGSP})
    assert wrong.status_code == 400
    clock.now += 3599
    assert counted(await population.ask(population.question(ADULT.number_12, "A", ADULT.birth_date))) == "0"
    clock.now += 1
    late = await population.ask(population.question(ADULT.number_12, "A", ADULT.birth_date))
    assert (late.status_code, late.json()["code"]) == (401, "900901")


@pytest.mark.asyncio
async def test_every_credential_is_needed(population: Population) -> None:
    good = {
        "Authorization": f"Bearer {population.token}",
        "lgspaccesstoken": LGSP,
        "AuthHash": base64.b64encode(b"canbo01:mock-canbo01").decode(),
    }
    body = population.question(ADULT.number_12, "A", ADULT.birth_date).soap()
    for name in good:
        headers = {**good, name: "x"}
        assert (await population.client.post(VERIFY, content=body, headers=headers)).status_code == 401
    assert (await population.client.post(VERIFY, content=body, headers=good)).status_code == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"request_id": ""}, "01", "MaYeuCau"),
        ({"request_id": "x" * 41}, "01", "MaYeuCau"),
        ({"procedure": ""}, "01", "MaDVC"),
        ({"service": "037", "operation": "XacThucThongTinCongDan"}, "01", "MaTichHop"),
        ({"operation": "TraCuuThongTinCongDan"}, "01", "XML"),
        ({"service": "abc"}, "01", "MaTichHop"),
        ({"fields": {"HoVaTen": ""}}, "01", "HoVaTen"),
        ({"fields": {"MaDonVi": "H15"}}, "01", "XML"),
        ({"fields": {"SoCMND": "099000001"}}, "01", "SoDinhDanh"),
        ({"extra": "<d:NgayThangNam>20000101</d:NgayThangNam>"}, "01", "XML"),
        ({"extra": "<Khac/>"}, "01", "XML"),
        ({"procedure": "1.000005"}, "004", "Thủ tục"),
        ({"procedure": "VPCP"}, "004", "Thủ tục"),
        ({"officer": "canbo99"}, "005", "Tài khoản"),
        ({"fields": {"MaCanBo": "canbo02"}}, "005", "Tài khoản"),
    ],
)
async def test_a_wrong_question_is_refused(
    population: Population, changes: dict[str, Any], code: str, named: str
) -> None:
    response = await population.ask(replace(population.question(ADULT.number_12, "A", "20000101"), **changes))
    assert response.status_code == 400
    assert response.json()["errorCode"] == code
    assert response.json()["message"].startswith(named)


@pytest.mark.asyncio
@pytest.mark.parametrize(("number", "birth"), [("12345678901", "20000101"), ("099000001", "2000131")])
async def test_numbers_and_dates_have_a_form(population: Population, number: str, birth: str) -> None:
    response = await population.ask(population.question(number, "A", birth))
    assert (response.status_code, response.json()["errorCode"]) == (400, "01")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        "",
        "<a/>",
        "<a",
        '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        '<?xml version="1.0" encoding="nonsense"?><a/>',
    ],
)
async def test_unreadable_xml_is_refused(population: Population, body: str) -> None:
    response = await population.send(body)
    assert (response.status_code, response.json()["errorCode"]) == (400, "01")


@pytest.mark.asyncio
async def test_the_unit_may_stand_before_or_after_the_officer(population: Population) -> None:
    soap = population.question(ADULT.number_12, ADULT.full_name, ADULT.birth_date).soap()
    officer, unit = "<d:MaCanBo>canbo01</d:MaCanBo>", "<d:MaDonVi>H15.16</d:MaDonVi>"
    assert counted(await population.send(soap.replace(officer, unit + officer))) == "1"
    again = soap.replace("H15-", "H15-b")
    extra = "<d:TaiKhoan>a</d:TaiKhoan><d:SoDienThoai>0</d:SoDienThoai>"
    assert counted(await population.send(again.replace(officer, officer + unit + extra))) == "1"
    last = soap.replace("H15-", "H15-c").replace(officer, officer + extra + unit)
    assert (await population.send(last)).status_code == 400


@pytest.mark.asyncio
async def test_a_request_id_is_used_once(population: Population) -> None:
    question = population.question(ADULT.number_12, ADULT.full_name, ADULT.birth_date)
    assert counted(await population.ask(question)) == "1"
    again = await population.ask(question)
    assert again.json()["message"].startswith("MaYeuCau: ")


@pytest.mark.asyncio
async def test_a_unit_has_five_calls_a_second(population: Population, clock: Clock) -> None:
    async def ask() -> httpx.Response:
        return await population.ask(population.question(ADULT.number_12, ADULT.full_name, ADULT.birth_date))

    answers = [await ask() for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[5].headers["retry-after"] == "1"
    clock.now += 0.25
    assert (await ask()).status_code == 200


@pytest.mark.asyncio
async def test_an_officer_has_a_daily_share(settings: Settings, clock: Clock) -> None:
    chosen = replace(settings, unit_calls_per_second=0, officer_calls_per_day=2)
    async with in_process(create_app(chosen)) as client:
        population = Population(client)
        await population.log_in()

        async def ask(officer: str) -> httpx.Response:
            question = replace(population.question(ADULT.number_12, "A", ADULT.birth_date), officer=officer)
            return await population.ask(question)

        assert [(await ask("canbo01")).status_code for _ in range(3)] == [200, 200, 429]
        assert (await ask("canbo02")).status_code == 200
        wait = int((await ask("canbo01")).headers["retry-after"])
        clock.now += wait + 1
        await population.log_in()
        assert (await ask("canbo01")).status_code == 200


@pytest.mark.asyncio
async def test_the_wrapper_hides_soap_in_json(population: Population) -> None:
    question = population.question(ADULT.number_12, ADULT.full_name, ADULT.birth_date)
    response = await population.client.post(WRAPPER, json=question.json())
    assert response.status_code == 200
    assert response.json()["error_code"] == "0"
    assert fromstring(response.json()["message"]).findtext(f".//{COUNT}") == "1"
    again = (await population.client.post(WRAPPER, json=question.json())).json()
    assert again["error_code"] == "01"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("changes", "code"),
    [({"officer": "canbo99"}, "005"), ({"procedure": "1.000010"}, "004"), ({"service": "037"}, "01")],
)
async def test_the_wrapper_refuses_in_its_own_words(population: Population, changes: dict[str, Any], code: str) -> None:
    question = replace(population.question(ADULT.number_12, ADULT.full_name, ADULT.birth_date), **changes)
    response = await population.client.post(WRAPPER, json=question.json())
    assert (response.status_code, response.json()["error_code"]) == (200, code)


@pytest.mark.asyncio
@pytest.mark.parametrize("raw", [b"[", b'{"HoVaTen": 1}', b"{}"])
async def test_the_wrapper_refuses_what_it_cannot_read(population: Population, raw: bytes) -> None:
    assert (await population.client.post(WRAPPER, content=raw)).json()["error_code"] == "01"


@pytest.mark.asyncio
async def test_planted_numbers_misbehave(population: Population) -> None:
    async def ask(digits: str) -> httpx.Response:
        person = ending(digits)
        return await population.ask(population.question(person.number_12, person.full_name, person.birth_date))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ask("900"), 0.1)
    assert counted(await ask("901")) == "1"
    page = await ask("902")
    assert (page.status_code, page.headers["content-type"][:9]) == (500, "text/html")
    empty = await ask("903")
    assert (empty.status_code, empty.content) == (200, b"")
    fault = await ask("904")
    assert fault.status_code == 500
    assert fromstring(fault.content).findtext(".//faultstring") == "Lỗi xử lý tại CSDLQGvDC: <timeout>"


@pytest.mark.asyncio
async def test_a_planted_number_cuts_the_answer_short(population: Population) -> None:
    person = ending("905")
    response = await population.ask(population.question(person.number_12, person.full_name, person.birth_date))
    assert response.status_code == 200
    with pytest.raises(ParseError):
        fromstring(response.content)
    wrapped = population.question(person.number_12, person.full_name, person.birth_date).json()
    text = (await population.client.post(WRAPPER, json=wrapped)).json()["message"]
    with pytest.raises(ParseError):
        fromstring(text)


@pytest.mark.asyncio
@pytest.mark.parametrize(("digits", "part"), [("903", ""), ("904", "Fault")])
async def test_planted_numbers_misbehave_through_the_wrapper(population: Population, digits: str, part: str) -> None:
    person = ending(digits)
    question = population.question(person.number_12, person.full_name, person.birth_date)
    response = await population.client.post(WRAPPER, json=question.json())
    assert response.status_code == 200
    assert part in response.text


@pytest.mark.asyncio
async def test_armed_faults_reach_the_population_database(population: Population) -> None:
    fault = {"system": "population", "kind": "status", "dossier": ADULT.number_12}
    await population.client.post("/__admin/faults", json=fault)
    first = await population.ask(population.question(ADULT.number_12, ADULT.full_name, ADULT.birth_date))
    second = await population.ask(population.question(ADULT.number_12, ADULT.full_name, ADULT.birth_date))
    assert (first.status_code, second.status_code) == (503, 200)


@pytest.mark.asyncio
async def test_personal_values_are_masked_in_the_record_of_calls(population: Population) -> None:
    question = population.question(ADULT.number_12, ADULT.full_name, ADULT.birth_date)
    await population.ask(question)
    await population.client.post(WRAPPER, json=question.json())
    calls = (await population.client.get("/__admin/calls")).json()["calls"]
    text = json.dumps(calls, ensure_ascii=False)
    assert calls[0]["system"] == "population"
    assert "canbo01" in text
    for value in (ADULT.number_12, ADULT.full_name, ADULT.birth_date, ADULT.birth_year + ADULT.birth_date[5:7]):
        assert value not in text


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Nguyễn Văn A", "NGUYENVANA"),
        ("Nguye\u0302\u0303n  Va\u0306n A ", "NGUYENVANA"),
        ("Đặng Hữu Đức", "DANGHUUDUC"),
        ("H’Bia Êban", "HBIAEBAN"),
        ("H' Bia Êban", "HBIAEBAN"),
        ("H-Bia Êban", "HBIAEBAN"),
        ("Y Adrơ\u0306ng", "YADRONG"),
    ],
)
def test_names_are_folded(name: str, folded: str) -> None:
    assert fold(name) == folded


@pytest.mark.parametrize(
    ("text", "iso"), [("19900215", "1990-02-15"), ("1990-02-15", "1990-02-15"), ("1990-0215", None), ("1990", None)]
)
def test_dates_have_two_forms(text: str, iso: str | None) -> None:
    assert iso_date(text) == iso
