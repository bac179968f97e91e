"""Refusals at the entry: of requests for tokens (RFC 6749, 5.2), and of what is too much or too slow."""

from http import HTTPStatus

from app.errors.base import Refusal


class BadTokenRequest(Refusal):
    """A request for a token that is not one, or names its client in two ways."""

    slug, title, status = "invalid-request", "Not a request for a token", HTTPStatus.BAD_REQUEST


class InvalidClient(Refusal):
    """No such client, not its secret, or a client that was ended."""

    slug, title, status = "invalid-client", "Which client are you?", HTTPStatus.UNAUTHORIZED


class UnsupportedGrant(Refusal):
    """Another grant than client_credentials."""

    slug, title, status = "unsupported-grant-type", "Tokens are not given this way", HTTPStatus.BAD_REQUEST


class InvalidScope(Refusal):
    """A scope that the client does not have."""

    slug, title, status = "invalid-scope", "The client does not have this scope", HTTPStatus.BAD_REQUEST


class IssuerUnavailable(Refusal):
    """The outside issuer's keys cannot be had, so that nobody can tell whose a token is."""

    slug, title, status = "issuer-unavailable", "Whose token this is cannot be told now", HTTPStatus.SERVICE_UNAVAILABLE


class NoTokensHere(Refusal):
    """No key signs tokens here."""

    slug, title, status = "temporarily-unavailable", "No tokens are given here now", HTTPStatus.SERVICE_UNAVAILABLE


class RateLimited(Refusal):
    """More requests than this caller, or this address, may make."""

    slug, title, status = "rate-limited", "Too many requests", HTTPStatus.TOO_MANY_REQUESTS


class DoorFull(Refusal):
    """More requests at once than this process takes."""

    slug, title, status = "door-full", "Too many requests at once", HTTPStatus.SERVICE_UNAVAILABLE


class BodyTooSlow(Refusal):
    """A body that did not come in time."""

    slug, title, status = "body-too-slow", "The body did not come in time", HTTPStatus.REQUEST_TIMEOUT


# Those that a client of OAuth is told in its own words: the slug, with underscores.
OAUTH_REFUSALS = (BadTokenRequest, InvalidClient, UnsupportedGrant, InvalidScope, NoTokensHere)
