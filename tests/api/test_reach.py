"""A commune's software goes through every route, and finds nothing of the other commune.

The routes are those of the application, and what a body looks like is said by the OpenAPI document: a route that is
added is walked too, or fails here for want of an example.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from fastapi import FastAPI

from app.access_table import Operation, operations
from app.domain.access import Bound, Permission, Thing
from app.main import create_app
from app.store import tokens as store
from app.store.session import Database, WriteSession
from app.usecases import tokens
from app.usecases.context import Context
from tests import reach_world
from tests.reach_world import NOWHERE, OURS, THEIRS, TwoCommunes, asker_of, code_of
from tests.worlds import dossier_body, settings, step_body

_OUT, _GONE, _GOOD = 403, 404, 200
# What else may be wrong with an example of one's own is not what is looked at.
_REFUSED = {"/problems/out-of-reach", "/problems/unknown-dossier"}
_ABOUT_REACH = _REFUSED | {"/problems/invalid-record", "/problems/forbidden"}
# Where what is shown does not name its unit by itself.
_QUERIES: Mapping[str, Mapping[str, str]] = {
    "/v1/forms/figures": {"by": "unit"},
    "/v1/subjects/{subject_id}/disclosures": {"limit": "200"},
}
# What the OpenAPI document's own example does not ask the way that this walk needs.
_BODIES: Mapping[str, Mapping[str, Any]] = {
    "/v1/once-only/check": {"items": [{"component_code": "000.00.00.G15-KQ003316"}], "procedure": "1.000110"},
    "/v1/documents/lookup": {"result_codes": ["KQ.G15.000031"], "component_code": None, "national": False},
}


class Walk:
    """Both communes, the application, and two callers: one of our commune, one of the whole province."""

    def __init__(self, made: TwoCommunes, app: FastAPI, ours: httpx.AsyncClient, whole: httpx.AsyncClient) -> None:
        self.made, self.app, self.ours, self.whole = made, app, ours, whole
        self.document: dict[str, Any] = app.openapi()

    def path(self, one: Operation, unit: str, keys: Mapping[Thing, str] | None = None) -> str:
        """The address of an operation, about the things of a unit."""
        things = keys or self.made.things[unit]
        filled = one.path.replace("{subject_id}", self.made.subject)
        for thing, key in things.items():
            filled = filled.replace(f"{{{thing.value}}}", key)
        assert "{" not in filled, f"{one.path}: a parameter without an example (tests/api/test_reach.py)"
        return filled

    def body(self, one: Operation, unit: str, dossier_unit: str) -> dict[str, Any]:
        """What the OpenAPI document shows, in the name of a unit and about a dossier of one."""
        content = self.document["paths"][one.path][one.method.lower()]["requestBody"]["content"]["application/json"]
        shown = next(iter(content["examples"].values()))["value"] | _BODIES.get(one.path, {})
        return {name: _named(name, value, unit, dossier_unit) for name, value in shown.items() if value is not None}


def _named(name: str, value: Any, unit: str, dossier_unit: str) -> Any:
    if name in {"unit", "receiving_unit"}:
        return unit
    return code_of(dossier_unit) if name in {"dossier", "dossier_code"} else value


@asynccontextmanager
async def _client(app: FastAPI, token: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test", headers=headers) as client:
        yield client


async def _token(context: Context, name: str, units: str) -> str:
    """A token that may do everything, what is for people only too: where it may is what is looked at."""
    # A word with dots would be a short-lived one.
    token = name.replace(".", "_")
    row = {"name": name, "agency": "H15", "scopes": " ".join(Permission), "units": units}

    async def work(session: WriteSession) -> None:
        await store.add(session, row | {"secret_hash": tokens.hash_of(token), "created_at": await session.now()})

    await context.database.run(work)
    return token


@pytest_asyncio.fixture
async def walk(database: Database, tmp_path: Path) -> AsyncIterator[Walk]:
    made = await reach_world.make(database, tmp_path)
    context = made.world.context
    ours, whole = await _token(context, asker_of(OURS), OURS), await _token(context, "province", "")
    app = create_app(settings(), context)
    async with _client(app, ours) as of_ours, _client(app, whole) as of_all:
        yield Walk(made, app, of_ours, of_all)


async def test_a_commune_finds_nothing_of_another(walk: Walk) -> None:
    walked = []
    for one in operations(walk.app):
        if one.asks is None or one.asks.of_browsers:
            continue
        bound = one.asks.reach
        special = _SPECIAL.get((one.method, one.path))
        if special is not None:
            await special(walk, one)
        elif bound is Bound.WHOLE:
            await _is_the_provinces(walk, one)
        elif isinstance(bound, Thing):
            await _is_not_there(walk, one, bound)
        elif one.method == "GET":
            await _is_filtered(walk, one)
        else:
            await _speaks_for_itself_only(walk, one)
        walked.append(one)
    assert len(walked) > len(Permission)


async def _is_the_provinces(walk: Walk, one: Operation) -> None:
    answer = await walk.ours.request(one.method, re.sub(r"\{[^}]+\}", "1", one.path), json={})
    assert (answer.status_code, answer.json()["type"]) == (_OUT, "/problems/out-of-reach"), one
    assert "whole province" in answer.json()["detail"]


async def _is_not_there(walk: Walk, one: Operation, thing: Thing) -> None:
    """Another's and what there is not get the same answer, whatever comes along; one's own is found."""
    unknown = walk.made.things[OURS] | {thing: NOWHERE[thing]}
    answers = [
        await walk.ours.request(one.method, walk.path(one, THEIRS), json={}),
        await walk.ours.request(one.method, walk.path(one, OURS, unknown), json={}),
    ]
    said = [
        re.sub(rf"\b{re.escape(key)}\b", "KEY", _plain(answer))
        for answer, key in zip(answers, (walk.made.things[THEIRS][thing], NOWHERE[thing]), strict=True)
    ]
    wanted = _OUT if thing is Thing.UNIT else _GONE
    assert [answer.status_code for answer in answers] == [wanted, wanted], one
    assert said[0] == said[1], one
    if one.method != "HEAD":
        own = await walk.ours.request(one.method, walk.path(one, OURS), json={})
        assert own.status_code not in {_OUT, _GONE}, (one, own.text)
        assert not walk.made.is_told(THEIRS, own.text), (one, own.text)
    if one.method == "GET":
        assert (await walk.whole.get(walk.path(one, THEIRS))).status_code == _GOOD, (one, "nobody finds it")


def _plain(answer: httpx.Response) -> str:
    problem = answer.json() if answer.content else {}
    return json.dumps({name: value for name, value in problem.items() if name != "correlation_id"}, sort_keys=True)


async def _is_filtered(walk: Walk, one: Operation) -> None:
    path, query = walk.path(one, OURS), _QUERIES.get(one.path, {})
    told = await walk.ours.get(path, params=query)
    assert told.status_code == _GOOD, (one, told.text)
    assert not walk.made.is_told(THEIRS, told.text), (one, told.text)
    if one.asks is not None and one.asks.reach is not Bound.FREE:
        everything = await walk.whole.get(path, params=query)
        assert walk.made.is_told(OURS, told.text), (one, "its own is not there: nothing was shown by this")
        assert walk.made.is_told(THEIRS, everything.text), (one, "nobody sees it: nothing was shown by this")


async def _speaks_for_itself_only(walk: Walk, one: Operation) -> None:
    path = walk.path(one, OURS)
    for unit, dossier_unit in ((THEIRS, THEIRS), (OURS, THEIRS), (THEIRS, OURS)):
        body = walk.body(one, unit, dossier_unit)
        if (unit, dossier_unit) != (OURS, THEIRS) or body != walk.body(one, OURS, OURS):
            answer = await walk.ours.request(one.method, path, json=body)
            assert answer.json()["type"] in _REFUSED, (one, unit, dossier_unit, answer.text)
    own = await walk.ours.request(one.method, path, json=walk.body(one, OURS, OURS))
    assert own.json().get("type") not in _ABOUT_REACH, (one, own.text)
    assert not walk.made.is_told(THEIRS, own.text), (one, own.text)


async def _dossier(walk: Walk, one: Operation) -> None:
    def put(code: str, unit: str) -> Any:
        return walk.ours.put(one.path.replace("{code}", code), json=dossier_body(receiving_unit=unit, revision=9))

    for code, unit in ((code_of(THEIRS), THEIRS), (code_of(THEIRS), OURS), (code_of(THEIRS, 77), OURS)):
        answer = await put(code, unit)
        assert (answer.status_code, answer.json()["type"]) == (_OUT, "/problems/out-of-reach"), answer.text
    assert (await put(code_of(OURS), THEIRS)).status_code == _OUT, "it would be another's"
    assert (await put(code_of(OURS), OURS)).status_code == 202


async def _step(walk: Walk, one: Operation) -> None:
    answers = [
        await walk.ours.post(one.path.replace("{code}", code), json=step_body(2))
        for code in (code_of(THEIRS), code_of(THEIRS, 77), code_of(OURS))
    ]
    assert [answer.status_code for answer in answers] == [_GONE, _GONE, 202], [a.text for a in answers]
    assert _plain(answers[0]).replace("0001", "0077") == _plain(answers[1])


async def _stream(walk: Walk, one: Operation) -> None:
    lines = [
        {"type": "dossier", "code": code_of(OURS, 5)} | dossier_body(receiving_unit=OURS),
        {"type": "dossier", "code": code_of(OURS, 6)} | dossier_body(receiving_unit=THEIRS),
        {"type": "dossier", "code": code_of(THEIRS)} | dossier_body(receiving_unit=OURS, revision=7),
        {"type": "step", "dossier": code_of(THEIRS)} | step_body(3),
        {"type": "step", "dossier": code_of(OURS, 5)} | step_body(1),
    ]
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    answer = await walk.ours.request(one.method, one.path, content=body.encode())
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["taken"] for line in told] == [True, False, False, False, True]
    assert [line["problem"]["status"] for line in told[1:4]] == [_OUT, _OUT, _GONE]


async def _replay(walk: Walk, one: Operation) -> None:
    """A selection is of one's own deliveries, also when others are named."""
    ids = [int(walk.made.things[unit][Thing.DELIVERY]) for unit in (OURS, THEIRS)]
    for selection in ({"ids": ids}, {"unit": THEIRS}):
        asked = {"selection": selection, "note": "thử", "per_second": 1, "dry_run": True}
        seen = (await walk.ours.post(one.path, json=asked)).json()
        assert [row["id"] for row in seen["first"]] == ids[:1] * ("ids" in selection)
        assert "units" not in seen["selection"]
    begun = await walk.ours.post(one.path, json=asked | {"selection": {"ids": ids}, "dry_run": False})
    assert begun.json()["total"] == 1


