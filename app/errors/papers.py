"""Refusals about documents."""

from http import HTTPStatus

from app.errors.base import Fault, Refusal


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
