"""The population database, ways A and C: only a readable answer says anything about a person."""

import asyncio
import json
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import respx
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import HttpSettings, build_client
from connectors.population import (
    OfficerKey,
    PersonAnswer,
    PersonOutcome,
    PersonQuestion,
    PopulationConnector,
    PopulationSettings,
    PopulationWay,
    fold_name,
)
from connectors.population.soap import envelope, read_verdict
from mock_national.matching import fold
from mock_national.people import Person, generate
from mock_national.soap import read_question
from schemas.population import XacThuc
from tests.contract.support import arm, in_process

PEOPLE = generate(count=200)
PLANTED = {person.number_12[-3:]: person for person in PEOPLE[-6:]}
ORDINARY = next(
    person for person in PEOPLE if person.number_12 and person.birth_date and "đ" in person.full_name.lower()
)
OLD = next(person for person in PEOPLE if person.number_9 and person.birth_date)
YEAR_ONLY = next(person for person in PEOPLE if person.number_12 and not person.birth_date)
ONE_TRY = HttpSettings(tries_max=1, transport="httpx")
MATCH, MISMATCH = PersonOutcome.MATCH, PersonOutcome.NOT_FOUND_OR_MISMATCH
DENIED, QUOTA = PersonOutcome.DENIED, PersonOutcome.QUOTA
UNAVAILABLE, BAD_REPLY = PersonOutcome.UNAVAILABLE, PersonOutcome.BAD_REPLY
_numbers = count(1)


def settings(way: PopulationWay, **changes: Any) -> PopulationSettings:
    """The partner and officers of the mock."""
    usual: dict[str, Any] = {
        "way": way,
        "base_url": "http://mock.test",
        "service_path": {
            PopulationWay.LGSP: "csdldc/XacThucThongTinCongDan",
            PopulationWay.JSON: "apiCSDLDanCu/XacThucThongTinCongDan",
        }[way],
        "token_path": "oauth2/token",
        "unit_code": "H15.16",
        "access_key": "mock-access-key",
        "secret_key": "mock-secret-key",
        "app_name": "mock-one-stop",
        "partner_code": "H15",
        "partner_code_cus": "000.00.00.H15",
        "officers": {name: OfficerKey(name, f"mock-{name}") for name in ("canbo01", "canbo02", "canbo99")},
    }
    return PopulationSettings(**(usual | changes))


def question(person: Person, **changes: str) -> PersonQuestion:
    """A true question about a person, but for the changes; each has a number of its own."""
    usual = PersonQuestion(
        request_id=f"H15-{next(_numbers)}",
        procedure_code="1.001193",
        officer="canbo01",
        unit="H15.16",
        number=person.number_12 or person.number_9,
        full_name=person.full_name,
        birth_date=person.birth_date or person.birth_year,
    )
    return replace(usual, **changes)


@dataclass
class World:
    """A connector, the mock behind it, and every request that went there."""

    connector: PopulationConnector
    client: httpx.AsyncClient
    asked: list[httpx.Request] = field(default_factory=list)

    async def outcome(self, person: Person, **changes: str) -> PersonOutcome:
        """What a question comes to."""
        return (await self.connector.verify(question(person, **changes))).outcome


@asynccontextmanager
async def world(folder: Path, way: PopulationWay, http: HttpSettings = ONE_TRY, **choices: Any) -> AsyncIterator[World]:
    """The mock in this process."""
    usual = {"unit_calls_per_second": 0, "slow_seconds": 0.0}
    async with in_process(folder, **(usual | choices)) as (client, _):
        found = World(PopulationConnector(settings(way), client, http), client)

        async def remember(request: httpx.Request) -> None:
            found.asked.append(request)

        client.event_hooks["request"].append(remember)
        yield found


@pytest.fixture(params=list(PopulationWay), ids=lambda way: way.value)
def way(request: pytest.FixtureRequest) -> PopulationWay:
    """Each way in."""
    found: PopulationWay = request.param
    return found


@pytest_asyncio.fixture(params=["count", "exists"])
async def there(request: pytest.FixtureRequest, tmp_path: Path, way: PopulationWay) -> AsyncIterator[World]:
    """Each way in, each shape of the answer."""
    async with world(tmp_path, way, population_shape=request.param) as found:
        yield found


