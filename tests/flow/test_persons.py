"""Every question about a person has a reason: what may be asked, what leaves, what is kept, and what an answer is."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, text

from app import observability
from app.domain.delivery import PORTAL
from app.domain.events import EventKind
from app.errors import (
    DossierNotOpen,
    InvalidRecord,
    PersonCheckDenied,
    PersonQuotaSpent,
    Refusal,
    UnknownCode,
    UnknownDossier,
)
from app.store import dossiers, person_queries
from app.store.events import page as events_page
from app.store.once_only_tables import person_queries as queries
from app.store.session import Database, Row, WriteSession
from app.store.tables import audit
from app.usecases.ask_person import BROKEN_OFF, GIVEN_UP, OUT_OF_TIME, ask_person
from app.usecases.broken_questions import PATIENCE_SECONDS, settle_broken
from app.usecases.context import OncePolicy
from app.usecases.health import measure
from app.usecases.holds import target_overview
from app.usecases.upkeep import tick
from connectors.population import PersonAnswer, PersonOutcome, PersonQuestion, RecordAnswer
from connectors.testing_population import InMemoryPopulation
from schemas.persons import PersonField as F
from tests.asking import BIRTH, BREAKER, FREE, NAME, TRIO, ask, asking, number, person, question, rows_of
from tests.bounds import AMPLE_SECONDS
from tests.factories import ManualClock
from tests.worlds import CALLER, FROM_TEST, code, door, dossier, hand_over

ETHNICITY = frozenset({F.ETHNICITY})
HOME = frozenset({F.HOME_TOWN})


@pytest.fixture
def population() -> InMemoryPopulation:
    fake = InMemoryPopulation()
    for place in range(1, 10):
        fake.hold(person(place))
    return fake


async def outcomes(database: Database) -> list[str]:
    return [row["outcome"] for row in await rows_of(database, queries)]


async def open_events(database: Database) -> list[Row]:
    async with database.read() as session:
        return await events_page(session, before_id=None, limit=50, open_only=True)


async def test_what_may_not_be_asked_is_on_record_and_never_leaves(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population, person_procedures=frozenset({"1.000110"}))
    await hand_over(context, dossier(2, status="stopped", note="Công dân không bổ sung"))
    unlicensed = replace(context, person_procedures=frozenset())
    religion = frozenset({F.RELIGION, F.ETHNICITY})
    tries: list[tuple[type[Refusal], Callable[[], Awaitable[object]]]] = [
        (UnknownDossier, lambda: ask(context, dossier_code=code(9))),
        (DossierNotOpen, lambda: ask(context, dossier_code=code(2))),
        (UnknownCode, lambda: ask(context, unit="H15.999")),
        (PersonCheckDenied, lambda: ask(unlicensed)),
        (PersonCheckDenied, lambda: ask(context, 1, religion)),
        (InvalidRecord, lambda: ask(context, birth_date="1990-02-30")),
        (InvalidRecord, lambda: ask(context, full_name="...")),
        # Of these letters the database compares none, so the question would leave without a name.
        (InvalidRecord, lambda: ask(context, full_name="李小龙")),
        # Longer than any code that the log has room for.
        (UnknownDossier, lambda: ask(context, dossier_code="X" * 100)),
    ]
    ids = []
    for kind, attempt in tries:
        with pytest.raises(kind) as refused:
            await attempt()
        assert refused.value.on_record
        ids.append(refused.value.members["query"])
        clock.advance(1)
    assert population.questions == []
    kept = await rows_of(clocked_database, queries)
    assert [row["id"] for row in kept] == ids
    assert [row["outcome"] for row in kept] == [kind.slug for kind, _ in tries]
    assert json.loads(kept[4]["fields_asked"]) == sorted([*TRIO, "ethnicity", "religion"])
    assert all(row["subject_id"] for row in kept[:5])
    entries = [row for row in await rows_of(clocked_database, audit) if row["kind"] == "refused"]
    assert [entry["outcome"] for entry in entries] == [kind.slug for kind, _ in tries]
    assert all(entry["actor"] == "canbo01 (one-stop)" and entry["purpose"].startswith("verify") for entry in entries)


async def test_a_field_beyond_the_list_is_named_with_its_table(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    context = await asking(clocked_database, population)
    with pytest.raises(PersonCheckDenied) as refused:
        await ask(context, 1, frozenset({F.RELIGION, F.ETHNICITY, F.BLOOD_GROUP}))
    assert [(fault.pointer, fault.table) for fault in refused.value.faults] == [
        ("/blood_group", "population_fields"),
        ("/religion", "population_fields"),
    ]


async def test_even_yes_or_no_needs_the_three_facts_on_the_list(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    context = await asking(clocked_database, population)
    rules = {
        code: tuple(row for row in rows if row.field is not F.BIRTH_DATE)
        for code, rows in context.rules.field_rules.items()
    }
    narrow = replace(context, rules=replace(context.rules, field_rules=rules))
    with pytest.raises(PersonCheckDenied) as refused:
        await ask(narrow)
    assert [fault.pointer for fault in refused.value.faults] == ["/birth_date"]
    assert population.questions == []


async def test_a_question_carries_its_reason_from_the_dossier_to_the_record(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    # An agency's code may be longer than there is room for in a request id.
    context = replace(await asking(clocked_database, population), agency="H15.50.01.02.03.04.05")
    told = await ask(context, 1, ETHNICITY)
    assert len(told.request_id) == 40
    ((asked, wanted),) = population.read_questions
    assert (asked.officer, asked.unit, asked.procedure_code) == ("canbo01", "H15.50", "1.000110")
    assert wanted == ETHNICITY
    assert told.record == {F.ETHNICITY: "12"}
    (row,) = await rows_of(clocked_database, queries)
    assert row["id"] == told.query_id
    assert row["request_id"] == told.request_id == asked.request_id
    assert (row["procedure_code"], row["service"], row["outcome"]) == ("1.000110", "037", "MATCH")
    assert row["in_office_hours"]
    assert json.loads(row["fields_returned"]) == sorted([*TRIO, "ethnicity"])
    assert row["answered_at"] == clock.now()
    assert row["valid_until"] == told.valid_until == clock.now() + timedelta(seconds=FREE.answer_seconds)
    allowed = context.rules.allowed_fields("1.000110", "G15-TP07", clock.now().date())
    assert row["legal_basis"].startswith("Luật Căn cước 26/2023/QH15; NĐ 70/2024/NĐ-CP; ")
    assert allowed[F.ETHNICITY].source in row["legal_basis"]
    entries = [entry for entry in await rows_of(clocked_database, audit) if entry["provider"] == "population"]
    assert [(entry["kind"], entry["outcome"]) for entry in entries] == [
        ("person_asked", "asked"),
        ("person_answered", "MATCH"),
    ]
    assert json.loads(entries[1]["detail"])["returned"] == sorted([*TRIO, "ethnicity"])


async def test_whether_it_is_the_applicant_is_on_record(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    context = await asking(clocked_database, population)
    population.hold(person(1, number="003190123456"))
    await ask(context, number="003190123456")
    await ask(context, 2)
    entries = [entry for entry in await rows_of(clocked_database, audit) if entry["kind"] == "person_asked"]
    assert [json.loads(entry["detail"])["applicant"] for entry in entries] == [True, False]


class Talkative(InMemoryPopulation):
    """One that tells all it knows, whatever was wanted."""

    async def read(self, question: PersonQuestion, wanted: frozenset[F]) -> RecordAnswer:
        await super().read(question, wanted)
        return RecordAnswer(PersonOutcome.MATCH, "answered", None, record=person(1))


async def test_what_comes_back_beyond_the_list_is_neither_given_nor_kept(clocked_database: Database) -> None:
    context = await asking(clocked_database, Talkative())
    told = await ask(context, 1, ETHNICITY)
    assert told.record == {F.ETHNICITY: "12"}
    kept = str([await rows_of(clocked_database, table) for table in (queries, audit)])
    assert "ethnicity" in kept
    for value in ("religion", "Buôn Mẫu", "Y Mẫu", "097060123456", number(1), NAME):
        assert value not in kept, value
    assert NAME not in repr(told)
    assert "'12'" not in repr(told)


async def test_an_answer_feeds_its_own_dossier_for_its_time_and_nothing_else(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population)
    await hand_over(context, dossier(2))
    told = await ask(context, 1, HOME)
    confirmed = await ask(context)
    mismatch = await ask(context, 2, birth_date="1991-05-17")
    assert mismatch.outcome is PersonOutcome.NOT_FOUND_OR_MISMATCH
    population.script(PersonOutcome.UNAVAILABLE)
    silent = await ask(context, 3)
    assert silent.valid_until == silent.answered_at
    asked = len(population.questions)

    async def living(dossier_code: str, subject_id: str) -> list[tuple[str, frozenset[str]]]:
        async with clocked_database.read() as session:
            found = await person_queries.answered(session, dossier_code, subject_id, clock.now())
        return [(answer.query_id, answer.fields) for answer in found]

    both = {(told.query_id, frozenset({*TRIO, "home_town"})), (confirmed.query_id, frozenset(TRIO))}
    assert set(await living(code(), told.subject_id)) == both
    assert await living(code(2), told.subject_id) == []
    assert await living(code(), mismatch.subject_id) == []
    assert await living(code(), silent.subject_id) == []
    clock.advance(FREE.answer_seconds - 1)
    assert set(await living(code(), told.subject_id)) == both
    clock.advance(1)
    assert await living(code(), told.subject_id) == []
    # Nothing is served from what was told before: another dossier asks for itself.
    await ask(context, 1, HOME, dossier_code=code(2))
    assert len(population.questions) == asked + 1


async def test_the_officer_has_a_quota_of_the_vietnamese_day(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population, once=replace(FREE, officer_calls_per_day=2))
    with pytest.raises(UnknownDossier):
        await ask(context, dossier_code=code(9))  # never left, does not count
    await ask(context)
    await ask(context, 2)
    with pytest.raises(PersonQuotaSpent) as spent:
        await ask(context, 3)
    # 09:00 in Viet Nam: fifteen hours are left of the day.
    assert spent.value.retry_after_seconds == 15 * 3600
    await ask(context, 3, officer="canbo02")
    clock.advance(15 * 3600 - 1)
    with pytest.raises(PersonQuotaSpent):
        await ask(context, 3)
    clock.advance(1)
    await ask(context, 3)
    assert len(population.questions) == 4


async def test_the_unit_has_a_quota_of_the_second(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population, once=replace(FREE, unit_calls_per_second=2))
    await ask(context, officer="canbo01")
    await ask(context, officer="canbo02")
    with pytest.raises(PersonQuotaSpent) as spent:
        await ask(context, officer="canbo03")
    assert spent.value.retry_after_seconds == 1
    await ask(context, unit="H15.16")
    clock.advance(1)
    await ask(context, officer="canbo03")
    assert len(population.questions) == 4


@pytest.mark.parametrize(
    ("once", "officers"),
    [(replace(FREE, officer_calls_per_day=3), 1), (replace(FREE, unit_calls_per_second=3), 8)],
)
async def test_two_processes_do_not_both_take_the_last_question(
    clocked_database: Database,
    database_url: str,
    population: InMemoryPopulation,
    clock: ManualClock,
    once: OncePolicy,
    officers: int,
) -> None:
    context = await asking(clocked_database, population, once=once)
    other = Database(database_url, clock=clock)
    try:
        twins = [context, replace(context, database=other)]
        tries = [ask(twins[place % 2], place + 1, officer=f"canbo{place % officers}") for place in range(8)]
        results = await asyncio.gather(*tries, return_exceptions=True)
    finally:
        await other.aclose()
    assert sum(isinstance(result, PersonQuotaSpent) for result in results) == 5, results
    assert len(population.questions) == 3


async def test_a_silent_source_shuts_the_gate_of_all_processes_until_a_trial_goes_well(
    clocked_database: Database, database_url: str, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population, once=replace(FREE, breaker=BREAKER, officer_calls_per_day=6))
    population.script(PersonOutcome.UNAVAILABLE)
    first = await ask(context)
    population.script(PersonOutcome.BAD_REPLY)
    second = await ask(context)
    (event,) = await open_events(clocked_database)
    assert (event["kind"], event["subject"], event["target"]) == ("source_silent", "population", "population")
    assert first.incident == second.incident == f"event:{event['id']}"
    other = Database(database_url, clock=clock)
    try:
        kept_in = await ask(replace(context, database=other))
    finally:
        await other.aclose()
    assert (kept_in.outcome, kept_in.reason) == (PersonOutcome.UNAVAILABLE, "breaker_open")
    assert kept_in.incident == first.incident
    assert kept_in.retry_after_seconds is not None
    assert 1 <= kept_in.retry_after_seconds <= 6
    assert len(population.questions) == 2
    # The trial goes wrong, then well; one more good one and all may go again. What stayed in the house counts for
    # no quota: two, one, one and two are six.
    clock.advance(6)
    population.script(PersonOutcome.UNAVAILABLE)
    assert (await ask(context)).reason == "scripted"
    assert (await ask(context)).reason == "breaker_open"
    clock.advance(6)
    good = await ask(context)
    assert (good.outcome, good.incident) == (PersonOutcome.MATCH, None)
    assert await open_events(clocked_database) == []
    assert [(await ask(context)).outcome for _ in range(2)] == [PersonOutcome.MATCH] * 2
    with pytest.raises(PersonQuotaSpent):
        await ask(context)
    assert (await outcomes(clocked_database)).count("UNAVAILABLE") == 4


async def test_an_answer_that_is_readable_shuts_no_gate(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    context = await asking(clocked_database, population, once=replace(FREE, breaker=BREAKER))
    for outcome in (PersonOutcome.DENIED, PersonOutcome.QUOTA, PersonOutcome.NOT_FOUND_OR_MISMATCH):
        for _ in range(3):
            population.script(outcome)
            told = await ask(context)
            assert told.outcome is outcome
            # It is there, and does not help: the question itself is the record of that.
            helps = outcome is PersonOutcome.NOT_FOUND_OR_MISMATCH
            assert told.incident == (None if helps else f"query:{told.query_id}")
    assert await open_events(clocked_database) == []


async def test_the_gate_of_a_source_confuses_nobody_who_looks_at_destinations(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population, once=replace(FREE, breaker=BREAKER))
    population.script(PersonOutcome.UNAVAILABLE, times=2)
    await ask(context)
    await ask(context)
    clock.advance(60)
    assert (await tick(context)).promoted == 0
    assert [view.key for view in await target_overview(context)] == [PORTAL.key]
    await measure(context)
    told = {
        (sample.name, sample.labels.get("state")): sample.value
        for metric in observability.REGISTRY.collect()
        for sample in metric.samples
        if sample.labels.get("target") == "population"
    }
    assert told[("lienthong_breaker_state", "open")] == 1.0
    assert {name for name, _ in told} == {"lienthong_breaker_state"}


async def test_another_persons_record_is_an_alarm_and_says_nothing(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    context = await asking(clocked_database, population)
    population.script(PersonOutcome.BAD_REPLY, "another person's record", alarm=True)
    told = await ask(context, 1, ETHNICITY)
    assert told.outcome is PersonOutcome.BAD_REPLY
    assert told.record == {}
    async with clocked_database.read() as session:
        (alarm,) = await events_page(session, before_id=None, limit=9, kind=EventKind.WRONG_PERSON)
    assert alarm["subject"] == f"query:{told.query_id}"
    assert alarm["ended_at"] == alarm["started_at"]
    assert number(1) not in str(alarm)


class Hanging(InMemoryPopulation):
    """One that never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def verify(self, question: PersonQuestion) -> PersonAnswer:
        self.asked.set()
        await asyncio.Event().wait()
        return await super().verify(question)


