"""The self-check of security level 3: each point that a program can see as a row, judged by a pure rule over facts.

Points and figures are those of QCVN 12:2026/BCA, a benchmark for middleware (``docs/requirements.csv``, G1 to G14);
D1, D2 and D7 are those of the log. What a program cannot see stands in ``NOT_OURS``: a person answers it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from app.domain.standing import (
    Backups,
    Doors,
    Evidence,
    Facts,
    Log,
    LogChecks,
    Machine,
    Papers,
    People,
    Retention,
    Rows,
    Seen,
    Stamps,
    Unseen,
    Weaknesses,
)

HOUR: Final = 3600.0
DAY: Final = 86400.0
_CLOCK_OFFSET_MAX: Final = 1.0
_LOCK_MAX: Final = 30 * DAY
_ROLE_POWERS_NEED: Final = "postgresql"

T = TypeVar("T")


class Mark(StrEnum):
    """What is found of a point. ``UNSEEN``: it should be seen by a program and could not be looked at now."""

    GREEN = "green"
    RED = "red"
    UNSEEN = "unseen"
    NOT_OURS = "not_ours"


@dataclass(frozen=True, slots=True)
class Found:
    """A mark, and the evidence for it: what was looked at and what it was."""

    mark: Mark
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Check:
    """One row: what is checked under which point and law, and whether the population database waits for it.

    Its title and what to do when it is red are ``check.<id>`` and ``check.<id>.do`` of the catalogue of texts.
    """

    id: str
    point: str
    basis: str
    required: bool
    judge: Callable[[Facts], Found]


@dataclass(frozen=True, slots=True)
class Judged:
    """A row, and what was found."""

    check: Check
    found: Found

    @property
    def blocks(self) -> bool:
        """Whether nobody is asked about persons because of it."""
        return self.check.required and self.found.mark is not Mark.GREEN


@dataclass(frozen=True, slots=True)
class NotOurs:
    """A duty that no program sees; what to do is ``not_ours.<id>`` of the catalogue."""

    id: str
    point: str
    basis: str


def _found(good: bool, **evidence: object) -> Found:  # noqa: FBT001 - the verdict
    return Found(Mark.GREEN if good else Mark.RED, evidence)


def _over(area: Callable[[Facts], Seen[T]], rule: Callable[[T], Found]) -> Callable[[Facts], Found]:
    """A rule over one area: red where that is not built, unseen where it could not be looked at."""

    def judge(facts: Facts) -> Found:
        seen = area(facts)
        if seen is None:
            return Found(Mark.RED, {"not_built": True})
        if isinstance(seen, Unseen):
            return Found(Mark.UNSEEN, {"reason": seen.reason})
        return rule(seen)

    return judge


def _within(seconds: float | None, limit: float) -> bool:
    """Whether something was at most so long ago, and not in the future by more than a clock may differ."""
    return seconds is not None and -HOUR <= seconds <= limit


def _people(rule: Callable[[People], Found]) -> Callable[[Facts], Found]:
    return _over(lambda facts: facts.people, rule)


def _doors(rule: Callable[[Doors], Found]) -> Callable[[Facts], Found]:
    return lambda facts: rule(facts.doors)


def _log(rule: Callable[[Log], Found]) -> Callable[[Facts], Found]:
    return _over(lambda facts: facts.log, rule)


def _backups(rule: Callable[[Backups], Found]) -> Callable[[Facts], Found]:
    return _over(lambda facts: facts.backups, rule)


def _rows(rule: Callable[[Rows], Found]) -> Callable[[Facts], Found]:
    return _over(lambda facts: facts.rows, rule)


def _password_policy(people: People) -> Found:
    good = people.password_length_min >= 8 and people.password_classes >= 4 and people.passwords_remembered >= 10  # noqa: PLR2004 - the law's figures
    return _found(
        good,
        length_min=people.password_length_min,
        classes=people.password_classes,
        remembered=people.passwords_remembered,
    )


def _lock_out(people: People) -> Found:
    good = 1 <= people.tries_max <= 5 and 12 * HOUR <= people.lock_seconds <= _LOCK_MAX  # noqa: PLR2004 - the law's figure
    return _found(good, tries_max=people.tries_max, lock_hours=round(people.lock_seconds / HOUR, 1))


def _idle_limit(people: People) -> Found:
    good = 0 < people.idle_seconds <= 15 * 60 and people.session_seconds >= people.idle_seconds
    return _found(good, idle_minutes=round(people.idle_seconds / 60, 1), session_hours=people.session_seconds / HOUR)


def _second_factor(people: People) -> Found:
    every = people.roles_with_factor == people.roles and people.without_factor == 0
    # Who is invited cannot act before enrolling: a new officer must not stop everybody else's questions.
    good = every and people.accounts > people.invited
    return _found(
        good,
        roles_with_factor=f"{people.roles_with_factor}/{people.roles}",
        accounts=people.accounts,
        accounts_invited=people.invited,
        accounts_without=people.without_factor,
    )


def _disabled_when_idle(people: People) -> Found:
    return _found(0 < people.idle_days <= 45 and people.stale == 0, idle_days=people.idle_days, overdue=people.stale)  # noqa: PLR2004 - the law's figure


def _log_age(log: Log) -> Found:
    good = log.age_seconds is not None and log.age_seconds <= log.limit_seconds and not log.broken
    age = None if log.age_seconds is None else round(log.age_seconds)
    return _found(good, age_seconds=age, limit_seconds=round(log.limit_seconds), alarm=log.broken)


def _documents(papers: Papers) -> Found:
    read = papers.kept == 0 or _within(papers.oldest_check_seconds, 35 * DAY)
    days = None if papers.oldest_check_seconds is None else round(papers.oldest_check_seconds / DAY, 1)
    return _found(
        papers.damaged == 0 and papers.bytes_per_second > 0 and read,
        kept=papers.kept,
        damaged=papers.damaged,
        read_longest_ago_days=days,
    )


def _backup(backups: Backups) -> Found:
    hours = None if backups.verified_seconds_ago is None else round(backups.verified_seconds_ago / HOUR, 1)
    good = _within(backups.verified_seconds_ago, 26 * HOUR) and backups.missing == 0
    return _found(good, verified_hours_ago=hours, documents_missing=backups.missing)


def _drill(backups: Backups) -> Found:
    days = None if backups.drilled_seconds_ago is None else round(backups.drilled_seconds_ago / DAY, 1)
    good = _within(backups.drilled_seconds_ago, 92 * DAY) and backups.drill_fault is None
    return _found(good, drilled_days_ago=days, fault=backups.drill_fault)


def _database_role(rows: Rows) -> Found:
    # In a file whoever may write may write anything; the log tells of it, and nothing prevents it.
    return _found(rows.engine == _ROLE_POWERS_NEED and not rows.powers, engine=rows.engine, powers=list(rows.powers))


def _log_checks(checks: LogChecks) -> Found:
    days = None if checks.whole_seconds_ago is None else round(checks.whole_seconds_ago / DAY, 1)
    good = _within(checks.whole_seconds_ago, checks.within_seconds) and checks.lies == 0
    return _found(good, whole_days_ago=days, within_days=round(checks.within_seconds / DAY, 1), lies=checks.lies)


def _stamps(stamps: Stamps) -> Found:
    hours = None if stamps.seconds_ago is None else round(stamps.seconds_ago / HOUR, 1)
    good = stamps.asked and _within(stamps.seconds_ago, 2 * stamps.every_seconds + HOUR)
    return _found(good, authority=stamps.asked, stamped_hours_ago=hours)


def _weaknesses(found: Weaknesses) -> Found:
    looked = found.packages > 0 and found.passed_over == 0
    good = _within(found.seconds_ago, 31 * DAY) and looked and not found.vulnerable
    return _found(
        good,
        checked_days_ago=round(found.seconds_ago / DAY, 1),
        packages=found.packages,
        not_looked_at=found.passed_over,
        vulnerable=list(found.vulnerable),
    )


def _clock_kept(machine: Machine) -> Found:
    if machine.clock_kept is None:
        return Found(Mark.UNSEEN, {"reason": "the kernel does not tell"})
    return _found(machine.clock_kept, kernel="synchronised" if machine.clock_kept else "not synchronised")


def _retention(retention: Retention) -> Found:
    return _found(retention.days_min is None or retention.days_min >= 365, days_min=retention.days_min)  # noqa: PLR2004 - the law's figure


def _must(name: str, point: str, basis: str, rule: Callable[[Facts], Found]) -> Check:
    return Check(name, point, basis, True, rule)  # noqa: FBT003 - read at the row


def _should(name: str, point: str, basis: str, rule: Callable[[Facts], Found]) -> Check:
    return Check(name, point, basis, False, rule)  # noqa: FBT003 - read at the row


_QCVN: Final = "QCVN 12:2026/BCA"
CHECKS: Final[tuple[Check, ...]] = (
    _must("password_policy", "G1", f"{_QCVN} 3.7.2.6", _people(_password_policy)),
    _must("lock_out", "G2", f"{_QCVN} 3.6.2.1.9", _people(_lock_out)),
    _must("idle_limit", "G3", f"{_QCVN} 3.6.2.1.8", _people(_idle_limit)),
    _must("second_factor", "G4", f"{_QCVN} 3.7.2.8.3", _people(_second_factor)),
    _must(
        "static_tokens",
        "G4",
        f"{_QCVN} 3.7.2.8.3",
        _doors(lambda d: _found(not d.static_tokens and d.token_key, static_tokens=d.static_tokens, key=d.token_key)),
    ),
    _must(
        "no_default_accounts",
        "G5",
        f"{_QCVN} 3.7.2.5",
        _people(lambda p: _found(p.default_accounts == 0, default_accounts=p.default_accounts)),
    ),
    _must(
        "no_mock_secrets",
        "G5",
        f"{_QCVN} 3.7.2.5",
        _doors(lambda d: _found(not d.mock_secrets, still_the_mocks=list(d.mock_secrets))),
    ),
    _must("disabled_when_idle", "G5", f"{_QCVN} 3.7.2.7", _people(_disabled_when_idle)),
    _must(
        "separation",
        "G6",
        f"{_QCVN} 3.7.2.8.1",
        lambda facts: _found(not facts.access_faults, clashes=list(facts.access_faults)),
    ),
    _should("database_role", "G6", f"{_QCVN} 3.7.2.8.1", _rows(_database_role)),
    _should("known_weaknesses", "G7", f"{_QCVN} 3.8", _over(lambda facts: facts.weaknesses, _weaknesses)),
    _must("backup", "G8", f"{_QCVN} 2.2.12.2", _backups(_backup)),
    _should("restore_drill", "G8", f"{_QCVN} 2.2.12.2", _backups(_drill)),
    _must("documents_hashed", "G9", f"{_QCVN} 3.5.2.1.10", _over(lambda facts: facts.papers, _documents)),
    _must(
        "log_append_only",
        "G10",
        f"{_QCVN} 3.5.2.2.9",
        _log(lambda log: _found(not log.unprotected, unprotected=list(log.unprotected))),
    ),
    _must("log_signed", "G10", f"{_QCVN} 2.2.9.2.1", _log(lambda log: _found(log.signs, signs=log.signs))),
    _must("log_age", "G10", f"{_QCVN} 2.2.9.2.1", _log(_log_age)),
    _should("log_memory", "G10", f"{_QCVN} 2.2.9.2.1", _log(lambda log: _found(log.memory, memory=log.memory))),
    _should(
        "log_witnesses",
        "G10",
        f"{_QCVN} 2.2.9.2.1",
        _log(lambda log: _found(log.cosigners > 0, asked=log.witnesses, cosigned=log.cosigners)),
    ),
    _should("log_timestamps", "G10", f"{_QCVN} 2.2.9.2.1", _over(lambda facts: facts.stamps, _stamps)),
    _should("log_self_check", "G10", f"{_QCVN} 2.2.9.2.1", _over(lambda facts: facts.log_checks, _log_checks)),
    _must("retention", "D1", f"{_QCVN} 3.9.2.1.9", _over(lambda facts: facts.retention, _retention)),
    _must(
        "private_files",
        "D2",
        f"{_QCVN} 2.2.9.2.1",
        _doors(
            lambda d: _found(
                not d.loose_files and not d.missing_files,
                others_may_read=list(d.loose_files),
                gone=list(d.missing_files),
            )
        ),
    ),
    _should(
        "secrets_in_files",
        "D2",
        f"{_QCVN} 2.2.9.2.1",
        _doors(lambda d: _found(not d.environment_secrets, in_the_environment=list(d.environment_secrets))),
    ),
    _must(
        "public_https",
        "D2",
        f"{_QCVN} 3.7.2.8.3",
        _doors(lambda d: _found(d.public_url.startswith("https://"), public_url=d.public_url)),
    ),
    _must(
        "no_plain_http",
        "D2",
        f"{_QCVN} 3.7.2.8.3",
        _doors(lambda d: _found(not d.plain_http, switched_on=list(d.plain_http))),
    ),
    _must(
        "database_clock",
        "D7",
        f"{_QCVN} 3.9.2.1.8",
        _rows(
            lambda rows: _found(
                abs(rows.clock_offset_seconds) <= _CLOCK_OFFSET_MAX, offset_seconds=round(rows.clock_offset_seconds, 3)
            )
        ),
    ),
    _should("clock_kept", "D7", f"{_QCVN} 3.9.2.1.8", _over(lambda facts: facts.machine, _clock_kept)),
    _should(
        "alarms_heard",
        "G14",
        "Luật An ninh mạng 116/2025/QH15",
        _rows(lambda rows: _found(rows.receivers_of_alarms > 0, receivers=rows.receivers_of_alarms)),
    ),
)

NOT_OURS: Final[tuple[NotOurs, ...]] = (
    NotOurs("account_review", "G5", f"{_QCVN} 3.7.2.7"),
    NotOurs("one_person_one_account", "G5", f"{_QCVN} 3.7.2.5"),
    NotOurs("patches", "G7", f"{_QCVN} 3.8"),
    NotOurs("three_copies", "G8", f"{_QCVN} 2.2.12.2"),
    NotOurs("malware_scan", "G8", f"{_QCVN} 2.2.12.2"),
    NotOurs("write_once_media", "G9", f"{_QCVN} 3.5.2.1.14"),
    NotOurs("penetration_test", "G11", f"{_QCVN} 2.2.6.2"),
    NotOurs("incident_report", "G12", "NĐ 331/2026/NĐ-CP Điều 31"),
    NotOurs("yearly_report", "G13", "NĐ 331/2026/NĐ-CP Điều 35"),
    NotOurs("monitoring", "G14", "Luật An ninh mạng 116/2025/QH15"),
    NotOurs("clock_source", "D7", f"{_QCVN} 3.9.2.1.8"),
    NotOurs("network_and_tls", "D2", f"{_QCVN} 3.7.2.8.3"),
)


def judge(facts: Facts) -> tuple[Judged, ...]:
    """What is found of every row."""
    return tuple(Judged(check, check.judge(facts)) for check in CHECKS)


def red(judged: Iterable[Judged]) -> tuple[str, ...]:
    """The rows for which the population database waits."""
    return tuple(each.check.id for each in judged if each.blocks)


def exit_code(judged: Iterable[Judged]) -> int:
    """0: nothing required is red; 1: something is; 2: something required could not be looked at, and nothing is red."""
    marks = {each.found.mark for each in judged if each.check.required}
    if Mark.RED in marks:
        return 1
    return 2 if Mark.UNSEEN in marks else 0
