"""What people do about their own accounts: another password, the second factor, recovery codes.

Each asks for the present password again, so that a screen left open is not enough; wrong ones count as tries.
"""

from dataclasses import dataclass, field
from typing import TypeVar

from app.domain.accounts import LoginStep, Standing, Verdict, judge
from app.domain.audit import AuditEntry, AuditKind
from app.domain.passwords import KEPT, PasswordFault, faults_of, normalised
from app.errors import Fault, LoginStepNeeded, NoSecondFactorHere, PasswordRefused, ProofRefused, Refusal
from app.store import account_sessions, accounts, audit
from app.store.session import WriteSession
from app.texts import text
from app.usecases import second_factor
from app.usecases.context import Context
from app.usecases.people import account_entry
from app.usecases.second_factor import SecretBox
from app.usecases.sessions import Live, about_totp, renewed

R = TypeVar("R", bound=Refusal)
_ISSUER = "LienThong"
_NO_CODE = "not a code of the second factor that was offered; ask for another one, or wait for the next code"
_SESSION = AuditKind.SESSION
_NOT_PROVEN = "not the present password, or the account is locked"


@dataclass(frozen=True, slots=True)
class Offer:
    """A second factor to be enrolled: the secret as it is typed, and the address an app opens; shown this once."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new cookie, and the recovery codes, shown this once."""

    cookie: str = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)


async def change_password(context: Context, live: Live, old: str, new: str, correlation_id: str) -> str:
    """Choose another password; all other sessions end, and this one gets another cookie, which is given.

    Raises:
        ProofRefused: not the present password; counted as a try.
        PasswordRefused: the new one does not hold what one must; each fault is named.
    """
    await _prove(context, live, old, correlation_id)
    new = normalised(new)
    found = faults_of(new, live.name)
    if not found:
        async with context.database.read() as reading:
            earlier = await accounts.earlier_passwords(reading, live.account_id)
        if await context.people.passwords.any_of(new, earlier):
            found = (PasswordFault.USED_BEFORE,)
    if found:
        raise await _password_refused(context, live, found, correlation_id)
    password_hash = await context.people.passwords.hash(new)

    async def work(session: WriteSession) -> str:
        now = await session.now()
        cookie = await renewed(session, live)
        chosen = {"password_hash": password_hash, "password_changed_at": now, "must_change": False, "stale_at": None}
        await accounts.change(session, live.account_id, **chosen)
        await accounts.keep_password(session, live.account_id, password_hash, kept=KEPT)
        ended = await account_sessions.end_all(session, live.account_id, now, "password", but=live.id)
        detail = {"account": live.name, "sessions_ended": ended}
        entry = account_entry(live.name, live.agency, "password_changed", correlation_id, detail)
        await audit.append(session, [entry], now)
        return cookie

    return await context.database.run(work)


async def _password_refused(
    context: Context, live: Live, found: tuple[PasswordFault, ...], correlation_id: str
) -> PasswordRefused:
    detail: dict[str, object] = {"account": live.name, "faults": " ".join(found)}
    entry = account_entry(live.name, live.agency, "password_refused", correlation_id, detail)
    await _put(context, entry)
    faults = tuple(Fault("/new", text(f"password.{fault.value}").en) for fault in found)
    told = "; ".join(fault.detail for fault in faults)
    return _on_record(PasswordRefused(told, faults=faults, members={"faults": found}))


async def _put(context: Context, entry: AuditEntry) -> None:
    async def work(session: WriteSession) -> None:
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)


async def offer(context: Context, live: Live, password: str, correlation_id: str) -> Offer:
    """Begin to enrol a second factor; the one that is enrolled stays until the new one has given a code.

    Raises:
        ProofRefused, LoginStepNeeded: not the present password; or a password of one's own comes first.
        NoSecondFactorHere: no key could seal it.
    """
    if live.step is LoginStep.CHANGE_PASSWORD:
        message = "choose a password of your own first"
        raise LoginStepNeeded(message, members={"step": live.step.value})
    box = _box(context)
    await _prove(context, live, password, correlation_id)
    secret = second_factor.new_secret()
    sealed = box.seal(secret, about_totp(live.name))

    async def work(session: WriteSession) -> None:
        now = await session.now()
        await accounts.change(session, live.account_id, totp_offered=sealed)
        entry = account_entry(live.name, live.agency, "totp_offered", correlation_id, {"account": live.name})
        await audit.append(session, [entry], now)

    await context.database.run(work)
    return Offer(second_factor.readable(secret), second_factor.address(secret, live.name, _ISSUER))


