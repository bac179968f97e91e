"""The national store behind its adapter: what is held of a person, and the files of it."""

import asyncio
from dataclasses import dataclass, field, replace

import httpx

from connectors.base import Exchange, Form, Route, TryLater
from connectors.http import Delivery, HttpSettings, NoAnswer, Reply, post
from connectors.national_store.answers import (
    Answer,
    AnswerKind,
    file_body,
    is_wanted,
    question_body,
    read_answer,
    read_file,
    read_papers,
)
from connectors.national_store.outcomes import FileAnswer, PapersAnswer, PapersQuestion, StoreOutcome
from connectors.national_store.record import masked, record_of_file
from connectors.national_store.session import StoreSession
from connectors.national_store.settings import NationalStoreSettings
from connectors.sessions import OwnBook, SessionBook

_OK, _BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN = 200, 400, 401, 403
_LIST, _FILE, _TOO_LARGE = "papers", "file", "too_large"
_OUTCOMES = {
    AnswerKind.REFUSAL: StoreOutcome.DENIED,
    AnswerKind.NO_SUCH_FILE: StoreOutcome.NOTHING_HELD,
    AnswerKind.AWAY: StoreOutcome.UNAVAILABLE,
}

#: For the client and the connector; the totals of a question are in ``NationalStoreSettings``.
STORE_HTTP = HttpSettings(connect_seconds=3.0, read_seconds=60.0, write_seconds=15.0, tries_max=2, tries_seconds=5.0)


@dataclass(frozen=True, slots=True)
class _Said:
    """The store answered with HTTP 200 and not about the session."""

    text: str
    answer: Answer | None
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class _Failed:
    outcome: StoreOutcome
    reason: str
    exchange: Exchange | None


