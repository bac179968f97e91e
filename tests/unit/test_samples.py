"""The sample quarter is what its generator makes, its good lines are good everywhere, its wrong ones as foretold."""

import csv
import json
import re
import unicodedata
from collections import Counter
from datetime import date, datetime
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.documents import NO_MARKS
from app.domain.dossier import DossierStatus, may_follow
from app.domain.identifiers import parse_dossier_code
from app.errors import Refusal
from app.reference import load_catalogue
from app.store.session import Database
from app.usecases.parsing import parse_line
from app.usecases.receive import DossierRecord, Receipt, Record, receive
from app.wiring import PortalEncoder
from connectors.portal import Profile
from mock_national import catalogue as national
from mock_national.inspection import Inspector
from samples import worktime
from samples.generate import SEED, main, make
from samples.people import NO_PROVINCE
from samples.trades import CLOSED_PROCEDURES
from schemas.provincial import DossierLine, StepLine
from tests.worlds import CALLER, context_of

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
CATALOGUE = load_catalogue()
LINE: TypeAdapter[DossierLine | StepLine] = TypeAdapter(DossierLine | StepLine)
Json = dict[str, Any]


def lines(name: str) -> list[bytes]:
    return (SAMPLES / name).read_bytes().split(b"\n")[:-1]


@pytest.fixture(scope="module")
def quarter() -> list[DossierLine | StepLine]:
    return [LINE.validate_json(line) for line in lines("quarter.ndjson")]


@pytest.fixture(scope="module")
def told(quarter: list[DossierLine | StepLine]) -> dict[str, list[DossierLine | StepLine]]:
    """The lines of each dossier."""
    found: dict[str, list[DossierLine | StepLine]] = {}
    for line in quarter:
        found.setdefault(line.code if isinstance(line, DossierLine) else line.dossier, []).append(line)
    return found


@pytest.fixture(scope="module")
def newest(quarter: list[DossierLine | StepLine]) -> dict[str, DossierLine]:
    return {line.code: line for line in quarter if isinstance(line, DossierLine)}


@pytest.fixture(scope="module")
def expected() -> Json:
    found: Json = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
    return found


# What the generator makes


def test_the_committed_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    main(["--seed", str(SEED), "--out", str(tmp_path / "new")])
    for name in ("quarter.ndjson", "wrong.ndjson", "expected.json"):
        assert (tmp_path / "new" / name).read_bytes() == (SAMPLES / name).read_bytes(), name


def test_another_seed_makes_another_quarter_of_the_same_lives(expected: Json) -> None:
    other = json.loads(make(SEED + 1)["expected.json"])
    assert other["counts"]["dossiers"] == expected["counts"]["dossiers"]
    assert other["counts"] != expected["counts"]


def test_the_readme_tells_the_counts(expected: Json) -> None:
    counts, readme = expected["counts"], (SAMPLES / "README.md").read_text(encoding="utf-8")
    told = f"{counts['dossiers']} dossiers in {counts['snapshots']:,} snapshots and {counts['steps']:,} progress steps"
    assert told in readme
    assert f"| {len(expected['wrong'])} records" in readme


def test_the_files_are_small() -> None:
    assert sum((SAMPLES / name).stat().st_size for name in ("quarter.ndjson", "wrong.ndjson")) < 8_000_000


def test_a_province_s_quarter_is_in_it(expected: Json, newest: dict[str, DossierLine]) -> None:
    counts = expected["counts"]
    assert counts["dossiers"] == len(newest) >= 420
    assert counts["steps"] >= 2600
    assert counts["procedures"] == len({line.procedure.code for line in newest.values()}) >= 60
    assert counts["units"] == len({line.receiving_unit for line in newest.values()}) >= 25
    assert set(counts["final_statuses"]) == {status.value for status in DossierStatus}
    assert min(counts["final_statuses"].values()) >= 5
    assert set(counts["channels"]) == {"direct", "online", "postal"}
    assert set(counts["applicants"]) == {"citizen", "enterprise", "organisation", "state_agency"}
    assert set(counts["peoples"]) == {"kinh", "ede", "mnong", "jarai", "tay", "nung", "hmong"}
    fields = {CATALOGUE.procedures[line.procedure.code].field_code for line in newest.values()}
    assert {"G13-TN02", "G15-TP07", "G17-XD11", "G01-CA05"} <= fields


