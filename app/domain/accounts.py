"""Rules of people's accounts: kinds, states, wrong tries, sessions, what a login still needs. Pure.

Sources: QCVN 12:2026/BCA 3.6.2.1.8-.9, 3.7.2.5-.8 (``docs/requirements.csv`` G2 to G6).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.domain.access import Role, clashes

# Small letters of ASCII only: no two names may look alike. Kept for ever, since the log speaks of them.
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{2,58}")
# How long a one-time password may lie on a desk.
INVITATION: Final = timedelta(days=7)


class AccountKind(StrEnum):
    """Kinds of accounts, kept apart: who has two kinds of work has two accounts. Software is a client or a token."""

    ADMINISTRATOR = "administrator"
    OPERATION = "operation"
    TECHNICAL = "technical"


class AccountState(StrEnum):
    """How an account stands. Invited: its one-time password must be changed first."""

    INVITED = "invited"
    LIVING = "living"
    LOCKED = "locked"
    DISABLED = "disabled"


class LoginStep(StrEnum):
    """What a session still needs before it may do anything."""

    CHANGE_PASSWORD = "change_password"  # noqa: S105 - a step
    ENROL = "enrol_second_factor"
    NONE = "none"


class Verdict(StrEnum):
    """What came of a try to log in, as the log says it; outsiders are told one thing for all that are refused."""

    LOGGED_IN = "logged_in"
    UNKNOWN = "refused_unknown"
    PASSWORD = "refused_password"  # noqa: S105 - a verdict
    CODE = "refused_code"
    LOCKED = "refused_locked"
    DISABLED = "refused_disabled"
    STALE = "refused_stale"


KINDS: Final[dict[Role, AccountKind]] = {
    Role.ADMINISTRATOR: AccountKind.ADMINISTRATOR,
    Role.OFFICER: AccountKind.OPERATION,
    Role.APPROVER: AccountKind.OPERATION,
    Role.AUDITOR: AccountKind.OPERATION,
    Role.OPERATOR: AccountKind.TECHNICAL,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How many wrong tries in a row lock an account, and for how long."""

    tries_max: int = 5
    lock: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session may lie idle, and how long it may last at all."""

    idle: timedelta = timedelta(minutes=15)
    longest: timedelta = timedelta(hours=8)

    @property
    def note(self) -> timedelta:
        """How often at most it is written down that a session was used."""
        return min(timedelta(minutes=1), self.idle / 15)

    def over(self, began_at: datetime, seen_at: datetime, now: datetime) -> str | None:
        """Why a session has ended by itself, ``idle`` or ``longest``; None while it lives."""
        if now - began_at >= self.longest:
            return "longest"
        return "idle" if now - seen_at >= self.idle else None


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether an account may log in. ``stale_at``: when its one-time password ends."""

    tries: int = 0
    locked_until: datetime | None = None
    disabled: bool = False
    must_change: bool = False
    stale_at: datetime | None = None

    def state(self, now: datetime) -> AccountState:
        """How the account stands; a lock ends by itself."""
        if self.disabled:
            return AccountState.DISABLED
        if self.locked_until is not None and now < self.locked_until:
            return AccountState.LOCKED
        return AccountState.INVITED if self.must_change else AccountState.LIVING


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and how the account stands after it. ``unlocked``: a lock had ended by itself before."""

    verdict: Verdict
    tries: int
    locked_until: datetime | None
    locks: bool = False
    unlocked: bool = False


def kind_of(roles: Iterable[Role]) -> AccountKind | None:
    """The kind of an account with these roles; None: they clash, are of several kinds, or there are none."""
    held = frozenset(roles)
    kinds = {KINDS[role] for role in held}
    return None if len(kinds) != 1 or clashes(held) else kinds.pop()


def judge(standing: Standing, now: datetime, limits: Limits, *, password_right: bool, code_right: bool) -> Judged:
    """Judge a try. What is shut is shut for the right password too, and tries at it are not counted."""
    state = standing.state(now)
    if state is AccountState.DISABLED:
        return Judged(Verdict.DISABLED, standing.tries, standing.locked_until)
    if state is AccountState.LOCKED:
        return Judged(Verdict.LOCKED, standing.tries, standing.locked_until)
    unlocked = standing.locked_until is not None
    before = 0 if unlocked else standing.tries
    if password_right and code_right:
        if standing.stale_at is not None and now >= standing.stale_at:
            return Judged(Verdict.STALE, before, None, unlocked=unlocked)
        return Judged(Verdict.LOGGED_IN, 0, None, unlocked=unlocked)
    tries = before + 1
    locks = tries >= limits.tries_max
    verdict = Verdict.CODE if password_right else Verdict.PASSWORD
    return Judged(verdict, tries, now + limits.lock if locks else None, locks, unlocked)


def step_of(*, must_change: bool, needs_second_factor: bool, has_second_factor: bool) -> LoginStep:
    """What a session still needs: first a password of one's own, then the second factor."""
    if must_change:
        return LoginStep.CHANGE_PASSWORD
    return LoginStep.ENROL if needs_second_factor and not has_second_factor else LoginStep.NONE
