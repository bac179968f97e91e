"""The national store of digitised papers behind the adapter: what is held of a person, and the files of it.

Checks in this order: provider, readable JSON, session, unit, the fields in the order of their table (the owner, who
asks, the channel, the procedure, the codes), whether a citizen asks for another's papers.
"""

import base64
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_national.faults import Fault
from mock_national.fields import Refusal, Rulebook
from mock_national.parts import Parts
from mock_national.portal import BAD_LOGIN, NO_SESSION, UNREADABLE, WRONG_UNIT, behind_adapters
from mock_national.publications import Link
from mock_national.tables import document
from mock_national.wire import Reply, dump, parse_object, read_body, unknown_member

CODE_KEY: Final = "errorCode"
NO_SUCH_FILE: Final = "4"
NOT_THEIRS: Final = "7"
FILE_AWAY: Final = "8"
_SYSTEM: Final = "papers"
_CITIZEN: Final = "2"
_WANTED: Final = "DanhSachDanhMucKetQua"
_PAPERS: Final = "DanhSachGiayToKetQua"
_PAPERS_MAX: Final = 1000
_PERSONAL = re.compile(
    r'("(?:password|SoDinhDanhChuSoHuu|HoTenNguoiYeuCau|SoDinhDanhNguoiYeuCau)"\s*:\s*")(?:[^"\\]|\\.)*'
)
_SHOWN_MAX: Final = 6000

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as the headers tell."""

    token: str
    unit: str


Service = Callable[[Body, Caller], Reply]
Readying = Callable[[Body, Caller], Awaitable[Service]]


class PaperStore:
    """The endpoints. A refusal is HTTP 200 with an `errorCode`, but HTTP 401 where the session is missing or over."""

    def __init__(self, parts: Parts) -> None:
        """Stand on the papers that were loaded and the results that were pushed."""
        self._settings = parts.settings
        self._desk = parts.desk
        self._faults = parts.faults
        self._papers = parts.papers
        self._publications = parts.publications
        self._fetcher = parts.fetcher
        accounts = cast("list[dict[str, object]]", document("paper_accounts"))
        self._accounts = {str(account["username"]): account for account in accounts}
        catalogue = parts.catalogue
        rulebook = Rulebook("v2", frozenset(catalogue.results), frozenset(catalogue.procedures))
        self._question, self._file_question = rulebook.table("paper_question"), rulebook.table("paper_file")
        style = parts.settings.answer_style
        self._success: int | str = 0 if style == "int" else style

    def routes(self) -> list[Route]:
        """Login, list and file, under both names of the adapter."""
        settings = self._settings
        return behind_adapters(
            [
                (settings.paper_login_path, self.login),
                (settings.paper_list_path, self.listing),
                (settings.paper_file_path, self.file),
            ]
        )

    async def login(self, request: Request) -> Response:
        """Name and password for a session."""
        return await self._serve(request, "login", self._ready_to_log_in)

    async def listing(self, request: Request) -> Response:
        """Which papers are held of a person; results that were pushed are among them."""
        return await self._serve(request, "list", self._ready_to_list)

    async def file(self, request: Request) -> Response:
        """One file in base64; that of a pushed result is fetched from its link for the occasion and not kept."""
        return await self._serve(request, "file", self._ready_to_give)

    async def _ready_to_log_in(self, _: Body, __: Caller) -> Service:
        return self._log_in

    async def _ready_to_list(self, _: Body, __: Caller) -> Service:
        await self._publications.catch_up()
        return self._list

    async def _ready_to_give(self, body: Body, caller: Caller) -> Service:
        await self._publications.catch_up()
        link = self._pushed(body)
        fetched: bytes | None = None
        if link is not None and self._refused_caller(caller) is None:
            fetched = await self._fetcher.content(link.url)
        return lambda body, caller: self._give(body, caller, fetched)

    async def _serve(self, request: Request, service: str, get_ready: Readying) -> Response:
        """One call; `get_ready` does what cannot be done inside the transaction of the call."""
        early = await self._desk.at_door(request, _SYSTEM, self._faults.take_at_door(_SYSTEM))
        if early is not None:
            return early
        raw = await read_body(request)
        shown = _PERSONAL.sub(r"\1***", raw[:_SHOWN_MAX].decode(errors="replace"))
        query, headers = request.query_params, request.headers
        provider = query.get("dstcode") or headers.get("dstcode"), query.get("providerurl")
        if provider != (self._settings.provider_code, self._settings.paper_provider_url):
            return await self._desk.perform(request, _SYSTEM, shown, None, unknown_member)
        body = parse_object(raw)
        if body is None:
            refusal = Refusal(UNREADABLE, "", "không đọc được yêu cầu")
            return await self._desk.perform(request, _SYSTEM, shown, None, lambda: _refused(refusal, service))
        caller = _caller(request)
        about = (str(body.get("SoDinhDanhChuSoHuu", "")), str(body.get("DuongDan", "")))
        decide = await get_ready(body, caller)
        fault = self._faults.take(_SYSTEM, service, about, (str(body.get("MaThuTuc", "")),))

        def produce() -> Reply:
            return decide(body, caller) if fault is None else self._bent(fault, body, caller, decide)

        return await self._desk.perform(request, _SYSTEM, shown, fault, produce, code_key=CODE_KEY)

    def _bent(self, fault: Fault, body: Body, caller: Caller, decide: Service) -> Reply:
        """The answer under a fault that acts on the session or the unit."""
        if fault.kind == "session_expired":
            self._papers.end_session(caller.token, self._settings.clock())
        if fault.kind == "wrong_unit":
            caller = Caller(caller.token, "")
        reply = decide(body, caller)
        if fault.kind == "clock_skew":
            issued = (parse_object(reply.body) or {}).get("accessToken")
            self._papers.end_session(str(issued or caller.token), self._settings.clock() + fault.delay_ms / 1000)
        return reply

    def _log_in(self, body: Body, _: Caller) -> Reply:
        name, password = body.get("username"), body.get("password")
        account = self._accounts.get(name) if isinstance(name, str) else None
        expected = str(account["password"]) if account else ""
        known = isinstance(password, str) and hmac.compare_digest(password.encode(), expected.encode())
        if account is None or not known:
            return _refused(Refusal(BAD_LOGIN, "", "Sai tên đăng nhập hoặc mật khẩu"), "login")
        seconds = self._settings.session_seconds
        token = self._papers.open_session(str(name), self._settings.clock(), seconds)
        answer = {CODE_KEY: self._success, "message": "Đăng nhập thành công", "expiresIn": int(seconds)}
        return _reply({**answer, "accessToken": token}, "login", record=dump({**answer, "accessToken": "***"}))

    def _list(self, body: Body, caller: Caller) -> Reply:
        refusal = self._refused_caller(caller) or self._question.check(body) or _not_theirs(body)
        if refusal is not None:
            return _refused(refusal, "list")
        owner = str(body["SoDinhDanhChuSoHuu"])
        wanted = [(item["MaKetQua"], item.get("SoKyHieu") or "") for item in cast("list[Body]", body[_WANTED])]
        papers = [paper for paper in self._held(owner) if _is_wanted(paper, wanted)]
        answer = {CODE_KEY: self._success, "message": "thành công", "signature": ""}
        record = dump({**answer, "result": f"{len(papers)} papers"})
        return _reply({**answer, "result": {_PAPERS: papers}}, "list", items=len(papers), record=record)

    def _held(self, owner: str) -> list[Body]:
        """The papers of an owner: those that were loaded, then the results that were pushed, which bear no symbol."""
        loaded = [
            _wire(p.result, p.name, p.symbol, p.body, [(file.name, file.path) for file in p.files])
            for p in self._papers.papers(owner, _PAPERS_MAX)
        ]
        pushed = [
            _wire(link.code, link.name, "", link.body, [(link.name, link.path)])
            for link in self._publications.results_of(owner)
        ]
        return loaded + pushed

    def _give(self, body: Body, caller: Caller, fetched: bytes | None) -> Reply:
        refusal = self._refused_caller(caller) or self._file_question.check(body)
        if refusal is not None:
            return _refused(refusal, "file")
        content = self._papers.content(str(body["CoQuanChuQuan"]), str(body["DuongDan"]))
        if content is None:
            if self._pushed(body) is None:
                return _refused(Refusal(NO_SUCH_FILE, "DuongDan", "không có tệp này"), "file")
            if fetched is None:
                return _refused(Refusal(FILE_AWAY, "", "không tải được tệp từ nơi đã công bố"), "file")
            content = fetched
        text = base64.b64encode(content).decode()
        as_json = self._settings.paper_file_shape == "json"
        return Reply(
            body=(dump(text) if as_json else text).encode(),
            media_type="application/json" if as_json else "text/plain",
            service="file",
            items=1,
            error_code="0",
            record=f"{len(content)} bytes",
        )

    def _pushed(self, body: Body) -> Link | None:
        link = self._publications.by_path(str(body.get("DuongDan")))
        return link if link is not None and link.body == body.get("CoQuanChuQuan") else None

    def _refused_caller(self, caller: Caller) -> Refusal | None:
        account = self._papers.account_of(caller.token, self._settings.clock())
        if account is None:
            return Refusal(NO_SESSION, "", "Không có phiên làm việc, hoặc phiên làm việc đã hết hạn")
        if caller.unit not in cast("list[str]", self._accounts.get(account, {}).get("units", [])):
            return Refusal(WRONG_UNIT, "", "madonvi không thuộc tài khoản này")
        return None


def _caller(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return Caller(token if scheme == "Bearer" else "", request.headers.get("madonvi", ""))


def _not_theirs(body: Body) -> Refusal | None:
    is_own = body["SoDinhDanhChuSoHuu"] == body["SoDinhDanhNguoiYeuCau"]
    if body["KenhThucHien"] == _CITIZEN and not is_own:
        return Refusal(NOT_THEIRS, "SoDinhDanhNguoiYeuCau", "không phải chủ sở hữu giấy tờ")
    return None


def _is_wanted(paper: Body, wanted: list[tuple[object, object]]) -> bool:
    return not wanted or any(code == paper["MaKetQua"] and symbol in {"", paper["SoKyHieu"]} for code, symbol in wanted)


def _wire(code: str, name: str, symbol: str, body: str, files: list[tuple[str, str]]) -> Body:
    return {
        "MaKetQua": code,
        "TenGiayTo": name,
        "SoKyHieu": symbol,
        "CoQuanChuQuan": body,
        "DanhSachTepDinhKem": [{"TenTep": file, "DuongDan": path} for file, path in files],
    }


def _refused(refusal: Refusal, service: str) -> Reply:
    status = 401 if refusal.code == NO_SESSION else 200
    return _reply({CODE_KEY: refusal.code, "message": refusal.message}, service, status=status)


def _reply(answer: Body, service: str, *, items: int = 0, status: int = 200, record: str | None = None) -> Reply:
    return Reply(
        body=dump(answer).encode(),
        status=status,
        service=service,
        items=items,
        error_code=str(answer[CODE_KEY]),
        record=record,
    )
