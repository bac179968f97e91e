"""The National Population Database: services 003 (yes or no) and 037 (one record), and three ways in.

A is the provincial gateway (bearer token, officer key, SOAP), C a province's JSON face on an inner network, D the
direct line to C06 (hash over the time, X-Road). Who asks is checked first, then `checks`, then `planted` answers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_national import soap
from mock_national.access import TOKEN_SECONDS, Access, Quota
from mock_national.checks import Checks
from mock_national.direct import DirectAccess
from mock_national.faces import Denial, Face, WrappedFace, gateway_error
from mock_national.faults import Fault
from mock_national.matching import Question
from mock_national.parts import Parts
from mock_national.planted import Answers
from mock_national.wire import Reply, dump, parse_object, read_body

_SYSTEM: Final = "population"
_PERSONAL: Final = frozenset({"SoDinhDanh", "SoCMND", "HoVaTen", "NgayThangNam", "Nam", "SoDienThoai"})
_WRAPPER_UNIT: Final = "wrapper"
_INVALID: Final = (401, "900901", "Invalid Credentials")
_FORBIDDEN: Final = (403, "900908", "Đơn vị không được quyền khai thác")


@dataclass(frozen=True, slots=True)
class Asking:
    """One call: what is asked, how the answer is dressed, the bearer token of way A ("" on the others)."""

    asked: soap.Asked
    face: Face
    token: str = ""


class Population:
    """The token endpoint, the SOAP way (A), the JSON wrapper (C), the direct line (D)."""

    def __init__(self, parts: Parts) -> None:
        """Stand on the store that holds the invented people."""
        self._settings = parts.settings
        self._desk = parts.desk
        self._faults = parts.faults
        self._access = Access(parts.store.connection, parts.settings.clock)
        self._direct = DirectAccess(parts.settings.direct_service_path, parts.settings.clock)
        self.quota = Quota(parts.settings, parts.store.connection)
        self._checks = Checks(parts, self._access, self.quota)
        self._answers = Answers(parts.settings, parts.store.connection)

    def routes(self) -> list[Route]:
        """Token, and each operation by each way."""
        routes = [Route("/oauth2/token", self.token, methods=["POST"])]
        for operation in soap.SERVICE_CODES:
            asked = partial(self.by_gateway, operation=operation)
            direct = partial(self.by_direct_line, operation=operation)
            routes.append(Route(f"/csdldc/{operation}", asked, methods=["POST"]))
            routes.append(Route(f"/c06/{operation}", direct, methods=["POST"]))
        verify = partial(self.by_wrapper, operation=soap.VERIFY)
        routes.append(Route(f"/apiCSDLDanCu/{soap.VERIFY}", verify, methods=["POST"]))
        routes.append(Route("/apiCSDLDanCu/ChiaSeThongTinCongDan", self.by_wrapper, methods=["POST"]))
        return routes

    async def token(self, request: Request) -> Response:
        """Client credentials for a bearer token."""
        early = await self._desk.at_door(request, _SYSTEM, self._faults.take_at_door(_SYSTEM))
        if early is not None:
            return early
        form = parse_qs((await read_body(request)).decode(errors="replace"))
        partner = self._access.partner(request.headers.get("lgspaccesstoken", ""))
        fault = self._faults.take(_SYSTEM, "token", ())

        def produce() -> Reply:
            if partner is None:
                return gateway_error(*_INVALID, "token")
            if form.get("grant_type") != ["client_credentials"]:
                return gateway_error(400, "unsupported_grant_type", "grant_type: client_credentials", "token")
            token = self._access.issue(partner)
            if fault is not None and fault.kind == "clock_skew":
                self._access.end(token, self._settings.clock() + fault.delay_ms / 1000)
            answer = {
                "access_token": token,
                "scope": "default",
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
            }
            return Reply(body=dump(answer).encode(), service="token", error_code="0")

        return await self._desk.perform(request, _SYSTEM, "", fault, produce)

    async def by_gateway(self, request: Request, operation: str) -> Response:
        """Way A: bearer token, partner token and officer key in headers, SOAP in the body."""
        early = await self._desk.at_door(request, _SYSTEM, self._faults.take_at_door(_SYSTEM))
        if early is not None:
            return early
        headers, face = request.headers, Face(operation)
        authorization = headers.get("authorization", "")
        asked = await self._read(request, operation)

        def produce() -> Reply:
            unit = self._access.bearer(authorization, headers.get("lgspaccesstoken", ""))
            officer = self._access.officer_of_key(headers.get("authhash", ""))
            if unit is None or officer is None:
                return face.gateway(*_INVALID)
            return self._decide(asked, asked.fields.get("MaDonVi") or unit, officer, face)

        return await self._answer(request, Asking(asked, face, authorization.partition(" ")[2]), produce)

    async def by_wrapper(self, request: Request, operation: str = "") -> Response:
        """Way C: the provincial wrapper, no credentials, the SOAP answer as text inside JSON.

        Without an `operation` of its own the address serves both: `MaTichHop` says which, 037 when it says nothing.
        """
        early = await self._desk.at_door(request, _SYSTEM, self._faults.take_at_door(_SYSTEM))
        if early is not None:
            return early
        body = parse_object(await read_body(request))
        asked = soap.Asked({}, "JSON: không đọc được") if body is None else soap.read_json_question(body)
        by_code = {code: name for name, code in soap.SERVICE_CODES.items()}
        face = WrappedFace(operation or by_code.get(asked.fields.get("MaTichHop", ""), soap.READ))

        def produce() -> Reply:
            unit = asked.fields.get("MaDonVi") or _WRAPPER_UNIT
            return self._decide(asked, unit, asked.fields.get("MaCanBo", ""), face)

        return await self._answer(request, Asking(asked, face), produce)

    async def by_direct_line(self, request: Request, operation: str) -> Response:
        """Way D: the hash, the time, the X-Road client and a key in headers, SOAP in the body; officers have no key."""
        early = await self._desk.at_door(request, _SYSTEM, self._faults.take_at_door(_SYSTEM))
        if early is not None:
            return early
        face = Face(operation)
        asked = await self._read(request, operation)

        def produce() -> Reply:
            client = self._direct.client(request.url.path, request.headers)
            if client is None:
                return face.gateway(*_INVALID)
            unit, officer = asked.fields.get("MaDonVi") or client, asked.fields.get("MaCanBo", "")
            return self._decide(asked, unit, officer, face)

        return await self._answer(request, Asking(asked, face), produce)

    async def _read(self, request: Request, operation: str) -> soap.Asked:
        return soap.read_question(await read_body(request), operation, strict=self._settings.strict_order)

    async def _answer(self, request: Request, asking: Asking, produce: Callable[[], Reply]) -> Response:
        fields, face = asking.asked.fields, asking.face
        masked = {name: "***" if name in _PERSONAL else value for name, value in fields.items()}
        number = fields.get("SoDinhDanh") or fields.get("SoCMND", "")
        procedures = {fields.get("MaDVC", "")}
        fault = self._faults.take(_SYSTEM, face.service, (number,), procedures, soap=face.is_soap)

        def bent() -> Reply:
            return produce() if fault is None else self._bent(fault, asking, produce)

        return await self._desk.perform(request, _SYSTEM, dump(masked), fault, bent, soap=face.is_soap)

    def _decide(self, asked: soap.Asked, unit: str, key_officer: str, face: Face) -> Reply:
        denial = self._checks.denial(asked, face.service, unit, key_officer)
        if denial is not None:
            return face.denied(denial)
        fields = asked.fields
        question = Question(
            number_12=fields.get("SoDinhDanh", ""),
            number_9=fields.get("SoCMND", ""),
            full_name=fields["HoVaTen"],
            birth_date=fields.get("NgayThangNam", ""),
            birth_year=fields.get("Nam", ""),
        )
        return self._answers.answer(question, face)

    def _bent(self, fault: Fault, asking: Asking, produce: Callable[[], Reply]) -> Reply:
        """The answer under a fault that acts inside the database or its gateway."""
        face, now = asking.face, self._settings.clock()
        if fault.kind == "session_expired":
            self._access.end(asking.token, now)
            return produce() if asking.token else face.gateway(*_INVALID)
        if fault.kind == "wrong_unit":
            return face.gateway(*_FORBIDDEN)
        if fault.kind == "code_table_changed":
            return face.denied(Denial("004", "Thủ tục chưa được cấp quyền khai thác"))
        if fault.kind == "duplicate_500":
            return self._duplicate(asking.asked.fields.get("MaYeuCau", ""), produce, face)
        reply = produce()
        if fault.kind == "clock_skew":
            self._access.end(asking.token, now + fault.delay_ms / 1000)
        return reply

    def _duplicate(self, request_id: str, produce: Callable[[], Reply], face: Face) -> Reply:
        if self._checks.used(request_id):
            return face.failed(f"Lỗi hệ thống: mã yêu cầu {request_id} đã tồn tại")
        produce()
        return face.failed("Lỗi hệ thống")