async def _own_list(walk: Walk, one: Operation) -> None:
    told = await walk.ours.get(one.path)
    assert told.status_code == _GOOD
    assert not walk.made.is_told(THEIRS, told.text), told.text


async def _webhook(walk: Walk, one: Operation) -> None:
    """News of the whole system is for who has the whole of it; another's webhook is not there, nor listed."""
    wanted = {"url": "https://motcua.example/tin", "kinds": ["delivery.refused"]}
    made = (await walk.whole.post("/v1/webhooks", json=wanted | {"system_events": True})).json()
    path = one.path.replace("{webhook_id}", str(made["id"]))
    if "{webhook_id}" in one.path:
        assert (await walk.ours.request(one.method, path)).status_code == _GONE
    elif one.method == "GET":
        assert (await walk.ours.get(path)).json()["items"] == []
    else:
        assert (await walk.ours.post(path, json=wanted | {"system_events": True})).status_code == _OUT
    await walk.whole.delete(f"/v1/webhooks/{made['id']}")


async def _upload(walk: Walk, one: Operation) -> None:
    """An upload is its maker's."""
    theirs = (await walk.whole.post("/v1/uploads", headers={"Upload-Length": "3"})).json()["id"]
    headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    path = one.path.replace("{upload_id}", theirs)
    answer = await walk.ours.request(one.method, path, headers=headers | {"Upload-Length": "3"})
    assert answer.status_code == (_GONE if "{upload_id}" in one.path else 201), answer.text


