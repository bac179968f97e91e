"""Refusals of records, deliveries, destinations and callers."""

from http import HTTPStatus

from app.errors.base import Refusal


class InvalidRecord(Refusal):
    """The record does not have the published shape."""

    slug, title, status = (
        "invalid-record",
        "The record does not have the published shape",
        HTTPStatus.UNPROCESSABLE_ENTITY,
    )


class InvalidDossierCode(Refusal):
    """The dossier code does not have the legal form."""

    slug, title, status = "invalid-dossier-code", "Not a dossier code", HTTPStatus.UNPROCESSABLE_ENTITY


class UnknownCode(Refusal):
    """A code that a named table does not hold."""

    slug, title, status = "unknown-code", "A code is not in its table", HTTPStatus.UNPROCESSABLE_ENTITY


class UnreadableBody(Refusal):
    """Not JSON, not UTF-8, or cut off."""

    slug, title, status = "unreadable-line", "The record cannot be read", HTTPStatus.BAD_REQUEST


class BodyTooLarge(Refusal):
    """More than the door takes in one record."""

    slug, title, status = "too-large", "The record is too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class StaleRevision(Refusal):
    """An older revision than the one held."""

    slug, title, status = "stale-revision", "A newer revision is held", HTTPStatus.CONFLICT


class RevisionConflict(Refusal):
    """The held revision number with other content."""

    slug, title, status = "revision-conflict", "This revision was handed over with other content", HTTPStatus.CONFLICT


class IllegalStatusMove(Refusal):
    """A status that cannot follow the held one."""

    slug, title, status = "illegal-status-move", "This status cannot follow the held one", HTTPStatus.CONFLICT


class StepConflict(Refusal):
    """A held step_id with other content."""

    slug, title, status = "step-conflict", "This step was handed over with other content", HTTPStatus.CONFLICT


class DuplicateStep(Refusal):
    """A step alike in every word to one held under another id; the nation could not tell the two apart."""

    slug, title, status = "duplicate-step", "The same step is held under another id", HTTPStatus.CONFLICT


class StepOutOfOrder(Refusal):
    """A step before the last one held."""

    slug, title, status = "step-out-of-order", "A later step is held already", HTTPStatus.CONFLICT


class NotRetriable(Refusal):
    """A delivery that cannot be sent again now."""

    slug, title, status = "not-retriable", "This delivery cannot be sent again", HTTPStatus.CONFLICT


class NotDecidable(Refusal):
    """A decision about a delivery that its state does not allow."""

    slug, title, status = "not-decidable", "Nothing can be decided about this delivery now", HTTPStatus.CONFLICT


class KeyReused(Refusal):
    """An idempotency key that was given to another selection."""

    slug, title, status = "key-reused", "This key was used for another selection", HTTPStatus.CONFLICT


class DossierNotOpen(Refusal):
    """A question about a person for a dossier that is closed."""

    slug, title, status = "dossier-not-open", "The dossier is not open", HTTPStatus.CONFLICT


class UnknownDossier(Refusal):
    """No such dossier was ever handed over."""

    slug, title, status = "unknown-dossier", "No such dossier", HTTPStatus.NOT_FOUND


class UnknownLogPart(Refusal):
    """Not in the log, or not covered by a checkpoint yet."""

    slug, title, status = "unknown-log-part", "Not in the log", HTTPStatus.NOT_FOUND


class UnknownDisclosure(Refusal):
    """No such disclosure of this person, or none that may be told yet: the two are not told apart."""

    slug, title, status = "unknown-disclosure", "No such disclosure", HTTPStatus.NOT_FOUND


class UnknownDelivery(Refusal):
    """No such delivery."""

    slug, title, status = "unknown-delivery", "No such delivery", HTTPStatus.NOT_FOUND


class UnknownReplay(Refusal):
    """No such replay."""

    slug, title, status = "unknown-replay", "No such replay", HTTPStatus.NOT_FOUND


class UnknownTarget(Refusal):
    """No such destination is in use."""

    slug, title, status = "unknown-target", "No such destination", HTTPStatus.NOT_FOUND


class UnknownHold(Refusal):
    """No such hold."""

    slug, title, status = "unknown-hold", "No such hold", HTTPStatus.NOT_FOUND


class HoldEnded(Refusal):
    """A hold that somebody has ended already."""

    slug, title, status = "hold-ended", "This hold has ended already", HTTPStatus.CONFLICT


class UnknownWebhook(Refusal):
    """No such webhook, or another's."""

    slug, title, status = "unknown-webhook", "No such webhook", HTTPStatus.NOT_FOUND


class BadWebhookAddress(Refusal):
    """News may not be sent to this address."""

    slug, title, status = "bad-webhook-address", "News may not be sent there", HTTPStatus.UNPROCESSABLE_ENTITY


class Unauthenticated(Refusal):
    """No token, or not a valid one."""

    slug, title, status = "unauthenticated", "Who are you?", HTTPStatus.UNAUTHORIZED


class Forbidden(Refusal):
    """The caller does not have the permission."""

    slug, title, status = "forbidden", "This caller may not do that", HTTPStatus.FORBIDDEN


class OutOfReach(Refusal):
    """Of a unit that is not this caller's, or of the whole province."""

    slug, title, status = "out-of-reach", "Not of this caller's units", HTTPStatus.FORBIDDEN
