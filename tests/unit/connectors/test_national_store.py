"""The national store's connector before hostile answers: no trouble is ever told as "nothing held"."""

import asyncio
import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.deadline import SEND_BEFORE
from connectors.http import HttpSettings
from connectors.national_store import (
    HeldFile,
    HeldPaper,
    NationalStoreConnector,
    NationalStoreSettings,
    PapersAnswer,
    PapersQuestion,
    StoreChannel,
    StoreOutcome,
)
from connectors.national_store.answers import is_wanted, read_answer, read_file, read_papers
from connectors.national_store.record import masked
from connectors.sessions import OwnBook

FOUND, NOTHING_HELD, DENIED = StoreOutcome.FOUND, StoreOutcome.NOTHING_HELD, StoreOutcome.DENIED
UNAVAILABLE, BAD_REPLY = StoreOutcome.UNAVAILABLE, StoreOutcome.BAD_REPLY
HTTP = HttpSettings(tries_max=1, transport="httpx")
SETTINGS = NationalStoreSettings(
    adapter_url="http://far.test/forward/", username="u", password="geheim", unit_code="H15"
)
QUESTION = PapersQuestion("003190123456", "Nguyễn Thị Bịa", "003190123456", StoreChannel.CITIZEN, "1.001193")
CODE = "KQ.G15.000031"
PDF = b"%PDF-1.7 \xfb\xff\xfe" * 9


def paper(**changes: object) -> dict[str, object]:
    usual = {
        "MaKetQua": CODE,
        "TenGiayTo": "Giấy khai sinh của Nguyễn Thị Bịa",
        "SoKyHieu": "12/GKS",
        "CoQuanChuQuan": "UBND phường Mẫu",
        "DanhSachTepDinhKem": [{"TenTep": "gks.pdf", "DuongDan": "giayto/abc"}],
    }
    return usual | changes


def listed(*papers: object, **changes: object) -> dict[str, object]:
    usual = {"errorCode": "0", "message": "thành công", "signature": "", "result": {"DanhSachGiayToKetQua": papers}}
    return usual | changes


HELD = HeldPaper(
    CODE, "Giấy khai sinh của Nguyễn Thị Bịa", "12/GKS", "UBND phường Mẫu", (HeldFile("gks.pdf", "giayto/abc"),)
)


@dataclass
class Far:
    """The far side: logs in with t1, t2, … and answers everything else with ``answer``."""

    answer: Callable[[httpx.Request], httpx.Response]
    login: Callable[[int], httpx.Response] | None = None
    logins: int = 0
    asked: list[httpx.Request] = field(default_factory=list)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if request.url.path.endswith("/login"):
            self.logins += 1
            if self.login is not None:
                return self.login(self.logins)
            return httpx.Response(200, json={"errorCode": "0", "accessToken": f"t{self.logins}", "expiresIn": 600})
        self.asked.append(request)
        return self.answer(request)

    def connector(self, **changes: Any) -> NationalStoreConnector:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return NationalStoreConnector(replace(SETTINGS, **changes), client, HTTP)


def far(status: int = 200, **content: Any) -> Far:
    return Far(lambda _: httpx.Response(status, **content))


async def ask(there: Far, question: PapersQuestion = QUESTION, **changes: Any) -> PapersAnswer:
    connector = there.connector(**changes)
    try:
        return await connector.papers(question)
    finally:
        await connector.aclose()


async def fetch(there: Far, max_bytes: int = 10_000, **changes: Any) -> tuple[StoreOutcome, bytes | None]:
    connector = there.connector(**changes)
    answer = await connector.file("UBND phường Mẫu", "giayto/abc", max_bytes)
    await connector.aclose()
    return answer.outcome, answer.content


async def test_the_question_on_the_wire() -> None:
    there = far(json=listed(paper()))
    question = replace(QUESTION, wanted=((CODE, "12/GKS"), ("KQ.G15.000032", None)))
    answer = await ask(there, question)
    assert (answer.outcome, answer.papers, answer.unasked) == (FOUND, (HELD,), 0)
    (request,) = there.asked
    assert request.url.path == "/forward/bndp/public/v1/papers"
    assert dict(request.url.params) == {
        "dstcode": "VN:GOV:000.00.00.G22:vpcpdvcprovider",
        "providerurl": "https://apigiaytocanhan.dichvucong.gov.vn",
    }
    assert (request.headers["authorization"], request.headers["madonvi"]) == ("Bearer t1", "H15")
    assert json.loads(request.content) == {
        "SoDinhDanhChuSoHuu": "003190123456",
        "HoTenNguoiYeuCau": "Nguyễn Thị Bịa",
        "SoDinhDanhNguoiYeuCau": "003190123456",
        "KenhThucHien": "2",
        "MaThuTuc": "1.001193",
        "DanhSachDanhMucKetQua": [
            {"MaKetQua": CODE, "SoKyHieu": "12/GKS"},
            {"MaKetQua": "KQ.G15.000032", "SoKyHieu": ""},
        ],
    }


