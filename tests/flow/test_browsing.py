"""Questions that look like browsing: listed, told, stopped before anything leaves, signed off, forgiven."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from httpx import AsyncClient, Response

from app.domain.browsing import Trait
from app.domain.events import EventKind
from app.errors import OfficerLocked, UnknownDossier
from app.reference.rules import AnomalyAction, AnomalyKind, shipped_rules
from app.store.events import page as events_page
from app.store.once_only_tables import anomalies, officer_locks
from app.store.once_only_tables import person_queries as queries
from app.store.session import Database, Row
from app.store.tables import audit
from app.usecases.context import Context
from connectors.population import PersonOutcome
from connectors.testing_population import InMemoryPopulation
from tests.asking import ask, asking, person, rows_of, rule
from tests.factories import NOW, ManualClock
from tests.worlds import code, door

LOCK, LIST = AnomalyAction.LOCK, AnomalyAction.LIST
HOUR = 3600


@pytest.fixture
def population() -> InMemoryPopulation:
    fake = InMemoryPopulation()
    for place in range(1, 20):
        fake.hold(person(place))
    return fake


async def anomalies_of(database: Database) -> list[Row]:
    return await rows_of(database, anomalies)


async def told(database: Database, kind: EventKind = EventKind.ANOMALY, *, open_only: bool = True) -> list[str]:
    async with database.read() as session:
        found = await events_page(session, before_id=None, limit=50, open_only=open_only)
    return [row["subject"] for row in found if row["kind"] == kind.value]


async def entries(database: Database) -> list[tuple[str, str]]:
    return [(row["kind"], row["outcome"]) for row in await rows_of(database, audit) if row["kind"] == "anomaly"]


async def no_dossier(context: Context, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(UnknownDossier):
            await ask(context, dossier_code=code(9))


async def test_questions_without_an_open_dossier_are_listed_and_told_once(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population, rules=[rule(AnomalyKind.NO_OPEN_DOSSIER, 2)])
    await no_dossier(context)
    await ask(context)
    assert await anomalies_of(clocked_database) == []
    last = clock.advance(60)
    await no_dossier(context)
    (found,) = await anomalies_of(clocked_database)
    assert (found["rule"], found["officer"], found["unit_code"]) == ("no_open_dossier", "canbo01", "H15.50")
    assert (found["first_at"], found["last_at"], found["times"], found["locked"]) == (NOW, last, 2, False)
    assert (found["threshold"], found["window_seconds"]) == (2, HOUR)
    assert await told(clocked_database) == [f"anomaly:{found['id']}"]
    clock.advance(60)
    await no_dossier(context)
    (found,) = await anomalies_of(clocked_database)
    assert (found["times"], found["last_at"]) == (3, clock.now())
    assert await entries(clocked_database) == [("anomaly", "begun")]
    # What shows nothing of it leaves it as it is.
    clock.advance(60)
    await ask(context)
    assert await anomalies_of(clocked_database) == [found]
    assert await rows_of(clocked_database, officer_locks) == []


async def test_what_is_older_than_the_window_does_not_count(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    rules = [rule(AnomalyKind.NO_OPEN_DOSSIER, 2, window_seconds=60)]
    context = await asking(clocked_database, population, rules=rules)
    await no_dossier(context)
    clock.advance(60)
    await no_dossier(context)
    assert await anomalies_of(clocked_database) == []
    clock.advance(59)
    await no_dossier(context)
    assert len(await anomalies_of(clocked_database)) == 1


async def test_one_officer_over_many_persons_is_stopped_before_the_next_one(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    rules = [rule(AnomalyKind.MANY_SUBJECTS, 2), rule(AnomalyKind.MANY_SUBJECTS, 4, LOCK)]
    context = await asking(clocked_database, population, rules=rules)
    for place in (1, 1, 1, 2, 2, 3):
        await ask(context, place)
    (listed,) = await anomalies_of(clocked_database)
    assert (listed["times"], listed["threshold"], listed["locked"]) == (3, 2, False)
    left = len(population.questions)
    for place in (4, 1):
        with pytest.raises(OfficerLocked) as stopped:
            await ask(context, place)
        assert stopped.value.on_record
        assert [fault.pointer for fault in stopped.value.faults] == ["/officer"]
    assert len(population.questions) == left
    (found,) = await anomalies_of(clocked_database)
    assert (found["times"], found["threshold"], found["locked"]) == (4, 4, True)
    (lock,) = await rows_of(clocked_database, officer_locks)
    assert (lock["officer"], lock["anomaly_id"]) == ("canbo01", found["id"])
    kept = [row["outcome"] for row in await rows_of(clocked_database, queries)]
    assert kept.count("officer-locked") == 2
    assert await entries(clocked_database) == [("anomaly", "begun"), ("anomaly", "officer locked")]
    assert (await ask(context, 5, officer="canbo02")).outcome is PersonOutcome.MATCH


async def test_repeated_mismatches_stop_the_next_question(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    context = await asking(clocked_database, population, rules=[rule(AnomalyKind.REPEATED_MISMATCH, 3, LOCK)])
    for day in (1, 2, 3):
        answer = await ask(context, birth_date=f"1991-01-0{day}")
        assert answer.outcome is PersonOutcome.NOT_FOUND_OR_MISMATCH
    with pytest.raises(OfficerLocked):
        await ask(context)
    assert len(population.questions) == 3
    (found,) = await anomalies_of(clocked_database)
    assert (found["rule"], found["locked"]) == ("repeated_mismatch", True)


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        ("2026-07-01T16:59:00+07:00", []),
        ("2026-07-01T17:01:00+07:00", ["off_hours"]),
        ("2026-07-01T12:00:00+07:00", ["off_hours"]),
        ("2026-07-04T09:00:00+07:00", ["off_hours"]),
    ],
)
async def test_off_hours_are_those_of_the_office(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock, at: str, counts: list[str]
) -> None:
    context = await asking(clocked_database, population, rules=[rule(AnomalyKind.OFF_HOURS, 2)])
    clock.advance((datetime.fromisoformat(at) - NOW).total_seconds())
    await ask(context)
    await ask(context)
    assert [row["rule"] for row in await anomalies_of(clocked_database)] == counts


async def test_those_who_ask_at_the_same_time_are_one_anomaly_and_one_lock(
    clocked_database: Database, population: InMemoryPopulation, database_url: str, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population, rules=[rule(AnomalyKind.MANY_SUBJECTS, 3, LOCK)])
    other = Database(database_url, clock=clock)
    try:
        twins = [context, replace(context, database=other)]
        tries = [ask(twins[place % 2], place) for place in range(1, 9)]
        results = await asyncio.gather(*tries, return_exceptions=True)
    finally:
        await other.aclose()
    assert sum(isinstance(result, OfficerLocked) for result in results) == 6, results
    assert len(population.questions) == 2
    assert len(await anomalies_of(clocked_database)) == len(await rows_of(clocked_database, officer_locks)) == 1


async def _post(client: AsyncClient, path: str, note: str | None) -> Response:
    return await client.post(f"/v1{path}", json={} if note is None else {"note": note})


async def test_signing_off_and_lifting_are_two_things(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    rules = [rule(AnomalyKind.NO_OPEN_DOSSIER, 2, LOCK)]
    context = await asking(clocked_database, population, rules=rules)
    await no_dossier(context, 1)
    clock.advance(60)
    with pytest.raises(UnknownDossier):
        await ask(context, dossier_code=code(9))
    async with door(context) as client:
        (found,) = (await client.get("/v1/anomalies", params={"open": "true"})).json()["items"]
        assert found["meaning"]["vi"]
        assert (found["locked"], found["signed_off_at"]) == (True, None)
        assert (await _post(client, f"/anomalies/{found['id']}/sign-off", None)).status_code == 422
        assert (await _post(client, "/anomalies/999/sign-off", "xem rồi")).status_code == 404
        clock.advance(60)
        first = await _post(client, f"/anomalies/{found['id']}/sign-off", "Gõ nhầm mã hồ sơ")
        clock.advance(60)
        again = await _post(client, f"/anomalies/{found['id']}/sign-off", "Lần nữa")
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        assert first.json()["note"] == "Gõ nhầm mã hồ sơ"
        assert (await client.get("/v1/anomalies", params={"open": "true"})).json()["items"] == []
        assert len((await client.get("/v1/anomalies", params={"open": "false"})).json()["items"]) == 1
        assert await told(clocked_database) == []
        # Still locked: an administrator lifts it, with a reason, and once.
        (lock,) = (await client.get("/v1/officer-locks")).json()["items"]
        assert await told(clocked_database, EventKind.OFFICER_LOCKED) == [f"officer-lock:{found['id']}"]
        assert (lock["officer"], lock["anomaly"], lock["rule"]) == ("canbo01", found["id"], "no_open_dossier")
        with pytest.raises(OfficerLocked):
            await ask(context)
        lifted = await _post(client, "/officer-locks/canbo01/lift", "Đã làm việc với cán bộ")
        assert lifted.status_code == 200, lifted.text
        assert lifted.json()["lifted_by"].startswith("test-")
        assert await told(clocked_database, EventKind.OFFICER_LOCKED) == []
        assert (await _post(client, "/officer-locks/canbo01/lift", "Lần nữa")).status_code == 404
        assert (await _post(client, "/officer-locks/canbo02/lift", "Ai đây")).status_code == 404
    clock.advance(1)
    assert (await ask(context)).outcome is PersonOutcome.MATCH
    operations = [(row["kind"], row["outcome"]) for row in await rows_of(clocked_database, audit)]
    assert ("anomaly", "signed off") in operations
    assert ("anomaly", "signed off already") in operations
    assert ("operation", "lock:lifted") in operations


async def test_what_was_dealt_with_does_not_count_again(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    rules = [rule(AnomalyKind.NO_OPEN_DOSSIER, 2), rule(AnomalyKind.NO_OPEN_DOSSIER, 4, LOCK)]
    context = await asking(clocked_database, population, rules=rules)
    async with door(context) as client:
        await no_dossier(context, 2)
        (first,) = await anomalies_of(clocked_database)
        await _post(client, f"/anomalies/{first['id']}/sign-off", "đã xem")
        clock.advance(1)
        await no_dossier(context, 1)
        assert [row["id"] for row in await anomalies_of(clocked_database)] == [first["id"]]
        clock.advance(1)
        await no_dossier(context, 1)
        _, second = await anomalies_of(clocked_database)
        assert (second["times"], second["locked"]) == (2, False)
        await no_dossier(context, 2)
        with pytest.raises(OfficerLocked):
            await ask(context)
        await _post(client, "/officer-locks/canbo01/lift", "đã làm việc")
    clock.advance(1)
    # The open anomaly stays one, and only what comes after the lift can lock again.
    await no_dossier(context, 3)
    assert (await ask(context)).outcome is PersonOutcome.MATCH
    _, second = await anomalies_of(clocked_database)
    assert (second["times"], second["locked"], second["signed_off_at"]) == (4, True, None)
    await no_dossier(context, 1)
    with pytest.raises(OfficerLocked):
        await ask(context)
    assert len(await anomalies_of(clocked_database)) == 2
    assert len(await rows_of(clocked_database, officer_locks)) == 2


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [(("read",), {"list", "locks"}), (("operate",), {"sign-off"}), (("admin",), {"lift"}), (("intake",), set())],
)
async def test_who_may_do_what(
    clocked_database: Database, population: InMemoryPopulation, scopes: Sequence[str], allowed: set[str]
) -> None:
    context = await asking(clocked_database, population)
    async with door(context, scopes=scopes) as client:
        answers = {
            "list": await client.get("/v1/anomalies"),
            "locks": await client.get("/v1/officer-locks"),
            "sign-off": await _post(client, "/anomalies/1/sign-off", "xem"),
            "lift": await _post(client, "/officer-locks/canbo01/lift", "xem"),
        }
    assert {name for name, answer in answers.items() if answer.status_code != 403} == allowed


def test_the_rules_that_ship_speak_of_what_is_counted() -> None:
    assert {kind.value for kind in AnomalyKind} == {trait.value for trait in Trait}
    assert {row.rule for row in shipped_rules().anomaly_rules(NOW.date())} == set(AnomalyKind)
