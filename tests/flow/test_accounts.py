"""People's accounts on both databases: every kind of event is on record, nothing secret is, and no way leads around."""

import asyncio
import json
from typing import Any

import pytest

from app.domain.access import Reach, Role, Scope
from app.domain.accounts import LoginStep
from app.errors import (
    AuditUnavailable,
    InvalidRecord,
    LastAdministrator,
    LoginRefused,
    LoginStepNeeded,
    NoSecondFactorHere,
    OwnAccount,
    PasswordRefused,
    ProofRefused,
    RolesClash,
    Unauthenticated,
    UnknownAccount,
    UnknownCode,
)
from app.store import accounts as account_store
from app.store import audit
from app.store.session import Database
from app.usecases import accounts, clients, idle_accounts, own_account, sessions, tokens
from app.usecases.accounts import Rights
from app.usecases.context import Caller
from app.usecases.second_factor import SecretBox
from tests.factories import ManualClock
from tests.flow.test_audit import close_log
from tests.people import ADMIN, CHOSEN, code_of, enter, invited, people_context, settled

_DAY = 86400.0
_LOCK_SECONDS = 12 * 3600.0


async def _told(database: Database) -> list[tuple[str, str, str, dict[str, Any]]]:
    """The log of accounts and sessions, oldest first: kind, outcome, actor, detail."""
    async with database.read() as session:
        rows = await audit.page(session, before_id=None, limit=500, equal={})
    own = [row for row in reversed(rows) if row["kind"] in {"account", "session"}]
    return [(row["kind"], row["outcome"], row["actor"], row["detail"]) for row in own]


async def _outcomes(database: Database) -> list[str]:
    return [outcome for _, outcome, _, _ in await _told(database)]


async def _refused(*wrong: Any) -> str:
    with pytest.raises(LoginRefused) as refusal:
        await enter(*wrong)
    assert refusal.value.on_record
    return f"{refusal.value.detail} {refusal.value.members} {refusal.value.faults} {refusal.value.status}"


async def test_a_first_login_takes_its_steps_and_each_gives_another_cookie(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)
    password = await invited(context, "an.nv", Role.OFFICER, units=frozenset({"H15.50"}))
    first = await enter(context, " AN.NV ", password)
    assert first.step is LoginStep.CHANGE_PASSWORD
    for doing in (sessions.recognise(context, first.cookie), own_account.offer(context, first, password, "c")):
        with pytest.raises(LoginStepNeeded):
            await doing
    with pytest.raises(PasswordRefused) as weak:
        await own_account.change_password(context, first, password, "mat-khau", "c")
    assert [fault.pointer for fault in weak.value.faults] == ["/new", "/new"]
    second = await sessions.look(context, await own_account.change_password(context, first, password, CHOSEN, "c"))
    assert second.step is LoginStep.ENROL
    offer = await own_account.offer(context, second, CHOSEN, "c")
    with pytest.raises(ProofRefused):
        await own_account.enrol(context, second, "000000", "c")
    enrolled = await own_account.enrol(context, second, code_of(offer.secret, clock.now()), "c")
    third = await sessions.look(context, enrolled.cookie)
    caller = await sessions.recognise(context, third.cookie)
    assert caller == Caller("an.nv", "H15", frozenset({"officer"}), Reach(frozenset({"H15.50"})))
    for old in (first, second):
        with pytest.raises(Unauthenticated):
            await sessions.look(context, old.cookie)
    await sessions.logout(context, third, "c-out")
    await sessions.logout(context, third, "c-out")
    with pytest.raises(Unauthenticated):
        await sessions.recognise(context, third.cookie)
    assert await _outcomes(clocked_database) == [
        "created", "logged_in", "password_refused", "password_changed", "totp_offered", "refused_code",
        "totp_enrolled", "logged_out",
    ]  # fmt: skip


