"""Software that gets short-lived tokens by OAuth 2.0 client credentials (RFC 6749, 4.4).

Only hashes of secrets are kept; they hold 256 random bits, so that a plain hash is enough. Every change of a client,
every token that is given and every one that is refused is on record. A client that was ended is asked for at each
request, so that its tokens end with it.
"""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.access import Reach
from app.errors import Fault, InvalidClient, InvalidRecord, InvalidScope, NoTokensHere, Refusal, Unauthenticated
from app.store import audit, clients
from app.store.session import Row, WriteSession
from app.usecases import access_tokens, reach, tokens
from app.usecases.access_tokens import BadToken, Claims
from app.usecases.context import Caller, Context
from app.usecases.grants import caller_of, granted
from app.usecases.token_requests import Asked, read

# What goes into a client_id without being written otherwise there.
_NAME = re.compile(r"[A-Za-z0-9._-]{1,60}")
_NOT_KNOWN = "this token is not known, or its time is over, or its client was ended"


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was given, for ``seconds``; ``scope`` has spaces between."""

    token: str = field(repr=False)
    seconds: int
    scope: str


async def create(
    context: Context, *, name: str, agency: str, scopes: Iterable[str], by: str, units: Iterable[str] = ()
) -> str:
    """Make a client and give its secret, this once; with ``units``, it reaches these and what is below them.

    Raises:
        InvalidRecord: the name is taken, or has letters that it may not have, or a scope may not be given.
        UnknownCode: a unit that its table does not hold.
    """
    require_name(name)
    given = granted(context, scopes, units)
    secret = f"lts_{secrets.token_urlsafe(32)}"

    async def work(session: WriteSession) -> None:
        await tokens.require_free(session, name)
        now = await session.now()
        row = {"name": name, "agency": agency, "created_at": now, "secret_hash": tokens.hash_of(secret)}
        await clients.add(session, row | given)
        detail: dict[str, object] = {"client": name, **given}
        await audit.append(session, [tokens.entry_of(by, agency, "client_created", f"client:{name}", detail)], now)

    await context.database.run(work)
    return secret


def require_name(name: str) -> None:
    """Hold a client's name to its letters.

    Raises:
        InvalidRecord: it has others.
    """
    if not _NAME.fullmatch(name):
        message = "a client's name has 1 to 60 of the letters A-Z a-z 0-9 . _ -"
        raise InvalidRecord(message, faults=(Fault("/name", message),))


async def revoke(context: Context, *, name: str, by: str) -> bool:
    """End a client and all its tokens; False when none of that name lives."""

    async def work(session: WriteSession) -> bool:
        now = await session.now()
        done = await clients.revoke(session, name, now)
        if done:
            entry = tokens.entry_of(by, context.agency, "client_revoked", f"client:{name}", {"client": name})
            await audit.append(session, [entry], now)
        return done

    return await context.database.run(work)


async def listing(context: Context) -> list[Row]:
    """All clients without secrets."""
    async with context.database.read() as session:
        return await clients.listing(session)


async def issue(
    context: Context, body: bytes, content_type: str, authorization: str | None, correlation_id: str
) -> Issued:
    """Answer a request for a token.

    Raises:
        BadTokenRequest, InvalidClient, UnsupportedGrant, InvalidScope, NoTokensHere: as RFC 6749 5.2 wants it said;
            the refusal is on record.
    """
    asked: Asked | None = None
    try:
        asked = read(body, content_type, authorization)
        return await _give(context, asked, correlation_id)
    except Refusal as refusal:
        await _refuse(context, refusal, asked, correlation_id)
        raise


async def _give(context: Context, asked: Asked, correlation_id: str) -> Issued:
    policy = context.access
    if policy.keys is None:
        message = "no key signs tokens here (LIENTHONG_OAUTH_KEY)"
        raise NoTokensHere(message)
    signer = policy.keys.ring().signer

    async def work(session: WriteSession) -> Issued:
        row = await _living(session, asked.client)
        if row is None or not hmac.compare_digest(row.secret_hash, tokens.hash_of(asked.secret)):
            message = "no such client, or not its secret, or it was ended"
            raise InvalidClient(message)
        held = frozenset(row.scopes.split())
        wanted = asked.scopes or held
        if not wanted <= held:
            message = f"the client has the scopes: {', '.join(sorted(held))}"
            raise InvalidScope(message)
        now = await session.now()
        at, seconds, scope = int(now.timestamp()), int(policy.life_seconds), " ".join(sorted(wanted))
        jti = secrets.token_hex(16)
        claims = Claims(policy.issuer, row.name, row.agency, scope, at, at + seconds, jti, row.units)
        token = access_tokens.write(claims, signer)
        kid = access_tokens.kid_of(signer.verifier)
        detail = {"client": row.name, "scopes": scope, "jti": claims.jti, "kid": kid, "seconds": seconds}
        await audit.append(session, [tokens.entry_of(row.name, row.agency, "issued", correlation_id, detail)], now)
        return Issued(token, seconds, scope)

    return await context.database.run(work)


async def _refuse(context: Context, refusal: Refusal, asked: Asked | None, correlation_id: str) -> None:
    async def work(session: WriteSession) -> None:
        # What was sent as a name may be anything, a secret even: only a client's own name is put on record.
        row = None if asked is None else await _living(session, asked.client)
        detail = {} if row is None else {"client": row.name}
        entry = tokens.entry_of("anonymous", context.agency, refusal.slug, correlation_id, detail)
        await audit.append(session, [entry], await session.now())

    await context.database.run(work)
    refusal.on_record = True


async def recognise(context: Context, token: str) -> Caller:
    """Tell who holds a short-lived token.

    Raises:
        Unauthenticated: not ours, or over, or its client was ended.
    """
    policy = context.access
    if policy.keys is None:
        raise Unauthenticated(_NOT_KNOWN)
    try:
        claims = access_tokens.read(token, policy.issuer, policy.keys)
    except BadToken as error:
        raise Unauthenticated(_NOT_KNOWN) from error
    async with context.database.read() as session:
        now = await session.now()
        row = await clients.living(session, claims.sub)
    if row is None or now.timestamp() >= claims.exp:
        raise Unauthenticated(_NOT_KNOWN)
    held, said = caller_of(row.name, row.agency, row.scopes, row.units), Reach(frozenset(claims.units.split()))
    reached = held.reach.narrowed(said, reach.parents(context))
    if reached is None:
        raise Unauthenticated(_NOT_KNOWN)
    return replace(held, scopes=held.scopes & frozenset(claims.scope.split()), reach=reached)


async def _living(session: WriteSession, name: str) -> Any | None:  # noqa: ANN401 - a row
    # What can be no name is not looked up: PostgreSQL refuses some letters.
    return await clients.living(session, name) if _NAME.fullmatch(name) else None