class Faulty(InMemoryPopulation):
    """One of which the connector itself says something, or fails."""

    def __init__(self, ends: PersonAnswer | Exception) -> None:
        super().__init__()
        self.ends = ends

    async def verify(self, question: PersonQuestion) -> PersonAnswer:
        del question
        if isinstance(self.ends, Exception):
            raise self.ends
        return self.ends


async def waits_for_a_lock(database: Database) -> bool:
    async with database.read() as session:
        # Of this database alone: others run on the same server.
        waits = "SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database WHERE datname = current_database()"
        return bool(await session.rows(text(f"{waits} AND locktype = 'advisory' AND NOT granted")))


async def test_who_cannot_wait_leaves_no_question_open(clocked_database: Database, clock: ManualClock) -> None:
    hanging = Hanging()
    context = await asking(clocked_database, hanging)
    told = await ask_person(context, CALLER, question(), None, "c-test", seconds=0.01)
    assert (told.outcome, told.reason) == (PersonOutcome.UNAVAILABLE, OUT_OF_TIME)
    hanging.asked.clear()
    clock.advance(1)
    task = asyncio.create_task(ask(context))
    async with asyncio.timeout(AMPLE_SECONDS):
        await hanging.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    kept = await rows_of(clocked_database, queries)
    assert [(row["outcome"], row["reason"]) for row in kept] == [
        ("UNAVAILABLE", OUT_OF_TIME),
        ("UNAVAILABLE", GIVEN_UP),
    ]


