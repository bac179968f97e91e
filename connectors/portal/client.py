"""The national portal: ``DongBoHoSoMC``, ``CapNhatTienDoHoSoMC``, ``TraCuuHoSo`` behind the adapter."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import httpx

from connectors.base import (
    Capacity,
    Exchange,
    Form,
    Health,
    Kind,
    Knowledge,
    Outcome,
    Parcel,
    Probed,
    Route,
    Sent,
    TryLater,
    Unknown,
)
from connectors.http import Delivery, HttpSettings, Reply, post
from connectors.masking import mask
from connectors.portal.answers import (
    OF_THE_ARRAY,
    UNREADABLE,
    Answer,
    fault,
    meaning,
    read_answer,
    read_items,
    storable,
)
from connectors.portal.codes import AnswerKind, answer_kind
from connectors.portal.probe import compare
from connectors.portal.session import Session
from connectors.portal.settings import PortalSettings
from connectors.portal.shapes import strange
from connectors.sessions import OwnBook, SessionBook

_SYNC, _PROGRESS, _LOOK_UP = "DongBoHoSoMC", "CapNhatTienDoHoSoMC", "TraCuuHoSo"
_OK = 200
_SERVER_ERRORS = 500
_HELD_MAX = 16_000
_HEADER_MAX = 200


@dataclass(frozen=True, slots=True)
class _Call:
    """One answered or unanswered call: the exchange to keep, and either an answer or what went wrong.

    ``hint`` is what an answer with an HTTP fault says, where it can be read. ``earlier`` led to this call.
    """

    exchange: Exchange
    answer: Answer | None
    fault: TryLater | Unknown | None
    hint: Answer | None = None
    earlier: tuple[Exchange, ...] = ()


@dataclass(slots=True)
class PortalConnector:
    """Speaks for one province to the portal. Safe to share between tasks of one event loop.

    ``book`` is where the session is kept; several processes of a province are given one that they share.
    """

    settings: PortalSettings
    client: httpx.AsyncClient
    http: HttpSettings = field(default_factory=HttpSettings)
    book: SessionBook = field(default_factory=OwnBook)
    _session: Session = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the shared session; nothing is sent yet."""
        self._session = Session(self.settings, self.http, self.client, self.book)

    @property
    def capacity(self) -> Capacity:
        """How much one call may carry."""
        return self.settings.capacity

    def envelope(self, parcel: Parcel) -> str:
        """One flag an envelope says whether it inserts or updates, so the two never share one."""
        return "step" if parcel.kind is Kind.STEP else f"dossier:{parcel.known}"

    async def send(self, parcels: Sequence[Parcel]) -> Sent:
        """Send parcels of one envelope in one call, in order.

        Logging in, a renewal and an insert that becomes an update are calls of their own. Each is bounded; their sum
        is bounded by who holds the lease, and may be cancelled at any moment.
        """
        first = parcels[0]
        if first.kind is Kind.STEP:
            call = await self._call(_PROGRESS, f'"data":{_data(parcels)}', first)
            return _verdict(call, parcels)
        call = await self._sync(parcels, update=first.known)
        return _verdict(call, parcels) if first.known else await self._inserted(call, parcels)

    async def _sync(self, parcels: Sequence[Parcel], *, update: bool) -> _Call:
        return await self._call(_SYNC, f'"isUpdating":"{update}","data":{_data(parcels)}', parcels[0])

    async def _inserted(self, call: _Call, parcels: Sequence[Parcel]) -> Sent:
        """What came of inserts; what the portal holds already goes once more, as an update.

        It is held because an answer was lost, or because another system was first. To repeat an update does no harm.
        """
        if len(parcels) == 1:
            (answer,) = _items(call, parcels) or (call.answer or call.hint,)
            if answer is None or answer.kind is not AnswerKind.DUPLICATE:
                return _verdict(call, parcels)
            return _after(call, _verdict(await self._sync(parcels, update=True), parcels))
        sent, items = _verdict(call, parcels), _items(call, parcels)
        there = [place for place, item in enumerate(items or ()) if item.kind is AnswerKind.DUPLICATE]
        if not there:
            return sent
        # What was taken stays taken; only what is there already goes once more.
        outcomes = list(sent.outcomes)
        updated = await self._update([parcels[place] for place in there])
        for place, outcome in zip(there, updated.outcomes, strict=True):
            outcomes[place] = outcome
        return _after(call, replace(updated, outcomes=tuple(outcomes), array_refused=False))

    async def _update(self, parcels: Sequence[Parcel]) -> Sent:
        """Update all in one call; one by one when the array is refused without a word of which."""
        sent = _verdict(await self._sync(parcels, update=True), parcels)
        if not sent.array_refused:
            return sent
        exchanges: list[Exchange] = [*sent.earlier, sent.exchange]
        outcomes: list[Outcome] = []
        for parcel in parcels:
            alone = _verdict(await self._sync([parcel], update=True), [parcel])
            outcomes.extend(alone.outcomes)
            exchanges.extend([*alone.earlier, alone.exchange])
        return Sent(tuple(outcomes), exchanges[-1], earlier=tuple(exchanges[:-1]))

    async def probe(self, dossier_code: str, parcels: Sequence[Parcel]) -> Probed:
        """Ask what the portal holds of a dossier."""
        call = await self._call(_LOOK_UP, f'"mahoso":{json.dumps(dossier_code)}', parcels[0] if parcels else None)
        result = call.answer.body.get("result") if call.answer and call.answer.kind is AnswerKind.SUCCESS else None
        if not isinstance(result, list) or (result and not isinstance(result[0], dict)):
            unknown = tuple(Knowledge.CANNOT_TELL for _ in parcels)
            return Probed(unknown, call.exchange, None, _no_knowledge(call))
        if not result:
            return Probed(tuple(Knowledge.LACKS for _ in parcels), call.exchange, dossier_known=False)
        held = mask(storable(json.dumps(result[0], ensure_ascii=False)), _HELD_MAX)
        return Probed(compare(result[0], parcels), call.exchange, dossier_known=True, held=held)

    async def check(self) -> Health:
        """Whether a session can be had."""
        token = await self._session.token()
        if isinstance(token, TryLater):
            return Health(reachable=False, detail=f"{token.reason}: {token.message}"[:200])
        return Health(reachable=True, detail="logged in")

    async def aclose(self) -> None:
        """Close connections."""
        await self.client.aclose()

    async def _call(self, service: str, rest: str, first: Parcel | None) -> _Call:
        """Call a service; a session that the portal refuses is renewed once, since nothing was taken with it."""
        token = await self._session.token()
        if isinstance(token, TryLater):
            return _Call(Exchange(service, answer=mask(token.message)), None, token)
        call = await self._post(service, token, rest, first)
        if call.answer is None or call.answer.kind is not AnswerKind.SESSION:
            return call
        renewed = await self._session.token(not_this=token)
        if isinstance(renewed, TryLater):
            return _Call(call.exchange, None, renewed)
        again = await self._post(service, renewed, rest, first)
        again = replace(again, earlier=(call.exchange,))
        if again.answer is not None and again.answer.kind is AnswerKind.SESSION:
            return replace(again, answer=None, fault=TryLater("session_refused", again.answer.message))
        return again

    async def _post(self, service: str, token: str, rest: str, first: Parcel | None) -> _Call:
        settings = self.settings
        head = f'"session":{json.dumps(token)},"madonvi":{json.dumps(settings.unit_code)},"service":"{service}"'
        content = f"{{{head},{rest}}}"
        result = await post(
            self.client,
            self.http,
            settings.url(settings.integration_path),
            content=content.encode(),
            headers={**settings.headers(), **_traces(first)},
            params=settings.params(),
        )
        call = _read(service, content, result)
        form = Form.QUERY if service == _LOOK_UP else Form.SYNC
        told = replace(call.exchange, form=form, payload_type="application/json", version=settings.profile.value)
        return replace(call, exchange=told)