@pytest.mark.parametrize("person", [ORDINARY, OLD, YEAR_ONLY], ids=["12-digits", "9-digits", "year-only"])
async def test_a_true_question_matches_and_each_wrong_fact_does_not(there: World, person: Person) -> None:
    assert await there.outcome(person) is MATCH
    number = person.number_12 or person.number_9
    other = str((int(number[-1]) + 1) % 10)
    assert await there.outcome(person, number=number[:-1] + other) is MISMATCH
    assert await there.outcome(person, full_name=person.full_name + " Khác") is MISMATCH
    assert await there.outcome(person, birth_date="1899") is MISMATCH
    assert await there.outcome(person, birth_date="1899-01-31") is MISMATCH


async def test_a_date_for_a_person_of_whom_only_the_year_is_known(there: World) -> None:
    assert await there.outcome(YEAR_ONLY, birth_date=f"{YEAR_ONLY.birth_year}-01-01") is MISMATCH
    assert await there.outcome(ORDINARY, birth_date=ORDINARY.birth_date[:4]) is MISMATCH


async def test_a_name_may_be_typed_in_any_way(there: World) -> None:
    name = ORDINARY.full_name
    for typed in (name.upper(), name.lower(), unicodedata.normalize("NFD", name), f"  {name.replace(' ', '   ')} "):
        assert await there.outcome(ORDINARY, full_name=typed) is MATCH


async def test_who_may_not_ask_is_denied(there: World) -> None:
    by_procedure = await there.connector.verify(question(ORDINARY, procedure_code="1.000005"))
    assert (by_procedure.outcome, by_procedure.reason) == (DENIED, "the procedure is not licensed to ask")
    by_officer = await there.connector.verify(question(ORDINARY, officer="canbo99"))
    assert (by_officer.outcome, by_officer.reason) == (DENIED, "the officer's account has no right to ask")


async def test_an_officer_without_a_key_asks_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, PopulationWay.LGSP) as there:
        answer = await there.connector.verify(question(ORDINARY, officer="canbo30"))
        assert (answer.outcome, answer.exchange) == (DENIED, None)
        assert there.asked == []


async def test_a_spent_quota_is_told_and_not_pressed(tmp_path: Path, way: PopulationWay) -> None:
    async with world(tmp_path, way, officer_calls_per_day=1) as there:
        assert await there.outcome(ORDINARY) is MATCH
        before = len(there.asked)
        assert await there.outcome(ORDINARY) is QUOTA
        assert len(there.asked) == before + 1


@pytest.mark.parametrize(
    ("ending", "expected"),
    [("901", MATCH), ("902", UNAVAILABLE), ("903", BAD_REPLY), ("904", None), ("905", BAD_REPLY)],
)
async def test_trouble_is_never_no_such_person(there: World, ending: str, expected: PersonOutcome | None) -> None:
    found = await there.outcome(PLANTED[ending])
    if expected is None:  # a SOAP fault: HTTP 500 by way A, text inside HTTP 200 by way C
        expected = UNAVAILABLE if there.connector.settings.way is PopulationWay.LGSP else BAD_REPLY
    assert found is expected


async def test_silence_ends_at_the_total(tmp_path: Path, way: PopulationWay) -> None:
    async with world(tmp_path, way) as there:
        assert await there.outcome(ORDINARY) is MATCH
        there.connector.http = replace(ONE_TRY, total_seconds=0.3)
        there.asked.clear()
        answer = await there.connector.verify(question(PLANTED["900"]))
        assert answer.outcome is UNAVAILABLE
        assert answer.reason in {"total_timeout", "no answer in time"}
        assert len(there.asked) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_that_is_down_is_asked_again_with_another_number(
    tmp_path: Path, way: PopulationWay, status: int
) -> None:
    async with world(tmp_path, way) as there:
        fault = {"system": "population", "service": "XacThucThongTinCongDan", "kind": "status", "status": status}
        await arm(there.client, **fault, times=2)
        there.asked.clear()
        asked = question(ORDINARY, request_id="x" * 40)
        assert (await there.connector.verify(asked)).outcome is MATCH
        bodies = [request.content.decode() for request in there.asked if "token" not in request.url.path]
        ids = ["x" * 40, "x" * 38 + "-1", "x" * 38 + "-2"]
        assert [identity in body for identity, body in zip(ids, bodies, strict=True)] == [True] * 3
        await arm(there.client, **fault, times=3)
        assert await there.outcome(ORDINARY) is UNAVAILABLE


