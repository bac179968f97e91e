"""Make, end and recognise bearer tokens. Only their hashes are kept: a lost token is replaced, never read back."""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Final

from app.domain.audit import AuditEntry, AuditKind
from app.domain.erasure import COMMAND_LINE
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import Fault, InvalidRecord, Unauthenticated
from app.store import accounts, audit, clients, external_clients, tokens
from app.store.session import Row, WriteSession
from app.usecases.context import Caller, Context
from app.usecases.grants import caller_of, granted

# What the log calls those who are no caller: a name of ours would be no evidence any more.
_OURS: Final = frozenset({"anonymous", "lienthong", "retention", "self-check"})
_OURS_BEGIN: Final = (COMMAND_LINE, "link:", "worker:")


async def create(
    context: Context, *, name: str, agency: str, scopes: Iterable[str], by: str, units: Iterable[str] = ()
) -> str:
    """Make a token and give it, this once; with ``units``, it reaches these and what is below them.

    Raises:
        InvalidRecord: the name is taken, or a scope may not be given.
        UnknownCode: a unit that its table does not hold.
    """
    given = granted(context, scopes, units)
    token = f"lt_{secrets.token_urlsafe(32)}"

    async def work(session: WriteSession) -> None:
        await require_free(session, name)
        now = await session.now()
        row = {"name": name, "agency": agency, "created_at": now, "secret_hash": hash_of(token)}
        await tokens.add(session, row | given)
        detail: dict[str, object] = {"name": name, **given}
        await audit.append(session, [entry_of(by, agency, "created", f"token:{name}", detail)], now)

    await context.database.run(work)
    return token


async def require_free(session: WriteSession, name: str) -> None:
    """Let a name be given, if neither a token nor a client (of ours or of another issuer) nor an account ever had it.

    Raises:
        InvalidRecord: the name is taken, or one by which the log speaks of who is no caller.
    """
    plain = name.casefold().strip()
    if plain in _OURS or plain.startswith(_OURS_BEGIN):
        message = f"'{name}' is what the log calls somebody else: the program, a stranger, a link or the command line"
        raise InvalidRecord(message, faults=(Fault("/name", message),))
    for kind, rows in (
        ("token", await tokens.listing(session)),
        ("client", await clients.listing(session)),
        ("client", await external_clients.listing(session)),
    ):
        if any(row["name"] == name for row in rows):
            message = f"a {kind} named '{name}' exists already; names are kept for ever, since the log speaks of them"
            raise InvalidRecord(message, faults=(Fault("/name", message),))
    if await accounts.is_taken(session, name):
        message = f"an account named '{name}' exists already; names are kept for ever, since the log speaks of them"
        raise InvalidRecord(message, faults=(Fault("/name", message),))


async def revoke(context: Context, *, name: str, by: str) -> bool:
    """End a token; False when none of that name lives."""

    async def work(session: WriteSession) -> bool:
        now = await session.now()
        done = await tokens.revoke(session, name, now)
        if done:
            entry = entry_of(by, context.agency, "revoked", f"token:{name}", {"name": name})
            await audit.append(session, [entry], now)
        return done

    return await context.database.run(work)


async def listing(context: Context) -> list[Row]:
    """All tokens without secrets."""
    async with context.database.read() as session:
        return await tokens.listing(session)


async def recognise(context: Context, token: str) -> Caller:
    """Tell who holds a token.

    Raises:
        Unauthenticated: no living token has this value.
    """
    async with context.database.read() as session:
        row = await tokens.by_hash(session, hash_of(token))
    if row is None:
        message = "this token is not known, or was ended"
        raise Unauthenticated(message)
    return caller_of(row.name, row.agency, row.scopes, row.units)


def hash_of(secret: str) -> str:
    """All that is kept of a secret. It holds 256 random bits, so that a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def entry_of(by: str, agency: str, outcome: str, correlation_id: str, detail: dict[str, object]) -> AuditEntry:
    """What the log says of a token or a client."""
    return AuditEntry(
        kind=AuditKind.TOKEN,
        outcome=outcome,
        actor=by,
        agency=agency,
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=correlation_id[:64],
        detail=detail,
    )
