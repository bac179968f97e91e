"""What no honest software sends, put into each place of a valid request, on both databases; and nothing said to nobody.

PostgreSQL refuses NUL and lone surrogates where SQLite takes them, so that what is not stopped at the door is a fault
of ours on one of them only.
"""

import copy
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from app.store.session import Database
from schemas.answers import Problem
from tests.fuzz.bounds import is_long
from tests.fuzz.furnished import Furnished, furnish
from tests.worlds import code

_PROBLEM = "application/problem+json"
# What PostgreSQL takes in no text.
_UNHELD = ("a\0b", "\ud800")
_TEXTS = ("", "x" * 5000, "\u202e", "٣", "9" * 30, str(2**63), "-1", "1.5", "NaN")
_IN_BODY: tuple[Any, ...] = (2**63, -1, True, None, {}, [[]], "x" * 5000, "", "٣")
_DEEP = 20_000
_SOME = 10
_JSON = {"Content-Type": "application/json"}
_ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
_RAW = (
    b"",
    b"\xff\xfe",
    b"\0",
    b"null",
    b"[" * _DEEP,
    b'{"a":' * _DEEP,
    b'{"a": 1e999, "b": NaN}',
    b"1" * 5000,
    b'{"a": "\xed\xa0\x80"}',
)
# Examples name what only an example knows; here they name what is there.
_NAMED = {"dossier": "code", "dossier_code": "code", "by": "by_document", "lookup_id": "lookup_id"}


@dataclass
class Asked:
    """One operation of the document, and a valid request to it."""

    method: str
    path: str
    responses: frozenset[str]
    secured: bool
    parameters: dict[str, str]
    queries: tuple[str, ...]
    headers: tuple[str, ...]
    media_type: str | None
    body: Any

    @property
    def label(self) -> str:
        """As people say it."""
        return f"{self.method} {self.path}"

    def address(self, **changes: str) -> str:
        """The address, with some of its parts changed."""
        said = {name: quote(str(value), safe="/", errors="surrogatepass") for name, value in self.parameters.items()}
        return self.path.format(**said | changes)