async def test_a_used_number_is_a_fault_of_ours_and_no_verdict(there: World) -> None:
    asked = question(ORDINARY)
    assert (await there.connector.verify(asked)).outcome is MATCH
    assert (await there.connector.verify(asked)).outcome is BAD_REPLY


async def test_a_token_that_has_ended_is_renewed(tmp_path: Path) -> None:
    async with world(tmp_path, PopulationWay.LGSP) as there:
        assert await there.outcome(ORDINARY) is MATCH
        await there.client.post("/__admin/reset")
        there.asked.clear()
        assert await there.outcome(ORDINARY) is MATCH
        paths = [request.url.path.rpartition("/")[2] for request in there.asked]
        assert paths == ["XacThucThongTinCongDan", "token", "XacThucThongTinCongDan"]


async def test_concurrent_questions_fetch_one_token(tmp_path: Path) -> None:
    async with world(tmp_path, PopulationWay.LGSP) as there:
        found = await asyncio.gather(*[there.outcome(ORDINARY) for _ in range(10)])
        assert found == [MATCH] * 10
        assert [request.url.path for request in there.asked].count("/oauth2/token") == 1


async def test_a_wrong_partner_gets_no_token(tmp_path: Path) -> None:
    async with world(tmp_path, PopulationWay.LGSP) as there:
        there.connector.settings = settings(PopulationWay.LGSP, secret_key="wrong")
        answer = await there.connector.verify(question(ORDINARY))
        assert (answer.outcome, answer.reason) == (UNAVAILABLE, "no token: HTTP 401")


async def test_what_is_kept_of_a_question_shows_no_person(there: World) -> None:
    answer = await there.connector.verify(question(ORDINARY))
    assert answer.exchange is not None
    assert answer.exchange.http_status == 200
    for secret in (ORDINARY.number_12, fold_name(ORDINARY.full_name), ORDINARY.birth_date.replace("-", "")):
        assert secret not in answer.exchange.request + answer.exchange.answer
    assert answer.exchange.request.count("***") >= 3


async def ask_once(
    way: PopulationWay, *replies: httpx.Response | Exception
) -> tuple[PersonAnswer, list[httpx.Request]]:
    """What a question comes to when the service answers so; and the requests to the service."""
    with respx.mock(assert_all_called=False) as router:
        router.post("http://mock.test/oauth2/token").mock(return_value=httpx.Response(200, json={"access_token": "t"}))
        route = router.post(path__regex=".*/XacThucThongTinCongDan$").mock(side_effect=list(replies))
        connector = PopulationConnector(settings(way), build_client(ONE_TRY), ONE_TRY)
        try:
            answer = await connector.verify(question(ORDINARY))
        finally:
            await connector.aclose()
        return answer, [call.request for call in route.calls]


SOAP = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
RESPONSE = '<r:XacThucThongTinCongDanResponse xmlns:r="urn:any">{}</r:XacThucThongTinCongDanResponse>'
EXISTS = '<k:KetQuaXacThuc xmlns:k="http://dancuquocgia.bca"><k:TonTai>{}</k:TonTai></k:KetQuaXacThuc>'
COUNT = RESPONSE.format("<r:SoLuongCongDan>{}</r:SoLuongCongDan>")
BOMB = '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]>' + SOAP.format(COUNT.format("&c;"))
SHAPES: list[tuple[str, PersonOutcome]] = [
    (SOAP.format(COUNT.format("0")), MISMATCH),
    (SOAP.format(COUNT.format("1")), MATCH),
    (SOAP.format(COUNT.format(" 12\n")), MATCH),
    (SOAP.format(COUNT.format("00")), MISMATCH),
    (SOAP.format(COUNT.format("-1")), BAD_REPLY),
    (SOAP.format(COUNT.format("")), BAD_REPLY),
    (SOAP.format(COUNT.format("một")), BAD_REPLY),
    (SOAP.format(EXISTS.format("true")), MATCH),
    (SOAP.format(EXISTS.format("1")), MATCH),
    (SOAP.format(EXISTS.format("false")), MISMATCH),
    (SOAP.format(EXISTS.format("0")), MISMATCH),
    (SOAP.format(EXISTS.format("TRUE")), BAD_REPLY),
    (SOAP.format(EXISTS.format("")), BAD_REPLY),
    (SOAP.format("<s:Fault><faultcode>x</faultcode><SoLuongCongDan>0</SoLuongCongDan></s:Fault>"), BAD_REPLY),
    (SOAP.format("<s:Fault/>" + COUNT.format("0").replace("r:", "").replace(":r", "")), BAD_REPLY),
    (SOAP.format(""), BAD_REPLY),
    (SOAP.format("<Khac>0</Khac>"), BAD_REPLY),
    ("<a><b><Body><SoLuongCongDan>0</SoLuongCongDan></Body></b></a>", BAD_REPLY),
    ("<SoLuongCongDan>0</SoLuongCongDan>", BAD_REPLY),
    ("<Body><SoLuongCongDan>0</SoLuongCongDan></Body>", MISMATCH),
    ('<?xml version="1.0" encoding="UTF-8"?>' + SOAP.format(COUNT.format("1")), MATCH),
    (BOMB, BAD_REPLY),
    ('<!DOCTYPE a SYSTEM "http://elsewhere.test/x.dtd">' + SOAP.format(COUNT.format("0")), BAD_REPLY),
    (SOAP.format(COUNT.format("0"))[:-5], BAD_REPLY),
    ("", BAD_REPLY),
    ("<html><body>Không có thông tin</body></html>", BAD_REPLY),
    ("\x00", BAD_REPLY),
    ("<a>" * 20_000, BAD_REPLY),
    (SOAP.format("<a>" * 5000 + "</a>" * 5000), BAD_REPLY),
]