async def test_the_provider_code_may_go_as_a_header() -> None:
    there = far(json=listed())
    await ask(there, dstcode_in="header", provider_url="")
    (request,) = there.asked
    assert request.headers["dstcode"] == SETTINGS.dstcode
    assert request.url.query == b""


@pytest.mark.parametrize("code", ["0", "00", 0])
async def test_an_empty_list_is_the_only_word_for_nothing_held(code: object) -> None:
    for answer in (listed(errorCode=code), {"message": json.dumps(listed(errorCode=code))}):
        assert (await ask(far(json=answer))).outcome is NOTHING_HELD
    assert (await ask(far(json=json.dumps(listed(errorCode=code))))).outcome is NOTHING_HELD


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (httpx.Response(200, text=""), BAD_REPLY),
        (httpx.Response(200, text="<html>Lỗi</html>"), BAD_REPLY),
        (httpx.Response(200, text="[]"), BAD_REPLY),
        (httpx.Response(200, text="{}"), BAD_REPLY),
        (httpx.Response(200, text='{"errorCode":"0","result":{"DanhSachGiay'), BAD_REPLY),
        (httpx.Response(200, text="[" * 100_000), BAD_REPLY),
        (httpx.Response(200, json={"message": "không tìm thấy", "result": {"DanhSachGiayToKetQua": []}}), BAD_REPLY),
        (httpx.Response(200, json=listed(result=None)), BAD_REPLY),
        (httpx.Response(200, json=listed(result={})), BAD_REPLY),
        (httpx.Response(200, json=listed(result=[])), BAD_REPLY),
        (httpx.Response(200, json=listed(result={"DanhSachGiayToKetQua": None})), BAD_REPLY),
        (httpx.Response(200, json=listed(errorCode=None)), BAD_REPLY),
        (httpx.Response(200, json=listed(errorCode=False)), BAD_REPLY),
        (httpx.Response(200, json=listed(errorCode=[])), BAD_REPLY),
        (httpx.Response(200, json=listed(errorCode="77")), BAD_REPLY),
        (httpx.Response(200, json=listed(errorCode="4")), BAD_REPLY),
        (httpx.Response(200, json=listed(None)), BAD_REPLY),
        (httpx.Response(200, json=listed(paper(), paper(MaKetQua=""))), BAD_REPLY),
        (httpx.Response(200, json=listed(paper(MaKetQua=7))), BAD_REPLY),
        (httpx.Response(200, json=listed(paper(TenGiayTo=None))), BAD_REPLY),
        (httpx.Response(200, json=listed(paper(SoKyHieu=["x"]))), BAD_REPLY),
        (httpx.Response(200, json=listed(paper(DanhSachTepDinhKem="x"))), BAD_REPLY),
        (httpx.Response(200, json=listed(paper(DanhSachTepDinhKem=[{"TenTep": "a"}]))), BAD_REPLY),
        (httpx.Response(200, json=listed(paper(DanhSachTepDinhKem=[{"TenTep": "a", "DuongDan": ""}]))), BAD_REPLY),
        (httpx.Response(200, json=listed(errorCode="5")), DENIED),
        (httpx.Response(200, json=listed(errorCode="6")), DENIED),
        (httpx.Response(200, json=listed(errorCode="7")), DENIED),
        (httpx.Response(200, json=listed(errorCode=-3)), DENIED),
        (httpx.Response(200, json=listed(errorCode="8")), UNAVAILABLE),
        (httpx.Response(403, json=listed()), DENIED),
        (httpx.Response(400, json=listed()), BAD_REPLY),
        (httpx.Response(404, json=listed()), UNAVAILABLE),
        (httpx.Response(429, json=listed()), UNAVAILABLE),
        (httpx.Response(500, json=listed()), UNAVAILABLE),
        (httpx.Response(503, text="Bảo trì"), UNAVAILABLE),
        (httpx.Response(302, headers={"location": "/x"}, json=listed()), UNAVAILABLE),
        (httpx.Response(204), UNAVAILABLE),
    ],
)
async def test_what_is_no_list_says_nothing_about_the_person(reply: httpx.Response, expected: StoreOutcome) -> None:
    answer = await ask(Far(lambda _: reply))
    assert (answer.outcome, answer.papers) == (expected, ())
    assert answer.reason
    assert answer.exchange is not None


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("no"), UNAVAILABLE),
        (httpx.ReadTimeout("late"), UNAVAILABLE),
        (httpx.ReadError("cut"), UNAVAILABLE),
        (httpx.RemoteProtocolError("no HTTP"), UNAVAILABLE),
    ],
)
async def test_a_broken_line_says_nothing_about_the_person(error: Exception, expected: StoreOutcome) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise error

    assert (await ask(Far(broken))).outcome is expected
    assert await fetch(Far(broken)) == (expected, None)


