"""``/files/{capability}``: a document for whoever has its address, without a login. The portal takes addresses only.

The address cannot be guessed (256 random bits) and never changes. A document that was withdrawn or replaced says so.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.api import examples
from app.api.ranges import Part, Unsatisfiable, matches, part_of
from app.api.sending import bundle_headers, disposition, play
from app.deps import ContextDep, CorrelationDep
from app.domain.documents import MEDIA_TYPES, FileKind
from app.domain.rulesets import VIETNAM
from app.errors import LinkGone, Refusal
from app.store.session import Row
from app.texts import text
from app.usecases import bundle_document, open_link
from app.usecases.context import Caller
from app.usecases.open_link import Visit

router = APIRouter(prefix="/files", tags=["files"])
_PAGES = Environment(
    loader=PackageLoader("app.api"), autoescape=select_autoescape(), trim_blocks=True, undefined=StrictUndefined
)
_OK, _PARTIAL, _UNCHANGED, _NO_SUCH_RANGE = 200, 206, 304, 416
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    # Asked about anew each time: a document may have been withdrawn.
    "Cache-Control": "private, no-cache",
}
# Said, and not held to: what cannot be an address is an unknown one, which costs no entry in the log.
Capability = Annotated[
    str,
    Path(
        description="what the address was made with",
        examples=["dGhpcyBpcyBub3QgYSByZWFsIGNhcGFiaWxpdHkhIQ"],
        json_schema_extra={"minLength": 20, "maxLength": 64, "pattern": "^[A-Za-z0-9_-]+$"},
    ),
]
_FILE = {
    "description": "The file, byte for byte as it was kept",
    "content": {media_type: {"example": "…"} for media_type in MEDIA_TYPES.values()}
    | {"application/pdf": {"example": "%PDF-1.7 …"}},
}
_RESPONSES = {
    200: _FILE,
    206: _FILE | {"description": "The part that was asked for"},
    304: {"description": "The reader has this file"},
    416: {"description": "The range begins behind the end"},
    **examples.problems(404, 410, 422, 503),
}


@router.get(
    "/{capability}",
    summary="A document by its address",
    response_class=StreamingResponse,
    responses=_RESPONSES,  # type: ignore[arg-type]
)
@router.head("/{capability}", include_in_schema=False)
async def get_file(
    capability: Capability, request: Request, context: ContextDep, correlation: CorrelationDep
) -> Response:
    """Whole or one range of it; each access is on record before a byte goes out."""
    visit = Visit(_visitor(request), _asked(request), correlation, request.headers.get("user-agent", ""))
    try:
        row = await open_link.find(context, capability, visit)
    except LinkGone as gone:
        if "text/html" in request.headers.get("accept", ""):
            return _page(gone)
        raise
    head = _head(request, row)
    if head.length == 0 or request.method == "HEAD":
        # Nothing of the file goes out, so nothing of it is read.
        await open_link.note(context, row, visit)
        return Response(status_code=head.status, headers=head.headers, media_type=head.media_type)
    opened = await open_link.give(context, row, visit)
    body = play(opened.file, head.start, head.length)
    return StreamingResponse(body, head.status, head.headers, media_type=opened.media_type)


@router.get(
    "/{capability}/bundle",
    summary="A document with its verdict and how to check it, as one PDF",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A cover, and the file attached byte for byte",
            "content": {"application/pdf": {"example": "%PDF-1.7 …"}},
        },
        **examples.problems(404, 410, 422, 503),
    },
)
async def get_bundle(
    capability: Capability, request: Request, context: ContextDep, correlation: CorrelationDep
) -> Response:
    """For the citizen. The file itself is not written anew: that would break its signatures."""
    try:
        async with open_link.bundling(context):
            made = await bundle_document.for_citizen(context, capability, _visitor(request), correlation)
    except LinkGone as gone:
        if "text/html" in request.headers.get("accept", ""):
            return _page(gone)
        raise
    headers = _SECURITY | bundle_headers(made)
    return StreamingResponse(play(made.file), headers=headers, media_type=made.media_type)


@dataclass(frozen=True, slots=True)
class _Head:
    """An answer without its body: ``length`` bytes of the file, from byte ``start`` on, would follow."""

    status: int
    headers: dict[str, str]
    media_type: str | None = None
    start: int = 0
    length: int = 0


def _head(request: Request, row: Row) -> _Head:
    size_bytes: int = row["size_bytes"]
    tag = f'"{row["sha256"]}"'
    headers = _headers(row, tag)
    if matches(request.headers.get("if-none-match"), tag):
        return _Head(_UNCHANGED, headers)
    whole_wanted = request.headers.get("if-range", tag) != tag
    try:
        part = None if whole_wanted else part_of(request.headers.get("range"), size_bytes)
    except Unsatisfiable:
        return _Head(_NO_SUCH_RANGE, headers | {"Content-Range": f"bytes */{size_bytes}"})
    status = _OK if part is None else _PARTIAL
    if part is not None:
        headers["Content-Range"] = part.header(size_bytes)
    part = part or Part(0, size_bytes)
    headers["Content-Length"] = str(part.length)
    return _Head(status, headers, MEDIA_TYPES[FileKind(row["kind"])], part.start, part.length)


def _headers(row: Row, tag: str) -> dict[str, str]:
    # A browser would run what an XML file tells it to; the others it only shows.
    kind = "attachment" if row["kind"] == FileKind.XML.value else "inline"
    return _SECURITY | {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(kind, row["file_name"]),
    }


def _visitor(request: Request) -> Caller:
    """Whoever has the address; the log says where they came from."""
    where = request.client.host if request.client else "unknown"
    return Caller(f"link:{where}"[:100], "", frozenset())


def _asked(request: Request) -> str:
    asked = request.headers.get("range", "")[:60]
    return f"{request.method} {asked}".strip()


def _moment(since: object) -> str:
    return f"{datetime.fromisoformat(str(since)).astimezone(VIETNAM):%H:%M %d/%m/%Y}" if since else ""


def _page(gone: Refusal) -> HTMLResponse:
    """The same in words, for a person with a browser."""
    page = _PAGES.get_template("gone.html").render(
        said=text(f"gone.{gone.members['standing']}"),
        reason=gone.members["reason"],
        since=_moment(gone.members["since"]),
        newer=gone.members["replaced_by"],
        text=text,
    )
    return HTMLResponse(page, gone.status.value, _SECURITY)
