"""``/v1/documents`` and the documents of a dossier: hand over, see, judge anew, correct, replace, withdraw."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from app.api import document_examples as shown
from app.api import document_shapes, examples
from app.api.dossiers import CodePath
from app.api.multipart import METADATA_BYTES_MAX, read_form
from app.api.sending import bundle_headers, disposition, play
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission, Thing
from app.domain.documents import MEDIA_TYPES, FileKind
from app.errors import BodyTooLarge, DocumentKnown, Fault, FileStoreSilent, InvalidRecord, UnknownUpload, UnreadableBody
from app.store.session import Row
from app.usecases import (
    bundle_document,
    keep_document,
    look_documents,
    lookup_document,
    papers,
    uploads,
)
from app.usecases.context import Caller, Context
from app.usecases.parsing import refusal_of
from app.vault import Scratch, VaultUnavailable
from schemas.documents import (
    DocumentDetail,
    DocumentIn,
    DocumentOut,
    DossierDocumentsOut,
    LookupIn,
    LookupOut,
    ReuseIn,
    StoreOut,
)

router = APIRouter(prefix="/v1", tags=["documents"])
_CREATED = 201
DocumentPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=[shown.ID], description="document id")]

_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["metadata", "file"],
                "properties": {
                    "metadata": {"$ref": "#/components/schemas/DocumentIn"},
                    "file": {"type": "string", "format": "binary"},
                },
            },
            "encoding": {"metadata": {"contentType": "application/json"}},
            "example": {"metadata": shown.METADATA, "file": "…"},
        },
        "application/json": {
            "schema": {"$ref": "#/components/schemas/DocumentIn"},
            "example": shown.METADATA | {"upload_id": shown.OTHER_ID},
        },
    },
}


@router.post(
    "/dossiers/{code}/documents",
    status_code=_CREATED,
    summary="Hand over a component or a result",
    openapi_extra={"requestBody": _FORM},
    responses={
        201: examples.good(shown.DOCUMENT, "Kept"),
        200: examples.good(shown.DOCUMENT, "Kept already: the same file and facts"),
        **examples.problems(400, 401, 403, 404, 409, 413, 422, 503),
    },
)
async def post_document(
    code: CodePath,
    request: Request,
    response: Response,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, reach=Thing.DOSSIER)],
    correlation: CorrelationDep,
) -> DocumentOut:
    """As a form: ``metadata`` (JSON), then ``file``, streamed and never held in memory. Or JSON with ``upload_id``.

    The file is opened, its type told by its content, its signatures judged; what is wrong with it is named. What is
    answered with 201 or 200 is durable. It is told to the nation as soon as its link was seen to work from outside.
    """
    content_type = request.headers.get("content-type", "")
    await keep_document.procedure_of(context, code)
    try:
        with papers.files_of(context).vault.scratch() as scratch:
            if content_type.partition(";")[0].strip().lower() == "application/json":
                kept, new = await _from_upload(context, caller, code, request, scratch, correlation)
            else:
                kept, new = await _from_form(context, caller, code, request, scratch, correlation)
    except VaultUnavailable as error:
        message = f"the document store did not take the file: {error}"
        raise FileStoreSilent(message, retry_after_seconds=30) from error
    response.status_code = _CREATED if new else 200
    return document_shapes.document(context, kept)


async def _from_form(
    context: Context, caller: Caller, code: str, request: Request, scratch: Scratch, correlation: str
) -> tuple[Row, bool]:
    limit = context.papers.bytes_max
    try:
        form = await read_form(request.headers.get("content-type", ""), _chunks(request), scratch, limit)
    except ClientDisconnect:
        message = "the sender hung up before the end"
        raise UnreadableBody(message) from None
    if form.metadata is None or not form.has_file:
        message = "the form needs the parts 'metadata' (JSON) and 'file', in this order"
        raise UnreadableBody(message)
    handed = _parse(form.metadata)
    if handed.upload_id is not None:
        message = "upload_id: the file came along"
        raise InvalidRecord(message, faults=(Fault("/upload_id", message),))
    return await _keep(context, caller, code, handed, form.file_name, scratch, correlation)


async def _from_upload(
    context: Context, caller: Caller, code: str, request: Request, scratch: Scratch, correlation: str
) -> tuple[Row, bool]:
    handed = _parse(await _body(request))
    if handed.upload_id is None:
        message = "upload_id: name the upload that holds the file, or send a form"
        raise InvalidRecord(message, faults=(Fault("/upload_id", message),))
    try:
        await uploads.read_into(context, caller, handed.upload_id, scratch)
    except UnknownUpload:
        # A sender who did not hear the answer asks again.
        earlier = await uploads.became(context, caller, handed.upload_id)
        if earlier is None:
            raise
        kept = await _same_again(context, caller, code, handed, earlier)
        # Whoever took it may have been cut off before its bytes were gone.
        await uploads.end(context, handed.upload_id, earlier)
        return kept, False
    kept, new = await _keep(context, caller, code, handed, "", scratch, correlation)
    await uploads.end(context, handed.upload_id, kept["id"])
    return kept, new


async def _same_again(context: Context, caller: Caller, code: str, handed: DocumentIn, document_id: str) -> Row:
    row, _, _ = await look_documents.one(context, caller, document_id)
    facts = keep_document.facts_of(handed, _name_of(handed, ""))
    if row["dossier_code"] != code or row["content_hash"] != keep_document.content_hash(facts):
        message = f"this upload became document {document_id}, of another dossier or with other facts"
        raise DocumentKnown(message, members={"document": document_id})
    return row


async def _keep(
    context: Context,
    caller: Caller,
    code: str,
    handed: DocumentIn,
    file_name: str,
    scratch: Scratch,
    correlation: str,
) -> tuple[Row, bool]:
    keep_document.check_hash(handed.sha256, scratch.sha256)
    facts = keep_document.facts_of(handed, _name_of(handed, file_name))
    return await keep_document.keep(context, caller, code, facts, scratch, correlation)


def _name_of(handed: DocumentIn, file_name: str) -> str:
    return handed.file_name or file_name or handed.role.value


def _parse(body: bytes) -> DocumentIn:
    try:
        return DocumentIn.model_validate_json(body)
    except ValidationError as error:
        raise refusal_of(error.errors(include_url=False, include_input=False)) from None


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > METADATA_BYTES_MAX:
            message = f"the metadata have more than {METADATA_BYTES_MAX} bytes"
            raise BodyTooLarge(message)
    return body


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk


@router.get(
    "/dossiers/{code}/documents",
    summary="The documents of a dossier, and what is claimed without one",
    responses={200: examples.good(shown.OF_DOSSIER), **examples.problems(401, 403, 404, 422)},
)
async def list_documents(
    code: CodePath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_READ, reach=Thing.DOSSIER)],
    correlation: CorrelationDep,
) -> DossierDocumentsOut:
    """All of them, those that do not speak any more too, in the order in which they came."""
    return document_shapes.of_dossier(
        context, await look_documents.shown_of_dossier(context, caller, code, correlation)
    )


@router.post(
    "/dossiers/{code}/documents/reuse",
    status_code=_CREATED,
    summary="Take what a look-up found, instead of scanning",
    responses={
        201: examples.good(shown.DOCUMENT | {"role": "component", "source": "provincial_store"}, "Taken"),
        200: examples.good(shown.DOCUMENT | {"role": "component", "source": "provincial_store"}, "Taken already"),
        **examples.problems(400, 401, 403, 404, 409, 422, 503),
    },
)
async def reuse_document(
    code: CodePath,
    body: Annotated[
        ReuseIn,
        Body(
            openapi_examples={
                "first": {
                    "value": {
                        "lookup_id": shown.ID,
                        "candidate": 0,
                        "component_code": "000.00.00.G15-KQ003208",
                        "officer": "cb.hotich.01",
                    }
                }
            }
        ),
    ],
    response: Response,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, reach=Thing.DOSSIER)],
    correlation: CorrelationDep,
) -> DocumentOut:
    """The component is marked as reused for the nation, and counts as a scan avoided."""
    kept, new = await lookup_document.reuse(context, caller, code, body, correlation)
    response.status_code = _CREATED if new else 200
    return document_shapes.document(context, kept)


@router.post(
    "/documents/lookup",
    summary="Is this paper held already? Ask before scanning",
    responses={200: examples.good(shown.LOOKUP_OUT), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def look_up(
    body: Annotated[LookupIn, Body(openapi_examples={"before_a_scan": {"value": shown.LOOKUP}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, reach=Bound.UNITS)],
    correlation: CorrelationDep,
) -> LookupOut:
    """Looks in the provincial store and, for results, in the national one. Question and answer are on record."""
    return document_shapes.lookup(await lookup_document.look_up(context, caller, body, correlation))


@router.get(
    "/documents/store",
    summary="The document store: what lies in it, what was re-read, what is wrong",
    responses={200: examples.good(shown.STORE), **examples.problems(401, 403)},
)
async def store(context: ContextDep, _caller: Annotated[Caller, may(Permission.FIGURES_READ)]) -> StoreOut:
    """Figures from rows; the whole report is ``lienthong documents report``."""
    return StoreOut(**await look_documents.figures(context))


@router.get(
    "/documents/{document_id}",
    summary="A document with every judgement and change",
    responses={200: examples.good(shown.DETAIL), **examples.problems(401, 403, 404, 422)},
)
async def get_document(
    document_id: DocumentPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_READ, reach=Thing.DOCUMENT)],
    correlation: CorrelationDep,
) -> DocumentDetail:
    """What it is, what its signatures are worth and by what that was judged, what people changed and why."""
    return document_shapes.detail(context, await look_documents.shown(context, caller, document_id, correlation))


@router.get(
    "/documents/{document_id}/file",
    summary="The file of a document",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file, byte for byte as it was handed over",
            "content": {media_type: {"example": "…"} for media_type in MEDIA_TYPES.values()}
            | {"application/pdf": {"example": "%PDF-1.7 …"}},
        },
        **examples.problems(401, 403, 404, 422, 503),
    },
)
async def get_file(
    document_id: DocumentPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_READ, reach=Thing.DOCUMENT)],
    correlation: CorrelationDep,
) -> StreamingResponse:
    """Re-hashed before a byte goes out; the reading is on record."""
    row, file = await look_documents.read_file(context, caller, document_id, correlation)
    headers = {
        "Content-Length": str(row["size_bytes"]),
        "Content-Disposition": disposition("attachment", row["file_name"]),
        "ETag": f'"{row["sha256"]}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(play(file), media_type=MEDIA_TYPES[FileKind(row["kind"])], headers=headers)


@router.get(
    "/documents/{document_id}/bundle",
    summary="A document with its verdict and how to check it, as a zip",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The file, the verdict as text and as JSON, and their sums",
            "content": {"application/zip": {"example": "PK …"}},
        },
        **examples.problems(401, 403, 404, 422, 503),
    },
)
async def get_bundle(
    document_id: DocumentPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_READ, reach=Thing.DOCUMENT)],
    correlation: CorrelationDep,
) -> StreamingResponse:
    """For the office: check it with `sha256sum -c SHA256SUMS`. The reading is on record."""
    made = await bundle_document.for_office(context, caller, document_id, correlation)
    headers = bundle_headers(made) | {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
    return StreamingResponse(play(made.file), headers=headers, media_type=made.media_type)
