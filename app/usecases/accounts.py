"""Accounts of people: made, given rights, disabled, enabled, unlocked and reset by administrators.

There is none to begin with: the first administrator is made on the command line. Every change is on record, in the
transaction that made it. One-time passwords are given this once, and only their hashes are kept.
"""

import secrets
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any, Final

from app.domain.access import Role
from app.domain.accounts import INVITATION, KINDS, NAME, AccountKind, AccountState, Standing, kind_of
from app.domain.passwords import KEPT, faults_of
from app.errors import (
    Fault,
    InvalidRecord,
    LastAdministrator,
    NoSecondFactorHere,
    OwnAccount,
    RolesClash,
    UnknownAccount,
    UnknownCode,
)
from app.store import account_sessions, accounts, audit
from app.store.session import ReadSession, Row, WriteSession
from app.usecases import tokens
from app.usecases.context import Caller, Context
from app.usecases.people import account_entry

# Letters that nobody mistakes for others on paper or by telephone.
_LETTERS: Final = "".join(set(ascii_lowercase + ascii_uppercase + digits) - set("0O1lI5S"))
_GROUPS: Final = 4
_GROUP: Final = 4
_FULL_NAME_MAX: Final = 200
Told = list[tuple[str, dict[str, object]]]


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may do, and where: roles of one kind, and units (none: the whole province)."""

    roles: frozenset[Role]
    units: frozenset[str] = frozenset()

    @property
    def told(self) -> dict[str, object]:
        """As the log says it."""
        return {"roles": " ".join(sorted(self.roles)), "units": " ".join(sorted(self.units))}


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time password, for once; ``until`` it lets in to choose another."""

    name: str
    password: str = field(repr=False)
    until: datetime


def new_password() -> str:
    """A one-time password: four groups of four, some 90 random bits."""
    while True:
        groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
        password = "-".join(groups)
        # Without an account, so that no name is longed for in it.
        if not faults_of(password, "-" * len(password)):
            return password


async def create(
    context: Context, caller: Caller, *, name: str, full_name: str, rights: Rights, correlation_id: str
) -> Invitation:
    """Make an account; its one-time password is to be changed at the first login.

    Raises:
        InvalidRecord: a name that is taken or has letters it may not have, or no full name.
        RolesClash, UnknownCode, NoSecondFactorHere: rights that cannot be given.
    """
    full_name = unicodedata.normalize("NFC", full_name).strip()
    kind = _judge(context, rights)
    _require_names(name, full_name)
    password = new_password()
    password_hash = await context.people.passwords.hash(password)

    async def work(session: WriteSession) -> Invitation:
        await tokens.require_free(session, name)
        now = await session.now()
        told = rights.told
        row = {"name": name, "full_name": full_name, "agency": context.agency, "kind": kind.value, **told}
        standing = {"must_change": True, "stale_at": now + INVITATION, "tries": 0, "totp_step": 0}
        times = {"password_changed_at": now, "created_at": now, "active_at": now}
        account_id = await accounts.add(session, row | standing | times | {"password_hash": password_hash})
        await accounts.keep_password(session, account_id, password_hash, kept=KEPT)
        detail = {"account": name, "kind": kind.value, **told}
        entry = account_entry(caller.name, context.agency, "created", correlation_id, detail)
        await audit.append(session, [entry], now)
        return Invitation(name, password, now + INVITATION)

    return await context.database.run(work)


def _require_names(name: str, full_name: str) -> None:
    if not NAME.fullmatch(name):
        message = "an account's name has 3 to 59 of the letters a-z 0-9 . _ -, and begins with a letter or digit"
        raise InvalidRecord(message, faults=(Fault("/name", message),))
    if not full_name or len(full_name) > _FULL_NAME_MAX or not full_name.isprintable():
        message = f"the name of the one person who uses the account, 1 to {_FULL_NAME_MAX} letters"
        raise InvalidRecord(message, faults=(Fault("/full_name", message),))