@pytest.mark.parametrize(("text", "expected"), SHAPES, ids=range(len(SHAPES)))
async def test_every_shape_of_an_answer(way: PopulationWay, text: str, expected: PersonOutcome) -> None:
    reply = httpx.Response(200, content=text.encode())
    if way is PopulationWay.JSON:
        reply = httpx.Response(200, json={"error_code": "0", "message": text})
    answer, asked = await ask_once(way, reply)
    assert answer.outcome is expected
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("face", "expected"),
    [
        ({"data": True}, MATCH),
        ({"data": False}, MISMATCH),
        ({"data": "true"}, MATCH),
        ({"data": "false"}, MISMATCH),
        ({"error_code": "SUCCESSFUL", "data": True}, MATCH),
        ({"error_code": "00", "message": SOAP.format(COUNT.format("1"))}, MATCH),
        ({"error_code": 0, "message": "false"}, MISMATCH),
        ({"errorCode": "004", "data": False}, DENIED),
        ({"error_code": "005", "message": "x"}, DENIED),
        ({"error_code": "7", "data": False}, BAD_REPLY),
        ({"error_code": None, "data": False}, BAD_REPLY),
        ({"data": None}, BAD_REPLY),
        ({"data": 0}, BAD_REPLY),
        ({"data": []}, BAD_REPLY),
        ({"data": "không"}, BAD_REPLY),
        ({}, BAD_REPLY),
        ([], BAD_REPLY),
    ],
)
async def test_every_face_of_a_province(face: object, expected: PersonOutcome) -> None:
    answer, _ = await ask_once(PopulationWay.JSON, httpx.Response(200, json=face))
    assert answer.outcome is expected


@pytest.mark.parametrize("text", ["", "false", "<html>", '{"data":fal', "[" * 100_000])
async def test_a_face_that_cannot_be_read(text: str) -> None:
    answer, _ = await ask_once(PopulationWay.JSON, httpx.Response(200, content=text.encode()))
    assert answer.outcome is BAD_REPLY


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (httpx.Response(400, json={"message": "x", "errorCode": "004"}), DENIED),
        (httpx.Response(400, json={"message": "x", "errorCode": "005"}), DENIED),
        (httpx.Response(400, json={"message": "x", "errorCode": "01"}), BAD_REPLY),
        (httpx.Response(400, content=b"<html>"), BAD_REPLY),
        (httpx.Response(403, json={"code": "900908"}), DENIED),
        (httpx.Response(404, content=b""), UNAVAILABLE),
        (httpx.Response(429, content=b""), QUOTA),
        (httpx.Response(500, content=b"<html>"), UNAVAILABLE),
        (httpx.Response(302, headers={"Location": "http://elsewhere.test/"}), UNAVAILABLE),
        (httpx.ReadTimeout("late"), UNAVAILABLE),
        (httpx.ReadError("reset"), UNAVAILABLE),
    ],
)
async def test_every_status_and_asked_once(
    way: PopulationWay, reply: httpx.Response | Exception, expected: PersonOutcome
) -> None:
    answer, asked = await ask_once(way, reply)
    assert answer.outcome is expected
    assert answer.exchange is not None
    assert len(asked) == 1


