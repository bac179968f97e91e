"""Every kind of answer of the portal, and what it means for a parcel."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import pytest_asyncio
import respx
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Accepted, Health, Kind, Knowledge, Outcome, Parcel, Rejected, TryLater, Unknown
from connectors.http import HttpSettings, build_client
from connectors.portal import PortalConnector, PortalSettings
from connectors.portal.answers import read_answer, retry_after_seconds
from connectors.portal.codes import AnswerKind

BASE = "http://adapter.test/forward"
HTTP = HttpSettings(transport="httpx", tries_max=1)
SESSION_ENDED = '{"error_code":"2","message":"Phiên làm việc đã hết hạn"}'
DUPLICATE = '{"error_code":"3","message":"MaHoSo: hồ sơ đã tồn tại"}'
GOOD = '{"error_code":"0","message":"Đồng bộ hồ sơ thành công"}'
Answers = list[httpx.Response | Exception]


@dataclass
class Far:
    """The far side as respx plays it, and a connector that speaks to it."""

    connector: PortalConnector
    login: respx.Route
    push: respx.Route

    def pushed(self) -> list[dict[str, Any]]:
        """The bodies of all pushes, in order."""
        return [json.loads(call.request.content) for call in self.push.calls]


def settings(**changes: Any) -> PortalSettings:
    """Settings that lead to respx."""
    usual: dict[str, Any] = {"adapter_url": BASE, "username": "u", "password": "geheim", "unit_code": "H15"}
    return PortalSettings(**(usual | changes))


def text(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """An answer."""
    return httpx.Response(status, content=body.encode(), headers=headers)


def session(name: str = "s1") -> httpx.Response:
    """A good login."""
    return httpx.Response(200, json={"error_code": "0", "message": "ok", "session": name})


@pytest_asyncio.fixture
async def far() -> AsyncIterator[Far]:
    """A portal that logs in and takes all, until a test says otherwise."""
    with respx.mock(assert_all_called=False) as router:
        login = router.post(f"{BASE}/mapi/login").mock(return_value=session())
        push = router.post(f"{BASE}/mapi/integration").mock(return_value=text(GOOD))
        connector = PortalConnector(settings(), build_client(HTTP), HTTP)
        yield Far(connector, login, push)
        await connector.aclose()


def parcel(number: int = 1, *, known: bool = False, kind: Kind = Kind.DOSSIER) -> Parcel:
    """Any parcel."""
    return Parcel(number, kind, f"H15-260701-{number:04d}", f'{{"MaHoSo":"{number}"}}', known, "c")


async def outcome(far: Far, *answers: httpx.Response | Exception, known: bool = False) -> Outcome:
    """What one parcel alone comes to when the pushes are answered so."""
    far.push.side_effect = list(answers)
    sent = await far.connector.send([parcel(known=known)])
    assert not sent.array_refused
    (found,) = sent.outcomes
    assert len(far.push.calls) == len(answers)
    return found


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (GOOD, "0"),
        ('{"error_code":"00","message":"thành công"}', "00"),
        ('{"error_code":0,"message":"thành công"}', "0"),
        ('{"error_code":" 0 ","message":"thành công"}', "0"),
        ('{"error_code":"0"}', "0"),
        ('{"error_code":"0","message":null}', "0"),
        ('\ufeff{"error_code":"0","message":"thành công"}', "0"),
        (json.dumps({"message": GOOD}), "0"),
        (json.dumps({"message": '{"error_code":0,"message":"thành công"}'}), "0"),
    ],
)
async def test_success(far: Far, body: str, code: str) -> None:
    found = await outcome(far, text(body))
    assert isinstance(found, Accepted)
    assert found.code == code


@pytest.mark.parametrize(
    "body",
    [
        "",
        "   ",
        "OK",
        "<html><body>thành công</body></html>",
        '{"error_code":"0","message":"thà',
        '{"message":"thành công"}',
        '{"message":"{\\"error_code\\":\\"0\\""}',
        '{"message":"[]"}',
        '{"errorCode":"0","message":"thành công"}',
        '{"error_code":true,"message":"thành công"}',
        '{"error_code":false,"message":"thành công"}',
        '{"error_code":null,"message":"thành công"}',
        '{"error_code":[],"message":"thành công"}',
        '{"error_code":{},"message":"thành công"}',
        '[{"error_code":"0","message":"thành công"}]',
        '"0"',
        "0",
        "null",
        "[" * 100_000,
    ],
)
async def test_what_cannot_be_read_is_unknown(far: Far, body: str) -> None:
    found = await outcome(far, text(body))
    assert isinstance(found, Unknown)
    assert found.reason == "unreadable_answer"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            '{"error_code":"-3","message":"TrichYeuHoSo: không được dài quá 1000 ký tự"}',
            Rejected("-3", "TrichYeuHoSo: không được dài quá 1000 ký tự", "TrichYeuHoSo"),
        ),
        (
            '{"error_code":6,"message":"TaiLieuNop.MaThanhPhanHoSo: không có"}',
            Rejected("6", "TaiLieuNop.MaThanhPhanHoSo: không có", "TaiLieuNop.MaThanhPhanHoSo"),
        ),
        ('{"error_code":"1","message":"Lỗi khác: thử lại"}', Rejected("1", "Lỗi khác: thử lại", None)),
        ('{"error_code":"-1","message":null}', Rejected("-1", "", None)),
        (
            '{"error_code":"-3","message":"DSKetNoiCSDL: không thuộc phiên bản giao tiếp này"}',
            Rejected("-3", "DSKetNoiCSDL: không thuộc phiên bản giao tiếp này", "DSKetNoiCSDL"),
        ),
        (
            '{"error_code":"6","message":"Không hỗ trợ phiên bản này"}',
            Rejected("6", "Không hỗ trợ phiên bản này", None),
        ),
        (
            '{"error_code":"6","message":"TenTTHC: Cấp thẻ phiên dịch viên"}',
            Rejected("6", "TenTTHC: Cấp thẻ phiên dịch viên", "TenTTHC"),
        ),
    ],
)
async def test_a_refusal_keeps_the_words_of_the_nation(far: Far, body: str, expected: Rejected) -> None:
    assert await outcome(far, text(body)) == expected


@pytest.mark.parametrize(
    ("code", "message"),
    [("999", "TenTTHC: thử lại"), ("7", "hỏng"), ("", "thành công"), ("000", "thành công"), (0.5, "?"), (-2, "?")],
)
async def test_a_code_that_means_nothing_to_us_is_asked_about(far: Far, code: object, message: str) -> None:
    found = await outcome(far, text(json.dumps({"error_code": code, "message": message})))
    assert found == Unknown("unknown_code", f"{code}: {message}")


async def test_a_unit_that_is_refused_is_no_fault_of_the_record(far: Far) -> None:
    found = await outcome(far, text('{"error_code":"5","message":"madonvi không thuộc tài khoản này"}'))
    assert found == TryLater("unit_refused", "madonvi không thuộc tài khoản này")
    probe = text('{"error_code":5,"message":"madonvi không thuộc tài khoản này"}')
    far.push.side_effect = [probe]
    probed = await far.connector.probe("H15-260701-0001", [parcel()])
    assert probed.exchange.facts()["form"] == "query"
    assert probed.failure == TryLater("unit_refused", "madonvi không thuộc tài khoản này")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (503, TryLater("maintenance", "HTTP 503: the system is closed for maintenance", 60.0)),
        (500, Unknown("http_500", "HTTP 500")),
        (200, Unknown("unreadable_answer", "HTTP 200, but not an answer of the portal")),
    ],
)
async def test_maintenance_is_believed_only_of_503(far: Far, status: int, expected: Outcome) -> None:
    page = "<html><h1>Hệ thống đang BẢO TRÌ</h1></html>"
    assert await outcome(far, text(page, status, {"Retry-After": "60"})) == expected


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Phiên làm việc đã hết hạn", AnswerKind.SESSION),
        ("PHIÊN ĐĂNG NHẬP KHÔNG HỢP LỆ", AnswerKind.SESSION),
        ("Phiên đã hết hạn", AnswerKind.SESSION),
        ("Hồ sơ ĐÃ TỒN TẠI trên hệ thống", AnswerKind.DUPLICATE),
        ("MaHoSo: hồ sơ đã tồn tại", AnswerKind.DUPLICATE),
        ("hồ sơ không tồn tại", AnswerKind.REFUSAL),
        ("Phiên bản không hợp lệ", AnswerKind.REFUSAL),
    ],
)
def test_words_tell_the_class_however_they_are_typed(message: str, kind: AnswerKind) -> None:
    decomposed = json.dumps({"error_code": "1", "message": message})
    answer = read_answer(decomposed)
    assert answer is not None
    assert answer.kind is kind


async def test_decomposed_letters_are_the_same_words(far: Far) -> None:
    message = "Phie\u0302n la\u0300m vie\u0323\u0302c \u0111a\u0303 he\u0302\u0301t ha\u0323n"
    answer = text(json.dumps({"error_code": "2", "message": message}))
    assert isinstance(await outcome(far, answer, text(GOOD)), Accepted)


@pytest.mark.parametrize("status", [201, 202, 204, 206, 500, 502, 504, 599])
async def test_what_is_neither_200_nor_a_refusal_may_have_been_taken(far: Far, status: int) -> None:
    found = await outcome(far, text("<html>", status))
    assert isinstance(found, Unknown)
    assert found.reason == f"http_{status}"


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413])
async def test_an_adapter_that_refuses_has_passed_nothing_on(far: Far, status: int) -> None:
    answer = text('{"type":"Server.ClientProxy.UnknownMember"}', status, {"Location": "http://elsewhere.test/"})
    found = await outcome(far, answer)
    assert isinstance(found, TryLater)
    assert found.reason == "adapter_refused"
    assert str(status) in found.message


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 120 ", 120.0), ("0", 0.0), ("soon", None), ("-5", None), ("", None), (None, None)],
)
async def test_too_much_and_out_of_service_may_say_how_long(
    far: Far, status: int, header: str | None, seconds: float | None
) -> None:
    found = await outcome(far, text("", status, {} if header is None else {"Retry-After": header}))
    assert isinstance(found, TryLater)
    assert (found.reason, found.retry_after_seconds) == (f"http_{status}", seconds)


@given(st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_no_text_is_too_strange_to_be_read(strange: str) -> None:
    for body in (strange, json.dumps({"message": strange}), json.dumps({"error_code": strange, "message": strange})):
        answer = read_answer(body)
        assert answer is None or len(answer.code) <= 40
        assert answer is None or "\0" not in answer.code + answer.message
    seconds = retry_after_seconds(strange)
    assert seconds is None or 0 <= seconds <= 86400


NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("Wed, 01 Jul 2026 12:01:00 -0000", 60.0),
        ("Wed, 01 Jul 2026 19:01:00 +0700", 60.0),
        ("Wed, 99 Jul 2026 12:01:00 GMT", None),
        ("Wed, 01 Jul 99999 12:01:00 GMT", None),
        ("²", None),
        ("9" * 5000, 86400.0),
        ("Wed, 01 Jul 2099 12:01:00 GMT", 86400.0),
        ("Wed, 01 Jul 99999999999999999999 12:01:00 GMT", None),
        ("1e3", None),
    ],
)
def test_retry_after_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds


async def test_retry_after_as_a_date_is_from_now(far: Far) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    found = await outcome(far, text("", 503, {"Retry-After": format_datetime(at, usegmt=True)}))
    assert isinstance(found, TryLater)
    assert found.retry_after_seconds is not None
    assert 3500 < found.retry_after_seconds <= 3600


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (httpx.ConnectError("refused"), TryLater("not_sent", "ConnectError: refused")),
        (httpx.PoolTimeout("full"), TryLater("not_sent", "PoolTimeout: full")),
        (httpx.UnsupportedProtocol("ftp"), TryLater("bad_address", "UnsupportedProtocol: ftp")),
        (httpx.ReadTimeout("late"), Unknown("read_timeout", "ReadTimeout: late")),
        (httpx.WriteTimeout("late"), Unknown("read_timeout", "WriteTimeout: late")),
        (httpx.ReadError("reset"), Unknown("connection_lost", "ReadError: reset")),
        (httpx.RemoteProtocolError("?"), Unknown("connection_lost", "RemoteProtocolError: ?")),
    ],
)
async def test_a_call_without_an_answer(far: Far, error: Exception, expected: Outcome) -> None:
    assert await outcome(far, error) == expected


async def test_a_refused_session_is_renewed_and_sent_once_more(far: Far) -> None:
    far.login.side_effect = [session("s1"), session("s2")]
    assert isinstance(await outcome(far, text(SESSION_ENDED), text(GOOD)), Accepted)
    assert [body["session"] for body in far.pushed()] == ["s1", "s2"]
    assert await outcome_of_next(far) == Accepted("0", "Đồng bộ hồ sơ thành công")
    assert [body["session"] for body in far.pushed()] == ["s1", "s2", "s2"]
    assert len(far.login.calls) == 2


async def outcome_of_next(far: Far) -> Outcome:
    """What one more parcel comes to when it is taken."""
    far.push.side_effect = None
    far.push.return_value = text(GOOD)
    return (await far.connector.send([parcel(2)])).outcomes[0]


async def test_a_session_refused_twice_waits(far: Far) -> None:
    far.login.side_effect = [session("s1"), session("s2")]
    found = await outcome(far, text(SESSION_ENDED), text(SESSION_ENDED))
    assert found == TryLater("session_refused", "Phiên làm việc đã hết hạn")


async def test_a_renewal_that_fails_waits(far: Far) -> None:
    far.login.side_effect = [session("s1"), text('{"error_code":"1","message":"sai mật khẩu"}')]
    assert await outcome(far, text(SESSION_ENDED)) == TryLater("login_refused", "sai mật khẩu")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (text('{"error_code":"1","message":"sai mật khẩu"}'), TryLater("login_refused", "sai mật khẩu")),
        (text('{"error_code":"0","message":"không có session"}'), TryLater("login_refused", "không có session")),
        (text('{"error_code":"0","message":"x","session":""}'), TryLater("login_refused", "x")),
        (text('{"error_code":"0","message":"x","session":7}'), TryLater("login_refused", "x")),
        (text("<html>"), TryLater("login_refused", "HTTP 200")),
        (text("", 503), TryLater("login_refused", "HTTP 503")),
        (httpx.ConnectError("refused"), TryLater("not_sent", "ConnectError: refused")),
        (httpx.ReadTimeout("late"), TryLater("login_no_answer", "ReadTimeout: late")),
    ],
)
async def test_without_a_session_nothing_is_sent(
    far: Far, answer: httpx.Response | Exception, expected: TryLater
) -> None:
    far.login.side_effect = [answer] * 3
    sent = await far.connector.send([parcel(1), parcel(2)])
    assert (sent.outcomes, sent.array_refused) == ((expected, expected), False)
    assert sent.exchange.http_status is None
    assert await far.connector.check() == Health(reachable=False, detail=f"{expected.reason}: {expected.message}")
    probed = await far.connector.probe("H15-260701-0001", [parcel()])
    assert (probed.knowledge, probed.dossier_known) == ((Knowledge.CANNOT_TELL,), None)
    assert probed.failure == expected
    assert not far.push.called


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), (None, None)])
async def test_a_login_that_is_throttled_tells_how_long(far: Far, header: str | None, seconds: float | None) -> None:
    far.login.mock(return_value=text("", 429, {} if header is None else {"Retry-After": header}))
    (found,) = (await far.connector.send([parcel()])).outcomes
    assert isinstance(found, TryLater)
    assert found.retry_after_seconds == seconds


async def test_concurrent_sends_log_in_once(far: Far) -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def slow(_: httpx.Request) -> httpx.Response:
        entered.set()
        await release.wait()
        return session()

    far.login.side_effect = slow
    sends = [asyncio.ensure_future(far.connector.send([parcel(number)])) for number in range(1, 21)]
    await entered.wait()
    release.set()
    assert all(isinstance(sent.outcomes[0], Accepted) for sent in await asyncio.gather(*sends))
    assert (len(far.login.calls), len(far.push.calls)) == (1, 20)


async def test_concurrent_refusals_of_one_session_renew_it_once(far: Far) -> None:
    far.login.side_effect = [session("s1"), session("s2"), session("s3")]
    met, everybody = 0, asyncio.Event()

    async def refuse_the_first(request: httpx.Request) -> httpx.Response:
        nonlocal met
        if json.loads(request.content)["session"] != "s1":
            return text(GOOD)
        met += 1
        if met == 5:
            everybody.set()
        await everybody.wait()
        return text(SESSION_ENDED)

    far.push.side_effect = refuse_the_first
    found = await asyncio.gather(*[far.connector.send([parcel(number)]) for number in range(1, 6)])
    assert all(isinstance(sent.outcomes[0], Accepted) for sent in found)
    assert len(far.login.calls) == 2


async def test_a_session_is_renewed_before_its_end() -> None:
    with respx.mock as router:
        login = router.post(f"{BASE}/mapi/login").mock(return_value=session())
        router.post(f"{BASE}/mapi/integration").mock(return_value=text(GOOD))
        connector = PortalConnector(settings(session_seconds=0), build_client(HTTP), HTTP)
        for _ in range(2):
            await connector.send([parcel()])
        await connector.aclose()
    assert len(login.calls) == 2


async def test_an_insert_of_what_is_held_becomes_an_update_at_once(far: Far) -> None:
    assert isinstance(await outcome(far, text(DUPLICATE), text(GOOD)), Accepted)
    assert [body["isUpdating"] for body in far.pushed()] == ["False", "True"]
    first, second = far.pushed()
    assert first["data"] == second["data"] == [{"MaHoSo": "1"}]


async def test_a_duplicate_answered_as_500_becomes_an_update_too(far: Far) -> None:
    assert isinstance(await outcome(far, text(DUPLICATE, 500), text(GOOD)), Accepted)
    assert [body["isUpdating"] for body in far.pushed()] == ["False", "True"]


async def test_a_duplicate_answered_as_500_for_an_array_or_an_update_is_in_doubt(far: Far) -> None:
    assert await outcome(far, text(DUPLICATE, 500), known=True) == Unknown("http_500", "HTTP 500")
    far.push.side_effect = [text(DUPLICATE, 500)]
    sent = await far.connector.send([parcel(1), parcel(2)])
    assert (sent.outcomes, sent.array_refused) == ((Unknown("http_500", "HTTP 500"),) * 2, False)


async def test_an_update_after_a_duplicate_speaks_for_itself(far: Far) -> None:
    assert await outcome(far, text(DUPLICATE), text("", 500)) == Unknown("http_500", "HTTP 500")


async def test_a_duplicate_of_an_update_is_a_refusal(far: Far) -> None:
    found = await outcome(far, text(DUPLICATE), known=True)
    assert found == Rejected("3", "MaHoSo: hồ sơ đã tồn tại", "MaHoSo")


@pytest.mark.parametrize("body", [DUPLICATE, '{"error_code":"6","message":"MaTTHC: không có"}'])
@pytest.mark.parametrize("kind", list(Kind))
async def test_a_refused_array_is_refused_as_a_whole(far: Far, body: str, kind: Kind) -> None:
    far.push.mock(return_value=text(body))
    sent = await far.connector.send([parcel(number, kind=kind) for number in (1, 2, 3)])
    assert sent.array_refused
    assert [type(found) for found in sent.outcomes] == [Rejected] * 3
    assert len(far.push.calls) == 1


@pytest.mark.parametrize(
    ("known", "kind", "service", "flag"),
    [
        (False, Kind.DOSSIER, "DongBoHoSoMC", "False"),
        (True, Kind.DOSSIER, "DongBoHoSoMC", "True"),
        (True, Kind.STEP, "CapNhatTienDoHoSoMC", None),
    ],
)
async def test_the_body_of_a_push(far: Far, known: bool, kind: Kind, service: str, flag: str | None) -> None:  # noqa: FBT001
    sent = await far.connector.send([parcel(1, known=known, kind=kind), parcel(2, known=known, kind=kind)])
    (body,) = far.pushed()
    expected = {"session": "s1", "madonvi": "H15", "service": service, "data": [{"MaHoSo": "1"}, {"MaHoSo": "2"}]}
    assert body == (expected if flag is None else {**expected, "isUpdating": flag})
    assert json.loads(far.login.calls[0].request.content) == {"username": "u", "password": "geheim"}
    facts = sent.exchange.facts()
    assert facts.pop("ms") in range(60_000)
    assert str(facts.pop("to")) in str(far.push.calls[0].request.url)
    assert facts == {
        "service": service, "route": "platform", "form": "sync", "type": "application/json",
        "version": settings().profile.value, "http": 200,
    }  # fmt: skip
    assert "s1" not in sent.exchange.request


async def test_the_password_is_in_no_representation() -> None:
    assert "geheim" not in repr(settings())


@pytest.mark.parametrize("provider", [None, "https://provider.test/x?y"])
@pytest.mark.parametrize("place", ["query", "header"])
async def test_the_provider_code_goes_where_it_is_wanted(place: str, provider: str | None) -> None:
    with respx.mock as router:
        routes = [
            router.post(url__startswith=f"{BASE}/mapi/login").mock(return_value=session()),
            router.post(url__startswith=f"{BASE}/mapi/integration").mock(return_value=text(GOOD)),
        ]
        connector = PortalConnector(
            settings(dstcode_in=place, provider_url=provider, dstcode="VN:X"), build_client(HTTP), HTTP
        )
        await connector.send([parcel()])
        await connector.aclose()
    for route in routes:
        request = route.calls[0].request
        query = parse_qs(request.url.query.decode())
        assert query.get("dstcode") == (["VN:X"] if place == "query" else None)
        assert request.headers.get("dstcode") == ("VN:X" if place == "header" else None)
        assert query.get("providerurl") == ([provider] if provider else None)
        assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (text('{"error_code":"0","message":"ok"}'), "probe_unreadable"),
        (text('{"error_code":"0","message":"ok","result":{}}'), "probe_unreadable"),
        (text('{"error_code":"0","message":"ok","result":["x"]}'), "probe_unreadable"),
        (text('{"error_code":"9","message":"không được phép"}'), "probe_unreadable"),
        (text("<html>"), "unreadable_answer"),
        (text("", 500), "http_500"),
        (httpx.ReadTimeout("late"), "read_timeout"),
    ],
)
async def test_a_probe_that_brings_no_answer_gives_no_verdict(
    far: Far, answer: httpx.Response | Exception, reason: str
) -> None:
    far.push.side_effect = [answer]
    probed = await far.connector.probe("H15-260701-0001", [parcel(1), parcel(2)])
    assert probed.knowledge == (Knowledge.CANNOT_TELL,) * 2
    assert probed.dossier_known is None
    assert probed.failure is not None
    assert probed.failure.reason == reason


async def test_a_probe_that_is_put_off_tells_how_long(far: Far) -> None:
    far.push.mock(return_value=text("", 503, {"Retry-After": "9"}))
    probed = await far.connector.probe("H15-260701-0001", [parcel()])
    assert probed.failure == TryLater("http_503", "HTTP 503", 9.0)


async def test_a_probe_escapes_the_code_it_asks_for(far: Far) -> None:
    far.push.mock(return_value=text('{"error_code":"0","message":"ok","result":[]}'))
    probed = await far.connector.probe('H"15', [parcel()])
    assert (probed.knowledge, probed.dossier_known, probed.failure) == ((Knowledge.LACKS,), False, None)
    (body,) = far.pushed()
    assert (body["mahoso"], body["service"]) == ('H"15', "TraCuuHoSo")


async def test_the_portal_is_reachable_when_it_logs_in(far: Far) -> None:
    assert await far.connector.check() == Health(reachable=True, detail="logged in")
    assert not far.push.called
