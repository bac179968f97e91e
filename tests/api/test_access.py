"""Every route as every role and scope: what answers 403 and what does not is what ``docs/access.md`` says."""

import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from app.access_table import HOLDERS, Operation, operations, page
from app.domain.access import Permission, Role, is_for_software, permissions_of
from app.errors import InvalidRecord, UnknownCode
from app.main import create_app
from app.store import tokens as store
from app.store.session import Database, WriteSession
from app.usecases import clients, tokens
from app.usecases.context import Context
from tests.papers_world import make
from tests.worlds import context_of, settings

_TABLE = Path(__file__).parents[2] / "docs" / "access.md"
_ROW = re.compile(r"^\| `(?P<method>[A-Z]+) (?P<path>[^`]+)` \| (?P<cells>.*) \|$", re.MULTILINE)
_FILLED = re.compile(r"\{(\w+)(:path)?\}")
_SAMPLES = {"place": "000", "key": "portal", "name": "forms", "unit": "H15.50", "officer": "cb", "code": "H15.50-1"}
_FORBIDDEN = "/problems/forbidden"


def _said_by_the_file() -> dict[tuple[str, str], dict[str, bool]]:
    rows = {}
    for row in _ROW.finditer(_TABLE.read_text("utf-8")):
        marks = row["cells"].split(" | ")[2:]
        rows[row["method"], row["path"]] = dict(zip(HOLDERS, (mark == "●" for mark in marks), strict=True))
    return rows


def _path(one: Operation) -> str:
    # Ids of text have 32 letters, ids of numbers take these too: whatever is wrong with one is said after the right.
    return _FILLED.sub(lambda part: _SAMPLES.get(part[1], "1" * 18), one.path)


async def _token_of(context: Context, holder: str) -> str:
    """A token with the rights of a role; by the door no token may have them."""
    token = f"test-{holder}"
    row = {"name": holder, "agency": "H15", "scopes": holder, "secret_hash": tokens.hash_of(token)}

    async def work(session: WriteSession) -> None:
        await store.add(session, row | {"created_at": await session.now()})

    await context.database.run(work)
    return token


async def _refusals(client: httpx.AsyncClient, found: list[Operation], token: str) -> Mapping[tuple[str, str], bool]:
    basic = httpx.BasicAuth("any", token)
    bearer = {"Authorization": f"Bearer {token}"}
    answers = {}
    for one in found:
        by_browser = one.asks is not None and one.asks.of_browsers
        answer = await client.request(
            one.method, _path(one), auth=basic if by_browser else None, headers={} if by_browser else bearer
        )
        assert answer.status_code != 401, (one, answer.text)
        said = answer.headers.get("content-type", "").startswith("application/problem+json") and answer.content
        answers[one.method, one.path] = bool(said) and answer.json()["type"] == _FORBIDDEN
    return answers


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_route_as_every_role_and_scope(database: Database, tmp_path: Path) -> None:
    context = make(database, tmp_path).context
    app = create_app(settings(caller_requests_per_minute=0), context)
    found = [one for one in operations(app) if one.asks is not None]
    said = _said_by_the_file()
    assert set(said) == {(one.method, one.path) for one in found}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as client:
        for holder in HOLDERS:
            refused = await _refusals(client, found, await _token_of(context, holder))
            # An answer to HEAD has no body to say why.
            wrong = [key for key, out in refused.items() if out is said[key][holder] and key[0] != "HEAD"]
            assert wrong == [], holder


def test_the_file_is_what_the_code_says() -> None:
    made = page(create_app(settings(), context_of(Database("sqlite:///unused.sqlite3"))))
    assert _TABLE.read_text("utf-8") == made, "run: lienthong access-table > docs/access.md"


def test_every_permission_is_asked_for() -> None:
    """A permission that no route asks for guards nothing."""
    asked = {
        p
        for one in operations(create_app(settings(), context_of(Database("sqlite:///unused.sqlite3"))))
        if one.asks
        for p in one.asks.permissions
    }
    assert set(Permission) == asked


def test_an_auditor_sees_every_record_of_what_was_let_go_and_decides_none() -> None:
    """Erasures and retention came from different hands; who reads the log reads of both what was removed from it."""
    found = operations(create_app(settings(), context_of(Database("sqlite:///unused.sqlite3"))))
    seen = {(one.method, one.path) for one in found if one.asks and Permission.LOG_READ in one.asks.permissions}
    assert {("GET", "/v1/erasures"), ("GET", "/v1/retention/runs"), ("GET", "/v1/retention/holds")} <= seen
    assert {method for method, _ in seen} <= {"GET", "HEAD"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_software_is_given_nothing_that_is_for_people(database: Database) -> None:
    context = context_of(database)
    for given in ([Role.OPERATOR], ["retention:approve"], ["accounts:edit"], ["read", "nonsense"]):
        for create in (tokens.create, clients.create):
            with pytest.raises(InvalidRecord):
                await create(context, name="n", agency="H15", scopes=given, by="test")
    for name in ("lienthong", "Anonymous", "cli:root", "worker:1", " link:10.0.0.1"):
        with pytest.raises(InvalidRecord, match="what the log calls somebody else"):
            await tokens.create(context, name=name, agency="H15", scopes=["read"], by="test")
    for units in (["H15.999"], ["H15.101", ""]):
        with pytest.raises(UnknownCode, match="units"):
            await tokens.create(context, name="n", agency="H15", scopes=["read"], units=units, by="test")
    assert await tokens.listing(context) == await clients.listing(context) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_token_may_hold_one_permission_and_some_units(database: Database) -> None:
    context = context_of(database)
    token = await tokens.create(
        context, name="one", agency="H15", scopes=["deliveries:read"], units=["H15.102", "H15.101"], by="test"
    )
    caller = await tokens.recognise(context, token)
    assert permissions_of(caller.scopes) == {Permission.DELIVERIES_READ}
    assert caller.reach.units == {"H15.101", "H15.102"}
    every = [permission for permission in Permission if is_for_software(permission)]
    await tokens.create(context, name="all", agency="H15", scopes=every, by="test")
