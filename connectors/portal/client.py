"""The national portal: ``DongBoHoSoMC``, ``CapNhatTienDoHoSoMC``, ``TraCuuHoSo`` behind the adapter."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from connectors.base import (
    Accepted,
    Capacity,
    Exchange,
    Health,
    Kind,
    Knowledge,
    Outcome,
    Parcel,
    Probed,
    Sent,
    TryLater,
    Unknown,
)
from connectors.http import Delivery, HttpSettings, Reply, post
from connectors.masking import mask
from connectors.portal.answers import UNREADABLE, Answer, fault, read_answer, refusal
from connectors.portal.codes import AnswerKind
from connectors.portal.probe import compare
from connectors.portal.session import Session
from connectors.portal.settings import PortalSettings

_SYNC, _PROGRESS, _LOOK_UP = "DongBoHoSoMC", "CapNhatTienDoHoSoMC", "TraCuuHoSo"
_TOO_LATE = Unknown("total_timeout", "the calls that this took did not end in time")


@dataclass(frozen=True, slots=True)
class _Call:
    """One answered or unanswered call: the exchange to keep, and either an answer or what went wrong."""

    exchange: Exchange
    answer: Answer | None
    fault: TryLater | Unknown | None


@dataclass(slots=True)
class PortalConnector:
    """Speaks for one province to the portal. Safe to share between tasks of one event loop."""

    settings: PortalSettings
    client: httpx.AsyncClient
    http: HttpSettings = field(default_factory=HttpSettings)
    _session: Session = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the shared session; nothing is sent yet."""
        self._session = Session(self.settings, self.http, self.client)

    @property
    def capacity(self) -> Capacity:
        """How much one call may carry."""
        return self.settings.capacity

    def envelope(self, parcel: Parcel) -> str:
        """One flag an envelope says whether it inserts or updates, so the two never share one."""
        return "step" if parcel.kind is Kind.STEP else f"dossier:{parcel.known}"

    async def send(self, parcels: Sequence[Parcel]) -> Sent:
        """Send parcels of one envelope in one call, in order.

        Logging in, a renewal and an insert that becomes an update are calls of their own: together they take no
        longer than one call with all its tries may, since a lease stands behind it.
        """
        try:
            async with asyncio.timeout(self._longest_seconds):
                return await self._send(parcels)
        except TimeoutError:
            exchange = Exchange(_PROGRESS if parcels[0].kind is Kind.STEP else _SYNC, answer=_TOO_LATE.message)
            return Sent((_TOO_LATE,) * len(parcels), exchange)

    @property
    def _longest_seconds(self) -> float:
        return self.http.total_seconds + self.http.tries_seconds

    async def _send(self, parcels: Sequence[Parcel]) -> Sent:
        first = parcels[0]
        data = "[" + ",".join(parcel.payload for parcel in parcels) + "]"
        if first.kind is Kind.STEP:
            return _verdict(await self._call(_PROGRESS, f'"data":{data}'), len(parcels))
        call = await self._sync(data, update=first.known)
        if len(parcels) == 1 and not first.known and call.answer and call.answer.kind is AnswerKind.DUPLICATE:
            # The portal holds it already (an answer was lost, or another system was first): then it is an update.
            call = await self._sync(data, update=True)
        return _verdict(call, len(parcels))

    async def _sync(self, data: str, *, update: bool) -> _Call:
        return await self._call(_SYNC, f'"isUpdating":"{update}","data":{data}')

    async def probe(self, dossier_code: str, parcels: Sequence[Parcel]) -> Probed:
        """Ask what the portal holds of a dossier."""
        try:
            async with asyncio.timeout(self._longest_seconds):
                call = await self._call(_LOOK_UP, f'"mahoso":{json.dumps(dossier_code)}')
        except TimeoutError:
            call = _Call(Exchange(_LOOK_UP, answer=_TOO_LATE.message), None, _TOO_LATE)
        result = call.answer.body.get("result") if call.answer and call.answer.kind is AnswerKind.SUCCESS else None
        if not isinstance(result, list) or (result and not isinstance(result[0], dict)):
            reason = call.fault.reason if call.fault else "probe_unreadable"
            message = call.fault.message if call.fault else (call.answer.message if call.answer else "")
            unknown = tuple(Knowledge.CANNOT_TELL for _ in parcels)
            wait = call.fault.retry_after_seconds if isinstance(call.fault, TryLater) else None
            return Probed(unknown, call.exchange, None, TryLater(reason, message, wait))
        if not result:
            return Probed(tuple(Knowledge.LACKS for _ in parcels), call.exchange, dossier_known=False)
        return Probed(compare(result[0], parcels), call.exchange, dossier_known=True)

    async def check(self) -> Health:
        """Whether a session can be had."""
        token = await self._session.token()
        if isinstance(token, TryLater):
            return Health(reachable=False, detail=f"{token.reason}: {token.message}"[:200])
        return Health(reachable=True, detail="logged in")

    async def aclose(self) -> None:
        """Close connections."""
        await self.client.aclose()

    async def _call(self, service: str, rest: str) -> _Call:
        """Call a service; a session that the portal refuses is renewed once, since nothing was taken with it."""
        token = await self._session.token()
        if isinstance(token, TryLater):
            return _Call(Exchange(service, answer=mask(token.message)), None, token)
        call = await self._post(service, token, rest)
        if call.answer is not None and call.answer.kind is AnswerKind.SESSION:
            renewed = await self._session.token(not_this=token)
            if isinstance(renewed, TryLater):
                return _Call(call.exchange, None, renewed)
            call = await self._post(service, renewed, rest)
            if call.answer is not None and call.answer.kind is AnswerKind.SESSION:
                return _Call(call.exchange, None, TryLater("session_refused", call.answer.message))
        return call

    async def _post(self, service: str, token: str, rest: str) -> _Call:
        settings = self.settings
        head = f'"session":{json.dumps(token)},"madonvi":{json.dumps(settings.unit_code)},"service":"{service}"'
        content = f"{{{head},{rest}}}"
        result = await post(
            self.client,
            self.http,
            settings.url(settings.integration_path),
            content=content.encode(),
            headers=settings.headers(),
            params=settings.params(),
        )
        return _read(service, content, result)


def _read(service: str, content: str, result: Delivery) -> _Call:
    text = result.text if isinstance(result, Reply) else result.message
    status = result.status if isinstance(result, Reply) else None
    exchange = Exchange(service, status, mask(content), mask(text), result.elapsed_seconds)
    problem = fault(result)
    if problem is not None:
        return _Call(exchange, None, problem)
    answer = read_answer(text)
    return _Call(exchange, answer, None if answer else UNREADABLE)


def _verdict(call: _Call, count: int) -> Sent:
    """The outcome for each parcel. No client has seen an answer that speaks of single items: all share one fate."""
    outcome: Outcome
    if call.answer is None:
        outcome = call.fault or UNREADABLE
        return Sent((outcome,) * count, call.exchange)
    if call.answer.kind is AnswerKind.SUCCESS:
        outcome = Accepted(call.answer.code, call.answer.message)
        return Sent((outcome,) * count, call.exchange)
    return Sent((refusal(call.answer),) * count, call.exchange, array_refused=count > 1)
