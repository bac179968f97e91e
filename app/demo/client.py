"""A client of the gateway's public REST API: what a one-stop program would do, and nothing more."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from app.demo.texts import TEXTS, both

LINES_PER_REQUEST: Final = 500
_PAGE: Final = 500
_TRIES: Final = 6
_WAIT_SECONDS_MAX: Final = 30.0
_LOCAL: Final = {"127.0.0.1", "localhost", "::1"}
_PLAIN_STEPS: Final = 10

Json = dict[str, Any]


class GatewayError(Exception):
    """The gateway did not do what was asked; says what it answered."""


class _Busy(Exception):
    """Not now: the same request may be made again after ``seconds``."""

    def __init__(self, detail: str, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """The answer to one line: its number in the file (from 1), its bytes, and the problem if it was refused."""

    number: int
    line: bytes
    problem: Json | None

    @property
    def taken(self) -> bool:
        """Whether the record is the gateway's responsibility now."""
        return self.problem is None

    @property
    def slug(self) -> str:
        """The name of the refusal, or ""."""
        return slug_of(self.problem) if self.problem else ""


class Gateway:
    """One gateway and one token. Requests that it had no room for are made again: every one may be."""

    def __init__(self, url: str, token: str) -> None:
        """``url`` without a path; a gateway on this machine is never called through a proxy."""
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(120, connect=10),
            trust_env=httpx.URL(url).host not in _LOCAL,
        )

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close connections."""
        self._http.close()

    def hand_over(self, numbered: Sequence[tuple[int, bytes]]) -> list[LineAnswer]:
        """Give numbered lines in one request.

        Raises:
            GatewayError: it did not answer each of them.
        """
        body = b"".join(line.rstrip(b"\r\n") + b"\n" for _, line in numbered)
        response = self._call("POST", "/v1/intake", content=body, headers={"Content-Type": "application/x-ndjson"})
        if not response.is_success:
            raise GatewayError(_words(response))
        # Not splitlines(): texts may hold characters that it would take for the end of a line.
        answers = [json.loads(line) for line in response.content.split(b"\n") if line]
        if [answer["line"] for answer in answers] != list(range(1, len(numbered) + 1)):
            message = f"{len(numbered)} lines were handed over, {len(answers)} were answered"
            raise GatewayError(message)
        return [
            LineAnswer(number, line, answer.get("problem"))
            for (number, line), answer in zip(numbered, answers, strict=True)
        ]

    def hand_over_one(self, number: int, line: bytes) -> LineAnswer:
        """Give one line by the address of its dossier (PUT a dossier, POST a step)."""
        record = json.loads(line)
        if record.pop("type") == "dossier":
            response = self._call("PUT", f"/v1/dossiers/{quote(record.pop('code'), safe='')}", json=record)
        else:
            code = quote(record.pop("dossier"), safe="")
            response = self._call("POST", f"/v1/dossiers/{code}/steps", json=record)
        return LineAnswer(number, line, None if response.is_success else response.json())

    def summary(self) -> Json:
        """The state of the sync."""
        return self._get("/v1/sync/summary")

    def deliveries(self, **wanted: str) -> Iterator[Json]:
        """All deliveries that fit, newest first, page by page."""
        page: str | None = f"/v1/deliveries?{httpx.QueryParams({'limit': str(_PAGE), **wanted})}"
        while page:
            answer = self._get(page)
            yield from answer["items"]
            page = answer["next"]

    def post_document(self, dossier: str, metadata: Json, content: bytes) -> tuple[int, Json]:
        """Hand a file over; the status and the answer, whether it was taken or not."""
        parts = {
            "metadata": (None, json.dumps(metadata, ensure_ascii=False).encode(), "application/json"),
            "file": (metadata.get("file_name", "tep.pdf"), content, "application/octet-stream"),
        }
        response = self._call("POST", f"/v1/dossiers/{quote(dossier, safe='')}/documents", files=parts)
        answer: Json = response.json()
        return response.status_code, answer

    def ask(self, method: str, address: str, body: Json | None = None) -> Json:
        """Any other request.

        Raises:
            GatewayError: it was refused; says what was answered.
        """
        response = self._call(method, address, json=body) if body is not None else self._call(method, address)
        if not response.is_success:
            raise GatewayError(_words(response))
        answer: Json = response.json()
        return answer

    def verify_person(self, question: Mapping[str, object]) -> str:
        """Ask about a person once; the class of the outcome, or the name of the refusal."""
        answer = self._call("POST", "/v1/persons/verify", tries=1, json=question).json()
        return str(answer["outcome"]) if "outcome" in answer else slug_of(answer)

    def _get(self, address: str) -> Json:
        response = self._call("GET", address)
        if not response.is_success:
            raise GatewayError(_words(response))
        answer: Json = response.json()
        return answer

    def _call(self, method: str, address: str, *, tries: int = _TRIES, **parts: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        def once() -> httpx.Response:
            try:
                response = self._http.request(method, address, **parts)
            except httpx.TransportError as error:
                raise _Busy(str(error) or type(error).__name__, 1.0) from error
            if tries > 1 and response.headers.get("Retry-After", "").isdigit():
                raise _Busy(_words(response), float(response.headers["Retry-After"]))
            return response

        retrying = Retrying(
            stop=stop_after_attempt(tries), wait=_asked_wait, retry=retry_if_exception_type(_Busy), reraise=True
        )
        try:
            return retrying(once)
        except _Busy as error:
            message = f"{method} {address}: {error}"
            raise GatewayError(message) from error


def _asked_wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return min(error.seconds, _WAIT_SECONDS_MAX) if isinstance(error, _Busy) else 0.0


def _words(response: httpx.Response) -> str:
    return f"{response.request.method} {response.request.url.path}: {response.status_code} {response.text[:500]}"


def slug_of(problem: Json) -> str:
    """The name of a refusal: the last part of its type."""
    return str(problem["type"]).rpartition("/")[2]


@contextmanager
def progress(console: Console, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far work has come; gives a function that is told the count done so far.

    A bar on a terminal, a line for each tenth anywhere else.
    """
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
            task = bar.add_task(title, total=total)
            yield lambda done: bar.update(task, completed=done)
        return
    began, shown = time.monotonic(), -1

    def tell(done: int) -> None:
        nonlocal shown
        tenth = _PLAIN_STEPS * done // total if total else _PLAIN_STEPS
        if tenth > shown:
            shown = tenth
            console.print(f"{title}: {done}/{total} ({time.monotonic() - began:.1f} s)", soft_wrap=True)

    yield tell