def test_what_a_quarter_must_show_is_shown(newest: dict[str, DossierLine]) -> None:
    last = datetime.fromisoformat(worktime.stamp(worktime.RECORDS_END))
    all_ = list(newest.values())
    still_open = [line for line in all_ if line.status in {"received", "processing", "supplement", "fee_due"}]
    parts = [part for line in all_ for part in line.components]
    assert sum(bool(line.finished_at and line.due_at and line.finished_at > line.due_at) for line in all_) >= 20
    assert sum(bool(line.due_at and line.due_at < last) for line in still_open) >= 20
    assert any(line.due_at and line.due_at > last for line in still_open)
    assert sum(len(line.supplements) > 1 for line in all_) >= 5
    assert {fee.amount_vnd == 0 for line in all_ for fee in line.fees} == {True, False}
    assert {line.online_payment.value for line in all_} == {"none", "national_portal", "province_gateway", "offline"}
    assert {line.applicant.vneid_verified for line in all_} == {True, False}
    assert {bool(line.databases_consulted) for line in all_} == {True, False}
    assert {part.reuse.value for part in parts} == {"no", "component", "result"}
    assert {bool(part.component_code) for part in parts if part.digitised} == {True, False}
    assert {bool(part.url) for part in parts} == {True, False}
    assert {paper.kind.value for line in all_ for paper in line.applicant.identities} == {
        "personal_number",
        "old_identity_number",
        "tax_number",
    }


def test_texts_reach_the_nation_s_limits_and_do_not_pass_them(quarter: list[DossierLine | StepLine]) -> None:
    snapshots = [line for line in quarter if isinstance(line, DossierLine)]
    steps = [line for line in quarter if isinstance(line, StepLine)]
    assert max(len(line.summary) for line in snapshots) == 1000
    assert max(len(line.note or "") for line in snapshots) == 500
    assert max(len(part.name) for line in snapshots for part in line.components) == 4000
    assert max(len(result.name) for line in snapshots for result in line.results) == 2000
    assert max(len(step.officer_name) for step in steps) == 50
    short = [text for step in steps for text in (step.content, step.officer_title, step.department) if text]
    assert max(map(len, short)) < 200


def test_some_bytes_are_decomposed() -> None:
    texts = [line.decode() for line in lines("quarter.ndjson")]
    decomposed = [text for text in texts if unicodedata.normalize("NFC", text) != text]
    assert 0.02 < len(decomposed) / len(texts) < 0.2


# Nobody can be meant


def test_no_personal_number_begins_with_a_province() -> None:
    file = resources.files("mock_national") / "rules" / "provinces.csv"
    provinces = {row["code"] for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())}
    assert len(provinces) == 63
    assert not provinces & set(NO_PROVINCE)
    for name in ("quarter.ndjson", "wrong.ndjson"):
        numbers = re.findall(r'"personal_number","number":"(\d+)', (SAMPLES / name).read_text(encoding="utf-8"))
        assert numbers
        assert all(number.startswith(NO_PROVINCE) for number in numbers)


def test_numbers_have_their_form(newest: dict[str, DossierLine]) -> None:
    papers = [paper for line in newest.values() for paper in line.applicant.identities]
    for paper in papers:
        if paper.kind == "personal_number":
            assert paper.number.startswith(NO_PROVINCE)
            century, year = int(paper.number[3]) // 2, int(paper.number[4:6])
            assert 1938 <= 1900 + 100 * century + year <= 2007
        elif paper.kind == "old_identity_number":
            assert paper.number.startswith("9")
    assert all(line.applicant.email is None or line.applicant.email.endswith(".example") for line in newest.values())
    assert all(line.applicant.phone is None or line.applicant.phone.startswith("0000 ") for line in newest.values())


