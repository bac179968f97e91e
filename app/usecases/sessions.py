"""Sessions of people: in by password and code, out by leaving, by being idle, or by the end of the day.

A cookie holds 256 random bits; only their hash is kept, and other bits take their place after each step of a login.
What is judged is counted and put on record in the transaction that judged it.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog

from app.domain.access import Reach, Role
from app.domain.accounts import (
    NAME,
    AccountState,
    Judged,
    LoginStep,
    Standing,
    Verdict,
    judge,
    step_of,
)
from app.domain.audit import AuditEntry, AuditKind
from app.domain.passwords import normalised, two_months_after
from app.errors import LoginRefused, LoginStepNeeded, Unauthenticated
from app.store import account_sessions, accounts, audit
from app.store.session import WriteSession
from app.usecases.context import Caller, Context
from app.usecases.people import PeoplePolicy, account_entry
from app.usecases.second_factor import SealBroken, hash_of_recovery, plain, step_of_code
from app.usecases.tokens import hash_of

_log = structlog.get_logger(__name__)
_NOT_LET_IN: Final = "no such account, or not its password and code, or it may not log in now"
_OVER: Final = "no session, or it has ended: log in again"
_CODE_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Live:
    """A session that lives, and whose it is. ``ends_at``: when it ends at the latest."""

    id: int
    account_id: int
    name: str
    full_name: str
    agency: str
    kind: str
    roles: frozenset[str]
    units: frozenset[str]
    step: LoginStep
    second_factor: bool
    ends_at: datetime
    cookie: str = field(repr=False)

    @property
    def caller(self) -> Caller:
        """Who this is to everybody else."""
        return Caller(self.name, self.agency, self.roles, Reach(self.units))


def new_cookie() -> str:
    """What a cookie holds: 256 random bits."""
    return secrets.token_urlsafe(32)


async def login(
    context: Context, *, account: str, password: str, code: str, correlation_id: str, instead_of: str | None = None
) -> Live:
    """Begin a session; the one of the cookie ``instead_of`` ends with that.

    Raises:
        LoginRefused: for every reason alike; which one it was is on record.
    """
    name = normalised(account).strip().lower()
    async with context.database.read() as reading:
        seen = await accounts.by_name(reading, name) if NAME.fullmatch(name) else None
    kept = None if seen is None else seen.password_hash
    right, fresh = await context.people.passwords.verify_and_renew(normalised(password), kept)
    cookie = new_cookie()

    async def work(session: WriteSession) -> Live | None:
        now = await session.now()
        row = None if seen is None else await accounts.locked(session, name)
        if row is None:
            entry = _entry("anonymous", context.agency, Verdict.UNKNOWN.value, correlation_id, {})
            await audit.append(session, [entry], now)
            return None
        # A password that was changed while this one was compared counts as wrong.
        proven = right and row.password_hash == kept
        factor = await _second_factor(context.people, session, row, code, now) if proven else None
        judged = judge(
            _standing(row, now - context.people.idle),
            now,
            context.people.limits,
            password_right=proven,
            code_right=factor is not None,
        )
        values: dict[str, object] = {"tries": judged.tries, "locked_until": judged.locked_until}
        if judged.verdict is Verdict.LOGGED_IN:
            values |= {"active_at": now, "last_login_at": now, **({"password_hash": fresh} if fresh else {})}
            await _leave(session, instead_of, now, correlation_id)
            await account_sessions.add(session, row.id, hash_of(cookie), now)
        await accounts.change(session, row.id, **values)
        await audit.append(session, _told(row, judged, factor, correlation_id), now)
        if judged.verdict is not Verdict.LOGGED_IN:
            return None
        held = await account_sessions.living(session, hash_of(cookie))
        return _live(context.people, held, cookie, now)

    live = await context.database.run(work)
    if live is None:
        refusal = LoginRefused(_NOT_LET_IN)
        refusal.on_record = True
        raise refusal
    return live


async def _leave(session: WriteSession, cookie: str | None, now: datetime, correlation_id: str) -> None:
    held = await account_sessions.living(session, hash_of(cookie)) if cookie else None
    if held is not None and await account_sessions.end(session, held.session_id, now, "login"):
        detail: dict[str, object] = {"account": held.name, "why": "login"}
        await audit.append(session, [_entry(held.name, held.agency, "logged_out", correlation_id, detail)], now)


def _standing(row: Any, idle_since: datetime) -> Standing:  # noqa: ANN401 - a row
    # Who was away for too long does not come in by being quicker than the daily look.
    disabled = row.disabled_at is not None or row.active_at <= idle_since
    return Standing(row.tries, row.locked_until, disabled, row.must_change, row.stale_at)


async def _second_factor(
    policy: PeoplePolicy,
    session: WriteSession,
    row: Any,  # noqa: ANN401 - a row
    code: str,
    now: datetime,
) -> str | None:
    """Which factor a code is, and use it up; ``none`` where none is enrolled; None: it is not the account's.

    What is shut is not asked for: its codes stay unused.
    """
    if _standing(row, now - policy.idle).state(now) in {AccountState.DISABLED, AccountState.LOCKED}:
        return None
    if row.totp_sealed is None:
        return "none"
    letters = plain(code)
    if len(letters) == _CODE_DIGITS and letters.isdecimal():
        return await _by_time(policy, session, row, letters, now)
    used = await accounts.use_recovery_code(session, row.id, hash_of_recovery(letters), now)
    return "recovery" if used else None


async def _by_time(
    policy: PeoplePolicy,
    session: WriteSession,
    row: Any,  # noqa: ANN401 - a row
    code: str,
    now: datetime,
) -> str | None:
    """Use up a code by time; what an older key has sealed is sealed anew."""
    box, sealed = policy.box, row.totp_sealed
    try:
        secret = None if box is None else box.open(sealed, about_totp(row.name))
    except SealBroken:
        secret = None
    if box is None or secret is None:
        # The answer is the same as for a wrong code; a technician is told here.
        _log.error("second_factor_unreadable", account=row.name, setting="LIENTHONG_ACCOUNT_KEY")
        return None
    step = step_of_code(secret, code, now, row.totp_step)
    if step is None:
        return None
    if not box.is_current(sealed):
        sealed = box.seal(secret, about_totp(row.name))
    await accounts.change(session, row.id, totp_step=step, totp_sealed=sealed)
    return "totp"


def about_totp(name: str) -> str:
    """What a sealed secret is bound to."""
    return f"totp of {name}"


def _told(row: Any, judged: Judged, factor: str | None, correlation_id: str) -> list[AuditEntry]:  # noqa: ANN401 - a row
    about: dict[str, object] = {"account": row.name}
    entries = []
    if judged.unlocked:
        entries.append(account_entry(row.name, row.agency, "unlocked", correlation_id, about | {"by": "time"}))
    if judged.verdict is Verdict.LOGGED_IN and factor == "recovery":
        entries.append(account_entry(row.name, row.agency, "recovery_used", correlation_id, about))
    how: dict[str, object] = {"second_factor": factor} if judged.verdict is Verdict.LOGGED_IN else {}
    entries.append(_entry(row.name, row.agency, judged.verdict.value, correlation_id, about | how))
    if judged.locks and judged.locked_until is not None:
        until = judged.locked_until.isoformat()
        entries.append(account_entry(row.name, row.agency, "locked", correlation_id, about | {"until": until}))
    return entries


def _entry(by: str, agency: str, outcome: str, correlation_id: str, detail: dict[str, object]) -> AuditEntry:
    return account_entry(by, agency, outcome, correlation_id, detail, kind=AuditKind.SESSION)


def _live(policy: PeoplePolicy, row: Any, cookie: str, now: datetime) -> Live:  # noqa: ANN401 - a row
    roles = frozenset(row.roles.split())
    # Administrators change theirs every two months; everybody else when asked to.
    too_old = Role.ADMINISTRATOR in roles and now >= two_months_after(row.password_changed_at)
    return Live(
        id=row.session_id,
        account_id=row.id,
        name=row.name,
        full_name=row.full_name,
        agency=row.agency,
        kind=row.kind,
        roles=roles,
        units=frozenset(row.units.split()),
        step=step_of(
            must_change=row.must_change or too_old,
            needs_second_factor=bool(roles & policy.second_factor_roles),
            has_second_factor=row.totp_sealed is not None,
        ),
        second_factor=row.totp_sealed is not None,
        ends_at=row.began_at + policy.sessions.longest,
        cookie=cookie,
    )


async def look(context: Context, cookie: str) -> Live:
    """Whose session a cookie is, complete or not; that it was used is noted once a minute.

    Raises:
        Unauthenticated: none of ours, or it has ended; that it ended by itself is put on record now.
    """
    policy = context.people
    async with context.database.read() as session:
        now = await session.now()
        row = await account_sessions.living(session, hash_of(cookie))
    if row is None:
        raise Unauthenticated(_OVER)
    over = policy.sessions.over(row.began_at, row.seen_at, now)
    if over is not None:
        await context.database.run(lambda writing: note_over(writing, row.session_id, row.name, row.agency, over))
        raise Unauthenticated(_OVER)
    if now - row.seen_at >= policy.sessions.note:
        await context.database.run(lambda writing: account_sessions.seen(writing, row.session_id, now))
    return _live(policy, row, cookie, now)


async def note_over(session: WriteSession, session_id: int, name: str, agency: str, why: str) -> bool:
    """Mark a session that has ended by itself, and put that on record, once."""
    now = await session.now()
    ended = await account_sessions.end(session, session_id, now, why)
    if ended:
        entry = _entry(name, agency, "expired", f"session:{session_id}", {"account": name, "why": why})
        await audit.append(session, [entry], now)
    return ended


async def recognise(context: Context, cookie: str) -> Caller:
    """Tell who holds a cookie.

    Raises:
        Unauthenticated: as for ``look``.
        LoginStepNeeded: who it is must first choose a password or enrol a second factor.
    """
    live = await look(context, cookie)
    require_complete(live)
    return live.caller


def require_complete(live: Live) -> None:
    """Let a session act whose login is complete.

    Raises:
        LoginStepNeeded: it is not.
    """
    if live.step is not LoginStep.NONE:
        message = f"before anything else: {live.step.value.replace('_', ' ')}"
        raise LoginStepNeeded(message, members={"step": live.step.value})


async def logout(context: Context, live: Live, correlation_id: str) -> None:
    """End a session; harmless when it has ended."""

    async def work(session: WriteSession) -> None:
        now = await session.now()
        if await account_sessions.end(session, live.id, now, "logout"):
            entry = _entry(live.name, live.agency, "logged_out", correlation_id, {"account": live.name})
            await audit.append(session, [entry], now)

    await context.database.run(work)


async def renewed(session: WriteSession, live: Live) -> str:
    """Another cookie for a session, in a transaction that changed what it may do; the old one opens nothing any more.

    Raises:
        Unauthenticated: the session has ended meanwhile; nothing of the transaction may stay.
    """
    cookie = new_cookie()
    if not await account_sessions.renew(session, live.id, hash_of(cookie)):
        raise Unauthenticated(_OVER)
    return cookie
