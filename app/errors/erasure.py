"""Refusals about personal values beside the log, and their erasure."""

from http import HTTPStatus

from app.errors.base import Refusal


class NoValues(Refusal):
    """No such entry of the log, or one that commits to no personal value."""

    slug, title, status = "no-values", "This entry has no personal values", HTTPStatus.NOT_FOUND


class ValuesErased(Refusal):
    """The key of the values was destroyed: nobody can read them any more."""

    slug, title, status = "values-erased", "The values were erased", HTTPStatus.GONE


class ValuesAltered(Refusal):
    """What stands beside the entry is not what it commits to."""

    slug, title, status = "values-altered", "The values are not those that were committed to", HTTPStatus.CONFLICT


class ValuesUnreadable(Refusal):
    """The master key of the values is not at hand."""

    slug, title, status = "values-unreadable", "The values cannot be opened here", HTTPStatus.SERVICE_UNAVAILABLE


class UnknownErasure(Refusal):
    """No such request for an erasure."""

    slug, title, status = "unknown-erasure", "No such erasure", HTTPStatus.NOT_FOUND


class ErasureOpen(Refusal):
    """An erasure of this subject waits for its approval already."""

    slug, title, status = "erasure-open", "An erasure waits already", HTTPStatus.CONFLICT


class ErasureDecided(Refusal):
    """Somebody has decided it already."""

    slug, title, status = "erasure-decided", "This erasure was decided already", HTTPStatus.CONFLICT


class OwnRequest(Refusal):
    """Whoever asked for something cannot approve it."""

    slug, title, status = "own-request", "Somebody else must approve this", HTTPStatus.FORBIDDEN
