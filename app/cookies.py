"""What browsers bring: the cookie of a session, and the proof that a request comes from our own pages.

A cookie is sent by itself, so whoever changes something by one must also prove that it was meant: by where the request
comes from (``Sec-Fetch-Site``, ``Origin``) and by the session's token, in a header or a form.
"""

import hashlib
import hmac

from starlette.requests import Request
from starlette.responses import Response

from app.config import Settings
from app.errors import CrossSite

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST = 100


def _name(request: Request) -> str:
    # Browsers take a cookie of this prefix only by HTTPS, for all paths, and from this very host.
    return "__Host-lienthong" if is_https(request) else "lienthong"


def is_https(request: Request) -> bool:
    """Whether the world reaches us by HTTPS only."""
    settings: Settings = request.app.state.settings
    return settings.public_url.startswith("https://")


def cookie_of(request: Request) -> str | None:
    """What the session's cookie holds; None: none was sent, or what cannot be one."""
    held = request.cookies.get(_name(request))
    return held if held and len(held) <= _LONGEST and held.isascii() else None


def give(request: Request, response: Response, cookie: str) -> None:
    """Send a session's cookie; it lasts as long as the browser does, and the session's own limits count."""
    response.set_cookie(_name(request), cookie, path="/", secure=is_https(request), httponly=True, samesite="strict")


def take(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    response.delete_cookie(_name(request), path="/", secure=is_https(request), httponly=True, samesite="strict")


def token_of(cookie: str) -> str:
    """The token that forms and scripts of a session send beside its cookie; whoever lacks the cookie cannot make it."""
    return hmac.new(cookie.encode(), b"lienthong forms", hashlib.sha256).hexdigest()


def require_own_page(request: Request) -> None:
    """Let a request pass that one of our own pages has made.

    Raises:
        CrossSite: it comes from elsewhere, or does not say from where.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    elsewhere = origin not in {None, "null"} and (origin or "").partition("://")[2] != request.headers.get("host")
    if elsewhere or not (site == "same-origin" or (site is None and origin not in {None, "null"})):
        message = "this does not come from our own pages; send Sec-Fetch-Site: same-origin, or our own Origin"
        raise CrossSite(message)


def require_token(cookie: str, sent: str) -> None:
    """Let a request pass that brings its session's token.

    Raises:
        CrossSite: it does not.
    """
    if not hmac.compare_digest(token_of(cookie).encode(), sent.encode("utf-8", "replace")):
        message = f"the token of this session is missing; send it in the header {CSRF_HEADER} (or the form)"
        raise CrossSite(message)