async def test_out_of_reach_is_tried_three_times(way: PopulationWay) -> None:
    answer, asked = await ask_once(way, *[httpx.ConnectError("refused")] * 4)
    assert (answer.outcome, answer.reason, len(asked)) == (UNAVAILABLE, "out of reach", 3)


async def test_access_refused_twice_is_no_verdict() -> None:
    answer, asked = await ask_once(PopulationWay.LGSP, httpx.Response(401), httpx.Response(401), httpx.Response(401))
    assert (answer.outcome, answer.reason, len(asked)) == (UNAVAILABLE, "our access is refused", 2)


async def test_a_token_reply_that_cannot_be_read_is_no_verdict() -> None:
    for reply in (httpx.Response(200, content=b"<html>"), httpx.Response(200, json={"access_token": ""})):
        with respx.mock as router:
            router.post("http://mock.test/oauth2/token").mock(return_value=reply)
            connector = PopulationConnector(settings(PopulationWay.LGSP), build_client(ONE_TRY), ONE_TRY)
            answer = await connector.verify(question(ORDINARY))
            await connector.aclose()
        assert (answer.outcome, answer.reason) == (UNAVAILABLE, "no token: HTTP 200")


async def test_the_request_of_way_a() -> None:
    _, (request,) = await ask_once(PopulationWay.LGSP, httpx.Response(200))
    assert request.headers["authorization"] == "Bearer t"
    assert request.headers["authhash"] == "Y2FuYm8wMTptb2NrLWNhbmJvMDE="
    assert request.headers["content-type"] == "text/xml; charset=utf-8"
    fields = read_question(request.content)
    assert fields.wrong == ""
    assert (fields.fields["MaTichHop"], fields.fields["HoVaTen"]) == ("003", fold_name(ORDINARY.full_name))


async def test_the_request_of_way_c() -> None:
    _, (request,) = await ask_once(PopulationWay.JSON, httpx.Response(200))
    body = json.loads(request.content)
    assert list(body)[-1] == "MaYeuCau"
    assert (body["SoDinhDanh"], body["SoCMND"], body["Nam"]) == (ORDINARY.number_12, "", "")
    assert "authorization" not in request.headers


@given(value=st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), max_size=30))
def test_values_are_escaped(value: str) -> None:
    value = f"a{value}&<b>]]>'\""
    text = envelope(
        XacThuc(
            MaYeuCau="1",
            MaDVC="1.001193",
            MaTichHop="003",
            MaCanBo="canbo01",
            MaDonVi="H15",
            SoDinhDanh="003190123456",
            HoVaTen=value,
            Nam="1990",
        )
    )
    assert text.count("<dan:") == text.count("</dan:") == 10
    assert read_question(text.encode()).fields["HoVaTen"] == value


@given(st.text(max_size=200) | st.sampled_from([text for text, _ in SHAPES]))
def test_no_text_is_too_strange_for_a_verdict(text: str) -> None:
    assert read_verdict(text) in {True, False, None}


VIETNAMESE = st.text("aăâeêioôơuưyđĐAĂÂÊÔƠƯYáàảãạắằẳẵặấầẩẫậéèẻẽẹíìỉĩịóòỏõọúùủũụýỳỷỹỵ '-.NGHnh9", max_size=30)


@given(st.text(max_size=40) | VIETNAMESE)
def test_folding_a_name(name: str) -> None:
    folded = fold_name(name)
    assert set(folded) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    assert fold_name(folded) == folded
    assert fold_name(unicodedata.normalize("NFC", name)) == fold_name(unicodedata.normalize("NFD", name)) == folded


@given(VIETNAMESE)
def test_folding_does_not_see_case_and_blanks(name: str) -> None:
    assert fold_name(name.upper()) == fold_name(name.lower()) == fold_name(f" {' '.join(name)} ") == fold_name(name)


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Nguyễn Văn A", "NGUYENVANA"),
        ("đỗ Thị Đào", "DOTHIDAO"),
        ("H'Bia Niê-Kđăm", "HBIANIEKDAM"),
        ("  Ưng  Hoàng Phúc ", "UNGHOANGPHUC"),
        ("Y Moan Ênuôl", "YMOANENUOL"),
        ("", ""),
    ],
)
def test_folded_names(name: str, folded: str) -> None:
    assert fold_name(name) == folded


def test_the_mock_folds_every_name_alike() -> None:
    assert {fold_name(person.full_name) for person in PEOPLE} == {fold(person.full_name) for person in PEOPLE}
