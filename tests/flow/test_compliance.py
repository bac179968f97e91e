"""The self-check as a whole: what it sees, and that in production nobody is asked about persons before it is green."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from app.cli import cli
from app.config import load_settings
from app.domain.access import Role
from app.domain.compliance import CHECKS, DAY, HOUR, NOT_OURS
from app.domain.standing import Facts, Mode
from app.errors import ConfigurationError
from app.policies import posture, refuse_unsafe
from app.store.once_only_tables import person_queries
from app.store.session import Database
from app.store.tables import audit
from app.tlog import create_key_file
from app.usecases import accounts, compliance, own_account
from app.usecases.compliance import LOOK_SECONDS
from app.usecases.context import Context, Posture
from connectors.testing_population import InMemoryPopulation
from schemas.persons import PersonField
from tests.api.test_door import problem
from tests.asking import BIRTH, NAME, asking, number, person, question, rows_of
from tests.factories import ManualClock
from tests.logging_world import execute
from tests.papers_world import door
from tests.people import ADMIN, CHOSEN, enter, invited, people_context, settled
from tests.property.test_compliance_laws import GOOD
from tests.worlds import code, dossier, hand_over, settings

# A procedure with a form that the population database fills.
RESIDENCE = "1.010041"
PRODUCTION = Posture(mode=Mode.PRODUCTION)


@pytest.fixture
def population() -> InMemoryPopulation:
    fake = InMemoryPopulation()
    fake.hold(person())
    return fake


@pytest_asyncio.fixture
async def context(clocked_database: Database, population: InMemoryPopulation) -> Context:
    return await asking(clocked_database, population, posture=PRODUCTION)


@pytest_asyncio.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context) as client:
        yield client


def _verify() -> dict[str, Any]:
    asked = question()
    return {
        "dossier_code": asked.dossier_code,
        "officer": asked.officer,
        "unit": asked.unit,
        "purpose": asked.purpose,
        "number": asked.number,
        "full_name": asked.full_name,
        "birth_date": asked.birth_date,
    }


def _questions() -> list[tuple[str, dict[str, Any]]]:
    """The three ways to the population database."""
    same = {"dossier": code(2), "unit": "H15.50", "officer": "canbo01", "purpose": "Kiểm tra"}
    who = {"subject": {"kind": "personal_number", "number": number()}, "full_name": NAME, "birth_date": BIRTH}
    item = {"field": PersonField.PERMANENT_ADDRESS.value}
    return [
        ("/v1/persons/verify", _verify()),
        ("/v1/once-only/check", {"procedure": RESIDENCE, "items": [item]} | same | who),
        ("/v1/prefill", {"form": "CT01-XACNHAN-1"} | same | who),
    ]


async def test_in_production_no_question_leaves_before_the_self_check_is_green(
    context: Context, client: httpx.AsyncClient, population: InMemoryPopulation, clock: ManualClock
) -> None:
    paper = {"kind": "personal_number", "number": number()}
    applicant = {"kind": "citizen", "full_name": NAME, "identities": [paper]}
    await hand_over(context, dossier(2, procedure={"code": RESIDENCE}, applicant=applicant))
    for address, body in _questions():
        answer = await client.post(address, json=body)
        told = problem(answer, 503, "population-blocked")
        assert {"backup", "log_signed", "public_https"} <= set(answer.json()["red"])
        assert told["query"]
    assert population.questions == []
    outcomes = [row["outcome"] for row in await rows_of(context.database, person_queries)]
    assert outcomes == ["population-blocked"] * 3
    refused = [row for row in await rows_of(context.database, audit) if row["outcome"] == "population-blocked"]
    assert [row["kind"] for row in refused] == ["refused"] * 3
    # What was judged counts for a minute, and then it is looked at anew.
    context.compliance_look.red, context.compliance_look.at = (), clock.now()
    assert (await client.post("/v1/persons/verify", json=_verify())).status_code == 200
    assert len(population.questions) == 1
    clock.advance(LOOK_SECONDS)
    problem(await client.post("/v1/persons/verify", json=_verify()), 503, "population-blocked")
    assert len(population.questions) == 1
    development = replace(context, posture=Posture())
    assert await compliance.blocked_by(development) == ()


async def test_a_change_of_the_judgement_is_on_record_once(clocked_database: Database, clock: ManualClock) -> None:
    context = await asking(clocked_database, InMemoryPopulation(), posture=PRODUCTION)
    other = replace(context, compliance_look=type(context.compliance_look)())
    state: list[Facts] = [GOOD]

    async def gather(_context: Context) -> Facts:
        return state[0]

    async def judged() -> list[tuple[str, ...]]:
        clock.advance(LOOK_SECONDS)
        return [await compliance.blocked_by(each, gather) for each in (context, other)]

    assert await judged() == [(), ()]
    state[0] = replace(GOOD, people=None)
    red = ("password_policy", "lock_out", "idle_limit", "second_factor", "no_default_accounts", "disabled_when_idle")
    assert await judged() == await judged() == [red, red]
    state[0] = GOOD
    assert await judged() == [(), ()]
    entries = [row for row in await rows_of(clocked_database, audit) if row["actor"] == "self-check"]
    assert [row["outcome"] for row in entries] == ["population_open", "population_blocked", "population_open"]
    assert json.loads(entries[1]["detail"]) == {"red": list(red)}


async def test_the_door_tells_each_row_with_evidence_and_what_no_program_sees(
    context: Context, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    async def rows() -> dict[str, dict[str, Any]]:
        answer = await client.get("/v1/compliance")
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["mode"], told["may_ask_population"]) == ("production", False)
        assert [duty["id"] for duty in told["not_ours"]] == [duty.id for duty in NOT_OURS]
        assert {row["id"] for row in told["checks"]} == {check.id for check in CHECKS}
        assert all((row["to_do"] is None) is (row["mark"] == "green") for row in told["checks"])
        return {row["id"]: row for row in told["checks"]}

    before = await rows()
    assert before["log_append_only"]["mark"] == "green"
    assert before["password_policy"]["mark"] == "green"
    # Nobody is there yet, and without a key nobody can have a second factor.
    assert before["second_factor"]["evidence"]["accounts"] == 0
    assert before["second_factor"]["mark"] == "red"
    assert (before["retention"]["mark"], before["retention"]["evidence"]) == ("green", {"days_min": 731})
    # On SQLite there is no role to look at; the tests' PostgreSQL runs under one that may do everything.
    powers = before["database_role"]["evidence"]["powers"]
    assert before["database_role"]["mark"] == "red"
    assert powers == (
        [] if context.database.is_sqlite else ["superuser", "makes roles", "bypasses row security", "owns the log"]
    )
    trigger = "audit_refuses_update" if context.database.is_sqlite else "audit_append_only ON audit"
    await execute(context.database, f"DROP TRIGGER {trigger}")
    report = tmp_path / "audit.json"
    report.write_text(
        '{"date": "2026-01-01T00:00:00+00:00", "dependencies": [{"name": "one", "vulns": [{"id": "X"}]},'
        ' {"name": "two", "vulns": []}, {"name": "three", "skip_reason": "not found"}]}',
        "utf-8",
    )
    loose = tmp_path / "log.key"
    loose.write_text("x", "utf-8")
    loose.chmod(0o644)
    named = {"LIENTHONG_LOG_KEY": loose, "LIENTHONG_OAUTH_KEY": tmp_path / "none"}
    changed = replace(context, posture=replace(PRODUCTION, private_files=named, weakness_report=report))
    async with door(changed, ("read",)) as second:
        told = {row["id"]: row["evidence"] for row in (await second.get("/v1/compliance")).json()["checks"]}
    assert told["log_append_only"] == {"unprotected": ["audit"]}
    assert told["private_files"] == {"others_may_read": ["LIENTHONG_LOG_KEY"], "gone": ["LIENTHONG_OAUTH_KEY"]}
    weak = told["known_weaknesses"]
    assert (weak["packages"], weak["not_looked_at"], weak["vulnerable"]) == (3, 1, ["one"])
    # Of the look's own date: the file is of now.
    assert weak["checked_days_ago"] > 100


async def test_who_is_only_invited_or_idle_since_an_hour_stops_nobody(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)

    async def red() -> set[str]:
        found = await compliance.report(context)
        return set(found.red) & {"second_factor", "disabled_when_idle"}

    await invited(context, "quan-tri", Role.ADMINISTRATOR)
    # Nobody can act yet.
    assert await red() == {"second_factor"}
    await settled(context, "quan-tri-2", Role.ADMINISTRATOR, at=clock.now())
    assert await red() == set()
    password = await invited(context, "canbo02")
    assert await red() == set()
    live = await enter(context, "canbo02", password)
    await own_account.change_password(context, live, password, CHOSEN, "c-own")
    assert await red() == {"second_factor"}
    await accounts.disable(context, ADMIN, "canbo02", "left", "c-left")
    # The worker disables idle accounts each hour, and is given that time.
    clock.advance(45 * DAY + HOUR)
    assert await red() == set()
    clock.advance(2 * HOUR)
    assert await red() == {"disabled_when_idle"}


def test_production_does_not_begin_with_what_harms_at_once(tmp_path: Path) -> None:
    refuse_unsafe(settings())
    with pytest.raises(ConfigurationError) as refused:
        refuse_unsafe(settings(mode="production", webhook_plain_http=True))
    for name in ("PORTAL_PASSWORD", "LOG_KEY", "STATIC_TOKENS", "WEBHOOK_PLAIN_HTTP"):
        assert f"LIENTHONG_{name}" in str(refused.value)
    key = tmp_path / "log.key"
    create_key_file(key, "log.example/h15")
    good: dict[str, Any] = {"portal_password": "real", "log_key": key, "static_tokens": False, "oauth_key": key}
    refuse_unsafe(settings(mode="production", **good))
    assert posture(settings()).mock_secrets == ("LIENTHONG_PORTAL_PASSWORD",)
    # Keys of before open what they wrapped; and tokens of another issuer are short-lived, too.
    old = posture(settings(master_key=key, master_old_keys=(key,), oidc_issuer="https://id.example"))
    assert set(old.private_files) == {"LIENTHONG_MASTER_KEY", "LIENTHONG_MASTER_OLD_KEYS[0]"}
    assert (old.token_key, posture(settings()).token_key) == (True, False)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_doctor_tells_it_to_people_and_to_programs(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", database_url)
    monkeypatch.setenv("LIENTHONG_SUBJECT_KEY", "of the environment")
    runner = CliRunner()
    told = runner.invoke(cli, ["doctor", "--json"])
    assert told.exit_code == 1
    rows = {row["id"]: row for row in json.loads(told.output)["checks"]}
    assert rows["secrets_in_files"]["evidence"] == {"in_the_environment": ["LIENTHONG_SUBJECT_KEY"]}
    shown = runner.invoke(cli, ["doctor"])
    assert shown.exit_code == 1
    assert "KHÔNG ĐẠT" in shown.output
    assert "of the environment" not in told.output + shown.output
    # Nobody listens there.
    monkeypatch.setenv("LIENTHONG_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert runner.invoke(cli, ["doctor"]).exit_code == 2
    monkeypatch.setenv("LIENTHONG_MODE", "production")
    assert load_settings().mode == "production"
    assert isinstance(runner.invoke(cli, ["serve"]).exception, ConfigurationError)
