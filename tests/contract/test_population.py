"""The population database by its real protocol: only a readable answer says anything about a person."""

import asyncio
import json
import logging
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import respx
from hypothesis import given
from hypothesis import strategies as st

from connectors.http import build_client
from connectors.population import (
    PersonAnswer,
    PersonOutcome,
    Place,
    PopulationConnector,
    PopulationWay,
    RecordAnswer,
    Relative,
    fold_name,
)
from connectors.population.soap import envelope, read_verdict
from mock_national.matching import fold
from mock_national.soap import READ, VERIFY, read_question
from schemas.persons import PersonField
from schemas.population import CitizenQuestion
from tests.bounds import BRIEF_SECONDS
from tests.contract.population_world import (
    EVERYTHING,
    ONE_TRY,
    ORDINARY,
    PEOPLE,
    PLANTED,
    YEAR_ONLY,
    World,
    question,
    settings,
    world,
)
from tests.contract.support import arm

MATCH, MISMATCH = PersonOutcome.MATCH, PersonOutcome.NOT_FOUND_OR_MISMATCH
DENIED, QUOTA = PersonOutcome.DENIED, PersonOutcome.QUOTA
UNAVAILABLE, BAD_REPLY = PersonOutcome.UNAVAILABLE, PersonOutcome.BAD_REPLY
AT = datetime(2026, 7, 1, 1, 15, tzinfo=UTC)


@pytest.fixture(params=[PopulationWay.LGSP, PopulationWay.JSON], ids=lambda way: way.value)
def way(request: pytest.FixtureRequest) -> PopulationWay:
    """SOAP and JSON; by way D an answer is the same SOAP as by way A."""
    found: PopulationWay = request.param
    return found


@pytest_asyncio.fixture
async def there(tmp_path: Path, way: PopulationWay) -> AsyncIterator[World]:
    """Each way in, with that shape of a verdict that the conformance suite does not meet."""
    async with world(tmp_path, way, population_shape="exists") as found:
        yield found


async def test_a_date_for_a_person_of_whom_only_the_year_is_known(there: World) -> None:
    assert await there.outcome(YEAR_ONLY, birth_date=f"{YEAR_ONLY.birth_year}-01-01") is MISMATCH
    assert await there.outcome(ORDINARY, birth_date=ORDINARY.birth_date[:4]) is MISMATCH


async def test_a_name_may_be_typed_in_any_way(there: World) -> None:
    name = ORDINARY.full_name
    for typed in (name.upper(), name.lower(), unicodedata.normalize("NFD", name), f"  {name.replace(' ', '   ')} "):
        assert await there.outcome(ORDINARY, full_name=typed) is MATCH


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
        there.connector.http = replace(ONE_TRY, total_seconds=BRIEF_SECONDS)
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
        connector = PopulationConnector(settings(way), build_client(ONE_TRY), ONE_TRY, clock=lambda: AT)
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
    (SOAP.format(COUNT.format("0") + COUNT.format("1")), BAD_REPLY),
    (SOAP.format(COUNT.format("0") + EXISTS.format("true")), BAD_REPLY),
    (SOAP.format("<s:Fault><faultcode>x</faultcode><SoLuongCongDan>0</SoLuongCongDan></s:Fault>"), BAD_REPLY),
    (SOAP.format("<s:Fault/>" + COUNT.format("0").replace("r:", "").replace(":r", "")), BAD_REPLY),
    (SOAP.format(""), BAD_REPLY),
    (SOAP.format("<Khac>0</Khac>"), BAD_REPLY),
    # "No" beside the words of a fault.
    (SOAP.format(RESPONSE.format("<r:MaLoi>99</r:MaLoi><r:SoLuongCongDan>0</r:SoLuongCongDan>")), BAD_REPLY),
    (SOAP.format("<Loi><ThongBao>bận</ThongBao><TonTai>false</TonTai></Loi>"), BAD_REPLY),
    (SOAP.format(COUNT.format("0") + "bận"), BAD_REPLY),
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
        ({"error_code": "900901", "message": "Invalid Credentials"}, UNAVAILABLE),
        ({"error_code": "900908", "message": "x"}, DENIED),
        ({"error_code": 900802, "data": False}, QUOTA),
        ({"error_code": "7", "data": False}, BAD_REPLY),
        ({"error_code": None, "data": False}, BAD_REPLY),
        ({"data": False, "message": ""}, MISMATCH),
        ({"data": False, "message": "hệ thống bận"}, BAD_REPLY),
        ({"data": "false", "success": False}, BAD_REPLY),
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


