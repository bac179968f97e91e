"""What citizens were asked for, as dossiers say it, held against the gate's decisions; and whose dossiers they are."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest_asyncio
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from app.store import documents, once_only
from app.store.session import Database, WriteSession
from app.usecases.context import Context, OncePolicy
from tests.factories import ManualClock
from tests.worlds import code, context_of, dossier, hand_over

NUMBER = "003190123456"
PAPER, OTHER_PAPER = "000.00.00.G15-KQ003864", "000.00.00.G15-KQ004464"
PROCEDURE = "1.000110"
ONE = "a" * 32


def part(component: str | None = PAPER, **more: Any) -> dict[str, Any]:
    coded = {"component_code": component} if component else {}
    return {"name": "Giấy tờ chứng minh nơi cư trú", **coded, **more}


@pytest_asyncio.fixture
async def context(clocked_database: Database) -> Context:
    return context_of(clocked_database)


async def decide(context: Context, decision: str = "NOT_IN_SOURCE", **changes: Any) -> str:
    """Put one decision of the gate on record; gives its id."""

    async def work(session: WriteSession) -> str:
        now = await session.now()
        number = changes.pop("number", NUMBER)
        subject = await documents.subject(session, "personal_number", number, f"{'5' * 31}{number[-1]}", now)
        decision_id = str(changes.pop("id", ONE))
        check_id = f"c{decision_id[1:]}"
        check = {
            "id": check_id,
            "at": now,
            "caller": "one-stop",
            "agency": "H15",
            "officer": "canbo01",
            "unit_code": "H15.50",
            "dossier_code": changes.pop("dossier", None),
            "procedure_code": changes.pop("procedure", PROCEDURE),
            "subject_id": subject,
            "rules_version": "0" * 12,
            "sources": "{}",
        }
        row = {
            "id": decision_id,
            "check_id": check_id,
            "at": now,
            "place": 0,
            "kind": "component",
            "code": changes.pop("code", PAPER),
            "decision": decision,
        }
        assert not changes
        await once_only.add_check(session, check, [row])
        return decision_id

    return await context.database.run(work)


async def rows(
    context: Context, columns: str = "dossier_code, component_code, redundant, why"
) -> list[tuple[Any, ...]]:
    async with context.database.read() as session:
        found = await session.rows(text(f"SELECT {columns} FROM paper_requests ORDER BY id"), {})  # noqa: S608 - ours
    return [tuple(row) for row in found]


async def whys(context: Context) -> list[str | None]:
    return [row[0] for row in await rows(context, "why")]


async def test_what_was_asked_for_without_a_decision_is_redundant(context: Context) -> None:
    await hand_over(context, dossier(1, components=[part(), part(None)]))
    assert await rows(context, "component_code, why") == [(PAPER, "no_decision"), (None, "no_decision")]
    assert [bool(row[0]) for row in await rows(context, "redundant")] == [True, True]


async def test_an_earlier_decision_allows_one_request_of_one_dossier(context: Context) -> None:
    decision = await decide(context)
    asked = [part(decision_id=decision, asked_by="canbo01")]
    await hand_over(context, dossier(1, components=asked), dossier(2, components=asked))
    await hand_over(context, dossier(3, components=asked))
    assert await whys(context) == [None, "other_dossier", "other_dossier"]
    assert (await rows(context, "officer"))[0] == ("canbo01",)


OTHERWISE: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"decision": "HAVE_VALID"}, {}, "blocked"),
    ({"code": OTHER_PAPER}, {}, "other_paper"),
    ({"number": "003190123457"}, {}, "other_person"),
    ({"procedure": "1.001193"}, {}, "other_procedure"),
    ({"dossier": "H15.50-260701-0009"}, {}, "other_dossier"),
    ({}, {"decision_id": "f" * 32}, "unknown_decision"),
)


async def test_a_decision_about_something_else_allows_nothing(context: Context) -> None:
    for number, (given, changes, _) in enumerate(OTHERWISE, 1):
        decision = await decide(context, **({"id": f"{number}" * 32} | given))
        await hand_over(context, dossier(number, components=[part(**{"decision_id": decision} | changes)]))
    assert await whys(context) == [why for _, _, why in OTHERWISE]


async def test_a_decision_comes_before_the_request_and_does_not_last_for_ever(
    context: Context, clock: ManualClock
) -> None:
    decision = await decide(context)
    before = (clock.now() - timedelta(seconds=1)).isoformat()
    await hand_over(context, dossier(1, components=[part(decision_id=decision, asked_at=before)]))
    clock.advance(context.once.decision_seconds + 1)
    await hand_over(context, dossier(2, components=[part(decision_id=decision)]))
    assert await whys(context) == ["asked_before", "expired"]


async def test_software_that_tells_whole_seconds_is_not_reproached(context: Context, clock: ManualClock) -> None:
    clock.advance(0.5)
    decision = await decide(context)
    second = clock.now().replace(microsecond=0)
    times = [second, second - timedelta(seconds=1)]
    for number, at in enumerate(times, 1):
        given = decision if number == 1 else await decide(context, id="b" * 32)
        await hand_over(context, dossier(number, components=[part(decision_id=given, asked_at=at.isoformat())]))
    assert await whys(context) == [None, "asked_before"]


async def test_a_batch_with_decisions_costs_as_many_statements_as_one_dossier(context: Context) -> None:
    counts = []
    for size in (1, 5):
        given = [await decide(context, id=f"{size}{number:031x}") for number in range(size)]
        records = [dossier(10 * size + number, components=[part(decision_id=one)]) for number, one in enumerate(given)]
        counts.append(0)

        def count(*_: object) -> None:
            counts[-1] += 1

        event.listen(Engine, "before_cursor_execute", count)
        try:
            await hand_over(context, *records)
        finally:
            event.remove(Engine, "before_cursor_execute", count)
    assert counts[0] == counts[1]
    assert await whys(context) == [None] * 6


async def test_what_came_from_a_store_was_not_asked_for(context: Context) -> None:
    stored = {"reuse": "component"}, {"reuse": "result", "replacing_result_code": "KQ.G15.000031"}
    await hand_over(context, *(dossier(n, components=[part(**marks)]) for n, marks in enumerate(stored, 1)))
    assert await rows(context) == []


async def test_a_request_stands_as_it_was_first_made_and_another_decision_is_another_request(context: Context) -> None:
    await hand_over(context, dossier(1, components=[part()]))
    decision = await decide(context)
    again = [part(decision_id=decision), part(OTHER_PAPER)]
    for revision in (2, 3):
        await hand_over(context, dossier(1, revision=revision, components=again))
    blocked = await decide(context, "HAVE_VALID", id="b" * 32)
    await hand_over(context, dossier(1, revision=4, components=[part(decision_id=blocked), part(OTHER_PAPER)]))
    await hand_over(context, dossier(1, revision=5, components=[part()]))
    assert await rows(context, "component_code, why") == [
        (PAPER, "no_decision"),
        (PAPER, None),
        (OTHER_PAPER, "no_decision"),
        (PAPER, "blocked"),
    ]


async def test_dossiers_from_before_the_day_are_not_judged(context: Context) -> None:
    late = replace(context, once=OncePolicy(counted_from=date(2026, 7, 2)))
    await hand_over(late, dossier(1, components=[part()]))
    on_the_day = datetime(2026, 7, 1, 17, 30, tzinfo=UTC).isoformat()
    await hand_over(late, dossier(2, received_at=on_the_day, components=[part()]))
    assert [row[0] for row in await rows(late)] == [code(2)]


async def test_a_dossier_is_found_by_its_applicant(context: Context) -> None:
    old = {"kind": "old_identity_number", "number": "240123456"}
    both = {
        "kind": "citizen",
        "full_name": "H'Bia Niê",
        "identities": [old, {"kind": "personal_number", "number": NUMBER}],
    }
    firm = {
        "kind": "enterprise",
        "full_name": "Công ty Mẫu",
        "identities": [{"kind": "tax_number", "number": "0123456789"}],
    }
    nobody = {"kind": "state_agency", "full_name": "Sở Mẫu"}
    await hand_over(context, dossier(1), dossier(2, applicant=both), dossier(3, applicant=firm))
    await hand_over(context, dossier(4, applicant=nobody), dossier(1, revision=2, applicant=firm))
    async with context.database.read() as session:
        wanted = text(
            "SELECT d.code, s.number FROM dossiers d LEFT JOIN subjects s ON s.id = d.subject_id ORDER BY d.code"
        )
        found = [tuple(row) for row in await session.rows(wanted, {})]
    assert found == [(code(1), "0123456789"), (code(2), NUMBER), (code(3), "0123456789"), (code(4), None)]