async def test_an_answer_that_is_too_long_is_no_answer() -> None:
    there = far(json=listed(*[paper()] * 20_000))
    answer = await ask(there)
    assert (answer.outcome, answer.reason) == (BAD_REPLY, "too_large")


async def test_silence_ends_at_the_total_and_the_question_is_on_record() -> None:
    silent = False

    async def far(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/login"):
            return httpx.Response(200, json={"errorCode": "0", "accessToken": "t", "expiresIn": 600})
        if silent:
            await asyncio.Event().wait()
        return httpx.Response(200, json=listed())

    connector = NationalStoreConnector(SETTINGS, httpx.AsyncClient(transport=httpx.MockTransport(far)), HTTP)
    assert (await connector.papers(QUESTION)).outcome is NOTHING_HELD
    # The session is there: what is short is the time for the answer only.
    silent = True
    connector.settings = replace(SETTINGS, list_seconds=0.2, file_seconds=0.2)
    answer = await connector.papers(QUESTION)
    assert (answer.outcome, answer.papers) == (UNAVAILABLE, ())
    assert answer.exchange is not None
    assert "MaThuTuc" in answer.exchange.request
    assert (await connector.file("a", "b", 1)).outcome is UNAVAILABLE


async def test_papers_that_nobody_asked_for_are_dropped_and_counted() -> None:
    told = [paper(), paper(MaKetQua="KQ.G15.000099"), paper(SoKyHieu="13/GKS"), paper(SoKyHieu=" 12 / gks ")]
    answer = await ask(far(json=listed(*told)), replace(QUESTION, wanted=((CODE, "12/GKS"),)))
    assert ([held.number_symbol for held in answer.papers], answer.unasked) == (["12/GKS", "12 / gks"], 2)
    answer = await ask(far(json=listed(*told)), replace(QUESTION, wanted=(("KQ.G15.000001", None),)))
    assert (answer.outcome, answer.papers, answer.unasked) == (NOTHING_HELD, (), 4)
    answer = await ask(far(json=listed(*told)))
    assert (len(answer.papers), answer.unasked) == (4, 0)


async def test_a_paper_may_be_without_symbol_body_and_files() -> None:
    bare = paper(SoKyHieu=None, CoQuanChuQuan=None, DanhSachTepDinhKem=None)
    (held,) = (await ask(far(json=listed(bare)))).papers
    assert (held.number_symbol, held.issuing_body, held.files) == ("", "", ())


async def test_what_no_database_can_hold_is_replaced() -> None:
    text = json.dumps(listed(paper(TenGiayTo="a\0b", SoKyHieu="\ud800")))
    (held,) = (await ask(far(text=text))).papers
    assert (held.name, held.number_symbol) == ("a\ufffdb", "\ufffd")


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(401, json={"errorCode": "2", "message": "hết hạn"}),
        httpx.Response(401),
        httpx.Response(200, json={"errorCode": "2", "message": ""}),
        httpx.Response(200, json={"errorCode": "99", "message": "Phiên làm việc đã hết hạn"}),
        httpx.Response(200, json={"errorCode": "99", "message": "Token expired"}),
    ],
)
async def test_a_refused_session_is_renewed_once_and_no_more(refusal: httpx.Response) -> None:
    there = Far(lambda r: refusal if r.headers["authorization"] == "Bearer t1" else httpx.Response(200, json=listed()))
    connector = there.connector()
    assert [(await connector.papers(QUESTION)).outcome for _ in range(3)] == [NOTHING_HELD] * 3
    assert (there.logins, len(there.asked)) == (2, 4)
    never = Far(lambda _: refusal)
    answer = await ask(never)
    assert (answer.outcome, answer.reason) == (UNAVAILABLE, "our session is refused")
    assert (never.logins, len(never.asked)) == (2, 2)