@pytest.mark.parametrize(("way_in", "times"), [(PopulationWay.LGSP, 2), (PopulationWay.DIRECT, 1)])
async def test_access_that_stays_refused_is_no_verdict(way_in: PopulationWay, times: int) -> None:
    answer, asked = await ask_once(way_in, *[httpx.Response(401)] * 3)
    assert (answer.outcome, answer.reason, len(asked)) == (UNAVAILABLE, "our access is refused", times)


async def test_a_token_reply_that_cannot_be_read_is_no_verdict() -> None:
    tokens = [httpx.Response(200, json={"access_token": token}) for token in ("", "t\u20ac", "t\r\nX: y", 7)]
    for reply in (httpx.Response(200, content=b"<html>"), *tokens):
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


async def test_the_request_of_way_d() -> None:
    _, (request,) = await ask_once(PopulationWay.DIRECT, httpx.Response(200))
    assert (request.headers["timestamp"], request.headers["soapaction"]) == ("1782868500000", '""')
    assert request.headers["content-type"] == "application/xml; charset=utf-8"
    assert request.headers["authorization"].startswith("Basic ")
    assert "lgspaccesstoken" not in request.headers
    assert read_question(request.content, VERIFY).wrong == ""


async def test_an_answer_beyond_all_measure_is_not_read(way: PopulationWay) -> None:
    answer, _ = await ask_once(way, httpx.Response(200, content=b" " * (256 * 1024 + 1)))
    assert (answer.outcome, answer.reason) == (BAD_REPLY, "too_large")


async def test_a_code_that_is_none_is_not_repeated() -> None:
    code = {"errorCode": f"Không có {ORDINARY.full_name}"}
    for way_in, status in ((PopulationWay.LGSP, 400), (PopulationWay.JSON, 200)):
        answer, _ = await ask_once(way_in, httpx.Response(status, json=code))
        assert answer.outcome is BAD_REPLY
        assert answer.reason.endswith("'…'")


