"""No entry, no exchange: with a log that takes nothing, the door answers 503 and nothing leaves the house."""

import pytest

from app.domain.delivery import PORTAL
from app.errors import AuditUnavailable
from app.store.session import Database, WriteSession
from app.usecases.deliver import deliver
from connectors.population import PersonOutcome
from connectors.testing import InMemoryConnector
from connectors.testing_population import InMemoryPopulation
from tests.worlds import code, context_of, door, dossier, dossier_body, drain, hand_over, step, step_body


async def close_log(database: Database) -> None:
    async def work(session: WriteSession) -> None:
        if session.dialect == "postgresql":
            await session.connection.exec_driver_sql(
                "CREATE FUNCTION log_closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'log closed'; END $$"
            )
            await session.connection.exec_driver_sql(
                "CREATE TRIGGER log_closed BEFORE INSERT ON audit EXECUTE FUNCTION log_closed()"
            )
        else:
            await session.connection.exec_driver_sql(
                "CREATE TRIGGER log_closed BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'log closed'); END"
            )

    await database.run(work)


async def open_log(database: Database) -> None:
    async def work(session: WriteSession) -> None:
        table = " ON audit" if session.dialect == "postgresql" else ""
        await session.connection.exec_driver_sql(f"DROP TRIGGER log_closed{table}")

    await database.run(work)


def registry_of(outcome: PersonOutcome = PersonOutcome.MATCH) -> InMemoryPopulation:
    """A population database that answers one question with ``outcome``."""
    registry = InMemoryPopulation()
    registry.script(outcome)
    return registry


PERSON = {
    "dossier_code": code(),
    "officer": "canbo01",
    "unit": "H15.50",
    "purpose": "Kiểm tra người nộp",
    "number": "003190123456",
    "full_name": "H'Bia Niê",
    "birth_date": "1990-05-17",
}


async def test_a_closed_log_closes_the_door_and_nothing_leaves(database: Database) -> None:
    connector, registry = InMemoryConnector(), registry_of()
    context = context_of(database, connector, population=registry)
    await hand_over(context, dossier())
    async with door(context) as client:
        await close_log(database)
        for answer in (
            await client.put(f"/v1/dossiers/{code(2)}", json=dossier_body()),
            await client.post(f"/v1/dossiers/{code()}/steps", json=step_body()),
            await client.post("/v1/intake", content=b'{"type":"letter"}'),
            await client.post("/v1/persons/verify", json=PERSON),
            await client.get("/v1/audit"),
            await client.get("/v1/dossiers/H15.50-260701-0099"),
        ):
            assert answer.status_code == 503, answer.text
            assert answer.json()["type"] == "/problems/audit-unavailable"
            assert answer.headers["retry-after"] == "5"
        with pytest.raises(AuditUnavailable):
            await deliver(context, PORTAL, "w-1")
        assert connector.calls == []
        assert registry.questions == []
        await open_log(database)
        assert (await client.get("/v1/sync/summary")).json()["received"] == {"dossiers": 1, "steps": 0}
    await drain(context)
    assert len(connector.ledger) == 1


async def test_fact_exchange_refusal_and_look_are_each_on_record(database: Database) -> None:
    context = context_of(database, InMemoryConnector())
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body(), headers={"X-Correlation-ID": "corr-1"})
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body(summary="Khác"))
        await client.put(f"/v1/dossiers/{code()}", json={"surprise": 1})
        await client.get("/v1/audit", headers={"Authorization": "Bearer wrong"})
        await drain(context)
        page = (await client.get("/v1/audit")).json()["items"]
        kinds = [(entry["kind"], entry["outcome"]) for entry in reversed(page)]
        assert kinds == [
            ("token", "created"),
            ("received", "taken"),
            ("refused", "revision-conflict"),
            ("refused", "invalid-record"),
            ("refused", "unauthenticated"),
            ("exchange_started", "claimed"),
            ("exchange_ended", "accepted"),
            ("log_access", "read"),
        ]
        received = page[-2]
        assert received["actor"].startswith("test-")
        assert received["dossier_code"] == code()
        assert received["procedure_code"] == "1.000110"
        assert received["legal_basis"]
        assert received["correlation_id"] == "corr-1"
        assert len(received["payload_hash"]) == 64
        ended = page[1]
        assert ended["correlation_id"] == "corr-1"
        assert ended["provider"] == "portal"
        only = (await client.get("/v1/audit", params={"kind": "refused", "dossier": code()})).json()["items"]
        assert {entry["outcome"] for entry in only} == {"revision-conflict", "invalid-record"}


async def test_the_log_holds_no_personal_values(database: Database) -> None:
    context = context_of(database, InMemoryConnector(), population=registry_of())
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        await client.post("/v1/persons/verify", json=PERSON)
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body(revision=2, surprise="003190123456"))
        await drain(context)
        text = (await client.get("/v1/audit", params={"limit": 500})).text
        assert "003190123456" not in text
        assert "Bia" not in text