async def test_a_version_is_no_session() -> None:
    there = far(json={"errorCode": "6", "message": "Phiên bản không được hỗ trợ"})
    assert (await ask(there)).outcome is DENIED
    assert there.logins == 1


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, json={"errorCode": "1", "message": "Sai mật khẩu"}),
        httpx.Response(200, json={"errorCode": "0"}),
        httpx.Response(200, json={"errorCode": "0", "accessToken": ""}),
        httpx.Response(200, json={"errorCode": "0", "accessToken": 7}),
        httpx.Response(200, json={"errorCode": "0", "accessToken": "a\r\nX-Evil: 1"}),
        httpx.Response(200, json={"errorCode": "0", "accessToken": "ệ"}),
        httpx.Response(429, text="slowly"),
    ],
)
async def test_without_a_session_nothing_is_asked_and_a_refusal_is_not_pressed(reply: httpx.Response) -> None:
    there = far(json=listed())
    there.login = lambda _: reply
    connector = there.connector()
    answers = [await connector.papers(QUESTION) for _ in range(3)]
    assert {answer.outcome for answer in answers} == {UNAVAILABLE}
    assert all(answer.reason.startswith("no session: ") for answer in answers)
    assert (there.logins, there.asked) == (1, [])


@pytest.mark.parametrize(
    "reply", [httpx.Response(200, json={"accessToken": "t"}), httpx.Response(503), httpx.Response(200, text="<html>")]
)
async def test_a_login_that_was_not_answered_is_tried_by_the_next_question(reply: httpx.Response) -> None:
    there = far(json=listed())
    there.login = lambda turn: (
        reply if turn == 1 else httpx.Response(200, json={"errorCode": "0", "accessToken": "t", "expiresIn": 60})
    )
    connector = there.connector()
    assert [(await connector.papers(QUESTION)).outcome for _ in range(2)] == [UNAVAILABLE, NOTHING_HELD]
    assert there.logins == 2


@pytest.mark.parametrize("seconds", [None, 0, -5, True, "600", float("nan")])
async def test_a_session_that_does_not_say_how_long_it_lives_has_the_usual_time(seconds: object) -> None:
    there = far(json=listed())
    text = json.dumps({"errorCode": "0", "accessToken": "t", "expiresIn": seconds})
    there.login = lambda _: httpx.Response(200, text=text)
    connector = there.connector()
    assert [(await connector.papers(QUESTION)).outcome for _ in range(2)] == [NOTHING_HELD] * 2
    assert there.logins == 1


async def test_workers_share_one_session_through_the_book() -> None:
    there, book = far(json=listed()), OwnBook()
    both = [there.connector(), there.connector()]
    both = [NationalStoreConnector(c.settings, c.client, c.http, book) for c in both]
    found = await asyncio.gather(*[both[number % 2].papers(QUESTION) for number in range(10)])
    assert {answer.outcome for answer in found} == {NOTHING_HELD}
    assert there.logins == 1


async def test_nothing_is_sent_after_its_time() -> None:
    there = far(json=listed())
    token = SEND_BEFORE.set(time.monotonic() - 1)
    try:
        assert (await ask(there)).outcome is UNAVAILABLE
    finally:
        SEND_BEFORE.reset(token)
    assert (there.logins, there.asked) == (0, [])


TEXT = base64.b64encode(PDF).decode()


@pytest.mark.parametrize("text", [TEXT, json.dumps(TEXT), f"  {TEXT}\n", json.dumps(TEXT).replace("+", "\\u002b")])
async def test_a_file_comes_bare_or_as_a_json_text(text: str) -> None:
    assert await fetch(far(text=text)) == (FOUND, PDF)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '""',
        "null",
        "true",
        "false",
        "<html>Lỗi hệ thống</html>",
        TEXT[:-1],
        TEXT + "=",
        TEXT + "====",
        TEXT[:8] + "\n" + TEXT[8:],
        TEXT[:8] + " " + TEXT[8:],
        TEXT.replace("+", "-", 1),
        "data:application/pdf;base64," + TEXT,
        '"' + TEXT,
        json.dumps({"message": TEXT}),
        json.dumps({"errorCode": "0", "message": TEXT}),
        json.dumps({"errorCode": "77", "message": "Hệ thống bận"}),
        json.dumps([TEXT]),
    ],
)
async def test_what_is_no_strict_base64_is_no_file(text: str) -> None:
    assert await fetch(far(text=text)) == (BAD_REPLY, None)


