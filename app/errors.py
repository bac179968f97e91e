"""Everything the gateway refuses or cannot do, as one tree. Edges render it; nobody else catches broadly.

LienThongError
├── Refusal                     the caller's record or request is not acceptable; carries an HTTP status
│   ├── InvalidRecord           422  the record does not have the published shape
│   ├── InvalidDossierCode      422  the dossier code does not have the legal form
│   ├── UnknownCode             422  a code that a named table does not hold
│   ├── UnreadableBody          400  not JSON, not UTF-8, or cut off
│   ├── BodyTooLarge            413  more than the door takes in one record
│   ├── StaleRevision           409  an older revision than the one held
│   ├── RevisionConflict        409  the held revision number with other content
│   ├── IllegalStatusMove       409  a status that cannot follow the held one
│   ├── StepConflict            409  a held step_id with other content
│   ├── DuplicateStep           409  a step alike in every word to one held under another id
│   ├── StepOutOfOrder          409  a step before the last one held
│   ├── NotRetriable            409  a delivery that cannot be sent again now
│   ├── NotDecidable            409  a decision about a delivery that its state does not allow
│   ├── KeyReused               409  an idempotency key that was given to another selection
│   ├── DossierNotOpen          409  a question about a person for a dossier that is closed
│   ├── UnknownDossier          404  no such dossier was ever handed over
│   ├── UnknownDelivery         404  no such delivery
│   ├── UnknownReplay           404  no such replay
│   ├── UnknownTarget           404  no such destination is in use
│   ├── UnknownHold             404  no such hold
│   ├── HoldEnded               409  a hold that somebody has ended already
│   ├── UnknownWebhook          404  no such webhook, or another's
│   ├── BadWebhookAddress       422  news may not be sent to this address
│   ├── FileNotTaken            422  a file that is not what it must be; the slug names the fault
│   ├── UnknownDocument         404  no such document
│   ├── DocumentKnown           409  another file of the same paper (type, number, issuer, day) is held
│   ├── NotChangeable           409  a document that does not speak any more, or cannot be replaced so
│   ├── ResultMissing           409  a status that needs a signed electronic result
│   ├── UnknownSubject          404  nobody is known by this id
│   ├── UnknownLookup           404  no such look-up, or no such candidate in it
│   ├── LookupUsed              409  a look-up whose find was taken already, or for another dossier
│   ├── UnknownUpload           404  no such upload, or another's
│   ├── UploadConflict          409  not the byte that comes next, or somebody is sending now
│   ├── UploadIncomplete        409  not all of it has come
│   ├── UnknownLink             404  no such link
│   ├── LinkGone                410  a document that was withdrawn or replaced
│   ├── NationalStoreSilent     503  the national store gave no answer that can be used
│   ├── ScannerSilent           503  the virus scanner gave no answer, so nothing is taken
│   ├── FileStoreSilent         503  the document store cannot be reached, or what lies there is damaged
│   ├── Unauthenticated         401  no token, or not a valid one
│   ├── Forbidden               403  the token does not have the scope
│   ├── PersonCheckDenied       403  the population database does not let this officer or procedure ask
│   ├── PersonQuotaSpent        429  the quota of questions is spent
│   ├── PersonCheckUnavailable  503  no answer: says nothing about the person
│   └── PersonReplyUnreadable   502  an answer that cannot be trusted: says nothing about the person
├── FileRefused                 (app.papers) a file is not what it must be; told as FileNotTaken
├── BenchBroken                 (app.papers) nobody can open files now; told as FileStoreSilent
├── OriginalDiffers             (app.papers) a bundle would hold another file; told as FileStoreSilent
├── AuditUnavailable            503  no audit entry can be written, so nothing may happen
├── StoreBusy                   503  the database did not take the transaction in time
└── ConfigurationError          start-up only; names the setting
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar


class LienThongError(Exception):
    """Base of everything the gateway says no with."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: where (a JSON pointer into the record, RFC 6901), what, and the table it misses, if any."""

    pointer: str
    detail: str
    table: str | None = None


class Refusal(LienThongError):
    """A request that cannot be taken. ``detail`` says what is wrong, ``advice`` what to do; RFC 9457 at the edge."""

    slug: ClassVar[str] = "refused"
    title: ClassVar[str] = "Request refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(
        self,
        detail: str,
        *,
        advice: str = "",
        faults: tuple[Fault, ...] = (),
        members: dict[str, object] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        """Keep the parts apart: the edge renders them, the audit entry keeps slug and faults."""
        super().__init__(detail)
        self.detail = detail
        self.advice = advice
        self.faults = faults
        self.members = members or {}
        self.retry_after_seconds = retry_after_seconds
        # Set by the use case that has put this refusal on record, so that the edge does not do it again.
        self.on_record = False


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