async def test_a_person_is_asked_about_on_record_before_and_after(database: Database) -> None:
    registry = registry_of()
    context = context_of(database, population=registry)
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        answer = await client.post("/v1/persons/verify", json=PERSON)
        assert answer.status_code == 200
        assert answer.json()["match"] is True
        entries = (await client.get("/v1/audit", params={"dossier": code()})).json()["items"]
        asked = [entry for entry in entries if entry["kind"].startswith("person")]
        assert [(entry["kind"], entry["outcome"]) for entry in asked] == [
            ("person_answered", "MATCH"),
            ("person_asked", "asked"),
        ]
        assert asked[0]["purpose"] == "verify_person: Kiểm tra người nộp"
        assert asked[0]["actor"].startswith("canbo01 ")
        # An id of no meaning, and no hash of the number: once it leads nowhere, nothing leads back.
        assert len(asked[0]["subject_ref"]) == 32
        assert asked[0]["subject_ref"] == asked[1]["subject_ref"]
    (question,) = registry.questions
    assert question.procedure_code == "1.000110"


@pytest.mark.parametrize(
    ("outcome", "status", "slug"),
    [
        (PersonOutcome.DENIED, 403, "person-check-denied"),
        (PersonOutcome.QUOTA, 429, "person-quota-spent"),
        (PersonOutcome.UNAVAILABLE, 503, "person-check-unavailable"),
        (PersonOutcome.BAD_REPLY, 502, "person-reply-unreadable"),
    ],
)
async def test_no_answer_is_never_no_such_person(
    database: Database, outcome: PersonOutcome, status: int, slug: str
) -> None:
    context = context_of(database, population=registry_of(outcome))
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        answer = await client.post("/v1/persons/verify", json=PERSON)
        assert answer.status_code == status
        assert answer.json()["type"] == f"/problems/{slug}"
        assert answer.json()["outcome"] == outcome.value
        assert answer.json()["match"] is None


async def test_a_mismatch_is_an_answer(database: Database) -> None:
    context = context_of(database, population=registry_of(PersonOutcome.NOT_FOUND_OR_MISMATCH))
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        answer = await client.post("/v1/persons/verify", json=PERSON)
        assert answer.status_code == 200
        assert answer.json()["match"] is False


@pytest.mark.parametrize(
    ("changes", "status", "slug"),
    [
        ({"dossier_code": code(7)}, 404, "unknown-dossier"),
        ({"unit": "H15.999"}, 422, "unknown-code"),
        ({"purpose": ""}, 422, "invalid-record"),
        ({"officer": None}, 422, "invalid-record"),
        ({"number": "12345"}, 422, "invalid-record"),
    ],
)
async def test_a_question_without_its_reason_never_leaves(
    database: Database, changes: dict[str, object], status: int, slug: str
) -> None:
    registry = registry_of()
    context = context_of(database, population=registry)
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        answer = await client.post("/v1/persons/verify", json=PERSON | changes)
        assert answer.status_code == status, answer.text
        assert answer.json()["type"] == f"/problems/{slug}"
        if slug != "invalid-record":
            (entry,) = (await client.get("/v1/audit", params={"kind": "refused"})).json()["items"]
            assert entry["outcome"] == slug
            assert entry["dossier_code"] == changes.get("dossier_code", code())
            assert entry["purpose"].startswith("verify_person")
            assert entry["actor"].startswith("canbo01")
    assert registry.questions == []


async def test_an_operation_is_on_record_once_with_its_dossier(database: Database) -> None:
    context = context_of(database, InMemoryConnector())
    await hand_over(context, dossier())
    await drain(context)
    async with door(context) as client:
        assert (await client.post("/v1/deliveries/1/retry")).status_code == 409
        about = (await client.get("/v1/audit", params={"dossier": code()})).json()["items"]
        assert [entry["outcome"] for entry in about if entry["kind"] in {"operation", "refused"}] == ["retry:settled"]


async def test_a_closed_dossier_is_no_reason_to_ask(database: Database) -> None:
    registry = registry_of()
    context = context_of(database, population=registry, person_procedures=frozenset({"1.000110"}))
    closed = dossier_body(status="stopped", note="Công dân không bổ sung")
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=closed)
        answer = await client.post("/v1/persons/verify", json=PERSON)
        assert answer.json()["type"] == "/problems/dossier-not-open"
    assert registry.questions == []


async def test_a_procedure_without_licence_may_not_ask(database: Database) -> None:
    registry = registry_of()
    context = context_of(database, population=registry, person_procedures=frozenset())
    async with door(context) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        answer = await client.post("/v1/persons/verify", json=PERSON)
        assert answer.json()["type"] == "/problems/person-check-denied"
    assert registry.questions == []


async def test_without_a_population_database_nothing_is_concluded(database: Database) -> None:
    async with door(context_of(database)) as client:
        await client.put(f"/v1/dossiers/{code()}", json=dossier_body())
        answer = await client.post("/v1/persons/verify", json=PERSON)
        assert answer.json()["type"] == "/problems/person-check-unavailable"


async def test_one_entry_a_dossier_and_call(database: Database) -> None:
    connector = InMemoryConnector()
    context = context_of(database, connector)
    await hand_over(context, dossier(1), dossier(2), step(1, 1), step(1, 2))
    await drain(context)
    async with door(context) as client:
        ended = (await client.get("/v1/audit", params={"kind": "exchange_ended"})).json()["items"]
    assert sorted((entry["dossier_code"], len(entry["detail"]["messages"])) for entry in ended) == [
        (code(1), 1),
        (code(1), 2),
        (code(2), 1),
    ]