@given(value=st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn")), max_size=30))
def test_values_are_escaped(value: str) -> None:
    value = f"a{value}&<b>]]>'\""
    text = envelope(
        CitizenQuestion(
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


@pytest_asyncio.fixture(params=["plain", "structured", "bare", "unprefixed"])
async def dressed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """The mock by way A, with each dress of a record."""
    async with world(tmp_path, PopulationWay.LGSP, record_shape=request.param, record_not_found="none") as found:
        yield found


async def test_a_record_comes_whole_in_every_dress(dressed: World) -> None:
    person = next(p for p in PEOPLE if p.number_12 and p.father and p.mother and p.spouse and p.head and p.birth_date)
    answer = await dressed.record(person)
    father, head, address = person.father, person.head, person.permanent_address
    assert father is not None
    assert head is not None
    assert answer.outcome is MATCH
    assert answer.record[PersonField.FATHER] == Relative(
        father.full_name.upper(), father.country, father.number_12 or None, father.number_9 or None, None
    )
    household_head = answer.record[PersonField.HOUSEHOLD_HEAD]
    assert isinstance(household_head, Relative)
    assert (household_head.relation, household_head.number) == (person.relation, head.number_12 or None)
    assert answer.record[PersonField.PERMANENT_ADDRESS] == Place(
        address.province_code, address.district_code or None, address.ward_code, address.detail, address.country
    )
    assert {PersonField.MOTHER, PersonField.SPOUSE, PersonField.HOME_TOWN} < answer.record.keys()
    assert answer.data_at is not None
    assert answer.data_at.tzinfo is UTC
    nobody = await dressed.connector.read(question(person, birth_date="1899"), EVERYTHING)
    assert (nobody.outcome, {**nobody.record}) == (MISMATCH, {})


async def test_a_number_that_misbehaves_is_never_no_such_person(tmp_path: Path, way: PopulationWay) -> None:
    broken = {"902": UNAVAILABLE, "903": BAD_REPLY, "905": BAD_REPLY, "906": BAD_REPLY}
    # A SOAP fault: HTTP 500 by way A, text inside HTTP 200 by way C.
    broken["904"] = UNAVAILABLE if way is PopulationWay.LGSP else BAD_REPLY
    async with world(tmp_path, way) as there:
        for ending in ("901", "902", "903", "904", "905", "906", "907", "908", "909", "910", "911"):
            answer = await there.record(PLANTED[ending])
            assert answer.outcome is broken.get(ending, MATCH), ending
            assert answer.alarm is (ending == "906")
            number = answer.record.get(PersonField.NUMBER)
            assert number == (PLANTED[ending].number_12 if answer.outcome is MATCH else None)


async def test_records_that_are_sparse_or_old_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    async with world(tmp_path, PopulationWay.LGSP) as there:
        sparse = await there.record(PLANTED["907"])
        assert sparse.record.keys() == {PersonField.NUMBER, PersonField.FULL_NAME, PersonField.BIRTH_DATE}
        year_only = await there.record(PLANTED["908"])
        assert year_only.record[PersonField.BIRTH_DATE] == PLANTED["908"].birth_year
        structured = (await there.record(PLANTED["909"])).record[PersonField.FATHER]
        father = PLANTED["909"].father
        assert isinstance(structured, Relative)
        assert father is not None
        assert structured.full_name == father.full_name.upper()
        old = (await there.record(PLANTED["910"])).record[PersonField.PERMANENT_ADDRESS]
        assert isinstance(old, Place)
        assert old.district_code is not None
        assert old.detail


async def test_a_read_is_asked_again_only_where_a_gateway_was_down(tmp_path: Path, way: PopulationWay) -> None:
    async with world(tmp_path, way) as there:
        await arm(there.client, system="population", service=READ, kind="status", status=503, times=2)
        there.asked.clear()
        answer = await there.connector.read(question(ORDINARY, request_id="x" * 40), EVERYTHING)
        assert answer.outcome is MATCH
        bodies = [request.content.decode() for request in there.asked if "token" not in request.url.path]
        ids = ["x" * 40, "x" * 38 + "-1", "x" * 38 + "-2"]
        assert [identity in body for identity, body in zip(ids, bodies, strict=True)] == [True] * 3


async def read_once(reply: httpx.Response | Exception) -> RecordAnswer:
    """What a question for name and address comes to when the service answers so."""
    with respx.mock as router:
        router.post("http://mock.test/c06/TraCuuThongTinCongDan").mock(side_effect=[reply])
        connector = PopulationConnector(settings(PopulationWay.DIRECT), build_client(ONE_TRY), ONE_TRY)
        try:
            return await connector.read(question(ORDINARY), WANTED)
        finally:
            await connector.aclose()


WANTED = frozenset({PersonField.FULL_NAME, PersonField.HOME_TOWN})
SECRETS = ("bí-mật-1", "003190555555", "XÓM LẺ", "CH77", "geheim@example.vn", "ghi chú kín", "HK-4711", "H-NAME")
UNWANTED = (
    "<SoCMND>bí-mật-1</SoCMND><Cha><HoVaTen>H-NAME</HoVaTen><SoDinhDanh>003190555555</SoDinhDanh></Cha>"
    "<ThuongTru><ChiTiet>XÓM LẺ</ChiTiet></ThuongTru><ChuHo><QuanHe>CH77</QuanHe></ChuHo>"
    "<SoSoHoKhau>HK-4711</SoSoHoKhau><ThuDienTu>geheim@example.vn</ThuDienTu>"
)
QUE = "<QueQuan><MaTinhThanh>03</MaTinhThanh></QueQuan>"
TOLD = (
    f'<CongdanCollection GhiChu="ghi chú kín"><CongDan><SoDinhDanh>{ORDINARY.number_12}</SoDinhDanh>'
    f"<HoVaTen>{ORDINARY.full_name}</HoVaTen>{UNWANTED}{QUE}</CongDan></CongdanCollection>"
)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (httpx.Response(200, text=SOAP.format(TOLD)), MATCH),
        (httpx.Response(200, text=SOAP.format(TOLD.replace(ORDINARY.number_12, "003190555555", 1))), BAD_REPLY),
        (httpx.Response(200, text=SOAP.format(TOLD)[:-9]), BAD_REPLY),
        (httpx.Response(200, text=SOAP.format(f"<s:Fault>{TOLD}</s:Fault>")), BAD_REPLY),
        (httpx.Response(400, json={"errorCode": TOLD, "message": TOLD}), BAD_REPLY),
        (httpx.Response(403, text=TOLD), DENIED),
        (httpx.Response(429, text=TOLD), QUOTA),
        (httpx.Response(500, text=TOLD), UNAVAILABLE),
        (httpx.RemoteProtocolError(f"illegal header: {TOLD}"), UNAVAILABLE),
    ],
)
async def test_nothing_beyond_the_list_is_kept_anywhere(
    reply: httpx.Response | Exception, expected: PersonOutcome, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await read_once(reply)
    assert answer.outcome is expected
    everything = f"{answer!r} {answer.record!r} {answer.reason} {answer.exchange!r} {answer.data_at} {caplog.text}"
    assert not [secret for secret in SECRETS if secret in everything]
    assert answer.exchange is not None
    if isinstance(reply, httpx.Response):
        assert answer.exchange.answer == f"{len(reply.content)} bytes, {expected.value}"
    # What was wanted is in the record alone.
    wanted = {PersonField.FULL_NAME: ORDINARY.full_name, PersonField.HOME_TOWN: Place("03", None, None, None, None)}
    assert {**answer.record} == (wanted if expected is MATCH else {})
    assert ORDINARY.full_name not in everything.replace(repr(answer.record), "")