def _judge(context: Context, rights: Rights) -> AccountKind:
    kind = kind_of(rights.roles)
    if kind is None:
        kinds = "; ".join(
            f"{kind.value}: {', '.join(sorted(role for role, of in KINDS.items() if of is kind))}"
            for kind in AccountKind
        )
        message = f"roles of one kind, and none that approves beside one that acts ({kinds})"
        raise RolesClash(message, faults=(Fault("/roles", message),))
    strange = sorted(rights.units - set(context.catalogue.units))
    if strange:
        faults = tuple(Fault("/units", f"'{unit}' is not in the table 'units'", "units") for unit in strange)
        raise UnknownCode(faults[0].detail, faults=faults)
    if rights.roles & context.people.second_factor_roles and context.people.box is None:
        message = "these roles need a second factor, and LIENTHONG_ACCOUNT_KEY is not set (`lienthong account keygen`)"
        raise NoSecondFactorHere(message)
    return kind


async def change_rights(context: Context, caller: Caller, name: str, rights: Rights, correlation_id: str) -> None:
    """Give an account other rights; its sessions end. The kind of an account never changes.

    Raises:
        UnknownAccount, OwnAccount, LastAdministrator: nothing was changed.
        RolesClash, UnknownCode, NoSecondFactorHere: as for ``create``.
    """
    kind = _judge(context, rights)

    async def work(session: WriteSession, row: Any, now: datetime) -> Told:  # noqa: ANN401 - a row
        _require_another(caller, name)
        if kind.value != row.kind:
            message = f"'{name}' is of the kind '{row.kind}' for ever; make another account for '{kind.value}'"
            raise RolesClash(message, faults=(Fault("/roles", message),))
        told = rights.told
        if (row.roles, row.units) == (told["roles"], told["units"]):
            return []
        if rights.units:
            await _require_another_administrator(session, name)
        await accounts.change(session, row.id, **told)
        await account_sessions.end_all(session, row.id, now, "rights")
        return [("changed", {"before": f"{row.roles} @ {row.units}".strip(" @"), **told})]

    await _on(context, caller, name, correlation_id, work)


async def disable(context: Context, caller: Caller, name: str, reason: str, correlation_id: str) -> None:
    """Let an account in no more, and end its sessions. Harmless when it is disabled already.

    Raises:
        UnknownAccount, OwnAccount, LastAdministrator: nothing was changed.
    """

    async def work(session: WriteSession, row: Any, now: datetime) -> Told:  # noqa: ANN401 - a row
        _require_another(caller, name)
        if row.disabled_at is not None:
            return []
        await _require_another_administrator(session, name)
        await accounts.change(session, row.id, disabled_at=now, disabled_reason=reason)
        await account_sessions.end_all(session, row.id, now, "disabled")
        return [("disabled", {"reason": reason})]

    await _on(context, caller, name, correlation_id, work)


async def enable(context: Context, caller: Caller, name: str, correlation_id: str) -> None:
    """Let an account in again; its idle days begin anew. Harmless when it is not disabled.

    Raises:
        UnknownAccount, OwnAccount: nothing was changed.
    """

    async def work(session: WriteSession, row: Any, now: datetime) -> Told:  # noqa: ANN401 - a row
        _require_another(caller, name)
        if row.disabled_at is None:
            return []
        free = {"disabled_at": None, "disabled_reason": None, "tries": 0, "locked_until": None}
        await accounts.change(session, row.id, active_at=now, **free)
        return [("enabled", {"reason_before": row.disabled_reason})]

    await _on(context, caller, name, correlation_id, work)


async def unlock(context: Context, caller: Caller, name: str, correlation_id: str) -> None:
    """End the lock that wrong tries brought. Harmless when it is not locked.

    Raises:
        UnknownAccount, OwnAccount: nothing was changed.
    """

    async def work(session: WriteSession, row: Any, now: datetime) -> Told:  # noqa: ANN401 - a row
        _require_another(caller, name)
        await accounts.change(session, row.id, tries=0, locked_until=None)
        locked = row.locked_until is not None and now < row.locked_until
        return [("unlocked", {"by": "administrator"})] if locked else []

    await _on(context, caller, name, correlation_id, work)