async def test_whoever_is_refused_is_told_one_thing_and_the_log_another(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)
    _, secret, _ = await settled(context, "an.nv", at=clock.now())
    await settled(context, "gone.nv", at=clock.now())
    await accounts.disable(context, ADMIN, "gone.nv", "Chuyển công tác", "c")
    before = len(await _told(clocked_database))
    code = code_of(secret, clock.now())
    answers = {
        await _refused(context, "my-Secret-1", CHOSEN),  # a password in the wrong field
        await _refused(context, "nobody.nv", CHOSEN, code),
        await _refused(context, "an.nv", "Wrong-pass-1", code),
        await _refused(context, "an.nv", CHOSEN),
        await _refused(context, "an.nv", CHOSEN, "000000"),
        await _refused(context, "gone.nv", CHOSEN),
        await _refused(context, "an.nv\x00", CHOSEN),
        await _refused(context, "an.nv", "\ud800"),
        await _refused(context, "an.nv", "Wrong-pass-2"),
        await _refused(context, "an.nv", CHOSEN, code),  # right, and shut
    }
    assert len(answers) == 1
    told = (await _told(clocked_database))[before:]
    assert [(outcome, actor) for _, outcome, actor, _ in told] == [
        ("refused_unknown", "anonymous"),
        ("refused_unknown", "anonymous"),
        ("refused_password", "an.nv"),
        ("refused_code", "an.nv"),
        ("refused_code", "an.nv"),
        ("refused_disabled", "gone.nv"),
        ("refused_unknown", "anonymous"),
        ("refused_password", "an.nv"),
        ("refused_password", "an.nv"),
        ("locked", "an.nv"),
        ("refused_locked", "an.nv"),
    ]
    assert all(not detail for _, outcome, _, detail in told if outcome == "refused_unknown")


async def test_a_lock_ends_by_time_or_by_an_administrator(clocked_database: Database, clock: ManualClock) -> None:
    context = people_context(clocked_database, second_factor_roles=frozenset())
    password = await invited(context, "an.nv")
    held = await enter(context, "an.nv", password)
    for _ in range(5):
        await _refused(context, "an.nv", "Wrong-pass-1")
    await _refused(context, "an.nv", password)
    assert (await sessions.look(context, held.cookie)).name == "an.nv", (
        "who is in stays in: a lock is no way to throw out"
    )
    assert [row["state"].value for row in (await accounts.listing(context))[0]] == ["locked"]
    await accounts.unlock(context, ADMIN, "an.nv", "c")
    await accounts.unlock(context, ADMIN, "an.nv", "c")
    await enter(context, "an.nv", password)
    for _ in range(5):
        await _refused(context, "an.nv", "Wrong-pass-1")
    clock.advance(_LOCK_SECONDS - 1)
    await _refused(context, "an.nv", password)
    clock.advance(1)
    await enter(context, "an.nv", password)
    told = [(outcome, detail.get("by")) for _, outcome, _, detail in await _told(clocked_database) if "lock" in outcome]
    assert told == [
        ("locked", None), ("refused_locked", None), ("unlocked", "administrator"),
        ("locked", None), ("refused_locked", None), ("unlocked", "time"),
    ]  # fmt: skip


async def test_guesses_side_by_side_are_counted_one_by_one(database: Database) -> None:
    context = people_context(database, second_factor_roles=frozenset())
    password = await invited(context, "an.nv")
    guesses = [enter(context, "an.nv", f"Wrong-pass-{n}") for n in range(12)]
    assert all(isinstance(one, LoginRefused) for one in await asyncio.gather(*guesses, return_exceptions=True))
    told = await _outcomes(database)
    assert (told.count("refused_password"), told.count("refused_locked"), told.count("locked")) == (5, 7, 1)
    await _refused(context, "an.nv", password)


