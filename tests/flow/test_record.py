"""What every entry says beside its fact: where the request came from, over which wire, which status; and who looked."""

import json
from typing import Any

import httpx
import pytest

from app import VERSION
from app.config import Settings, told
from app.domain.access import Role
from app.errors import Forbidden
from app.store.session import Database
from app.store.tables import audit
from app.usecases.configuration import note_start
from app.usecases.context import Caller
from app.usecases.verify_person import verify_person
from connectors.population import PersonOutcome
from connectors.testing import InMemoryConnector
from connectors.testing_population import InMemoryPopulation
from schemas.persons import PersonCheckIn
from tests.asking import rows_of
from tests.flow.test_audit import PERSON
from tests.worlds import FROM_TEST, code, context_of, door, dossier, dossier_body, drain, hand_over, step_body


async def entries(database: Database, kind: str) -> list[dict[str, Any]]:
    rows = [row for row in await rows_of(database, audit) if row["kind"] == kind]
    return [row | {"detail": json.loads(row["detail"])} for row in rows]


async def test_an_entry_says_where_its_request_came_from_also_before_it_was_parsed(database: Database) -> None:
    async with door(context_of(database)) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        await client.post(f"/v1/dossiers/{code()}/steps", json=step_body())
        await client.put(f"/v1/dossiers/{code()}", content=b"{", headers={"Authorization": "Bearer lt_guessed"})
        await client.put(f"/v1/dossiers/{code()}", content=b"{")
    taken = await entries(database, "received")
    assert [(row["detail"]["status"], row["detail"]["origin"]) for row in taken] == [
        ("received", FROM_TEST["origin"]),
        ("received", FROM_TEST["origin"]),
    ]
    stranger, unreadable = await entries(database, "refused")
    # Who was not recognised has an address all the same.
    assert (stranger["outcome"], stranger["detail"]) == ("unauthenticated", {"origin": {"address": "127.0.0.1"}})
    assert unreadable["detail"] == FROM_TEST


async def test_requests_side_by_side_keep_their_own_origins(database: Database) -> None:
    context = context_of(database)
    async with door(context) as client:
        app = client._transport.app  # type: ignore[attr-defined]
        for address in ("10.0.0.1", "10.0.0.2"):
            transport = httpx.ASGITransport(app=app, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as stranger:
                assert (await stranger.get("/v1/deliveries")).status_code == 401
    found = [row["detail"]["origin"]["address"] for row in await entries(database, "refused")]
    assert found == ["10.0.0.1", "10.0.0.2"]


async def test_an_exchange_says_over_which_wire_it_went_and_a_workers_entry_has_no_origin(database: Database) -> None:
    context = context_of(database, InMemoryConnector())
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
    await drain(context)
    (ended,) = await entries(database, "exchange_ended")
    assert ended["detail"]["wire"] == {"service": "dossier", "http": 200, "ms": 0}
    assert "origin" not in ended["detail"]


async def test_a_question_about_a_person_says_how_it_went_out(database: Database) -> None:
    registry = InMemoryPopulation()
    registry.script(PersonOutcome.MATCH)
    async with door(context_of(database, population=registry)) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        assert (await client.post("/v1/persons/verify", json=PERSON)).status_code == 200
    (answered,) = await entries(database, "person_answered")
    assert answered["detail"]["wire"]["http"] == 200
    assert answered["detail"]["origin"] == FROM_TEST["origin"]


async def test_looks_at_dossiers_and_papers_are_on_record_and_told_to_the_person(database: Database) -> None:
    async with door(context_of(database)) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        assert (await client.get(f"/v1/dossiers/{code()}")).status_code == 200
        assert (await client.get(f"/v1/dossiers/{code()}/documents")).status_code == 200
        assert (await client.get(f"/v1/dossiers/{code(9)}")).status_code == 404
        (identity,) = dossier_body()["applicant"]["identities"]
        subject = (await client.post("/v1/subjects", json=identity)).json()["id"]
        told_of = (await client.get(f"/v1/subjects/{subject}/disclosures")).json()["items"]
    (look,) = await entries(database, "dossier_read")
    assert (look["outcome"], look["dossier_code"], look["unit_code"]) == ("given", code(), "H15.50")
    (listed,) = await entries(database, "document_read")
    assert (listed["outcome"], listed["dossier_code"]) == ("listed", code())
    assert {row["what"] for row in told_of} >= {"dossier_read", "documents_listed"}


async def test_a_start_puts_the_settings_on_record_without_their_secrets(database: Database) -> None:
    settings = Settings(
        database_url="postgresql://gateway:db-secret@db.example/lienthong?password=also-secret",
        portal_password="portal-secret",
        population_officers={"canbo01": "key:officer-secret"},
        agency="H15",
        worker_rounds=3,
    )
    await note_start(context_of(database), "api:office-1", VERSION, told(settings))
    (started,) = await entries(database, "configuration")
    assert (started["outcome"], started["actor"]) == ("started", "api:office-1")
    assert started["detail"] == {
        "version": VERSION,
        "settings": {
            "database_url": "postgresql://***@db.example/lienthong?password=***",
            "population_officers": "{canbo01: set}",
            "portal_password": "set",
            "worker_rounds": "3",
        },
    }


async def test_a_person_asks_in_their_own_name_only(database: Database) -> None:
    registry = InMemoryPopulation()
    context = context_of(database, population=registry)
    await hand_over(context, dossier())
    officer = Caller("an.nv", "H15", frozenset({Role.OFFICER.value}))
    question = PersonCheckIn.model_validate(PERSON)
    with pytest.raises(Forbidden) as caught:
        await verify_person(context, officer, question, "c-1")
    assert caught.value.faults[0].pointer == "/officer"
    assert registry.questions == []
    registry.script(PersonOutcome.MATCH)
    await verify_person(context, officer, question.model_copy(update={"officer": "an.nv"}), "c-2")
    assert [asked.officer for asked in registry.questions] == ["an.nv"]