async def test_refusals_of_a_file_have_their_outcomes() -> None:
    told = {"4": NOTHING_HELD, "5": DENIED, "8": UNAVAILABLE, "77": BAD_REPLY}
    for code, expected in told.items():
        assert await fetch(far(json={"errorCode": code, "message": "x"})) == (expected, None)


async def test_a_file_is_bounded_by_its_caller_and_by_the_house() -> None:
    size = len(PDF)
    assert await fetch(far(text=TEXT), max_bytes=size) == (FOUND, PDF)
    assert await fetch(far(text=TEXT), max_bytes=size - 1) == (BAD_REPLY, None)
    assert await fetch(far(text=TEXT), file_bytes_max=size - 1) == (BAD_REPLY, None)
    # Far beyond the bound it is not even read to its end.
    assert await fetch(far(text=base64.b64encode(PDF * 1000).decode()), max_bytes=size) == (BAD_REPLY, None)


async def test_the_record_holds_nobodys_name_number_or_file() -> None:
    there = far(json=listed(paper(), paper(SoKyHieu="ký hiệu 99")))
    exchange = (await ask(there, replace(QUESTION, wanted=((CODE, "12/GKS"),)))).exchange
    assert exchange is not None
    kept = exchange.request + exchange.answer
    for personal in ("003190123456", "Nguyễn", "Bịa", "khai sinh", "12/GKS", "99", "giayto/abc", "gks.pdf", "t1"):
        assert personal not in kept, personal
    assert CODE in exchange.answer
    assert "1.001193" in exchange.request
    connector = far(text=TEXT).connector()
    exchange = (await connector.file("UBND phường Mẫu", "giayto/abc", 10_000)).exchange
    assert exchange is not None
    assert exchange.answer == f"{len(TEXT)} characters"
    assert "giayto/abc" not in exchange.request
    assert "geheim" not in repr(connector)


@pytest.mark.parametrize("wrap", [json.dumps, lambda text: json.dumps({"message": text}), lambda text: text[:-40]])
def test_a_wrapped_or_cut_answer_is_masked_all_the_same(wrap: Callable[[str], str]) -> None:
    text = json.dumps(listed(paper(TenGiayTo='Giấy "khai sinh" của Bịa')), ensure_ascii=False)
    kept = masked(wrap(text))
    for personal in ("khai sinh", "Bịa", "12/GKS", "giayto/abc"):
        assert personal not in kept
    assert CODE in kept


def test_a_long_record_is_cut() -> None:
    kept = masked(json.dumps(listed(*[paper(TenGiayTo="x" * 300)] * 50), ensure_ascii=False))
    assert len(kept) <= 4001
    assert kept.endswith("…")
    assert "xxx" not in kept


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "0", CODE, "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "errorCode",
                    "message",
                    "result",
                    "DanhSachGiayToKetQua",
                    "MaKetQua",
                    "TenGiayTo",
                    "DanhSachTepDinhKem",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_no_shape_of_an_answer_is_too_strange(value: object) -> None:
    answer = read_answer(json.dumps(value))
    if answer is not None:
        papers = read_papers(answer)
        assert papers is None or all(held.result_code for held in papers)


@given(st.binary(min_size=1, max_size=300))
def test_every_file_comes_back_whole(content: bytes) -> None:
    text = base64.b64encode(content).decode()
    assert read_file(text) == read_file(json.dumps(text)) == content


@given(st.text(max_size=40))
def test_no_text_is_too_strange_for_a_file(text: str) -> None:
    found = read_file(text)
    assert found is None or found


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from([None, "", "1", "2"])), max_size=4))
def test_what_is_wanted_is_by_code_and_by_symbol_where_one_is_named(wanted: list[tuple[str, str | None]]) -> None:
    held = HeldPaper("A", "n", "1", "b", ())
    assert is_wanted(held, wanted) is (
        not wanted or any(code == "A" and symbol in {None, "", "1"} for code, symbol in wanted)
    )
