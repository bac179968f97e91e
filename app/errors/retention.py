"""Refusals about what is kept, what may go, and what was archived."""

from http import HTTPStatus

from app.errors.base import Refusal


class RetentionRefused(Refusal):
    """A run or a hold that cannot be as it is wanted."""

    slug, title, status = "retention-refused", "This cannot be kept or let go so", HTTPStatus.CONFLICT


class UnknownRetention(Refusal):
    """No such run, or no such hold."""

    slug, title, status = "unknown-retention", "No such run or hold", HTTPStatus.NOT_FOUND


class ArchiveNeeded(Refusal):
    """What is asked for was archived, and the file is not at hand; ``archives`` of the problem names it."""

    slug, title, status = "archive-needed", "This entry was archived", HTTPStatus.GONE