async def reset(context: Context, caller: Caller, name: str, *, second_factor: bool, correlation_id: str) -> Invitation:
    """Give an account a new one-time password, end its lock and its sessions; with the second factor, forget that too.

    The second factor is never forgotten alone: an old password that somebody knows would be enough to enrol another.

    Raises:
        UnknownAccount, OwnAccount: nothing was changed.
    """
    password = new_password()
    password_hash = await context.people.passwords.hash(password)
    until: list[datetime] = []

    async def work(session: WriteSession, row: Any, now: datetime) -> Told:  # noqa: ANN401 - a row
        _require_another(caller, name)
        until[:] = [now + INVITATION]
        fresh = {"password_hash": password_hash, "password_changed_at": now, "must_change": True}
        await accounts.change(session, row.id, stale_at=until[0], tries=0, locked_until=None, **fresh)
        await accounts.keep_password(session, row.id, password_hash, kept=KEPT)
        await account_sessions.end_all(session, row.id, now, "reset")
        told: Told = [("password_reset", {})]
        if second_factor:
            await accounts.change(session, row.id, totp_sealed=None, totp_offered=None)
            await accounts.replace_recovery_codes(session, row.id, ())
            told.append(("second_factor_reset", {}))
        return told

    await _on(context, caller, name, correlation_id, work)
    return Invitation(name, password, until[0])


def _require_another(caller: Caller, name: str) -> None:
    if caller.name == name:
        message = "ask another administrator: nobody decides about their own account"
        raise OwnAccount(message)


async def _require_another_administrator(session: WriteSession, name: str) -> None:
    if await accounts.living_administrators(session) == [name]:
        message = f"'{name}' is the last administrator of the whole province; make another one first"
        raise LastAdministrator(message)


async def _on(
    context: Context,
    caller: Caller,
    name: str,
    correlation_id: str,
    work: Callable[[WriteSession, Any, datetime], Awaitable[Told]],
) -> None:
    """Change one account, which nobody else changes meanwhile, and put what was done on record with it."""

    async def within(session: WriteSession) -> None:
        # In this order everywhere: who locks administrators and then one of them cannot meet who does the other way.
        await accounts.living_administrators(session)
        row = await accounts.locked(session, name) if NAME.fullmatch(name) else None
        if row is None:
            message = f"no account is named '{name}'"
            raise UnknownAccount(message)
        now = await session.now()
        told = await work(session, row, now)
        entries = [
            account_entry(caller.name, context.agency, outcome, correlation_id, {"account": name, **detail})
            for outcome, detail in told
        ]
        await audit.append(session, entries, now)

    await context.database.run(within)


def state_of(row: Row, now: datetime) -> AccountState:
    """How an account of a listing stands."""
    disabled = row["disabled_at"] is not None
    return Standing(0, row["locked_until"], disabled, row["must_change"]).state(now)


async def listing(
    context: Context, *, after: str = "", limit: int = 500, idle_days: int | None = None
) -> tuple[list[Row], datetime]:
    """Accounts without secrets, by name, with their ``state``; the time they were looked at.

    With ``idle_days`` only those that are not disabled and were not used for so long: the quarter's review.
    """
    async with context.database.read() as session:
        return await _listing(session, after, limit, idle_days)


async def _listing(session: ReadSession, after: str, limit: int, idle_days: int | None) -> tuple[list[Row], datetime]:
    now = await session.now()
    since = None if idle_days is None else now - timedelta(days=idle_days)
    rows: Sequence[Row] = await accounts.page(session, after=after, limit=limit, idle_since=since)
    return [row | {"state": state_of(row, now)} for row in rows], now


async def one(context: Context, name: str) -> tuple[Row, datetime]:
    """One account without secrets, and the time it was looked at.

    Raises:
        UnknownAccount: there is none of this name.
    """
    async with context.database.read() as session:
        row = await accounts.described(session, name) if NAME.fullmatch(name) else None
        now = await session.now()
    if row is None:
        message = "no account has this name"
        raise UnknownAccount(message)
    return row | {"state": state_of(row, now)}, now