class FileNotTaken(Refusal):
    """A file that is not what it must be. The slug names the fault, as in ``file-bomb``."""

    slug, title, status = "file-refused", "This file is not taken", HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, fault: str, detail: str, faults: tuple[Fault, ...] = ()) -> None:
        """``fault`` is a value of ``app.domain.documents.FileFault``."""
        super().__init__(detail, faults=faults, members={"fault": fault})
        self.slug = f"file-{fault.replace('_', '-')}"  # type: ignore[misc]


class UnknownDocument(Refusal):
    """No such document."""

    slug, title, status = "unknown-document", "No such document", HTTPStatus.NOT_FOUND


class DocumentKnown(Refusal):
    """Another file of the same paper is held."""

    slug, title, status = "document-known", "Another file of this paper is held", HTTPStatus.CONFLICT


class NotChangeable(Refusal):
    """A document that does not speak any more, or cannot be replaced so."""

    slug, title, status = "not-changeable", "This document cannot be changed so", HTTPStatus.CONFLICT


class ResultMissing(Refusal):
    """A status that needs a signed electronic result."""

    slug, title, status = "result-missing", "A signed electronic result is missing", HTTPStatus.CONFLICT


class UnknownSubject(Refusal):
    """Nobody is known by this id."""

    slug, title, status = "unknown-subject", "Nobody is known by this id", HTTPStatus.NOT_FOUND


class UnknownLookup(Refusal):
    """No such look-up, or no such candidate in it."""

    slug, title, status = "unknown-lookup", "No such look-up", HTTPStatus.NOT_FOUND


class LookupUsed(Refusal):
    """A look-up whose find was taken already, or that was made for another dossier."""

    slug, title, status = "lookup-used", "This look-up cannot be used for that", HTTPStatus.CONFLICT


class UnknownUpload(Refusal):
    """No such upload, or another's."""

    slug, title, status = "unknown-upload", "No such upload", HTTPStatus.NOT_FOUND


class UploadConflict(Refusal):
    """Not the byte that comes next, or somebody is sending now."""

    slug, title, status = "upload-conflict", "The upload does not go on there", HTTPStatus.CONFLICT


class UploadIncomplete(Refusal):
    """Not all of it has come."""

    slug, title, status = "upload-incomplete", "The upload is not complete", HTTPStatus.CONFLICT


class UnknownLink(Refusal):
    """No such link."""

    slug, title, status = "unknown-link", "No such link", HTTPStatus.NOT_FOUND


class LinkGone(Refusal):
    """A document that was withdrawn or replaced."""

    slug, title, status = "link-gone", "This document was withdrawn or replaced", HTTPStatus.GONE


class NationalStoreSilent(Refusal):
    """The national store gave no answer that can be used."""

    slug, title, status = (
        "national-store-silent",
        "The national document store gave no answer",
        HTTPStatus.SERVICE_UNAVAILABLE,
    )


class ScannerSilent(Refusal):
    """The virus scanner gave no answer, so nothing is taken."""

    slug, title, status = "scanner-silent", "The virus scanner gave no answer", HTTPStatus.SERVICE_UNAVAILABLE


class FileStoreSilent(Refusal):
    """The document store cannot be reached, or what lies there is damaged."""

    slug, title, status = "file-store-silent", "The document store cannot give it", HTTPStatus.SERVICE_UNAVAILABLE


class Unauthenticated(Refusal):
    """No token, or not a valid one."""

    slug, title, status = "unauthenticated", "Who are you?", HTTPStatus.UNAUTHORIZED


class Forbidden(Refusal):
    """The token does not have the scope."""

    slug, title, status = "forbidden", "This token may not do that", HTTPStatus.FORBIDDEN


class PersonCheckDenied(Refusal):
    """The population database does not let this officer or procedure ask."""

    slug, title, status = "person-check-denied", "This question may not be asked", HTTPStatus.FORBIDDEN


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


class AuditUnavailable(LienThongError):
    """No audit entry can be written, so nothing may happen."""


class StoreBusy(LienThongError):
    """The database did not take the transaction in time; the same request may be made again."""


class ConfigurationError(LienThongError):
    """A setting is missing or impossible; names the setting."""