# What is handed over fits together


def test_moves_are_legal_and_revisions_grow(told: dict[str, list[DossierLine | StepLine]]) -> None:
    grown = Counter[int]()
    for code, records in told.items():
        snapshots = [record for record in records if isinstance(record, DossierLine)]
        assert isinstance(records[0], DossierLine), code
        for held, coming in pairwise(snapshots):
            gap = coming.revision - held.revision
            grown[gap] += 1
            assert gap > 0
            assert may_follow(DossierStatus(held.status), DossierStatus(coming.status), skipped=gap > 1), code
    assert grown[1] > sum(grown.values()) / 2
    assert len(grown) >= 3


def test_steps_follow_each_other_and_no_two_are_alike(told: dict[str, list[DossierLine | StepLine]]) -> None:
    for code, records in told.items():
        steps = [record for record in records if isinstance(record, StepLine)]
        assert steps, code
        for held, coming in pairwise(steps):
            assert held.processed_at <= coming.processed_at, code
            assert may_follow(DossierStatus(held.status), DossierStatus(coming.status), skipped=True), code
        assert len({step.step_id for step in steps}) == len(steps)
        assert len({step.model_dump_json(exclude={"step_id"}) for step in steps}) == len(steps)
        snapshots = [record for record in records if isinstance(record, DossierLine)]
        assert steps[-1].status == snapshots[-1].status, code


def test_the_file_is_in_the_order_of_time(quarter: list[DossierLine | StepLine]) -> None:
    times = [line.processed_at for line in quarter if isinstance(line, StepLine)]
    assert times == sorted(times)
    assert times[0].date() == date(2026, 7, 1)
    assert times[-1].date() <= date(2026, 11, 15)


def test_codes_carry_unit_and_day_and_run_from_one(told: dict[str, list[DossierLine | StepLine]]) -> None:
    serials: dict[tuple[str, date], list[int]] = {}
    old_form = 0
    for code, (first, *_) in told.items():
        parsed = parse_dossier_code(code)
        assert isinstance(first, DossierLine)
        old_form += parsed.unit.startswith("000.00.")
        unit = f"H15.{parsed.unit[7:9]}" if parsed.unit.startswith("000.00.") else parsed.unit
        assert unit == first.receiving_unit
        assert parsed.day == first.received_at.astimezone(worktime.moment(0).tzinfo).date()
        assert date(2026, 7, 1) <= parsed.day <= date(2026, 9, 30)
        serials.setdefault((unit, parsed.day), []).append(parsed.serial)
    assert 1 <= old_form < 20
    for numbers in serials.values():
        assert numbers == list(range(1, len(numbers) + 1))


def test_times_of_a_dossier_fit(quarter: list[DossierLine | StepLine]) -> None:
    for line in quarter:
        if isinstance(line, DossierLine):
            assert line.submitted_at <= line.received_at
            assert line.due_at is None or line.due_at > line.received_at
            assert line.finished_at is None or line.finished_at > line.received_at
            assert line.returned_at is None or (line.finished_at and line.returned_at > line.finished_at)
            for request in line.supplements:
                assert request.received_at is None or request.received_at > request.requested_at


# Wrong ones


def test_wrong_lines_are_named_and_counted(expected: Json) -> None:
    wrong = expected["wrong"]
    assert [item["line"] for item in wrong] == list(range(1, len(lines("wrong.ndjson")) + 1))
    assert len({item["name"] for item in wrong}) == len(wrong) >= 16
    assert Counter(item["refused_by"] for item in wrong) == expected["counts"]["wrong"]
    assert {item["reason"] for item in wrong if item["refused_by"] == "door"} == {
        "invalid-record",
        "unknown-code",
        "invalid-dossier-code",
        "illegal-status-move",
        "stale-revision",
        "revision-conflict",
        "step-conflict",
        "duplicate-step",
        "step-out-of-order",
        "unknown-dossier",
        "unreadable-line",
    }


