"""The population database, service 003: yes or no by number, name and birth date (ways A and C)."""

import asyncio
import base64
import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from connectors.base import Exchange, TryLater
from connectors.http import Delivery, HttpSettings, NoAnswer, NotSent, Reply, post
from connectors.masking import mask
from connectors.population.outcomes import PersonAnswer, PersonOutcome, PersonQuestion
from connectors.population.settings import PopulationSettings, PopulationWay
from connectors.population.soap import envelope, fold_name, read_verdict
from connectors.sessions import Busy, Living, LogIn, OwnBook, SessionBook
from schemas.population import XacThuc

_SERVICE, _OPERATION = "003", "XacThucThongTinCongDan"
_LONG_NUMBER = 12
_YEAR = 4
_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 200, 400, 401, 403, 429
_GATEWAY_DOWN = frozenset({502, 503, 504})
_DENIALS = {"004": "the procedure is not licensed to ask", "005": "the officer's account has no right to ask"}
_JSON_SUCCESS = frozenset({"0", "00", "SUCCESSFUL"})
_REQUEST_ID_MAX = 40
# For a token that does not say how long it lives, or says what cannot be; one that ends earlier is renewed on 401.
_TOKEN_SECONDS, _TOKEN_SECONDS_MAX = 3600.0, 86400.0


@dataclass(slots=True)
class PopulationConnector:
    """Asks in an officer's own name. Never raises for what the far side or the network did.

    The token is the partner's and not an officer's, so all processes share the one that stands in ``book``.
    """

    settings: PopulationSettings
    client: httpx.AsyncClient
    http: HttpSettings = field(
        default_factory=lambda: HttpSettings(connect_seconds=3.0, total_seconds=15.0, tries_max=1)
    )
    book: SessionBook = field(default_factory=OwnBook)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def verify(self, question: PersonQuestion) -> PersonAnswer:
        """Ask; again, at most twice and under a new request id, only where the gateway was down or out of reach."""
        asked: list[Exchange] = []
        try:
            async with asyncio.timeout(self.http.total_seconds):
                return await self._persist(question, asked)
        except TimeoutError:
            return PersonAnswer(PersonOutcome.UNAVAILABLE, "no answer in time", asked[-1] if asked else None)

    async def aclose(self) -> None:
        """Close connections."""
        await self.client.aclose()

    async def _persist(self, question: PersonQuestion, asked: list[Exchange]) -> PersonAnswer:
        answer, again = await self._ask(question, asked, "")
        for turn in range(1, self.settings.retries_max + 1):
            if not again:
                break
            answer, again = await self._ask(question, asked, str(turn))
        return answer

    async def _ask(
        self, question: PersonQuestion, asked: list[Exchange], mark: str, refused: str | None = None
    ) -> tuple[PersonAnswer, bool]:
        """One question; whether asking again may help.

        ``asked`` takes down what goes out before it goes, ``mark`` sets its request id apart from the others of
        this question, ``refused`` is a token that the gateway has just refused.
        """
        wire = _wire(question, _request_id(question, mark))
        token: str | None = None
        if self.settings.way is PopulationWay.JSON:
            body = _json_body(wire)
            headers: Mapping[str, str] = {"Content-Type": "application/json; charset=utf-8"}
        else:
            key = self.settings.officers.get(question.officer)
            if key is None:
                return PersonAnswer(PersonOutcome.DENIED, "the officer has no key of their own", None), False
            found = await self._login(not_this=refused)
            if not isinstance(found, str):
                return found, False
            token = found
            body = envelope(wire)
            headers = self._lgsp_headers(token, f"{key.name}:{key.password}")
        url = self.settings.url(self.settings.service_path)
        asked.append(Exchange(_OPERATION, request=mask(body)))
        result = await post(self.client, self.http, url, content=body.encode(), headers=headers)
        if isinstance(result, Reply) and result.status == _UNAUTHORIZED and token and refused is None:
            return await self._ask(question, asked, f"{mark}r", refused=token)
        return _classify(self.settings.way, result, _exchange(result, body))

    def _lgsp_headers(self, token: str, officer: str) -> Mapping[str, str]:
        return {
            "Content-Type": "text/xml; charset=utf-8",
            "Authorization": f"Bearer {token}",
            "lgspaccesstoken": self._access_token(),
            "AuthHash": base64.b64encode(officer.encode()).decode(),
        }

    def _access_token(self) -> str:
        settings = self.settings
        parts = {
            "AccessKey": settings.access_key,
            "SecretKey": settings.secret_key,
            "AppName": settings.app_name,
            "PartnerCode": settings.partner_code,
            "PartnerCodeCus": settings.partner_code_cus,
        }
        return base64.b64encode(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).decode()

    async def _login(self, *, not_this: str | None) -> str | PersonAnswer:
        """A token other than ``not_this``; another question, or another process, may have renewed it meanwhile."""
        async with self._lock:
            while True:
                found = await self.book.ask(not_this)
                if isinstance(found, LogIn):
                    found = await self._renew(found)
                if isinstance(found, Living):
                    return found.token
                if isinstance(found, TryLater):
                    return PersonAnswer(PersonOutcome.UNAVAILABLE, f"no token: {found.message}", None)
                # Another process is at it; who asks waits no longer than for the whole answer.
                await asyncio.sleep(random.uniform(0.05, 0.25))  # noqa: S311 - no secret

    async def _renew(self, login: LogIn) -> Living | Busy | TryLater:
        """Ask for a token and tell the book; a failure is not remembered, since each question waits for its own."""
        started = time.monotonic()
        found: Living | TryLater = TryLater("login_no_answer", "the login was broken off")
        try:
            found = await self._fetch_token()
        finally:
            # Also when this caller is cancelled: the next may log in at once instead of waiting for the lease.
            if isinstance(found, TryLater):
                await self.book.fail(login, found, 0)
        if isinstance(found, TryLater):
            return found
        found = Living(found.token, found.seconds - (time.monotonic() - started))
        return found if await self.book.keep(login, found.token, found.seconds) else Busy()

    async def _fetch_token(self) -> Living | TryLater:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "lgspaccesstoken": self._access_token()}
        url = self.settings.url(self.settings.token_path)
        result = await post(self.client, self.http, url, content=b"grant_type=client_credentials", headers=headers)
        if not isinstance(result, Reply):
            return TryLater("login_no_answer", result.message)
        answer = _object(result.text)
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not token:
            return TryLater("login_refused", f"HTTP {result.status}")
        if not isinstance(seconds, int | float) or not 0 < seconds <= _TOKEN_SECONDS_MAX:
            seconds = _TOKEN_SECONDS
        return Living(token, float(seconds))


