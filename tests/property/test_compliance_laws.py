"""Laws of the self-check: what is not there or not seen is never green, and each figure of the law is a border."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.compliance import CHECKS, DAY, HOUR, NOT_OURS, Mark, exit_code, judge, red
from app.domain.standing import (
    Backups,
    Doors,
    Facts,
    Log,
    LogChecks,
    Machine,
    Mode,
    Papers,
    People,
    Retention,
    Rows,
    Stamps,
    Unseen,
    Weaknesses,
)
from app.texts import TEXTS

AREAS = [
    "people", "log", "log_checks", "stamps", "retention", "rows", "papers", "backups", "machine", "weaknesses",
]  # fmt: skip
GOOD = Facts(
    at=datetime(2026, 7, 1, tzinfo=UTC),
    mode=Mode.PRODUCTION,
    doors=Doors(
        static_tokens=False,
        token_key=True,
        public_url="https://giayto.example",
        mock_secrets=(),
        plain_http=(),
        environment_secrets=(),
        loose_files=(),
        missing_files=(),
    ),
    access_faults=(),
    people=People(8, 4, 10, 5, 12 * HOUR, 900.0, 28800.0, 45, 5, 5, 3, 2, 0, 0, 0),
    log=Log(True, 60.0, 14400.0, True, False, 1, 1, ()),  # noqa: FBT003 - facts
    log_checks=LogChecks(10 * DAY, 30 * DAY, 0),
    stamps=Stamps(True, HOUR, 21600.0),  # noqa: FBT003 - facts
    retention=Retention(365),
    rows=Rows("postgresql", (), 0.01, 1),
    papers=Papers(10, 0, DAY, 5_000_000),
    backups=Backups(HOUR, 0, DAY, None),
    machine=Machine(True),  # noqa: FBT003 - facts
    weaknesses=Weaknesses(DAY, 60, 0, ()),
)


def marks(facts: Facts) -> dict[str, Mark]:
    return {each.check.id: each.found.mark for each in judge(facts)}


def test_every_row_is_green_where_everything_is_right_and_has_its_words() -> None:
    assert set(marks(GOOD).values()) == {Mark.GREEN}
    assert (red(judge(GOOD)), exit_code(judge(GOOD))) == ((), 0)
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert TEXTS[f"check.{check.id}"].vi
        assert TEXTS[f"check.{check.id}.do"].en
    for duty in NOT_OURS:
        assert TEXTS[f"not_ours.{duty.id}"].vi
    points = {check.point for check in CHECKS} | {duty.point for duty in NOT_OURS}
    assert {f"G{n}" for n in range(1, 15)} <= points


@given(st.dictionaries(st.sampled_from(AREAS), st.sampled_from([None, Unseen("out of reach")]), min_size=1))
def test_what_is_not_built_or_not_seen_is_never_green(lacking: dict[str, Any]) -> None:
    found, whole = marks(replace(GOOD, **lacking)), marks(GOOD)
    worse = {name for name in found if found[name] is not whole[name]}
    assert worse
    for area, value in lacking.items():
        mark = Mark.RED if value is None else Mark.UNSEEN
        alone = marks(replace(GOOD, **{area: value}))
        assert {alone[name] for name in alone if alone[name] is not Mark.GREEN} == {mark}
    judged = judge(replace(GOOD, **lacking))
    required = {each.found.mark for each in judged if each.check.required}
    assert exit_code(judged) == (1 if Mark.RED in required else 2 if Mark.UNSEEN in required else 0)
    assert (red(judged) == ()) is (exit_code(judged) == 0)


# One step over the border of each figure, and the row that must turn red, alone.
WORSE: list[tuple[str, str, dict[str, Any]]] = [
    ("password_policy", "people", {"password_length_min": 7}),
    ("password_policy", "people", {"password_classes": 3}),
    ("password_policy", "people", {"passwords_remembered": 9}),
    ("lock_out", "people", {"tries_max": 6}),
    ("lock_out", "people", {"tries_max": 0}),
    ("lock_out", "people", {"lock_seconds": 12 * HOUR - 1}),
    ("lock_out", "people", {"lock_seconds": 30 * DAY + 1}),
    ("idle_limit", "people", {"idle_seconds": 901.0}),
    ("idle_limit", "people", {"idle_seconds": 0.0}),
    ("second_factor", "people", {"without_factor": 1}),
    ("second_factor", "people", {"roles_with_factor": 4}),
    ("second_factor", "people", {"accounts": 0, "invited": 0}),
    ("second_factor", "people", {"invited": 3}),
    ("no_default_accounts", "people", {"default_accounts": 1}),
    ("disabled_when_idle", "people", {"idle_days": 46}),
    ("disabled_when_idle", "people", {"stale": 1}),
    ("static_tokens", "doors", {"static_tokens": True}),
    ("static_tokens", "doors", {"token_key": False}),
    ("no_mock_secrets", "doors", {"mock_secrets": ("LIENTHONG_PORTAL_PASSWORD",)}),
    ("private_files", "doors", {"loose_files": ("LIENTHONG_LOG_KEY",)}),
    ("private_files", "doors", {"missing_files": ("LIENTHONG_LOG_KEY",)}),
    ("secrets_in_files", "doors", {"environment_secrets": ("LIENTHONG_SUBJECT_KEY",)}),
    ("public_https", "doors", {"public_url": "http://giayto.example"}),
    ("no_plain_http", "doors", {"plain_http": ("LIENTHONG_WEBHOOK_PLAIN_HTTP",)}),
    ("database_role", "rows", {"powers": ("owns the log",)}),
    ("database_role", "rows", {"engine": "sqlite"}),
    ("database_clock", "rows", {"clock_offset_seconds": -1.1}),
    ("alarms_heard", "rows", {"receivers_of_alarms": 0}),
    ("known_weaknesses", "weaknesses", {"vulnerable": ("one",)}),
    ("known_weaknesses", "weaknesses", {"packages": 0}),
    ("known_weaknesses", "weaknesses", {"passed_over": 1}),
    ("known_weaknesses", "weaknesses", {"seconds_ago": 31 * DAY + 1}),
    ("backup", "backups", {"verified_seconds_ago": 26 * HOUR + 1}),
    ("backup", "backups", {"verified_seconds_ago": None}),
    ("backup", "backups", {"verified_seconds_ago": -2 * HOUR}),
    ("backup", "backups", {"missing": 1}),
    ("restore_drill", "backups", {"drill_fault": "it did not hold"}),
    ("restore_drill", "backups", {"drilled_seconds_ago": 92 * DAY + 1}),
    ("documents_hashed", "papers", {"damaged": 1}),
    ("documents_hashed", "papers", {"bytes_per_second": 0}),
    ("documents_hashed", "papers", {"oldest_check_seconds": 35 * DAY + 1}),
    ("log_append_only", "log", {"unprotected": ("audit",)}),
    ("log_age", "log", {"age_seconds": 14401.0}),
    ("log_age", "log", {"age_seconds": None}),
    ("log_age", "log", {"broken": True}),
    ("log_signed", "log", {"signs": False}),
    ("log_memory", "log", {"memory": False}),
    ("log_witnesses", "log", {"cosigners": 0}),
    ("log_timestamps", "stamps", {"seconds_ago": None}),
    ("log_timestamps", "stamps", {"asked": False}),
    ("log_self_check", "log_checks", {"whole_seconds_ago": 30 * DAY + 1}),
    ("log_self_check", "log_checks", {"lies": 1}),
    ("retention", "retention", {"days_min": 364}),
    ("clock_kept", "machine", {"clock_kept": False}),
]


@pytest.mark.parametrize(("row", "area", "change"), WORSE, ids=[f"{row}-{change}" for row, _, change in WORSE])
def test_one_step_over_a_border_turns_one_row_red(row: str, area: str, change: dict[str, Any]) -> None:
    found = marks(replace(GOOD, **{area: replace(getattr(GOOD, area), **change)}))
    assert {name for name, mark in found.items() if mark is Mark.RED} == {row}


def test_every_row_but_the_table_of_permissions_has_a_border() -> None:
    assert {row for row, _, _ in WORSE} | {"separation"} == {check.id for check in CHECKS}
    assert marks(replace(GOOD, access_faults=("role x edits and approves",)))["separation"] is Mark.RED
    assert {field.name for field in fields(Facts)} == {"at", "mode", "doors", "access_faults", *AREAS}