async def test_a_code_lets_in_once_and_so_does_a_recovery_code(clocked_database: Database, clock: ManualClock) -> None:
    context = people_context(clocked_database)
    live, secret, recovery = await settled(context, "an.nv", at=clock.now())
    code = code_of(secret, clock.now())
    both = await asyncio.gather(*(enter(context, "an.nv", CHOSEN, code) for _ in range(2)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["Live", "LoginRefused"]
    await _refused(context, "an.nv", CHOSEN, code_of(secret, clock.now(), -1))
    await enter(context, "an.nv", CHOSEN, recovery[3].lower().replace("-", " "))
    await _refused(context, "an.nv", CHOSEN, recovery[3])
    fresh = await own_account.renew_recovery_codes(context, live, CHOSEN, "c")
    await _refused(context, "an.nv", CHOSEN, recovery[4])
    await enter(context, "an.nv", CHOSEN, fresh[0])
    told = await _outcomes(clocked_database)
    assert (told.count("recovery_used"), told.count("recovery_renewed")) == (2, 1)


async def test_a_session_ends_idle_or_at_the_end_of_the_day_and_that_is_on_record_once(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)
    live, secret, _ = await settled(context, "an.nv", at=clock.now())
    other = await enter(context, "an.nv", CHOSEN, code_of(secret, clock.now()))
    for _ in range(8 * 4 + 2):
        clock.advance(14 * 60)
        await sessions.recognise(context, live.cookie)
    clock.advance(4 * 60)
    for cookie in (live.cookie, live.cookie):
        with pytest.raises(Unauthenticated):
            await sessions.recognise(context, cookie)
    assert await idle_accounts.look(context) == 1
    assert await idle_accounts.look(context) == 0
    with pytest.raises(Unauthenticated):
        await sessions.recognise(context, other.cookie)
    expired = [detail["why"] for _, outcome, _, detail in await _told(clocked_database) if outcome == "expired"]
    assert expired == ["longest", "longest"]
    again = await enter(context, "an.nv", CHOSEN, code_of(secret, clock.now()))
    clock.advance(15 * 60)
    with pytest.raises(Unauthenticated):
        await sessions.recognise(context, again.cookie)
    assert (await _told(clocked_database))[-1][3]["why"] == "idle"


async def test_who_logs_in_again_leaves_the_session_of_before(clocked_database: Database) -> None:
    context = people_context(clocked_database, second_factor_roles=frozenset())
    password = await invited(context, "an.nv")
    before = await enter(context, "an.nv", password)
    after = await sessions.login(
        context, account="an.nv", password=password, code="", correlation_id="c", instead_of=before.cookie
    )
    with pytest.raises(Unauthenticated):
        await sessions.look(context, before.cookie)
    assert (await sessions.look(context, after.cookie)).name == "an.nv"
    assert (await _outcomes(clocked_database))[1:] == ["logged_in", "logged_out", "logged_in"]


async def test_the_last_ten_passwords_do_not_come_back_and_other_sessions_end(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)
    live, secret, _ = await settled(context, "an.nv", at=clock.now())
    other = await enter(context, "an.nv", CHOSEN, code_of(secret, clock.now()))
    now = CHOSEN
    for number in range(2, 11):
        new = f"Chọn-lấy-{number}"
        live = await sessions.look(context, await own_account.change_password(context, live, now, new, "c"))
        now = new
    with pytest.raises(Unauthenticated):
        await sessions.look(context, other.cookie)
    for used in (CHOSEN, now):
        with pytest.raises(PasswordRefused, match="last ten"):
            await own_account.change_password(context, live, now, used, "c")
    live = await sessions.look(context, await own_account.change_password(context, live, now, "Chọn-lấy-11", "c"))
    await own_account.change_password(context, live, "Chọn-lấy-11", CHOSEN, "c")
    async with clocked_database.read() as session:
        row = await account_store.by_name(session, "an.nv")
        assert row is not None
        assert len(await account_store.earlier_passwords(session, row.id)) == 10


async def test_an_administrator_chooses_another_password_every_two_months(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)
    _, admin_secret, _ = await settled(context, "quan-tri", Role.ADMINISTRATOR, at=clock.now())
    _, secret, _ = await settled(context, "an.nv", at=clock.now())
    clock.advance(31 * _DAY)
    # Whoever stays away for 45 days does not come in at all.
    for name, held in (("quan-tri", admin_secret), ("an.nv", secret)):
        await enter(context, name, CHOSEN, code_of(held, clock.now()))
    clock.advance(31 * _DAY - 60)
    assert (await enter(context, "quan-tri", CHOSEN, code_of(admin_secret, clock.now()))).step is LoginStep.NONE
    clock.advance(60)
    steps = [
        (await enter(context, name, CHOSEN, code_of(held, clock.now()))).step
        for name, held in (("quan-tri", admin_secret), ("an.nv", secret))
    ]
    assert steps == [LoginStep.CHANGE_PASSWORD, LoginStep.NONE]


async def test_a_screen_left_open_cannot_be_used_to_guess(clocked_database: Database, clock: ManualClock) -> None:
    context = people_context(clocked_database)
    live, _, _ = await settled(context, "an.nv", at=clock.now())
    for _ in range(5):
        with pytest.raises(ProofRefused):
            await own_account.renew_recovery_codes(context, live, "Wrong-pass-1", "c")
    with pytest.raises(Unauthenticated):
        await sessions.look(context, live.cookie)
    assert (await _outcomes(clocked_database))[-2:] == ["refused_password", "locked"]


async def test_administrators_decide_about_others_and_one_is_always_left(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)
    live, _, _ = await settled(context, "quan-tri", Role.ADMINISTRATOR, at=clock.now())
    officer, secret, _ = await settled(context, "an.nv", at=clock.now())
    own = live.caller
    rights = Rights(frozenset({Role.ADMINISTRATOR}), frozenset({"H15.50"}))
    for doing in (
        accounts.change_rights(context, own, "quan-tri", rights, "c"),
        accounts.disable(context, own, "quan-tri", "x", "c"),
        accounts.enable(context, own, "quan-tri", "c"),
        accounts.unlock(context, own, "quan-tri", "c"),
        accounts.reset(context, own, "quan-tri", second_factor=True, correlation_id="c"),
    ):
        with pytest.raises(OwnAccount):
            await doing
    # One of some units only cannot make or mend accounts: with the other one nobody could.
    await invited(context, "quan-tri-xa", Role.ADMINISTRATOR, units=frozenset({"H15.50"}))
    for doing in (
        accounts.disable(context, ADMIN, "quan-tri", "x", "c"),
        accounts.change_rights(context, ADMIN, "quan-tri", rights, "c"),
    ):
        with pytest.raises(LastAdministrator):
            await doing
    await accounts.change_rights(
        context, own, "an.nv", Rights(frozenset({Role.AUDITOR, Role.OFFICER}), frozenset({"H15.16"})), "c"
    )
    with pytest.raises(Unauthenticated):
        await sessions.look(context, officer.cookie)
    changed = await enter(context, "an.nv", CHOSEN, code_of(secret, clock.now()))
    assert (sorted(changed.roles), changed.units) == (["auditor", "officer"], frozenset({"H15.16"}))
    await accounts.disable(context, own, "an.nv", "Nghỉ việc", "c")
    await accounts.disable(context, own, "an.nv", "Nghỉ việc", "c")
    with pytest.raises(Unauthenticated):
        await sessions.look(context, changed.cookie)
    await accounts.enable(context, own, "an.nv", "c")
    told = await _told(clocked_database)
    assert [(outcome, actor) for _, outcome, actor, _ in told][-4:] == [
        ("changed", "quan-tri"), ("logged_in", "an.nv"), ("disabled", "quan-tri"), ("enabled", "quan-tri"),
    ]  # fmt: skip


async def test_two_administrators_cannot_end_each_other_at_once(database: Database) -> None:
    context = people_context(database, second_factor_roles=frozenset())
    names = ("quan-tri-1", "quan-tri-2")
    for name in names:
        await invited(context, name, Role.ADMINISTRATOR)
    ends = [
        accounts.disable(context, Caller(one, "H15", frozenset()), other, "x", "c")
        for one, other in (names, names[::-1])
    ]
    done = await asyncio.gather(*ends, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["LastAdministrator", "NoneType"]


async def test_a_lost_telephone_is_forgotten_with_the_password_and_never_alone(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)
    live, secret, recovery = await settled(context, "an.nv", at=clock.now())
    made = await accounts.reset(context, ADMIN, "an.nv", second_factor=False, correlation_id="c")
    with pytest.raises(Unauthenticated):
        await sessions.look(context, live.cookie)
    await _refused(context, "an.nv", made.password)
    assert (
        await enter(context, "an.nv", made.password, code_of(secret, clock.now()))
    ).step is LoginStep.CHANGE_PASSWORD
    made = await accounts.reset(context, ADMIN, "an.nv", second_factor=True, correlation_id="c")
    await _refused(context, "an.nv", CHOSEN, recovery[0])
    assert (await enter(context, "an.nv", made.password)).step is LoginStep.CHANGE_PASSWORD
    clock.advance(7 * _DAY)
    await _refused(context, "an.nv", made.password)
    told = await _outcomes(clocked_database)
    assert told[-1] == "refused_stale"
    assert (told.count("password_reset"), told.count("second_factor_reset")) == (2, 1)


async def test_who_is_away_for_45_days_is_disabled_and_is_on_the_review_before(
    clocked_database: Database, clock: ManualClock
) -> None:
    context = people_context(clocked_database)
    _, secret, _ = await settled(context, "away.nv", at=clock.now())
    clock.advance(20 * _DAY)
    live, _, _ = await settled(context, "an.nv", at=clock.now())
    clock.advance(25 * _DAY - 1)
    await idle_accounts.look(context)
    rows, _ = await accounts.listing(context, idle_days=30)
    assert [(row["name"], row["state"].value) for row in rows] == [("away.nv", "living")]
    clock.advance(1)
    # Nobody is quicker than the look.
    with pytest.raises(LoginRefused):
        await enter(context, "away.nv", CHOSEN, code_of(secret, clock.now()))
    await idle_accounts.look(context)
    await idle_accounts.look(context)
    rows, _ = await accounts.listing(context)
    assert [(row["name"], row["state"].value) for row in rows] == [("an.nv", "living"), ("away.nv", "disabled")]
    told = [entry for entry in await _told(clocked_database) if entry[1] == "disabled"]
    assert [(actor, detail["account"]) for _, _, actor, detail in told] == [("lienthong", "away.nv")]
    assert live.name == "an.nv"


async def test_what_cannot_be_an_account_is_refused_and_says_why(clocked_database: Database) -> None:
    context = people_context(clocked_database)
    await invited(context, "an.nv")
    await tokens.create(context, name="one-stop", agency="H15", scopes=[Scope.READ], by="test")
    for name in ("an.nv", "one-stop", "An.nv", "a", "an nv", "án.nv", "-an"):
        with pytest.raises(InvalidRecord):
            await invited(context, name)
    with pytest.raises(InvalidRecord, match="an account named"):
        await clients.create(context, name="an.nv", agency="H15", scopes=[Scope.READ], by="test")
    for roles in ((Role.ADMINISTRATOR, Role.AUDITOR), (Role.OFFICER, Role.APPROVER), (Role.OPERATOR, Role.OFFICER)):
        with pytest.raises(RolesClash):
            await invited(context, "binh.tv", *roles)
    with pytest.raises(UnknownCode):
        await invited(context, "binh.tv", units=frozenset({"H99"}))
    with pytest.raises(NoSecondFactorHere):
        await invited(people_context(clocked_database, box=None), "binh.tv")
    with pytest.raises(RolesClash, match="for ever"):
        await accounts.change_rights(context, ADMIN, "an.nv", Rights(frozenset({Role.OPERATOR})), "c")
    with pytest.raises(UnknownAccount):
        await accounts.unlock(context, ADMIN, "nobody.nv", "c")


async def test_a_new_key_opens_what_the_old_one_sealed_and_seals_it_anew(
    clocked_database: Database, clock: ManualClock
) -> None:
    _, secret, _ = await settled(people_context(clocked_database), "an.nv", at=clock.now())
    lost = people_context(clocked_database, box=SecretBox([b"n" * 32]))
    await _refused(lost, "an.nv", CHOSEN, code_of(secret, clock.now()))
    both = people_context(clocked_database, box=SecretBox([b"n" * 32, b"k" * 32]))
    await enter(both, "an.nv", CHOSEN, code_of(secret, clock.now()))
    clock.advance(30)
    await enter(lost, "an.nv", CHOSEN, code_of(secret, clock.now()))


async def test_nothing_secret_is_kept_in_the_clear(clocked_database: Database, clock: ManualClock) -> None:
    context = people_context(clocked_database)
    one_time = await invited(context, "binh.tv")
    live, secret, recovery = await settled(context, "an.nv", at=clock.now())
    code = code_of(secret, clock.now())
    await enter(context, "an.nv", CHOSEN, code)
    kept: list[str] = []
    async with clocked_database.read() as session:
        kept += [str(await account_store.by_name(session, name)) for name in ("an.nv", "binh.tv")]
        kept += [json.dumps(row, default=str) for row in await audit.page(session, before_id=None, limit=500, equal={})]
    everything = "\n".join(kept) + repr(live)
    for planted in (one_time, CHOSEN, secret, secret.replace(" ", ""), code, *recovery, live.cookie):
        assert planted not in everything


async def test_a_log_that_cannot_be_written_lets_nobody_in(database: Database) -> None:
    context = people_context(database, second_factor_roles=frozenset())
    password = await invited(context, "an.nv")
    await close_log(database)
    with pytest.raises(AuditUnavailable):
        await enter(context, "an.nv", password)
    with pytest.raises(AuditUnavailable):
        await enter(context, "nobody.nv", password)
    rows, _ = await accounts.listing(context)
    assert rows[0]["last_login_at"] is None
