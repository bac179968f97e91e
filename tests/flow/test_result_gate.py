"""The rule of signed results: who passes, who is listed, who is refused and told what is missing."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.domain.documents import GateMode, SignerKind, Verdict
from app.errors import Refusal, ResultMissing
from app.store.session import Database
from app.usecases import gate, judging
from app.usecases.receive import DossierRecord, StepRecord, receive
from tests.api.test_door import problem
from tests.papers_world import RESULT, TrueExaminer, World, door, keep, make, metadata, paper, samples, trust
from tests.worlds import CALLER, code, dossier, dossier_body, hand_over, step

DONE = {"status": "done", "finished_at": "2026-07-02T08:00:00+07:00"}
OPEN = {"status": "processing", "finished_at": None}
RETURNED = DONE | {"status": "returned", "returned_at": "2026-07-02T09:00:00+07:00"}
NO_RESULT = "1.000414"


@pytest_asyncio.fixture
async def world(clocked_database: Database, tmp_path: Path) -> World:
    return make(clocked_database, tmp_path)


def returned(number: int = 1, **changes: Any) -> DossierRecord:
    return dossier(number, **(RETURNED | {"revision": 2} | changes))


def last_step(number: int = 1) -> StepRecord:
    return step(number, 9, status="returned")


async def enforce(world: World, unit: str = "H15.50", mode: GateMode = GateMode.ENFORCE) -> None:
    await gate.switch(world.context, CALLER, unit, mode, "thử", "c-1")


async def received(world: World, *numbers: int, **changes: Any) -> None:
    """Done, unless the changes say otherwise."""
    await hand_over(world.context, *[dossier(n, **(DONE | changes)) for n in numbers])


async def missing_of(client: httpx.AsyncClient, **query: Any) -> list[tuple[str, list[str], str]]:
    page = (await client.get("/v1/results/missing", params=query)).json()
    return [(item["dossier"], item["verdicts"], item["mode"]) for item in page["items"]]


async def test_without_the_rule_a_dossier_passes_and_is_listed_until_its_result_comes(world: World) -> None:
    await received(world, 1, 2)
    await received(world, 3, **OPEN)
    await hand_over(world.context, returned(1), returned(2), last_step(3))
    await keep(world, metadata(), paper("2", "UNSIGNED"), 2)
    async with door(world.context) as client:
        rule = (await client.get("/v1/units/H15.50/result-gate")).json()
        assert (rule["mode"], rule["set_for"], rule["set_by"]) == ("report", None, None)
        # What its last step tells the nation counts as much as what its snapshot tells.
        assert await missing_of(client) == [
            (code(3), [], "report"),
            (code(2), ["UNSIGNED"], "report"),
            (code(1), [], "report"),
        ]
        page = (await client.get("/v1/results/missing")).json()["items"]
        assert [item["status"] for item in page] == ["returned"] * 3
        await keep(world, metadata(number_symbol="3"), paper("3"), 3)
        await keep(world, metadata(number_symbol="1"), paper("1"), 1)
        assert await missing_of(client) == [(code(2), ["UNSIGNED"], "report")]
        await keep(world, metadata(number_symbol="2"), paper("2b"), 2)
        assert await missing_of(client) == []


async def test_where_it_is_enforced_dossier_and_step_are_refused_with_what_is_missing(world: World) -> None:
    await received(world, 1)
    await enforce(world)
    async with door(world.context) as client:
        body = dossier_body(revision=2, **RETURNED)
        answer = problem(await client.put(f"/v1/dossiers/{code()}", json=body), 409, "result-missing")
        assert answer["held_results"] == []
        assert answer["errors"][0]["pointer"] == "/status"  # type: ignore[index]
        last = last_step().body.model_dump(mode="json", exclude_none=True)
        problem(await client.post(f"/v1/dossiers/{code()}/steps", json=last), 409, "result-missing")
        weak = await keep(world, metadata(), paper("weak", "INCOMPLETE"))
        answer = problem(await client.put(f"/v1/dossiers/{code()}", json=body), 409, "result-missing")
        assert answer["held_results"] == [{"id": weak["id"], "code": RESULT, "verdict": "INCOMPLETE"}]
        assert "VALID" in str(answer["detail"])
        assert "INCOMPLETE" in str(answer["detail"])
        # A component with the best signatures is no result.
        await keep(world, metadata("component"), paper("component"))
        problem(await client.put(f"/v1/dossiers/{code()}", json=body), 409, "result-missing")
        assert (await client.get(f"/v1/dossiers/{code()}")).json()["status"] == "done"
        await keep(world, metadata(number_symbol="2"), paper("good"))
        assert (await client.put(f"/v1/dossiers/{code()}", json=body)).status_code == 202
        assert (await client.post(f"/v1/dossiers/{code()}/steps", json=last)).status_code == 202
    refused = await world.rows("SELECT outcome FROM audit WHERE kind = 'refused'")
    assert [row.outcome for row in refused] == ["result-missing"] * 4


async def test_a_step_that_is_let_pass_resolves_as_a_snapshot_does(world: World) -> None:
    await received(world, 1, 2, 3, 4, **OPEN)
    await hand_over(world.context, step(1, 9, status="done"), last_step(2), step(4, 9, status="processing"))
    await keep(world, metadata(number_symbol="2"), paper("2"), 2)
    async with door(world.context) as client:
        page = (await client.get("/v1/results/missing")).json()["items"]
        assert [(item["dossier"], item["status"]) for item in page] == [(code(1), "done")]
        told = (await client.get("/v1/sync/summary")).json()["e_results"]
        assert (told["resolved"], told["with_e_result"]) == (2, 1)


async def test_what_was_taken_before_the_switch_gets_the_same_answer_again(world: World) -> None:
    await received(world, 1)
    (before,) = await hand_over(world.context, returned())
    (step_before,) = await hand_over(world.context, last_step())
    await enforce(world)
    assert await hand_over(world.context, returned(), last_step()) == [before, step_before]
    (answer,) = await receive(world.context, CALLER, [returned(summary="Khác")], "c-1")
    assert isinstance(answer, Refusal)


async def test_only_a_validly_signed_result_passes(clocked_database: Database, tmp_path: Path) -> None:
    signed = await asyncio.to_thread(samples)
    world = make(clocked_database, tmp_path, examiner=TrueExaminer(trust()))
    await received(world, *range(1, len(signed) + 1))
    await enforce(world)
    passed, verdicts = [], {}
    for number, (name, content) in enumerate(signed.items(), 1):
        kept = await keep(world, metadata(number_symbol=str(number)), content, number)
        verdicts[name] = kept["verdict"]
        (answer,) = await receive(world.context, CALLER, [returned(number)], "c-1")
        if not isinstance(answer, Refusal):
            passed.append(name)
            continue
        assert isinstance(answer, ResultMissing)
        assert answer.members["held_results"] == [{"id": kept["id"], "code": RESULT, "verdict": kept["verdict"]}]
    assert passed == ["valid"]
    assert set(verdicts.values()) == {verdict.value for verdict in Verdict}
    assert {name: verdict for name, verdict in verdicts.items() if name != "modified_later"} == {
        verdict.value.lower(): verdict.value for verdict in Verdict
    }
    async with door(world.context) as client:
        store = (await client.get("/v1/documents/store")).json()
        assert store["verdicts"] == {v.value: 2 if v is Verdict.MODIFIED else 1 for v in Verdict}


async def test_another_trust_changes_what_a_result_is_worth_and_whether_it_counts(
    clocked_database: Database, tmp_path: Path
) -> None:
    signed = await asyncio.to_thread(samples)
    world = make(clocked_database, tmp_path, examiner=TrueExaminer(trust()))
    await received(world, 1)
    kept = await keep(world, metadata(), signed["valid"])
    await hand_over(world.context, returned())
    files = world.context.files
    assert files is not None
    elsewhere = replace(files, examiner=TrueExaminer(trust(is_ours=False)))
    async with door(world.context) as client:
        assert await missing_of(client) == []
        row = await judging.judge(replace(world.context, files=elsewhere), CALLER, kept["id"], "c-1")
        assert row["verdict"] == "UNTRUSTED"
        assert await missing_of(client) == [(code(), ["UNTRUSTED"], "report")]
        judged = (await client.post(f"{kept['address']}/judge")).json()
        ours, theirs = trust().fingerprint, trust(is_ours=False).fingerprint
        assert ours != theirs
        assert [(j["verdict"], j["judged_by"]["fingerprint"]) for j in judged["judgements"]] == [
            ("VALID", ours),
            ("UNTRUSTED", theirs),
            ("VALID", ours),
        ]
        assert await missing_of(client) == []


@pytest.mark.parametrize("verb", ["revoke", "supersede"])
async def test_a_result_that_speaks_no_more_counts_no_more(world: World, verb: str) -> None:
    await received(world, 1)
    good = await keep(world, metadata(), paper("good"))
    weak = await keep(world, metadata(number_symbol="2"), paper("weak", "UNSIGNED"))
    await hand_over(world.context, returned())
    await enforce(world)
    async with door(world.context) as client:
        assert await missing_of(client) == []
        by = {"by": weak["id"]} if verb == "supersede" else {}
        assert (await client.post(f"{good['address']}/{verb}", json=by | {"reason": "sai"})).status_code == 200
        assert await missing_of(client) == [(code(), ["UNSIGNED"], "enforce")]
        assert not (await client.get(f"/v1/dossiers/{code()}/documents")).json()["e_result"]
    (answer,) = await receive(world.context, CALLER, [returned(revision=3)], "c-1")
    assert isinstance(answer, ResultMissing)


async def test_the_nearest_switch_above_a_unit_counts(world: World) -> None:
    await received(world, 1)
    await received(world, 2, receiving_unit="H15.16")
    async with door(world.context) as client:

        async def switch(unit: str, mode: str) -> dict[str, Any]:
            answer = await client.put(f"/v1/units/{unit}/result-gate", json={"mode": mode, "reason": f"{unit} {mode}"})
            assert answer.status_code == 200, answer.text
            set_now: dict[str, Any] = answer.json()
            return set_now

        async def passes(number: int, revision: int) -> bool:
            unit = {} if number == 1 else {"receiving_unit": "H15.16"}
            record = returned(number, revision=revision, **unit)
            (answer,) = await receive(world.context, CALLER, [record], "c-1")
            assert not isinstance(answer, Refusal) or isinstance(answer, ResultMissing), answer
            return not isinstance(answer, Refusal)

        set_now = await switch("H15", "enforce")
        assert (set_now["unit"], set_now["mode"], set_now["set_for"]) == ("H15", "enforce", "H15")
        below = (await client.get("/v1/units/H15.50/result-gate")).json()
        assert (below["mode"], below["set_for"], below["reason"]) == ("enforce", "H15", "H15 enforce")
        assert (await passes(1, 2), await passes(2, 2)) == (False, False)
        await switch("H15.50", "report")
        assert (await passes(1, 3), await passes(2, 3)) == (True, False)
        assert [mode for _, _, mode in await missing_of(client, unit="H15.50")] == ["report"]
        assert [mode for _, _, mode in await missing_of(client, unit="H15.16")] == ["enforce"]
        await switch("H15.50", "enforce")
        assert (await passes(1, 4), await passes(2, 4)) == (False, False)
        await switch("H15", "report")
        assert (await passes(1, 5), await passes(2, 5)) == (False, True)
        problem(await client.get("/v1/units/H99/result-gate"), 422, "unknown-code")
        unknown = await client.put("/v1/units/H99/result-gate", json={"mode": "report", "reason": "x"})
        problem(unknown, 422, "unknown-code")
        wrong = await client.put("/v1/units/H15/result-gate", json={"mode": "off", "reason": "x"})
        problem(wrong, 422, "invalid-record")
    kept = await world.rows("SELECT unit_code, mode FROM result_gates ORDER BY id")
    assert [tuple(row) for row in kept] == [
        ("H15", "enforce"),
        ("H15.50", "report"),
        ("H15.50", "enforce"),
        ("H15", "report"),
    ]
    told = await world.rows("SELECT outcome, unit_code FROM audit WHERE kind = 'operation' ORDER BY id")
    assert [row.outcome for row in told] == [f"result_gate:{mode}" for _, mode in kept]


async def test_the_house_may_enforce_it_and_for_which_statuses(clocked_database: Database, tmp_path: Path) -> None:
    statuses = frozenset({"done", "returned"})
    world = make(clocked_database, tmp_path, gate_mode=GateMode.ENFORCE, gate_statuses=statuses)
    await received(world, 1, 2, **OPEN)
    for record in (dossier(1, revision=2, **DONE), step(1, 9, status="done"), last_step(1), dossier(4, **RETURNED)):
        (answer,) = await receive(world.context, CALLER, [record], "c-1")
        assert isinstance(answer, ResultMissing), record
    # What gives no paper owes none.
    await received(world, 3, procedure={"code": NO_RESULT})
    await hand_over(world.context, returned(3, procedure={"code": NO_RESULT}), last_step(3))
    await keep(world, metadata(), paper())
    await hand_over(world.context, dossier(1, revision=2, **DONE))
    await enforce(world, mode=GateMode.REPORT)
    await hand_over(world.context, dossier(2, revision=2, **DONE))
    async with door(world.context) as client:
        assert await missing_of(client) == [(code(2), [], "report")]


async def test_by_default_only_what_is_called_returned_is_held_to_it(world: World) -> None:
    await received(world, 1, **OPEN)
    await enforce(world)
    await hand_over(world.context, dossier(1, revision=2, **DONE))
    async with door(world.context) as client:
        # Done and without a result it is listed all the same.
        assert await missing_of(client) == [(code(), [], "enforce")]


async def test_who_must_sign_is_set_by_the_kind_of_result(clocked_database: Database, tmp_path: Path) -> None:
    signers = {"*": frozenset({SignerKind.PERSON, SignerKind.AGENCY}), RESULT: frozenset({SignerKind.PERSON})}
    world = make(clocked_database, tmp_path, signers=signers)
    await received(world, 1)
    await received(world, 2, procedure={"code": "1.000689"})
    assert (await keep(world, metadata(), paper("1", "INCOMPLETE")))["verdict"] == "VALID"
    other = await keep(world, metadata(code="KQ.G15.000033"), paper("2", "INCOMPLETE"), 2)
    assert other["verdict"] == "INCOMPLETE"
    # A component needs nobody in particular.
    assert (await keep(world, metadata("component"), paper("3", "INCOMPLETE")))["verdict"] == "VALID"


async def test_the_province_says_which_verdicts_are_enough(clocked_database: Database, tmp_path: Path) -> None:
    verdicts = frozenset({Verdict.VALID, Verdict.INCOMPLETE})
    world = make(clocked_database, tmp_path, gate_mode=GateMode.ENFORCE, verdicts=verdicts)
    await received(world, 1, 2)
    await keep(world, metadata(), paper("1", "INCOMPLETE"))
    await keep(world, metadata(number_symbol="2"), paper("2", "EXPIRED"), 2)
    answers = await receive(world.context, CALLER, [returned(1), returned(2)], "c-1")
    assert [isinstance(answer, ResultMissing) for answer in answers] == [False, True]


async def test_one_refused_line_stops_nobody(world: World) -> None:
    await received(world, 1, 2, 3)
    await keep(world, metadata(), paper(), 2)
    await enforce(world)
    lines = [
        {"type": "dossier", "code": code(number), **dossier_body(revision=2, **RETURNED)} for number in (1, 2, 3)
    ] + [{"type": "dossier", "code": code(4), **dossier_body()}]
    async with door(world.context) as client:
        answer = await client.post("/v1/intake", content="\n".join(json.dumps(line) for line in lines))
        told = [json.loads(line) for line in answer.text.splitlines()]
    taken = [line["taken"] for line in told if "taken" in line]
    assert taken == [False, True, False, True]
    assert "/problems/result-missing" in answer.text


async def test_the_summary_tells_the_share_by_unit_and_procedure(world: World) -> None:
    await received(world, 1, 2, 3, 9, **OPEN)
    async with door(world.context) as client:
        empty = (await client.get("/v1/sync/summary")).json()["e_results"]
        assert empty == {"resolved": 0, "with_e_result": 0, "share": None, "target": 1.0, "groups": []}
        await hand_over(world.context, *[dossier(number, revision=2, **DONE) for number in (1, 2, 3)])
        await hand_over(world.context, *[returned(number, revision=3) for number in (1, 2)])
        await received(world, 4, receiving_unit="H15.16", procedure={"code": "1.000689"})
        await received(world, 5, procedure={"code": NO_RESULT})
        for number in (1, 3, 9):
            await keep(world, metadata(number_symbol=str(number)), paper(str(number)), number)
        told = (await client.get("/v1/sync/summary")).json()["e_results"]
        assert (told["resolved"], told["with_e_result"], told["share"]) == (4, 2, 0.5)
        assert told["groups"] == [
            {"unit": "H15.16", "procedure": "1.000689", "resolved": 1, "with_e_result": 0, "share": 0.0},
            {"unit": "H15.50", "procedure": "1.000110", "resolved": 3, "with_e_result": 2, "share": 0.6667},
        ]


async def test_the_list_of_missing_results_is_filtered_and_paged(world: World) -> None:
    await received(world, *range(1, 6))
    await received(world, 6, receiving_unit="H15.16", procedure={"code": "1.000689"})
    await hand_over(world.context, *[returned(number) for number in range(1, 6)])
    await hand_over(world.context, returned(6, receiving_unit="H15.16", procedure={"code": "1.000689"}))
    async with door(world.context) as client:
        assert [found[0] for found in await missing_of(client, unit="H15.16")] == [code(6)]
        assert [found[0] for found in await missing_of(client, procedure="1.000689")] == [code(6)]
        seen: list[str] = []
        address = "/v1/results/missing?limit=2&unit=H15.50"
        while address:
            page = (await client.get(address)).json()
            seen += [item["dossier"] for item in page["items"]]
            address = page["next"]
        assert seen == [code(number) for number in (5, 4, 3, 2, 1)]