async def _receipt(walk: Walk, one: Operation) -> None:
    """Another's entry is answered as one that there is not."""
    listed = f"/v1/subjects/{walk.made.subject}/disclosures"
    mine = {row["id"] for row in (await walk.ours.get(listed)).json()["items"]}
    everybodys = {row["id"] for row in (await walk.whole.get(listed)).json()["items"]}
    base = one.path.replace("{subject_id}", walk.made.subject)
    theirs, own = min(everybodys - mine), min(mine)
    answers = {entry: await walk.ours.get(base.replace("{entry}", str(entry))) for entry in (theirs, 987654, own)}
    assert _plain(answers[theirs]).replace(f"entry {theirs} ", "entry 987654 ") == _plain(answers[987654])
    assert answers[own].json()["type"] == "/problems/unknown-log-part", "its own is one; no checkpoint covers it yet"


async def _subject(walk: Walk, one: Operation) -> None:
    """The same person has the same id for everybody, and the id says nothing."""
    owner = {"kind": "personal_number", "number": "003190123456"}
    assert (await walk.ours.request(one.method, one.path, json=owner)).json()["id"] == walk.made.subject


async def _table(walk: Walk, one: Operation) -> None:
    assert (await walk.ours.get(one.path.replace("{name}", "forms"))).status_code == _GOOD


_SPECIAL = {
    ("PUT", "/v1/dossiers/{code}"): _dossier,
    ("POST", "/v1/dossiers/{code}/steps"): _step,
    ("POST", "/v1/intake"): _stream,
    ("POST", "/v1/replays"): _replay,
    ("GET", "/v1/replays"): _own_list,
    ("GET", "/v1/subjects/{subject_id}/disclosures/{entry}/receipt"): _receipt,
    ("POST", "/v1/subjects"): _subject,
    ("GET", "/v1/tables/{name}"): _table,
    **{(method, "/v1/webhooks"): _webhook for method in ("GET", "POST")},
    ("DELETE", "/v1/webhooks/{webhook_id}"): _webhook,
    ("POST", "/v1/webhooks/{webhook_id}/test"): _webhook,
    ("POST", "/v1/uploads"): _upload,
    **{(method, "/v1/uploads/{upload_id}"): _upload for method in ("GET", "HEAD", "PATCH", "DELETE")},
}
