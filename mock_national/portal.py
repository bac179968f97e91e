"""The National Public Service Portal behind its adapter: the way in, the session, the choice of service."""

import hmac
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property
from typing import Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_national.faults import Fault
from mock_national.fields import INVALID, Refusal
from mock_national.inspection import Inspector
from mock_national.parts import Parts
from mock_national.policies import Policy, all_or_nothing
from mock_national.portal_faults import Bending, closed_list, closed_procedure, terms_of
from mock_national.reception import ORDINARY, Outcome, Reception, Terms
from mock_national.tables import document
from mock_national.wire import Reply, dump, parse_object, read_body, unknown_member

BAD_LOGIN: Final = "1"
NO_SESSION: Final = "2"
WRONG_UNIT: Final = "5"
UNREADABLE: Final = "-1"
SOME_REFUSED: Final = "1"

_SECRET = re.compile(r'("(?:session|password)"\s*:\s*")[^"]*')
_SHOWN_MAX = 6000

Body = dict[str, object]
Service = Callable[[Body, Terms], Reply]
Endpoint = Callable[[Request], Awaitable[Response]]


def behind_adapters(endpoints: Iterable[tuple[str, Endpoint]]) -> list[Route]:
    """The routes of provider paths, under both names of the adapter."""
    paths = list(endpoints)
    return [
        Route(f"/{adapter}/RestService/forward/{path}", endpoint, methods=["POST"])
        for adapter in ("XrdAdapter", "VXPAdapter")
        for path, endpoint in paths
    ]