@dataclass
class Knocker:
    """Sends requests and remembers which answers were not in order."""

    client: httpx.AsyncClient
    wrong: dict[tuple[str, str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    calls: int = 0

    async def knock(self, asked: Asked, place: str, address: str, **more: Any) -> httpx.Response:
        """Send one; what is answered must be declared, and a refusal must be a problem."""
        self.calls += 1
        answer = await self.client.request(asked.method, address, **more)
        complaint = _complaint(asked, answer)
        if complaint:
            self.wrong[asked.label, place, complaint].append(f"{address[:200]} {str(more)[:300]}: {answer.text[:400]}")
        return answer

    def settle(self) -> None:
        """Fail with one example of each."""
        told = "\n\n".join(f"{key}, {len(said)} times: {said[0]}" for key, said in sorted(self.wrong.items()))
        assert not self.wrong, told
        assert self.calls


def _complaint(asked: Asked, answer: httpx.Response) -> str:
    if answer.status_code >= 500:
        return str(answer.status_code)
    # An address with a slash in it, or nothing at the end, is another address.
    if str(answer.status_code) not in asked.responses and answer.status_code not in {404, 405}:
        return f"{answer.status_code} is not declared"
    if answer.headers.get("content-type") == _PROBLEM and asked.method != "HEAD":
        Problem.model_validate(answer.json())
    return ""


def operations(made: Furnished) -> list[Asked]:
    """Every operation that is published."""
    document = made.app.openapi()
    return [
        _asked(made, method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _asked(made: Furnished, method: str, path: str, operation: dict[str, Any]) -> Asked:
    by_place = defaultdict(list)
    for parameter in operation.get("parameters", ()):
        by_place[parameter["in"]].append(parameter["name"])
    media = operation.get("requestBody", {}).get("content", {})
    media_type = "application/json" if "application/json" in media else next(iter(media), None)
    body = None
    if media_type == "application/json":
        examples = media[media_type].get("examples", {})
        example = next(iter(examples.values()))["value"] if examples else media[media_type].get("example")
        body = _at_home(made, example)
    return Asked(
        method.upper(),
        path,
        frozenset(operation["responses"]),
        bool(operation.get("security")),
        {name: str(made.ids[name]) for name in by_place["path"]},
        tuple(by_place["query"]),
        tuple(by_place["header"]),
        media_type,
        body,
    )


def _at_home(made: Furnished, example: Any) -> Any:
    """An example that names what this gateway holds."""
    if not isinstance(example, dict):
        return example
    named = {
        name: made.ids[_NAMED[name]] for name, value in example.items() if name in _NAMED and isinstance(value, str)
    }
    found = example | named
    return found | ({"procedure": "1.000110"} if found.get("dossier") == code(1) and "procedure" in found else {})


def mutated(body: Any, values: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """The body with each of its values replaced by each hostile one, and with one key too many."""
    for place in _places(body):
        for hostile in values:
            other = copy.deepcopy(body)
            holder = other
            for step in place[:-1]:
                holder = holder[step]
            holder[place[-1]] = hostile
            yield "/".join(map(str, place)), other
    yield "a key", body | {"a\0b": 1, "\ud800": 2}


def some(cases: Sequence[tuple[str, Any]]) -> Sequence[tuple[str, Any]]:
    """All in a long run; in a short one a few, of every place and every value alike."""
    return cases if is_long() else cases[:: len(cases) // _SOME + 1]


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (*above, key)
        yield from _places(part, (*above, key))


@pytest_asyncio.fixture
async def made(database: Database, tmp_path: Path) -> Furnished:
    return await furnish(database, tmp_path)


@pytest_asyncio.fixture
async def knocker(made: Furnished) -> AsyncIterator[Knocker]:
    async with made.client() as client:
        yield Knocker(client)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_postgresql_cannot_hold_is_stopped_at_the_door(made: Furnished, knocker: Knocker) -> None:
    for asked in operations(made):
        for text in _UNHELD:
            quoted = quote(text, safe="", errors="surrogatepass")
            for name in asked.parameters:
                await knocker.knock(asked, name, asked.address(**{name: quoted}))
            for name in asked.queries:
                await knocker.knock(asked, name, f"{asked.address()}?{name}={quoted}")
        if isinstance(asked.body, dict):
            for place, body in some(list(mutated(asked.body, _UNHELD))):
                await knocker.knock(asked, place, asked.address(), content=json.dumps(body).encode(), headers=_JSON)
    knocker.settle()


@_ON_SQLITE
async def test_nothing_breaks_anything(made: Furnished, knocker: Knocker) -> None:
    for asked in operations(made):
        await _knock_with_bodies(asked, knocker)
        for text in _TEXTS:
            quoted = quote(text, safe="")
            for name in asked.parameters:
                await knocker.knock(asked, name, asked.address(**{name: quoted}))
            for name in asked.queries:
                await knocker.knock(asked, name, f"{asked.address()}?{name}={quoted}")
            for name in asked.headers:
                await knocker.knock(asked, name, asked.address(), headers={name: text.encode()})
    knocker.settle()


async def _knock_with_bodies(asked: Asked, knocker: Knocker) -> None:
    if asked.media_type is None:
        return
    for raw in _RAW:
        await knocker.knock(asked, "body", asked.address(), content=raw, headers={"Content-Type": asked.media_type})
    if isinstance(asked.body, dict):
        for place, body in some(list(mutated(asked.body, _IN_BODY))):
            await knocker.knock(asked, place, asked.address(), content=json.dumps(body).encode(), headers=_JSON)


@_ON_SQLITE
async def test_without_a_token_nothing_is_said(made: Furnished, knocker: Knocker) -> None:
    none: dict[str, Any] = {"Authorization": ""}
    wrong = ("Bearer x", "Bearer a.b.c", "Bearer", "Basic eDp5", "Bearer \xff", f"bearer {'x' * 5000}")
    said: list[tuple[Any, ...]] = []
    for asked in operations(made):
        if not asked.secured:
            continue
        body = json.dumps(asked.body).encode() if asked.body is not None else b"x"
        kind = {"Content-Type": asked.media_type} if asked.media_type else {}
        more: dict[str, Any] = {"content": body} if asked.media_type else {}
        for header in (none, *({"Authorization": word.encode("latin-1")} for word in wrong)):
            answer = await knocker.knock(asked, "token", asked.address(), headers=kind | header, **more)
            if answer.status_code != httpx.codes.UNAUTHORIZED or "www-authenticate" not in answer.headers:
                said.append((asked.label, header, answer.status_code, answer.text[:200]))
        if asked.media_type:
            answer = await knocker.knock(asked, "token", asked.address(), headers=kind | none, content=b"\xff{")
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                said.append((asked.label, "a broken body", answer.status_code, answer.text[:200]))
    assert said == []
    knocker.settle()