async def test_what_does_not_come_from_the_source_says_nothing_of_it(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    """A refusal by the connector, a bug, too little time: no gate shuts or opens by them, and no silence ends."""
    context = await asking(clocked_database, population, once=replace(FREE, breaker=BREAKER))
    hurried = replace(context, population=Hanging())
    for _ in range(3):
        told = await ask_person(hurried, CALLER, question(), None, "c-test", seconds=0.01)
        assert told.incident == f"query:{told.query_id}"
    with pytest.raises(ValueError, match="bug"):
        await ask(replace(context, population=Faulty(ValueError("bug"))))
    assert await open_events(clocked_database) == []
    population.script(PersonOutcome.UNAVAILABLE, times=2)
    await ask(context)
    await ask(context)
    (event,) = await open_events(clocked_database)
    clock.advance(6)
    refused = await ask(replace(context, population=Faulty(PersonAnswer(PersonOutcome.DENIED, "no key", None))))
    assert refused.incident == f"query:{refused.query_id}"
    assert await open_events(clocked_database) == [event]
    # That trial told nothing; the next one is soon.
    assert (await ask(context)).reason == "breaker_open"
    clock.advance(31)
    assert (await ask(context)).outcome is PersonOutcome.MATCH
    reasons = [row["reason"] for row in await rows_of(clocked_database, queries)]
    assert (reasons.count(OUT_OF_TIME), reasons.count(BROKEN_OFF)) == (3, 1)


async def test_a_dossier_that_somebody_holds_stops_no_question_about_others(
    database: Database, population: InMemoryPopulation
) -> None:
    if database.is_sqlite:
        pytest.skip("a transaction stands alone there")
    context = await asking(database, population)
    await hand_over(context, dossier(2))
    await ask(context, dossier_code=code(2))
    held, free = asyncio.Event(), asyncio.Event()

    async def hold(session: WriteSession) -> None:
        await dossiers.lock(session, [code()])
        held.set()
        await free.wait()

    async with asyncio.timeout(AMPLE_SECONDS), asyncio.TaskGroup() as tasks:
        tasks.create_task(database.run(hold))
        await held.wait()
        waiting = tasks.create_task(ask(context))
        while not await waits_for_a_lock(database):  # noqa: ASYNC110 - what is waited for is not of this process
            await asyncio.sleep(0.01)
        other = await ask(context, dossier_code=code(2), officer="canbo02")
        assert (other.outcome, waiting.done()) == (PersonOutcome.MATCH, False)
        free.set()
    assert waiting.result().outcome is PersonOutcome.MATCH


BODY = {
    "dossier_code": code(),
    "officer": "canbo01",
    "unit": "H15.50",
    "purpose": "Kiểm tra người nộp",
    "number": number(1),
    "full_name": NAME,
    "birth_date": BIRTH,
}


NOT_TOLD = ("unknown", "source_does_not_tell")


async def fields_of(client: httpx.AsyncClient, **changes: object) -> dict[str, tuple[str, ...]]:
    """By field, the agreement and why."""
    answer = await client.post("/v1/persons/verify", json=BODY | changes)
    assert answer.status_code == 200, answer.text
    assert all(part["meaning"]["vi"] and part["meaning"]["en"] for part in answer.json()["fields"])
    return {part["field"]: (part["agreement"], *part["whys"]) for part in answer.json()["fields"]}


async def test_minimal_answers_first(clocked_database: Database, population: InMemoryPopulation) -> None:
    context = await asking(clocked_database, population)
    declared = {"ethnicity": "20", "home_town": {"province_code": "66", "detail": "Thôn Khác"}}
    async with door(context) as client:
        assert await fields_of(client) == dict.fromkeys(TRIO, ("yes", "confirmed_by_source"))
        assert population.read_questions == []
        found = await fields_of(client, full_name="h'bia niê", declared=declared)
    assert [(question.full_name, wanted) for question, wanted in population.read_questions] == [
        ("h'bia niê", frozenset({F.NUMBER, F.FULL_NAME, F.BIRTH_DATE, F.ETHNICITY, F.HOME_TOWN}))
    ]
    assert found == {
        "number": ("yes", "equal"),
        "full_name": ("yes", "letter_case"),
        "birth_date": ("yes", "equal"),
        "ethnicity": ("no", "different"),
        "home_town": ("partial", "same_province", "ward_not_compared", "detail_differs"),
    }


async def test_the_record_is_never_shown(clocked_database: Database, population: InMemoryPopulation) -> None:
    context = await asking(clocked_database, population)
    async with door(context) as client:
        answer = await client.post("/v1/persons/verify", json=BODY | {"declared": {"home_town": {"detail": "Khác"}}})
        assert answer.status_code == 200
        assert "Buôn Mẫu" not in answer.text
        assert "24133" not in answer.text
        refused = await client.post("/v1/persons/verify", json=BODY | {"declared": {"marital_status": "1"}})
        assert refused.status_code == 403
        assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/declared/marital_status"]


async def test_a_mismatch_says_no_of_no_field(clocked_database: Database, population: InMemoryPopulation) -> None:
    context = await asking(clocked_database, population)
    async with door(context) as client:
        for declared in (None, {"ethnicity": "12"}):
            found = await fields_of(client, birth_date="1991-05-17", declared=declared)
            assert found == dict.fromkeys([*TRIO, *(declared or ())], NOT_TOLD)


async def test_a_year_is_asked_for_by_the_officer_and_never_by_itself(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    context = await asking(clocked_database, population)
    population.hold(person(5, birth_date="1943"))
    async with door(context) as client:
        found = await fields_of(client, number=number(5), birth_date="1943-01-01")
        assert found == dict.fromkeys(TRIO, NOT_TOLD)
        assert len(population.questions) == 1
        found = await fields_of(client, number=number(5), birth_date="1943", declared={"ethnicity": "12"})
        assert found["birth_date"] == ("yes", "equal", "year_only")


async def test_the_digits_of_the_number_only_warn(clocked_database: Database, population: InMemoryPopulation) -> None:
    context = await asking(clocked_database, population)
    population.hold(person(1, birth_date="2091-05-17"))
    async with door(context) as client:
        body = BODY | {"birth_date": "2091-05-17", "declared": {"ethnicity": "12"}}
        answer = (await client.post("/v1/persons/verify", json=body)).json()
    assert answer["match"] is True
    assert [(part["field"], part["whys"]) for part in answer["warnings"]] == [
        ("birth_date", ["century_digit"]),
        ("birth_date", ["year_digits"]),
    ]
    assert all(part["agreement"] == "partial" and part["meaning"]["vi"] for part in answer["warnings"])


async def test_who_asked_can_be_read_and_the_look_is_on_record(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population)
    await ask(context, 1, ETHNICITY)
    later = clock.advance(60)
    await ask(context, 2, officer="canbo02")
    with pytest.raises(UnknownDossier):
        await ask(context, 3, dossier_code=code(9))
    async with door(context, scopes=("read",)) as client:

        async def seen(**params: str) -> list[str]:
            answer = await client.get("/v1/persons/queries", params=params)
            assert answer.status_code == 200, answer.text
            for value in (NAME, BIRTH, number(1), number(2)):
                assert value not in answer.text
            return [f"{item['officer']} {item['outcome']}" for item in answer.json()["items"]]

        everything = ["canbo01 unknown-dossier", "canbo02 MATCH", "canbo01 MATCH"]
        assert sorted(await seen()) == sorted(everything)
        assert await seen(officer="canbo02") == ["canbo02 MATCH"]
        assert await seen(outcome="unknown-dossier", unit="H15.50") == ["canbo01 unknown-dossier"]
        assert len(await seen(dossier=code())) == 2
        assert len(await seen(since=later.isoformat())) == 2
        page = (await client.get("/v1/persons/queries", params={"limit": 2})).json()
        rest = (await client.get(page["next"])).json()
        assert len({item["id"] for item in [*page["items"], *rest["items"]]}) == 3
        assert rest["items"][0]["fields_returned"] == sorted([*TRIO, "ethnicity"])
        assert (await client.get("/v1/persons/queries", params={"since": "2026-07-01T08:00:00"})).status_code == 422
        assert (await client.get("/v1/persons/queries", params={"officer": "\x00"})).status_code == 422
    looks = [entry for entry in await rows_of(clocked_database, audit) if entry["kind"] == "log_access"]
    assert json.loads(looks[1]["detail"]) == {
        "log": "person_queries",
        "filter": {"officer": "canbo02"},
        "limit": 100,
        **FROM_TEST,
    }


async def test_figures_count_by_outcome_within_a_span(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    context = await asking(clocked_database, population)
    start = clock.now()
    await ask(context)
    later = clock.advance(3600)
    await ask(context)
    await ask(context, birth_date="1991-05-17")
    with pytest.raises(UnknownDossier):
        await ask(context, dossier_code=code(9))
    async with clocked_database.read() as session:
        assert await person_queries.figures(session, None, None) == {
            "MATCH": 2,
            "NOT_FOUND_OR_MISMATCH": 1,
            "unknown-dossier": 1,
        }
        assert await person_queries.figures(session, start, later) == {"MATCH": 1}
        assert (await person_queries.figures(session, later, later + timedelta(microseconds=1)))["MATCH"] == 1


def test_the_store_knows_every_outcome() -> None:
    assert set(person_queries.ANSWERS) == {outcome.value for outcome in PersonOutcome}


async def test_a_record_that_is_mixed_up_alarms_and_shuts_nobody_out(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    context = await asking(clocked_database, population, once=replace(FREE, breaker=BREAKER))
    population.script(PersonOutcome.BAD_REPLY, times=4, alarm=True)
    for _ in range(4):
        assert (await ask(context, wanted=frozenset({F.ETHNICITY}))).outcome is PersonOutcome.BAD_REPLY
    population.hold(person())
    assert (await ask(context)).outcome is PersonOutcome.MATCH
    async with clocked_database.read() as session:
        told = [event["kind"] for event in await events_page(session, before_id=None, limit=9)]
    assert told == ["wrong_person"] * 4


async def test_where_officers_are_named_nobody_else_may_ask(
    clocked_database: Database, population: InMemoryPopulation
) -> None:
    population.hold(person())
    context = replace(await asking(clocked_database, population), person_officers=frozenset({"canbo01"}))
    assert (await ask(context)).outcome is PersonOutcome.MATCH
    for stranger in ("CanBo01", "canbo02"):
        with pytest.raises(PersonCheckDenied):
            await ask(context, officer=stranger)
    assert len(population.questions) == 1


async def test_a_question_whose_process_died_is_called_unanswered_in_the_end(
    clocked_database: Database, population: InMemoryPopulation, clock: ManualClock
) -> None:
    population.hold(person())
    context = await asking(clocked_database, population)
    await ask(context)

    async def as_if_asked(session: WriteSession) -> None:
        (row,) = await session.rows(select(queries.c.id))
        await person_queries.settle(session, row.id, outcome="asked", reason=None, answered_at=None)

    await clocked_database.run(as_if_asked)
    clock.advance(PATIENCE_SECONDS)
    assert await settle_broken(context) == 0
    clock.advance(1)
    assert (await settle_broken(context), await settle_broken(context)) == (1, 0)
    (row,) = await rows_of(clocked_database, queries)
    assert (row["outcome"], row["reason"]) == ("UNAVAILABLE", "broken_off")
    (*_, last) = await rows_of(clocked_database, audit)
    assert (last["kind"], last["outcome"]) == ("person_answered", "UNAVAILABLE")