class Portal:
    """The adapter's endpoints.

    Every service answers HTTP 200, whatever its error_code; HTTP 404 means that the adapter knows no such
    provider or path.
    """

    def __init__(self, parts: Parts, policy: Policy = all_or_nothing) -> None:
        """`policy` says what becomes of an array with a wrong item."""
        settings, catalogue = parts.settings, parts.catalogue
        self._settings = settings
        self._catalogue = catalogue
        self._holdings = parts.holdings
        self._desk = parts.desk
        self._faults = parts.faults
        accounts = cast("list[dict[str, object]]", document("accounts"))
        self._accounts = {str(account["username"]): account for account in accounts}
        self._reception = Reception(settings, Inspector(settings.profile, catalogue), parts.holdings, policy)
        self._success: int | str = 0 if settings.answer_style == "int" else settings.answer_style
        self._bending = Bending(parts.holdings, parts.faults, settings.clock)
        self._integration: Mapping[str, Service] = {
            "DongBoHoSoMC": self._push_dossiers,
            "CapNhatTienDoHoSoMC": self._push_steps,
            "TraCuuHoSo": self._look_up,
            "LayThuTuc": self._procedure,
        }
        self._share: Mapping[str, Service] = {
            "LayDanhSachTTHC": self._procedure_list,
            "LayThuTuc": self._procedure,
            "LayDanhMucLinhVuc": lambda *_: self._found(catalogue.field_list(), "LayDanhMucLinhVuc"),
            "LayDanhMucCoQuan": lambda *_: self._found(catalogue.agency_list(), "LayDanhMucCoQuan"),
        }

    def routes(self) -> list[Route]:
        """The routes, the most called first; both names of the adapter."""
        endpoints = (
            (self._settings.integration_path, self.integration),
            (self._settings.login_path, self.login),
            (self._settings.share_path, self.share),
        )
        return behind_adapters(endpoints)

    def last_routes(self) -> list[Route]:
        """The route of every path that no provider behind the adapter has."""
        return behind_adapters([("{rest:path}", self.elsewhere)])

    async def integration(self, request: Request) -> Response:
        """Services that the province calls to give."""
        return await self._serve(request, lambda body, terms: self._dispatch(body, self._integration, terms))

    async def share(self, request: Request) -> Response:
        """Services that the province calls to read catalogues."""
        return await self._serve(request, lambda body, terms: self._dispatch(body, self._share, terms))

    async def login(self, request: Request) -> Response:
        """Name and password for a session."""
        return await self._serve(request, self._log_in, "login")

    async def elsewhere(self, request: Request) -> Response:
        """Any other provider path."""
        return await self._desk.perform(request, "portal", "", None, unknown_member)

    async def _serve(self, request: Request, decide: Service, called: str = "") -> Response:
        early = await self._desk.at_door(request, "portal", self._faults.take_at_door("portal"))
        if early is not None:
            return early
        raw = await read_body(request)
        shown = _SECRET.sub(r"\1***", raw[:_SHOWN_MAX].decode(errors="replace"))
        code = request.query_params.get("dstcode") or request.headers.get("dstcode")
        if code != self._settings.provider_code:
            return await self._desk.perform(request, "portal", shown, None, unknown_member)
        body = parse_object(raw)
        if body is None:
            refusal = Refusal(UNREADABLE, "", "không đọc được yêu cầu")
            return await self._desk.perform(request, "portal", shown, None, lambda: self._refused(refusal, ""))
        service = called or str(body.get("service", ""))
        fault = self._take(service, body) if len(self._faults) else None

        def produce() -> Reply:
            if fault is None:
                return decide(body, ORDINARY)
            return self._bending.answer(fault, body, lambda changed: decide(changed, terms_of(fault)))

        return await self._desk.perform(request, "portal", shown, fault, produce)

    def _take(self, service: str, body: Body) -> Fault | None:
        inserts = service == "DongBoHoSoMC" and body.get("isUpdating") == "False"
        return self._faults.take(
            "portal", service, _named(body, "MaHoSo", "mahoso"), _procedures(body, inserts=inserts), inserts=inserts
        )

    def _log_in(self, body: Body, _: Terms) -> Reply:
        name, password = body.get("username"), body.get("password")
        account = self._accounts.get(name) if isinstance(name, str) else None
        expected = str(account["password"]) if account else ""
        if not isinstance(password, str) or account is None or not _same(password, expected):
            return self._refused(Refusal(BAD_LOGIN, "", "Sai tên đăng nhập hoặc mật khẩu"), "login", session="")
        token = self._holdings.open_session(str(name), self._settings.clock(), self._settings.session_seconds)
        return self._done("Đăng nhập thành công", "login", session=token)

    def _dispatch(self, body: Body, services: Mapping[str, Service], terms: Terms) -> Reply:
        name = body.get("service")
        name = name if isinstance(name, str) else ""
        token = body.get("session")
        account = self._holdings.account_of(token, self._settings.clock()) if isinstance(token, str) else None
        if account is None:
            refusal = Refusal(NO_SESSION, "", "Không có phiên làm việc, hoặc phiên làm việc đã hết hạn")
            return self._refused(refusal, name)
        units = cast("list[str]", self._accounts[account]["units"]) if account in self._accounts else []
        if body.get("madonvi") not in units:
            return self._refused(Refusal(WRONG_UNIT, "", "madonvi không thuộc tài khoản này"), name)
        service = services.get(name)
        if service is None:
            return self._refused(Refusal(UNREADABLE, "", "service không được hỗ trợ tại địa chỉ này"), name)
        return service(body, terms)

    def _push_dossiers(self, body: Body, terms: Terms) -> Reply:
        outcome = self._reception.dossiers(body.get("isUpdating"), body.get("data"), terms)
        return self._judged(outcome, "Đồng bộ hồ sơ thành công", "DongBoHoSoMC")

    def _push_steps(self, body: Body, terms: Terms) -> Reply:
        outcome = self._reception.steps(body.get("data"), terms)
        return self._judged(outcome, "Cập nhật tiến độ hồ sơ thành công", "CapNhatTienDoHoSoMC")

    def _look_up(self, body: Body, _: Terms) -> Reply:
        code = body.get("mahoso")
        if not isinstance(code, str) or not code.strip():
            return self._refused(Refusal(INVALID, "mahoso", "bắt buộc phải có"), "TraCuuHoSo")
        found = self._reception.held(code)
        return self._found([] if found is None else [found], "TraCuuHoSo")

    def _procedure(self, body: Body, terms: Terms) -> Reply:
        code = body.get("maTTHC")
        if not isinstance(code, str) or not code.strip():
            return self._refused(Refusal(INVALID, "maTTHC", "bắt buộc phải có"), "LayThuTuc")
        return self._found(closed_procedure(self._catalogue, code, terms), "LayThuTuc")

    def _procedure_list(self, _: Body, terms: Terms) -> Reply:
        if not terms.closed:
            return self._all_procedures
        return self._found(closed_list(self._catalogue, terms), "LayDanhSachTTHC")

    def _judged(self, outcome: Outcome, message: str, service: str) -> Reply:
        if outcome.lines:
            answer: dict[str, object] = {
                "error_code": SOME_REFUSED,
                "message": "có mục bị từ chối",
                "result": list(outcome.lines),
            }
            return self._reply(answer, service, outcome.count)
        if outcome.refusal is not None:
            return self._refused(outcome.refusal, service, outcome.count)
        return self._done(message, service, outcome.count)

    def _done(self, message: str, service: str, items: int = 0, **more: str) -> Reply:
        return self._reply({"error_code": self._success, "message": message, **more}, service, items)

    def _refused(self, refusal: Refusal, service: str, items: int = 0, **more: str) -> Reply:
        return self._reply({"error_code": refusal.code, "message": refusal.message, **more}, service, items)

    def _found(self, result: object, service: str) -> Reply:
        return self._reply({"error_code": self._success, "message": "thành công", "result": result}, service, 0)

    @cached_property
    def _all_procedures(self) -> Reply:
        """The longest of the lists, written once."""
        return self._found(self._catalogue.procedure_list(), "LayDanhSachTTHC")

    @staticmethod
    def _reply(answer: dict[str, object], service: str, items: int) -> Reply:
        return Reply(
            body=dump(answer).encode(), service=service[:50], items=items, error_code=str(answer["error_code"])
        )


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _named(body: Body, inner: str, outer: str) -> set[str]:
    """The values under `inner` in the items of the array, and the one under `outer`."""
    data = body.get("data")
    values = {str(item.get(inner)) for item in data if isinstance(item, dict)} if isinstance(data, list) else set()
    return values | {str(body[outer])} if outer in body else values


def _procedures(body: Body, *, inserts: bool) -> set[str]:
    return _named(body, "MaTTHC", "maTTHC") if inserts or "maTTHC" in body else set()
