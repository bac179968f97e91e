"""The population database: service 003 says yes or no, service 037 tells a record (ways A, C and D)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx

from connectors.base import Exchange, Form, Route, TryLater
from connectors.http import Delivery, HttpSettings, Reply, post
from connectors.masking import mask
from connectors.population.answers import Failure, Said, is_access_refused, open_answer, read_yes_or_no
from connectors.population.outcomes import PersonAnswer, PersonOutcome, PersonQuestion, RecordAnswer
from connectors.population.record import Found, read_record
from connectors.population.settings import PopulationService, PopulationSettings, PopulationWay
from connectors.population.tokens import Tokens
from connectors.population.ways import JSON_HEADERS, body_of, direct_headers, lgsp_headers, wire_question
from connectors.sessions import OwnBook, SessionBook
from schemas.persons import PersonField
from schemas.population import OPERATIONS

_REQUEST_ID_MAX = 40


@dataclass(slots=True)
class _Call:
    """One question on its way: what was sent last, and what came back."""

    service: PopulationService
    question: PersonQuestion
    route: Route
    sent: str | None = field(default=None, repr=False)
    payload_type: str = ""
    result: Delivery | None = field(default=None, repr=False)

    def exchange(self) -> Exchange | None:
        """What may be kept: the question masked and no word of the answer; None when nothing was sent."""
        if self.sent is None:
            return None
        found = Exchange(OPERATIONS[self.service.value], request=mask(self.sent), route=self.route)
        found = replace(found, form=Form.QUERY, payload_type=self.payload_type)
        if self.result is None:
            return found
        status = self.result.status if isinstance(self.result, Reply) else None
        return replace(
            found,
            http_status=status,
            elapsed_seconds=self.result.elapsed_seconds,
            timing=self.result.timing,
            to=self.result.to,
        )


@dataclass(slots=True)
class PopulationConnector:
    """Asks in an officer's own name. Never raises for what the far side or the network did.

    The token of way A is the partner's and not an officer's, so all processes share the one that stands in ``book``.
    ``clock`` is what the hash of way D is bound to.
    """

    settings: PopulationSettings
    client: httpx.AsyncClient
    http: HttpSettings = field(
        default_factory=lambda: HttpSettings(connect_seconds=3.0, total_seconds=15.0, tries_max=1)
    )
    book: SessionBook = field(default_factory=OwnBook)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        """Stand on the book."""
        self._tokens = Tokens(self.client, self.book)

    async def verify(self, question: PersonQuestion) -> PersonAnswer:
        """Ask for yes or no.

        Raises:
            ValueError: a question that must not be asked, as ``wire_question`` says.
        """
        call = _Call(PopulationService.VERIFY, question, self._route())
        said = await self._in_time(call)
        outcome, reason = (said.outcome, said.reason) if isinstance(said, Failure) else read_yes_or_no(said)
        exchange = call.exchange()
        if exchange is not None and call.result is not None:
            told = call.result.text if isinstance(call.result, Reply) else call.result.message
            exchange = replace(exchange, answer=mask(told))
        return PersonAnswer(outcome, reason, exchange)

    async def read(self, question: PersonQuestion, wanted: frozenset[PersonField]) -> RecordAnswer:
        """Ask for the record; what is not wanted is dropped here, and nothing of the answer is kept beside it.

        Raises:
            ValueError: a question that must not be asked, as ``wire_question`` says.
        """
        call = _Call(PopulationService.RECORD, question, self._route())
        said = await self._in_time(call)
        found = Found(said.outcome, said.reason) if isinstance(said, Failure) else read_record(said, question, wanted)
        exchange = call.exchange()
        if exchange is not None and call.result is not None:
            # Not even why a connection broke: such a message may quote what was read.
            size = f"{len(call.result.text.encode())} bytes" if isinstance(call.result, Reply) else call.result.reason
            exchange = replace(exchange, answer=f"{size}, {found.outcome.value}")
        return RecordAnswer(found.outcome, found.reason, exchange, found.record, found.data_at, found.alarm)

    async def aclose(self) -> None:
        """Close connections."""
        await self.client.aclose()

    def _route(self) -> Route:
        return Route.DIRECT if self.settings.way is PopulationWay.DIRECT else Route.PLATFORM

    async def _in_time(self, call: _Call) -> Said | Failure:
        """Ask; again, at most twice and under a new request id, only where the gateway was down or out of reach."""
        try:
            async with asyncio.timeout(self.http.total_seconds):
                said = await self._ask(call, "")
                for turn in range(1, self.settings.retries_max + 1):
                    if not (isinstance(said, Failure) and said.may_pass):
                        break
                    said = await self._ask(call, str(turn))
                return said
        except TimeoutError:
            return Failure(PersonOutcome.UNAVAILABLE, "no answer in time")

    async def _ask(self, call: _Call, mark: str, refused: str | None = None) -> Said | Failure:
        """One question.

        ``mark`` sets its request id apart from the others of this question, ``refused`` is a token that the gateway
        has just refused.
        """
        settings = self.settings
        wire = wire_question(call.service, call.question, _request_id(call.question, mark))
        token: str | None = None
        if settings.way is PopulationWay.JSON:
            headers = JSON_HEADERS
        elif settings.way is PopulationWay.DIRECT:
            headers = direct_headers(settings, call.service, self.clock())
        else:
            key = settings.officers.get(call.question.officer)
            if key is None:
                return Failure(PersonOutcome.DENIED, "the officer has no key of their own")
            found = await self._tokens.token(settings, self.http, not_this=refused)
            if isinstance(found, TryLater):
                return Failure(PersonOutcome.UNAVAILABLE, f"no token: {found.message}")
            token = found
            headers = lgsp_headers(settings, token, key)
        body = body_of(settings.way, wire)
        # Taken down before it goes, so that a question that is broken off shows that it was asked.
        call.sent, call.result = body, None
        call.payload_type = headers["Content-Type"].partition(";")[0]
        http = replace(self.http, answer_bytes_max=min(self.http.answer_bytes_max, settings.answer_bytes_max))
        url = settings.service_url(call.service)
        call.result = await post(self.client, http, url, content=body.encode(), headers=headers)
        if token is not None and refused is None and is_access_refused(call.result):
            return await self._ask(call, f"{mark}r", refused=token)
        return open_answer(settings.way, call.result)


def _request_id(question: PersonQuestion, mark: str) -> str:
    """An id of at most 40 characters that no other request of this question has."""
    suffix = f"-{mark}" if mark else ""
    return question.request_id[: _REQUEST_ID_MAX - len(suffix)] + suffix
