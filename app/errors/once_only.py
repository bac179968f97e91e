"""Refusals of questions about persons, of the once-only gate and of forms."""

from http import HTTPStatus

from app.errors.base import Refusal


class PersonCheckDenied(Refusal):
    """The population database does not let this officer or procedure ask."""

    slug, title, status = "person-check-denied", "This question may not be asked", HTTPStatus.FORBIDDEN


class PopulationBlocked(Refusal):
    """In production nobody is asked about persons until the self-check is green; its member ``red`` names the rows."""

    slug, title, status = (
        "population-blocked",
        "The population database is not asked until the self-check is green",
        HTTPStatus.SERVICE_UNAVAILABLE,
    )


class OfficerLocked(Refusal):
    """The officer's questions looked like browsing; an administrator lifts the lock."""

    slug, title, status = "officer-locked", "This officer may not ask now", HTTPStatus.FORBIDDEN


class UnknownCheck(Refusal):
    """No such check of the gate."""

    slug, title, status = "unknown-check", "No such check", HTTPStatus.NOT_FOUND


class FactsMissing(Refusal):
    """What a source must be told before it can be asked."""

    slug, title, status = "facts-missing", "A source cannot be asked without this", HTTPStatus.UNPROCESSABLE_ENTITY


class UnknownForm(Refusal):
    """No such form in force."""

    slug, title, status = "unknown-form", "No such form", HTTPStatus.NOT_FOUND


class UnknownPrefill(Refusal):
    """No such prefill."""

    slug, title, status = "unknown-prefill", "No such prefill", HTTPStatus.NOT_FOUND


class PrefillEnded(Refusal):
    """A form that was handed in, or a preview that was answered otherwise."""

    slug, title, status = "prefill-ended", "This form was dealt with already", HTTPStatus.CONFLICT


class UnknownDiscrepancy(Refusal):
    """No such discrepancy."""

    slug, title, status = "unknown-discrepancy", "No such discrepancy", HTTPStatus.NOT_FOUND


class UnknownAnomaly(Refusal):
    """No such anomaly."""

    slug, title, status = "unknown-anomaly", "No such anomaly", HTTPStatus.NOT_FOUND


class UnknownLock(Refusal):
    """The officer is not locked."""

    slug, title, status = "unknown-lock", "This officer is not locked", HTTPStatus.NOT_FOUND


class PersonQuotaSpent(Refusal):
    """The quota of questions is spent."""

    slug, title, status = "person-quota-spent", "The quota of questions is spent", HTTPStatus.TOO_MANY_REQUESTS


class PersonCheckUnavailable(Refusal):
    """No answer: says nothing about the person."""

    slug, title, status = (
        "person-check-unavailable",
        "The population database gave no answer",
        HTTPStatus.SERVICE_UNAVAILABLE,
    )


class PersonReplyUnreadable(Refusal):
    """An answer that cannot be trusted: says nothing about the person."""

    slug, title, status = "person-reply-unreadable", "The answer cannot be trusted", HTTPStatus.BAD_GATEWAY
