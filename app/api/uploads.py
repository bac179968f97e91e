"""``/v1/uploads``: large files in several goes, by the tus protocol 1.0.0 (core, creation, termination, expiration).

What the core of tus asks for is here; there is no ``OPTIONS``, no check of versions and no empty upload. A finished
upload becomes a document by ``POST /v1/dossiers/{code}/documents`` with its id.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from starlette.requests import ClientDisconnect

from app.api import document_examples as shown
from app.api import examples
from app.deps import ContextDep, may
from app.domain.access import Bound, Permission
from app.errors import Fault, InvalidRecord, UnreadableBody
from app.usecases import uploads
from app.usecases.context import Caller
from app.usecases.uploads import Upload
from schemas.documents import UploadOut

router = APIRouter(prefix="/v1/uploads", tags=["documents"])
_CREATED, _EMPTY = 201, 204
_TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
_PATCH_TYPE = "application/offset+octet-stream"
_SIZE_MAX = 2**53
UploadPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=[shown.ID], description="upload id")]
_PATCH_BODY = {
    "required": True,
    "content": {_PATCH_TYPE: {"schema": {"type": "string", "format": "binary"}, "example": "…"}},
}


def _told(upload: Upload) -> UploadOut:
    return UploadOut(
        id=upload.id,
        offset=upload.offset,
        size_bytes=upload.size_bytes,
        expires_at=upload.expires_at,
        address=f"/v1/uploads/{upload.id}",
    )


def _headers(upload: Upload) -> dict[str, str]:
    return _TUS | {
        "Upload-Offset": str(upload.offset),
        "Upload-Length": str(upload.size_bytes),
        "Upload-Expires": f"{upload.expires_at:%a, %d %b %Y %H:%M:%S} GMT",
    }


@router.post(
    "",
    status_code=_CREATED,
    summary="Begin an upload in several goes",
    responses={201: examples.good(shown.UPLOAD | {"offset": 0}, "Begun"), **examples.problems(401, 403, 413, 422, 503)},
)
async def create_upload(
    response: Response,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, reach=Bound.OWN)],
    upload_length: Annotated[int, Header(ge=1, le=_SIZE_MAX, description="size of the whole file in bytes")],
) -> UploadOut:
    """``Location`` is where its bytes go."""
    upload = await uploads.begin(context, caller, upload_length)
    response.headers.update(_headers(upload) | {"Location": f"/v1/uploads/{upload.id}"})
    return _told(upload)


@router.head(
    "/{upload_id}",
    summary="How far an upload has come",
    response_class=Response,
    responses={
        200: {"description": "`Upload-Offset` is the byte that comes next"},
        **examples.problems(401, 403, 404, 422, 503),
    },
)
async def head_upload(
    upload_id: UploadPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, reach=Bound.OWN)],
) -> Response:
    """What counts is durable."""
    return Response(headers=_headers(await uploads.find(context, caller, upload_id)))


@router.get(
    "/{upload_id}",
    summary="An upload",
    responses={200: examples.good(shown.UPLOAD), **examples.problems(401, 403, 404, 422, 503)},
)
async def get_upload(
    upload_id: UploadPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, reach=Bound.OWN)],
) -> UploadOut:
    """As ``HEAD``, in words."""
    return _told(await uploads.find(context, caller, upload_id))


@router.patch(
    "/{upload_id}",
    status_code=_EMPTY,
    summary="Send bytes of an upload",
    openapi_extra={"requestBody": _PATCH_BODY},
    responses={204: {"description": "Taken, durable"}, **examples.problems(400, 401, 403, 404, 409, 413, 422, 503)},
)
async def patch_upload(
    upload_id: UploadPath,
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, reach=Bound.OWN)],
    upload_offset: Annotated[int, Header(ge=0, le=_SIZE_MAX, description="the byte that these begin at")],
) -> Response:
    """What came before the sender was cut off is kept: ask with ``HEAD``, and go on there."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _PATCH_TYPE:
        message = f"Content-Type must be {_PATCH_TYPE}"
        raise InvalidRecord(message, faults=(Fault("/Content-Type", message),))
    try:
        upload = await uploads.append(context, caller, upload_id, upload_offset, request.stream())
    except ClientDisconnect:
        message = "the sender hung up; what came is kept"
        raise UnreadableBody(message) from None
    return Response(status_code=_EMPTY, headers=_headers(upload))


@router.delete(
    "/{upload_id}",
    status_code=_EMPTY,
    summary="Give an upload up",
    responses={204: {"description": "Forgotten"}, **examples.problems(401, 403, 404, 422, 503)},
)
async def delete_upload(
    upload_id: UploadPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, reach=Bound.OWN)],
) -> Response:
    """It never was a document."""
    await uploads.drop(context, caller, upload_id)
    return Response(status_code=_EMPTY, headers=_TUS)