def _request_id(question: PersonQuestion, mark: str) -> str:
    """An id of at most 40 characters that no other request of this question has."""
    suffix = f"-{mark}" if mark else ""
    return question.request_id[: _REQUEST_ID_MAX - len(suffix)] + suffix


def _wire(question: PersonQuestion, request_id: str) -> XacThuc:
    number = {"SoDinhDanh" if len(question.number) == _LONG_NUMBER else "SoCMND": question.number}
    birth = question.birth_date.replace("-", "")
    date = {"Nam" if len(birth) == _YEAR else "NgayThangNam": birth}
    return XacThuc(
        MaYeuCau=request_id,
        MaDVC=question.procedure_code,
        MaTichHop=_SERVICE,
        MaCanBo=question.officer,
        MaDonVi=question.unit,
        HoVaTen=fold_name(question.full_name),
        **number,
        **date,
    )


def _json_body(wire: XacThuc) -> str:
    values = wire.model_dump()
    order = ("HoVaTen", "SoDinhDanh", "SoCMND", "NgayThangNam", "Nam", "MaTichHop", "MaDVC", "MaCanBo", "MaYeuCau")
    return json.dumps({name: values[name] for name in order}, ensure_ascii=False)


def _exchange(result: Delivery, body: str) -> Exchange:
    status = result.status if isinstance(result, Reply) else None
    text = result.text if isinstance(result, Reply) else result.message
    return Exchange(_OPERATION, status, mask(body), mask(text), result.elapsed_seconds)


def _classify(  # noqa: PLR0911 - one line a kind of answer
    way: PopulationWay, result: Delivery, exchange: Exchange
) -> tuple[PersonAnswer, bool]:
    if isinstance(result, NotSent):
        return PersonAnswer(PersonOutcome.UNAVAILABLE, "out of reach", exchange), True
    if isinstance(result, NoAnswer):
        return PersonAnswer(PersonOutcome.UNAVAILABLE, result.reason, exchange), False
    if result.status in _GATEWAY_DOWN:
        return PersonAnswer(PersonOutcome.UNAVAILABLE, f"HTTP {result.status}", exchange), True
    if result.status == _TOO_MANY:
        return PersonAnswer(PersonOutcome.QUOTA, "the quota of questions is spent", exchange), False
    if result.status == _UNAUTHORIZED:
        return PersonAnswer(PersonOutcome.UNAVAILABLE, "our access is refused", exchange), False
    if result.status in {_BAD_REQUEST, _FORBIDDEN}:
        return _denial(result, exchange), False
    if result.status != _OK:
        return PersonAnswer(PersonOutcome.UNAVAILABLE, f"HTTP {result.status}", exchange), False
    return _verdict(way, result.text, exchange), False


def _denial(result: Reply, exchange: Exchange) -> PersonAnswer:
    code = str(_object(result.text).get("errorCode", ""))
    if code in _DENIALS:
        return PersonAnswer(PersonOutcome.DENIED, _DENIALS[code], exchange)
    if result.status == _FORBIDDEN:
        return PersonAnswer(PersonOutcome.DENIED, "our access is forbidden", exchange)
    return PersonAnswer(PersonOutcome.BAD_REPLY, f"HTTP 400, code '{code}'", exchange)


def _verdict(way: PopulationWay, text: str, exchange: Exchange) -> PersonAnswer:
    found: bool | None
    if way is PopulationWay.JSON:
        face = _object(text)
        code = str(face.get("errorCode", face.get("error_code", "0")))
        if code in _DENIALS:
            return PersonAnswer(PersonOutcome.DENIED, _DENIALS[code], exchange)
        if code not in _JSON_SUCCESS:
            return PersonAnswer(PersonOutcome.BAD_REPLY, f"error code '{code}'", exchange)
        data = face.get("data", face.get("message"))
        found = data if isinstance(data, bool) else {"true": True, "false": False}.get(str(data))
        found = read_verdict(data) if found is None and isinstance(data, str) else found
    else:
        found = read_verdict(text)
    if found is None:
        return PersonAnswer(PersonOutcome.BAD_REPLY, "not an answer of the service", exchange)
    outcome = PersonOutcome.MATCH if found else PersonOutcome.NOT_FOUND_OR_MISMATCH
    return PersonAnswer(outcome, "answered", exchange)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