def _data(parcels: Sequence[Parcel]) -> str:
    return "[" + ",".join(parcel.payload for parcel in parcels) + "]"


def _traces(first: Parcel | None) -> dict[str, str]:
    """Headers by which people on both sides find the same call; of an array, the first parcel's."""
    if first is None:
        return {}
    found = {"X-Correlation-ID": first.correlation_id, "traceparent": first.trace_context or ""}
    return {n: v for n, v in found.items() if v and len(v) <= _HEADER_MAX and v.isascii() and v.isprintable()}


def _read(service: str, content: str, result: Delivery) -> _Call:
    if not isinstance(result, Reply):
        exchange = Exchange(
            service,
            None,
            mask(content),
            mask(result.message),
            result.elapsed_seconds,
            result.timing,
            to=result.to,
            route=Route.PLATFORM,
        )
        return _Call(exchange, None, fault(result))
    answer = read_answer(result.text)
    exchange = Exchange(
        service,
        result.status,
        mask(content),
        mask(result.text),
        result.elapsed_seconds,
        result.timing,
        strange(result.text, answer) if result.status == _OK else None,
        result.to,
        Route.PLATFORM,
    )
    problem = fault(result)
    if problem is not None:
        return _Call(exchange, None, problem, answer or _told(result.text) if result.status >= _SERVER_ERRORS else None)
    return _Call(exchange, answer, None if answer else UNREADABLE)


def _told(text: str) -> Answer | None:
    """What a fault page without a code says all the same: that the dossier is there already."""
    found = Answer(answer_kind("", text), "", "", {})
    return found if found.kind is AnswerKind.DUPLICATE else None


def _items(call: _Call, parcels: Sequence[Parcel]) -> tuple[Answer, ...] | None:
    return read_items(call.answer, [parcel.dossier_code for parcel in parcels]) if call.answer else None


def _verdict(call: _Call, parcels: Sequence[Parcel]) -> Sent:
    """The outcome for each parcel: its own where the answer speaks of single items, else all share one fate.

    Whether a refused array was taken in part is not known; the engine asks before it sends any of it again that
    must not stand there twice. An array with a code that means nothing to us is taken apart likewise.
    """
    count = len(parcels)
    if call.answer is None:
        too_much = count > 1 and call.exchange.http_status in OF_THE_ARRAY
        return Sent((call.fault or UNREADABLE,) * count, call.exchange, array_refused=too_much, earlier=call.earlier)
    items = _items(call, parcels)
    if items is not None:
        outcomes: tuple[Outcome, ...] = tuple(meaning(item) for item in items)
        return Sent(outcomes, call.exchange, earlier=call.earlier)
    refused = call.answer.kind in {AnswerKind.REFUSAL, AnswerKind.DUPLICATE, AnswerKind.NEW}
    return Sent(
        (meaning(call.answer),) * count, call.exchange, array_refused=refused and count > 1, earlier=call.earlier
    )


def _after(call: _Call, sent: Sent) -> Sent:
    """A call that followed another: nothing of what went before is dropped from the record."""
    return replace(sent, earlier=(*call.earlier, call.exchange, *sent.earlier))


def _no_knowledge(call: _Call) -> TryLater:
    if call.fault is not None:
        wait = call.fault.retry_after_seconds if isinstance(call.fault, TryLater) else None
        return TryLater(call.fault.reason, call.fault.message, wait)
    said = meaning(call.answer) if call.answer else None
    if isinstance(said, TryLater):
        return said
    return TryLater("probe_unreadable", call.answer.message if call.answer else "")
