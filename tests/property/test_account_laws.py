"""Laws of people's accounts: passwords, wrong tries, sessions, kinds."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.access import Role, clashes
from app.domain.accounts import (
    KINDS,
    AccountState,
    Limits,
    LoginStep,
    SessionLimits,
    Standing,
    Verdict,
    judge,
    kind_of,
    step_of,
)
from app.domain.passwords import LENGTH_MAX, LENGTH_MIN, PasswordFault, faults_of, normalised, two_months_after
from app.domain.rulesets import VIETNAM
from app.usecases.accounts import new_password

_TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by timezones
_SPANS = st.timedeltas(timedelta(0), timedelta(days=40))


@given(st.text(max_size=200), st.from_regex(r"[a-z0-9][a-z0-9._-]{2,10}", fullmatch=True))
def test_a_password_without_fault_holds_what_one_must(text: str, account: str) -> None:
    password = normalised(text)
    assert normalised(password) == password == unicodedata.normalize("NFC", password)
    good = not faults_of(password, account)
    assert good == (
        LENGTH_MIN <= len(password) <= LENGTH_MAX
        and password.isprintable()
        and any(map(str.islower, password))
        and any(map(str.isupper, password))
        and any(map(str.isdecimal, password))
        and any(not one.isalnum() and not one.isspace() for one in password)
        and account not in password.casefold()
    )


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Aa1-aaa", PasswordFault.TOO_SHORT),
        ("Aa1-" + "a" * 125, PasswordFault.TOO_LONG),
        ("AAAA-1111", PasswordFault.NO_LOWER),
        ("aaaa-1111", PasswordFault.NO_UPPER),
        ("Aaaa-aaaa", PasswordFault.NO_DIGIT),
        ("Aaaa 1111", PasswordFault.NO_SPECIAL),
        ("Aaaa-1111\n", PasswordFault.UNPRINTABLE),
        ("x-An.NV-12", PasswordFault.HOLDS_NAME),
    ],
)
def test_each_fault_of_a_password_is_told_alone(password: str, fault: PasswordFault) -> None:
    assert faults_of(password, "an.nv") == (fault,)
    assert faults_of("Đường-đi-12", "an.nv") == ()


def test_one_time_passwords_are_good_passwords_and_never_alike() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert not any(faults_of(password, "an.nv") for password in made)


@given(_TIMES)
def test_two_months_are_two_months_of_the_calendar(at: datetime) -> None:
    before, after = at.astimezone(VIETNAM), two_months_after(at).astimezone(VIETNAM)
    assert (after.year * 12 + after.month) - (before.year * 12 + before.month) == 2
    assert after.time() == before.time()
    assert after.day == before.day or (after.day < before.day and (after + timedelta(days=1)).day == 1)
    assert 59 <= (after - before).days <= 62


@given(_TIMES, st.lists(st.tuples(_SPANS, st.booleans(), st.booleans()), max_size=30), st.integers(1, 5))
def test_tries_are_counted_and_no_lock_is_passed(
    start: datetime, tries: list[tuple[timedelta, bool, bool]], tries_max: int
) -> None:
    limits = Limits(tries_max, timedelta(hours=12))
    now, standing, wrong = start, Standing(), 0
    for span, password, code in tries:
        now += span
        before = standing.state(now)
        judged = judge(standing, now, limits, password_right=password, code_right=code)
        if before is AccountState.LOCKED:
            assert judged.verdict is Verdict.LOCKED, "shut for the right password too"
            assert (judged.tries, judged.locked_until) == (standing.tries, standing.locked_until), "not counted"
        elif password and code:
            assert judged.verdict is Verdict.LOGGED_IN
            assert (judged.tries, judged.locked_until) == (0, None)
            wrong = 0
        else:
            wrong = 1 if standing.locked_until is not None else wrong + 1
            assert judged.verdict is (Verdict.CODE if password else Verdict.PASSWORD)
            assert judged.locks == (wrong >= tries_max) == (judged.locked_until == now + limits.lock)
        standing = Standing(judged.tries, judged.locked_until)


@given(_TIMES, st.booleans(), st.booleans(), st.integers(0, 9))
def test_a_disabled_account_is_shut_whatever_is_known(at: datetime, password: bool, code: bool, tries: int) -> None:  # noqa: FBT001 - drawn
    judged = judge(Standing(tries, disabled=True), at, Limits(), password_right=password, code_right=code)
    assert (judged.verdict, judged.tries, judged.locks) == (Verdict.DISABLED, tries, False)


@given(_TIMES, _SPANS)
def test_a_one_time_password_ends(at: datetime, span: timedelta) -> None:
    standing = Standing(must_change=True, stale_at=at + timedelta(days=7))
    verdict = judge(standing, at + span, Limits(), password_right=True, code_right=True).verdict
    assert verdict is (Verdict.LOGGED_IN if span < timedelta(days=7) else Verdict.STALE)
    assert standing.state(at) is AccountState.INVITED


@given(_TIMES, _SPANS, _SPANS)
def test_a_session_ends_when_idle_or_old(began: datetime, seen: timedelta, later: timedelta) -> None:
    limits = SessionLimits()
    over = limits.over(began, began + seen, began + seen + later)
    assert (over == "longest") == (seen + later >= limits.longest)
    assert (over is None) == (seen + later < limits.longest and later < limits.idle)
    assert limits.note * 10 <= limits.idle


@given(st.sets(st.sampled_from(Role)))
def test_roles_of_one_account_are_of_one_kind_and_never_clash(roles: set[Role]) -> None:
    kind = kind_of(roles)
    assert set(KINDS) == set(Role)
    if kind is None:
        assert not roles or clashes(roles) or len({KINDS[role] for role in roles}) > 1
    else:
        assert {KINDS[role] for role in roles} == {kind}
        assert not clashes(roles)


@given(st.booleans(), st.booleans(), st.booleans())
def test_a_login_is_complete_only_with_all_that_is_needed(change: bool, needs: bool, has: bool) -> None:  # noqa: FBT001 - drawn
    step = step_of(must_change=change, needs_second_factor=needs, has_second_factor=has)
    assert (step is LoginStep.NONE) == (not change and (has or not needs))
    assert (step is LoginStep.CHANGE_PASSWORD) == change
