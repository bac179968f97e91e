"""What the self-check looks at, as facts: settings, people, log, database, files, backups, machine.

An area that is ``None`` is not built here; one that is ``Unseen`` could not be looked at, and says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, TypeVar


@dataclass(frozen=True, slots=True)
class Unseen:
    """An area that could not be looked at."""

    reason: str


Area = TypeVar("Area")
Seen: TypeAlias = Area | Unseen | None


class Mode(StrEnum):
    """What this installation is for."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Doors:
    """How the doors are set.

    ``mock_secrets`` are settings that still hold what the mock ships with; ``plain_http`` those that allow http;
    ``environment_secrets`` secrets that stand in the environment instead of a file. ``loose_files`` are private files
    that others than their owner may read, ``missing_files`` those that are named and not there.
    """

    static_tokens: bool
    token_key: bool
    public_url: str
    mock_secrets: tuple[str, ...]
    plain_http: tuple[str, ...]
    environment_secrets: tuple[str, ...]
    loose_files: tuple[str, ...]
    missing_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class People:
    """The rules of people's accounts, and how many stand against them. ``lock_seconds`` is how long a lock-out lasts.

    ``invited`` are living accounts that have a one-time password only, and may do nothing with it but choose another
    and enrol; ``without_factor`` are those besides whose roles need a second factor and that have none; ``stale`` are
    accounts that were idle for longer than ``idle_days`` and are not disabled; ``default_accounts`` nobody made.
    """

    password_length_min: int
    password_classes: int
    passwords_remembered: int
    tries_max: int
    lock_seconds: float
    idle_seconds: float
    session_seconds: float
    idle_days: int
    roles_with_factor: int
    roles: int
    accounts: int
    invited: int
    without_factor: int
    stale: int
    default_accounts: int


@dataclass(frozen=True, slots=True)
class Log:
    """How the transparency log stands. ``age_seconds`` is None where nobody signs; ``broken`` an open alarm of it."""

    signs: bool
    age_seconds: float | None
    limit_seconds: float
    memory: bool
    broken: bool
    witnesses: int
    cosigners: int
    unprotected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogChecks:
    """The log's self-check: how long ago the whole of it was last read (None: never), within how long it must be."""

    whole_seconds_ago: float | None
    within_seconds: float
    lies: int


@dataclass(frozen=True, slots=True)
class Stamps:
    """Time-stamps of checkpoints: whether an authority is asked, and how long ago it last answered (None: never)."""

    asked: bool
    seconds_ago: float | None
    every_seconds: float


@dataclass(frozen=True, slots=True)
class Retention:
    """The shortest time that a class of the log is kept, in days; None: for ever."""

    days_min: int | None


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database says of itself. ``powers`` are what its role may do beyond reading and writing rows."""

    engine: str
    powers: tuple[str, ...]
    clock_offset_seconds: float
    receivers_of_alarms: int


@dataclass(frozen=True, slots=True)
class Papers:
    """The document store: objects that are not what was kept, how long ago the one read longest ago was."""

    kept: int
    damaged: int
    oldest_check_seconds: float | None
    bytes_per_second: int


@dataclass(frozen=True, slots=True)
class Backups:
    """How long ago a backup was last verified and a drill last made; None: never. ``drill_fault``: it did not hold."""

    verified_seconds_ago: float | None
    missing: int
    drilled_seconds_ago: float | None
    drill_fault: str | None


@dataclass(frozen=True, slots=True)
class Machine:
    """The kernel says whether its clock is kept (None: it does not tell)."""

    clock_kept: bool | None


@dataclass(frozen=True, slots=True)
class Weaknesses:
    """The newest check of the pinned packages for known weaknesses; counts of packages, and of those not looked at."""

    seconds_ago: float
    packages: int
    passed_over: int
    vulnerable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was looked at, at a time."""

    at: datetime
    mode: Mode
    doors: Doors
    access_faults: tuple[str, ...]
    people: Seen[People]
    log: Seen[Log]
    log_checks: Seen[LogChecks]
    stamps: Seen[Stamps]
    retention: Seen[Retention]
    rows: Seen[Rows]
    papers: Seen[Papers]
    backups: Seen[Backups]
    machine: Seen[Machine]
    weaknesses: Seen[Weaknesses]


Evidence: TypeAlias = Mapping[str, object]
