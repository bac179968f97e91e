"""Software whose tokens another issuer gives (OpenID Connect): registered here, or a stranger.

The issuer only says who it is. What it may do, and where, is what the registration says; a token's own scopes count
for nothing. A registration is looked up at each request, so that one that was ended is out at once.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import jwt

from app.errors import Fault, InvalidRecord, IssuerUnavailable, Unauthenticated
from app.store import audit, external_clients
from app.store.session import Row, WriteSession
from app.usecases import tokens
from app.usecases.clients import require_name
from app.usecases.context import Caller, Context, ExternalIssuer
from app.usecases.grants import caller_of, granted
from app.usecases.issuer_keys import NoKeys

_NOT_KNOWN = "this token is not known, or its time is over, or nobody registered its subject here"
_SUBJECT_MAX: Final = 255
_AGAIN_SECONDS: Final = 30
# How far the issuer's clock may be from ours.
_LEEWAY_SECONDS: Final = 60
# Times are judged by the clock that all processes share, not by the library's own.
_OPTIONS: Final[jwt.types.Options] = {
    "require": ["iss", "sub", "aud", "iat", "exp"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
_UNREAD: Final[jwt.types.Options] = {"verify_signature": False}


async def register(
    context: Context,
    *,
    name: str,
    subject: str,
    agency: str,
    scopes: Iterable[str],
    by: str,
    units: Iterable[str] = (),
) -> None:
    """Let in whoever the issuer calls ``subject``, under a name of ours.

    Raises:
        InvalidRecord: no issuer is set, the name or the subject is taken or cannot be, or a scope may not be given.
        UnknownCode: a unit that its table does not hold.
    """
    external = context.access.external
    if external is None:
        message = "no issuer is set (LIENTHONG_OIDC_ISSUER, LIENTHONG_OIDC_AUDIENCE)"
        raise InvalidRecord(message)
    issuer = external.issuer
    require_name(name)
    if not (0 < len(subject) <= _SUBJECT_MAX and subject.isascii() and subject.isprintable()):
        message = f"a subject has 1 to {_SUBJECT_MAX} letters of ASCII"
        raise InvalidRecord(message, faults=(Fault("/subject", message),))
    given = granted(context, scopes, units)

    async def work(session: WriteSession) -> None:
        await tokens.require_free(session, name)
        if await external_clients.living(session, issuer, subject) is not None:
            message = f"'{subject}' is registered already; end that registration first"
            raise InvalidRecord(message, faults=(Fault("/subject", message),))
        now = await session.now()
        row = {"name": name, "agency": agency, "issuer": issuer, "subject": subject, "created_at": now}
        await external_clients.add(session, row | given)
        detail: dict[str, object] = {"client": name, "issuer": issuer, "subject": subject, **given}
        entry = tokens.entry_of(by, agency, "external_client_registered", f"client:{name}", detail)
        await audit.append(session, [entry], now)

    await context.database.run(work)


async def revoke(context: Context, *, name: str, by: str) -> bool:
    """End a registration; False when none of that name lives."""

    async def work(session: WriteSession) -> bool:
        now = await session.now()
        done = await external_clients.revoke(session, name, now)
        if done:
            detail: dict[str, object] = {"client": name}
            entry = tokens.entry_of(by, context.agency, "external_client_revoked", f"client:{name}", detail)
            await audit.append(session, [entry], now)
        return done

    return await context.database.run(work)


async def listing(context: Context) -> list[Row]:
    """All registrations."""
    async with context.database.read() as session:
        return await external_clients.listing(session)


def issues(external: ExternalIssuer, token: str) -> bool:
    """Whether a token says that it is of the outside issuer; nothing is believed yet."""
    try:
        said: Mapping[str, Any] = jwt.decode(token, options=_UNREAD)
    except (jwt.PyJWTError, RecursionError):
        return False
    return said.get("iss") == external.issuer


async def recognise(context: Context, external: ExternalIssuer, token: str) -> Caller:
    """Tell who holds a token of the outside issuer.

    Raises:
        Unauthenticated: not the issuer's, not for us, over, or of a subject that nobody registered.
        IssuerUnavailable: its keys cannot be had, so that nobody can tell.
    """
    claims = await _claims(external, token)
    async with context.database.read() as session:
        now = (await session.now()).timestamp()
        row = await external_clients.living(session, external.issuer, claims["sub"])
    is_over = now >= claims["exp"] or max(claims["iat"], claims.get("nbf", 0)) > now + _LEEWAY_SECONDS
    if row is None or is_over:
        raise Unauthenticated(_NOT_KNOWN)
    return caller_of(row.name, row.agency, row.scopes, row.units)


async def _claims(external: ExternalIssuer, token: str) -> Mapping[str, Any]:
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
        key = await external.keys.find(kid)
        if key is None:
            raise Unauthenticated(_NOT_KNOWN)
        claims: dict[str, Any] = jwt.decode(
            token, key.key, [key.algorithm], _OPTIONS, audience=external.audience, issuer=external.issuer
        )
    except NoKeys as error:
        message = "the issuer of this token gives no keys now, so that nobody can tell whose it is"
        raise IssuerUnavailable(message, retry_after_seconds=_AGAIN_SECONDS) from error
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise Unauthenticated(_NOT_KNOWN) from error
    times = [claims["iat"], claims["exp"], claims.get("nbf", 0)]
    subject = claims["sub"]
    fits = len(subject) <= _SUBJECT_MAX and subject.isascii() and subject.isprintable()
    if not fits or not all(isinstance(at, int | float) and not isinstance(at, bool) for at in times):
        raise Unauthenticated(_NOT_KNOWN)
    return claims