async def enrol(context: Context, live: Live, code: str, correlation_id: str) -> Enrolled:
    """Enrol the second factor that was offered, by a code of it. Gives ten new recovery codes and another cookie.

    Raises:
        ProofRefused: nothing was offered, or this is not its code.
        NoSecondFactorHere: no key could open it.
    """
    box = _box(context)
    codes = second_factor.new_recovery_codes()

    async def work(session: WriteSession) -> Enrolled | None:
        row = await accounts.locked(session, live.name)
        now = await session.now()
        step = None
        if row is not None and row.totp_offered is not None:
            secret = box.open(row.totp_offered, about_totp(live.name))
            step = second_factor.step_of_code(secret, second_factor.plain(code), now, 0)
        if row is None or step is None:
            about: dict[str, object] = {"account": live.name, "asked": "enrolment"}
            told = account_entry(live.name, live.agency, Verdict.CODE.value, correlation_id, about, kind=_SESSION)
            await audit.append(session, [told], now)
            return None
        cookie = await renewed(session, live)
        await accounts.change(session, row.id, totp_sealed=row.totp_offered, totp_offered=None, totp_step=step)
        await accounts.replace_recovery_codes(session, row.id, [second_factor.hash_of_recovery(one) for one in codes])
        detail = {"account": live.name, "instead_of_another": row.totp_sealed is not None}
        entry = account_entry(live.name, live.agency, "totp_enrolled", correlation_id, detail)
        await audit.append(session, [entry], now)
        return Enrolled(cookie, codes)

    enrolled = await context.database.run(work)
    if enrolled is None:
        raise _on_record(ProofRefused(_NO_CODE))
    return enrolled


async def renew_recovery_codes(context: Context, live: Live, password: str, correlation_id: str) -> tuple[str, ...]:
    """Ten new recovery codes; the old ones let nobody in any more.

    Raises:
        ProofRefused: not the present password.
    """
    await _prove(context, live, password, correlation_id)
    codes = second_factor.new_recovery_codes()

    async def work(session: WriteSession) -> None:
        hashes = [second_factor.hash_of_recovery(one) for one in codes]
        await accounts.replace_recovery_codes(session, live.account_id, hashes)
        entry = account_entry(live.name, live.agency, "recovery_renewed", correlation_id, {"account": live.name})
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)
    return codes


def _box(context: Context) -> SecretBox:
    if context.people.box is None:
        message = "LIENTHONG_ACCOUNT_KEY is not set"
        raise NoSecondFactorHere(message)
    return context.people.box


async def _prove(context: Context, live: Live, password: str, correlation_id: str) -> None:
    """Ask for the present password again; who locks the account by guessing loses the session with it."""
    async with context.database.read() as reading:
        seen = await accounts.by_name(reading, live.name)
    kept = None if seen is None else seen.password_hash
    right = await context.people.passwords.verify(normalised(password), kept)

    async def work(session: WriteSession) -> bool:
        now = await session.now()
        row = await accounts.locked(session, live.name)
        if row is None:
            return False
        standing = Standing(row.tries, row.locked_until, row.disabled_at is not None, row.must_change, row.stale_at)
        proven = right and row.password_hash == kept
        judged = judge(standing, now, context.people.limits, password_right=proven, code_right=True)
        await accounts.change(session, row.id, tries=judged.tries, locked_until=judged.locked_until)
        if judged.verdict is Verdict.LOGGED_IN:
            return True
        about: dict[str, object] = {"account": live.name, "asked": "again"}
        entries = [account_entry(live.name, live.agency, judged.verdict.value, correlation_id, about, kind=_SESSION)]
        if judged.locks:
            await account_sessions.end_all(session, row.id, now, "locked")
            entries.append(account_entry(live.name, live.agency, "locked", correlation_id, about))
        await audit.append(session, entries, now)
        return False

    if not await context.database.run(work):
        raise _on_record(ProofRefused(_NOT_PROVEN))


def _on_record(refusal: R) -> R:
    """A refusal that this module has put on record."""
    refusal.on_record = True
    return refusal