def numbered_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers from 1; blank ones are left out."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line


def in_batches(
    numbered: Iterable[tuple[int, bytes]], size: int = LINES_PER_REQUEST
) -> Iterator[list[tuple[int, bytes]]]:
    """Lists of at most ``size``."""
    source = iter(numbered)
    while batch := list(islice(source, size)):
        yield batch


def load(gateway: Gateway, file: Path, console: Console, title: str, singles: int = 0) -> Iterator[LineAnswer]:
    """Hand a file over and give the answer to each line, in order; the first ``singles`` go one by one."""
    total = sum(1 for _ in numbered_lines(file))
    lines = numbered_lines(file)
    with progress(console, title, total) as tell:
        done = 0
        tell(0)
        for number, line in islice(lines, singles):
            yield gateway.hand_over_one(number, line)
            done += 1
            tell(done)
        for batch in in_batches(lines):
            yield from gateway.hand_over(batch)
            done += len(batch)
            tell(done)


def import_file(file: Path, url: str, token: str) -> int:
    """Hand a file over; print what was refused and why.

    Returns:
        0 when every line was taken, 1 when some were refused, 2 when the gateway did not answer.
    """
    console = Console()
    taken = refused = 0
    try:
        with Gateway(url, token) as gateway:
            for answer in load(gateway, file, console, both("loading")):
                taken += answer.taken
                if answer.problem is not None:
                    refused += 1
                    _tell_refusal(console, answer, answer.problem)
    except GatewayError as error:
        console.print(f"lienthong: {error}", markup=False, soft_wrap=True)
        return 2
    console.print(f"{both('taken_lines')}: {taken}. {both('refused_lines')}: {refused}.")
    return 1 if refused else 0


def _tell_refusal(console: Console, answer: LineAnswer, problem: Json) -> None:
    vietnamese, english = TEXTS["refused_line"]
    faults = "; ".join(f"{fault['pointer']}: {fault['detail']}" for fault in problem.get("errors", ()))
    where = f"{vietnamese} / {english} {answer.number}"
    console.print(f"{where}: {answer.slug}: {faults or problem['detail']}", markup=False, soft_wrap=True)
    console.print(f"    {problem['advice']} / {problem['advice_en']}", markup=False, soft_wrap=True)
