"""The National Population Database behind a provincial gateway: service 003, yes or no.

Checks in this order: who asks, required fields, order of elements, service code, repeated request, procedure
(004), officer (005), quota (429), and only then the match.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mock_national import soap
from mock_national.access import TOKEN_SECONDS, Access, Quota
from mock_national.dressing import error_page
from mock_national.faults import Fault
from mock_national.matching import Question, is_known
from mock_national.parts import Parts
from mock_national.tables import rows
from mock_national.wire import Reply, dump, parse_object, read_body

SERVICE_CODE: Final = "003"
_SYSTEM: Final = "population"
_PERSONAL: Final = frozenset({"SoDinhDanh", "SoCMND", "HoVaTen", "NgayThangNam", "Nam", "SoDienThoai"})
_XML: Final = "text/xml; charset=utf-8"
_WRAPPER_UNIT: Final = "wrapper"


@dataclass(frozen=True, slots=True)
class Denial:
    """A question that is not answered: error code, message, HTTP status on the SOAP way, seconds to wait."""

    code: str
    message: str
    status: int = 400
    retry_after: int = 0


class Population:
    """The token endpoint, the SOAP way (A) and the JSON wrapper (C)."""

    def __init__(self, parts: Parts) -> None:
        """Stand on the store that holds the invented people."""
        self._settings = parts.settings
        self._connection = parts.store.connection
        self._desk = parts.desk
        self._faults = parts.faults
        self._access = Access(self._connection, parts.settings.clock)
        self.quota = Quota(parts.settings, self._connection)
        self._procedures = parts.catalogue.procedures.keys() - {
            row["code"] for row in rows("population_denied_procedures")
        }

    def routes(self) -> list[Route]:
        """Token, way A, way C."""
        return [
            Route("/csdldc/XacThucThongTinCongDan", self.verify_soap, methods=["POST"]),
            Route("/apiCSDLDanCu/XacThucThongTinCongDan", self.verify_json, methods=["POST"]),
            Route("/oauth2/token", self.token, methods=["POST"]),
        ]

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
                return _unauthorised("token")
            if form.get("grant_type") != ["client_credentials"]:
                return _gateway_error(400, "unsupported_grant_type", "grant_type: client_credentials", "token")
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

    async def verify_soap(self, request: Request) -> Response:
        """Way A: bearer token, partner token and officer key in headers, SOAP in the body."""
        early = await self._desk.at_door(request, _SYSTEM, self._faults.take_at_door(_SYSTEM))
        if early is not None:
            return early
        raw = await read_body(request)
        asked = soap.read_question(raw)
        headers = request.headers

        def produce() -> Reply:
            unit = self._access.bearer(headers.get("authorization", ""), headers.get("lgspaccesstoken", ""))
            officer = self._access.officer_of_key(headers.get("authhash", ""))
            if unit is None or officer is None:
                return _unauthorised(soap.OPERATION)
            return self._decide(asked, asked.fields.get("MaDonVi") or unit, officer, _SOAP_FACE)

        return await self._answer(request, asked, produce, _SOAP_FACE)

    async def verify_json(self, request: Request) -> Response:
        """Way C: the provincial wrapper, no credentials, the SOAP answer as text inside JSON."""
        early = await self._desk.at_door(request, _SYSTEM, self._faults.take_at_door(_SYSTEM))
        if early is not None:
            return early
        body = parse_object(await read_body(request))
        asked = soap.Asked({}, "JSON: không đọc được") if body is None else soap.read_json_question(body)

        def produce() -> Reply:
            unit = asked.fields.get("MaDonVi") or _WRAPPER_UNIT
            return self._decide(asked, unit, asked.fields.get("MaCanBo", ""), _JSON_FACE)

        return await self._answer(request, asked, produce, _JSON_FACE)

    async def _answer(
        self, request: Request, asked: soap.Asked, produce: Callable[[], Reply], face: "Face"
    ) -> Response:
        masked = {name: "***" if name in _PERSONAL else value for name, value in asked.fields.items()}
        number = asked.fields.get("SoDinhDanh") or asked.fields.get("SoCMND", "")
        procedures = {asked.fields.get("MaDVC", "")}
        by_soap = face is _SOAP_FACE
        fault = self._faults.take(_SYSTEM, soap.OPERATION, (number,), procedures, soap=by_soap)
        bearer = request.headers.get("authorization", "").partition(" ")[2]

        def bent() -> Reply:
            return produce() if fault is None else self._bent(fault, asked, bearer, produce, face)

        return await self._desk.perform(request, _SYSTEM, dump(masked), fault, bent, soap=by_soap)

    def _bent(self, fault: Fault, asked: soap.Asked, bearer: str, produce: Callable[[], Reply], face: "Face") -> Reply:
        """The answer under a fault that acts inside the database or its gateway."""
        if fault.kind == "session_expired":
            self._access.end(bearer, self._settings.clock())
            return produce() if face is _SOAP_FACE else face.denied(Denial("900901", "Invalid Credentials", 401))
        if fault.kind == "wrong_unit":
            forbidden = "Đơn vị không được quyền khai thác"
            if face is _SOAP_FACE:
                return _gateway_error(403, "900908", forbidden, soap.OPERATION)
            return face.denied(Denial("900908", forbidden, 403))
        if fault.kind == "code_table_changed":
            return face.denied(Denial("004", "Thủ tục chưa được cấp quyền khai thác"))
        if fault.kind == "duplicate_500":
            return self._duplicate(asked.fields.get("MaYeuCau", ""), produce, face)
        reply = produce()
        if fault.kind == "clock_skew":
            self._access.end(bearer, self._settings.clock() + fault.delay_ms / 1000)
        return reply

    def _duplicate(self, request_id: str, produce: Callable[[], Reply], face: "Face") -> Reply:
        used = "SELECT 1 FROM population_requests WHERE id = ?"
        if self._connection.execute(used, (request_id,)).fetchone() is not None:
            text = f"Lỗi hệ thống: mã yêu cầu {request_id} đã tồn tại"
        else:
            produce()
            text = "Lỗi hệ thống"
        if face is _SOAP_FACE:
            return face.faulty(soap.fault(text))
        return _reply(dump({"message": text}), status=500, error_code="fault")

    def _decide(self, asked: soap.Asked, unit: str, key_officer: str, face: "Face") -> Reply:
        denial = self._denial(asked, unit, key_officer)
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
        text = soap.answer(self._settings.population_shape, known=is_known(self._connection, question))
        return self._planted(question.number[-3:], text, face) or face.answered(text)

    def _denial(self, asked: soap.Asked, unit: str, key_officer: str) -> Denial | None:
        fields = asked.fields
        if asked.wrong:
            return Denial("01", asked.wrong)
        if fields["MaTichHop"] != SERVICE_CODE:
            return Denial("01", f"MaTichHop: phải là {SERVICE_CODE}")
        if not self._first_time(fields["MaYeuCau"]):
            return Denial("01", "MaYeuCau: mã yêu cầu đã được dùng")
        if fields["MaDVC"] not in self._procedures:
            return Denial("004", "Thủ tục chưa được cấp quyền khai thác")
        officer = fields["MaCanBo"]
        if officer != key_officer or not self._access.may_ask(officer):
            return Denial("005", "Tài khoản cán bộ không có quyền khai thác")
        wait = self.quota.spend(unit, officer)
        return Denial("900802", "Message throttled out", 429, wait) if wait else None

    def _first_time(self, request_id: str) -> bool:
        used = self._connection.execute("INSERT OR IGNORE INTO population_requests VALUES (?)", (request_id,))
        return used.rowcount == 1

    def _planted(self, ending: str, text: str, face: "Face") -> Reply | None:
        makers: dict[str, Callable[[], Reply]] = {
            "900": lambda: Reply(body=b"", service=soap.OPERATION, hang=True),
            "901": lambda: face.answered(text, delay_seconds=self._settings.slow_seconds),
            "902": lambda: error_page(500),
            "903": face.empty,
            "904": lambda: face.faulty(soap.fault("Lỗi xử lý tại CSDLQGvDC: <timeout>")),
            "905": lambda: face.answered(text[: len(text) * 2 // 3]),
        }
        maker = makers.get(ending)
        return maker() if maker else None


class Face:
    """How way A dresses an answer."""

    def answered(self, text: str, delay_seconds: float = 0) -> Reply:
        """A SOAP answer."""
        return _reply(text, _XML, delay_seconds=delay_seconds)

    def empty(self) -> Reply:
        """HTTP 200 with nothing in it."""
        return _reply("", _XML)

    def faulty(self, text: str) -> Reply:
        """A SOAP fault; SOAP 1.1 sends it with HTTP 500."""
        return _reply(text, _XML, status=500, error_code="fault")

    def denied(self, denial: Denial) -> Reply:
        """A refusal."""
        if denial.retry_after:
            return _throttled(denial)
        answer = {"message": denial.message, "errorCode": denial.code}
        return _reply(dump(answer), status=denial.status, error_code=denial.code)


class WrappedFace(Face):
    """How way C dresses the same answers: HTTP 200, `{error_code, message}`."""

    def answered(self, text: str, delay_seconds: float = 0) -> Reply:
        """The SOAP answer as text in `message`."""
        return _reply(dump({"error_code": "0", "message": text}), delay_seconds=delay_seconds)

    def faulty(self, text: str) -> Reply:
        """The SOAP fault as text in `message`; the wrapper does not look into it."""
        return self.answered(text)

    def denied(self, denial: Denial) -> Reply:
        """A refusal, or HTTP 429 as the gateway before the wrapper sends it."""
        if denial.retry_after:
            return _throttled(denial)
        return _reply(dump({"error_code": denial.code, "message": denial.message}), error_code=denial.code)


_SOAP_FACE: Final = Face()
_JSON_FACE: Final = WrappedFace()


def _reply(
    text: str,
    media_type: str = "application/json",
    *,
    status: int = 200,
    error_code: str = "0",
    delay_seconds: float = 0,
    headers: dict[str, str] | None = None,
) -> Reply:
    return Reply(
        body=text.encode(),
        status=status,
        media_type=media_type,
        service=soap.OPERATION,
        items=1,
        error_code=error_code,
        headers=headers or {},
        delay_seconds=delay_seconds,
    )


def _throttled(denial: Denial) -> Reply:
    answer = {"code": denial.code, "message": denial.message, "description": "You have exceeded your quota"}
    headers = {"Retry-After": str(denial.retry_after)}
    return _reply(dump(answer), status=denial.status, error_code=denial.code, headers=headers)


def _unauthorised(service: str) -> Reply:
    return _gateway_error(401, "900901", "Invalid Credentials", service)


def _gateway_error(status: int, code: str, message: str, service: str) -> Reply:
    answer = {"code": code, "message": message, "description": "Make sure you have provided the correct credentials"}
    return Reply(body=dump(answer).encode(), status=status, service=service, error_code=code)