def test_only_wrong_shapes_fail_the_contract(expected: Json) -> None:
    for item, line in zip(expected["wrong"], lines("wrong.ndjson"), strict=True):
        if item["reason"] in {"invalid-record", "unreadable-line"}:
            with pytest.raises(ValidationError):
                LINE.validate_json(line)
            answer = parse_line(line)
            assert isinstance(answer, Refusal)
            assert answer.slug == item["reason"]
        else:
            record = LINE.validate_json(line)
            assert (record.code if isinstance(record, DossierLine) else record.dossier) == item["dossier"]
            assert getattr(record, "step_id", None) == item["step_id"]


def test_no_two_wrong_lines_are_about_one_dossier(expected: Json) -> None:
    about = [item["dossier"] for item in expected["wrong"] if item["dossier"]]
    assert len(set(about)) == len(about)


def test_a_dossier_that_the_portal_refuses_stands_alone(expected: Json, newest: dict[str, DossierLine]) -> None:
    for item in expected["wrong"]:
        if item["refused_by"] == "portal":
            assert (item["dossier"] in newest) == (item["step_id"] is not None)


def test_closed_procedures_are_those_of_the_mock(newest: dict[str, DossierLine]) -> None:
    file = resources.files("mock_national") / "rules" / "closed_procedures.csv"
    closed = {row["code"] for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())}
    assert closed == set(CLOSED_PROCEDURES)
    assert not closed & {line.procedure.code for line in newest.values()}


# Both sides take and refuse as foretold


def portal_says(record: Record, inspector: Inspector) -> str | None:
    """The field that the mock portal would name, None when it takes the record."""
    encoder = PortalEncoder(Profile.V2)
    if isinstance(record, DossierRecord):
        facts = CATALOGUE.procedures[record.body.procedure.code]
        unit = CATALOGUE.units[record.body.receiving_unit]
        text = encoder.dossier(record.code, record.body, facts, str(facts.field_code), unit, NO_MARKS)
        refusal = inspector.dossier(json.loads(text))
    else:
        refusal = inspector.step(json.loads(encoder.step(record.code, record.body)))
    return refusal.field if refusal else None


def test_the_portal_takes_every_good_line_and_names_the_field_of_the_others(expected: Json) -> None:
    inspector = Inspector("v2", national.catalogue())
    for line in lines("quarter.ndjson"):
        record = parse_line(line)
        assert not isinstance(record, Refusal)
        assert portal_says(record, inspector) is None, line[:200]
    for item, line in zip(expected["wrong"], lines("wrong.ndjson"), strict=True):
        if item["refused_by"] == "portal":
            record = parse_line(line)
            assert not isinstance(record, Refusal)
            assert portal_says(record, inspector) == item["reason"], item["name"]


async def test_the_door_takes_every_good_line_and_refuses_the_others_as_foretold(
    database: Database, expected: Json
) -> None:
    context = context_of(database)
    parsed = [parse_line(line) for line in lines("quarter.ndjson")]
    records = [record for record in parsed if not isinstance(record, Refusal)]
    assert len(records) == len(parsed)
    for start in range(0, len(records), 500):
        answers = await receive(context, CALLER, records[start : start + 500], "c-test")
        assert all(isinstance(answer, Receipt) for answer in answers)
    for item, line in zip(expected["wrong"], lines("wrong.ndjson"), strict=True):
        record = parse_line(line)
        answer = record if isinstance(record, Refusal) else (await receive(context, CALLER, [record], "c-test"))[0]
        slug = answer.slug if isinstance(answer, Refusal) else None
        assert slug == (item["reason"] if item["refused_by"] == "door" else None), item["name"]