@dataclass(slots=True)
class NationalStoreConnector:
    """Asks for a person's papers. Never raises for what the far side or the network did."""

    settings: NationalStoreSettings
    client: httpx.AsyncClient
    http: HttpSettings = STORE_HTTP
    book: SessionBook = field(default_factory=OwnBook)
    _session: StoreSession = field(init=False)

    def __post_init__(self) -> None:
        """Stand on the book."""
        self._session = StoreSession(self.settings, self.http, self.client, self.book)

    async def papers(self, question: PapersQuestion) -> PapersAnswer:
        """Ask what is held, within ``list_seconds``; what was not wanted is dropped and counted."""
        said = await self._ask(_LIST, question_body(question), self.http, self.settings.list_seconds)
        if isinstance(said, _Failed):
            return PapersAnswer(said.outcome, said.reason, said.exchange)
        refused = _refusal(said.answer)
        if refused is not None:
            outcome, reason = refused
            # Nothing but an empty list says that nothing is held.
            outcome = StoreOutcome.BAD_REPLY if outcome is StoreOutcome.NOTHING_HELD else outcome
            return PapersAnswer(outcome, reason, said.exchange)
        told = read_papers(said.answer) if said.answer else None
        if told is None:
            return PapersAnswer(StoreOutcome.BAD_REPLY, "not a list of papers", said.exchange)
        papers = tuple(paper for paper in told if is_wanted(paper, question.wanted))
        outcome = StoreOutcome.FOUND if papers else StoreOutcome.NOTHING_HELD
        return PapersAnswer(outcome, "answered", said.exchange, papers, len(told) - len(papers))

    async def file(self, issuing_body: str, path: str, max_bytes: int) -> FileAnswer:
        """Fetch one file, within ``file_seconds``, of at most ``max_bytes`` and ``file_bytes_max``."""
        limit = min(max_bytes, self.settings.file_bytes_max)
        # Base64 is a third longer than its file, and an encoder may escape its plus signs and slashes.
        http = replace(self.http, answer_bytes_max=limit * 8 // 5 + 4096)
        said = await self._ask(_FILE, file_body(issuing_body, path), http, self.settings.file_seconds)
        if isinstance(said, _Failed):
            return FileAnswer(said.outcome, said.reason, said.exchange)
        refused = _refusal(said.answer)
        if refused is not None:
            return FileAnswer(*refused, said.exchange)
        content = await asyncio.to_thread(read_file, said.text) if said.answer is None else None
        if content is None:
            return FileAnswer(StoreOutcome.BAD_REPLY, "not a file in base64", said.exchange)
        if len(content) > limit:
            return FileAnswer(StoreOutcome.BAD_REPLY, _TOO_LARGE, said.exchange)
        return FileAnswer(StoreOutcome.FOUND, "answered", said.exchange, content)

    async def aclose(self) -> None:
        """Close connections."""
        await self.client.aclose()

    async def _ask(self, service: str, body: str, http: HttpSettings, seconds: float) -> _Said | _Failed:
        """One question, with at most one more after a session that was refused; all of it within ``seconds``."""
        http = replace(http, total_seconds=min(http.total_seconds, seconds))
        sent: list[Exchange] = []
        try:
            async with asyncio.timeout(seconds):
                return await self._send(service, body, http, sent)
        except TimeoutError:
            return _Failed(StoreOutcome.UNAVAILABLE, "no answer in time", sent[-1] if sent else None)

    async def _send(
        self, service: str, body: str, http: HttpSettings, sent: list[Exchange], refused: str | None = None
    ) -> _Said | _Failed:
        """``sent`` takes down what goes out before it goes; ``refused`` is a session that was just refused."""
        token = await self._session.token(refused)
        if isinstance(token, TryLater):
            return _Failed(StoreOutcome.UNAVAILABLE, f"no session: {token.message}", None)
        settings = self.settings
        sent.append(
            Exchange(
                service,
                request=masked(body),
                route=Route.PLATFORM,
                form=Form.QUERY,
                payload_type="application/json",
            )
        )
        result = await post(
            self.client,
            http,
            settings.url(settings.list_path if service == _LIST else settings.file_path),
            content=body.encode(),
            headers=settings.headers(token),
            params=settings.params(),
        )
        # A file has megabytes, and is looked through for words of the store.
        answer, exchange = await asyncio.to_thread(_read, sent[-1], result)
        if _is_about_session(result, answer):
            if refused is None:
                return await self._send(service, body, http, sent, refused=token)
            return _Failed(StoreOutcome.UNAVAILABLE, "our session is refused", exchange)
        return _classify(result, answer, exchange)


def _is_about_session(result: Delivery, answer: Answer | None) -> bool:
    if not isinstance(result, Reply):
        return False
    is_told = result.status == _OK and answer is not None and answer.kind is AnswerKind.SESSION
    return is_told or result.status == _UNAUTHORIZED


def _classify(result: Delivery, answer: Answer | None, exchange: Exchange) -> _Said | _Failed:
    if not isinstance(result, Reply):
        is_too_large = isinstance(result, NoAnswer) and result.reason == _TOO_LARGE
        outcome = StoreOutcome.BAD_REPLY if is_too_large else StoreOutcome.UNAVAILABLE
        return _Failed(outcome, result.reason, exchange)
    if result.status == _OK:
        return _Said(result.text, answer, exchange)
    outcomes = {_FORBIDDEN: StoreOutcome.DENIED, _BAD_REQUEST: StoreOutcome.BAD_REPLY}
    return _Failed(outcomes.get(result.status, StoreOutcome.UNAVAILABLE), f"HTTP {result.status}", exchange)


def _refusal(answer: Answer | None) -> tuple[StoreOutcome, str] | None:
    """What an answer with a code other than success means; None when it is none or speaks of success."""
    if answer is None or answer.kind is AnswerKind.SUCCESS:
        return None
    return _OUTCOMES.get(answer.kind, StoreOutcome.BAD_REPLY), masked(answer.words)


def _read(sent: Exchange, result: Delivery) -> tuple[Answer | None, Exchange]:
    return read_answer(result.text) if isinstance(result, Reply) else None, _exchange(sent, result)


def _exchange(sent: Exchange, result: Delivery) -> Exchange:
    if not isinstance(result, Reply):
        return replace(
            sent, answer=result.message, elapsed_seconds=result.elapsed_seconds, timing=result.timing, to=result.to
        )
    told = record_of_file(result.text) if sent.service == _FILE else masked(result.text)
    return replace(
        sent,
        http_status=result.status,
        answer=told,
        elapsed_seconds=result.elapsed_seconds,
        timing=result.timing,
        to=result.to,
    )
