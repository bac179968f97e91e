"""``/v1/subjects``: the provincial document store by owner. Numbers of people stand in no address."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Body, Path, Query

from app.api import document_examples as shown
from app.api import document_shapes, examples
from app.api.shapes import PRINTABLE
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission
from app.store.documents import Wanted
from app.usecases import look_documents
from app.usecases.context import Caller
from schemas.documents import DocumentPage, SubjectIn, SubjectOut
from schemas.provincial import Day

router = APIRouter(prefix="/v1/subjects", tags=["documents"])
SubjectPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=[shown.OTHER_ID], description="id of an owner")]
_ID = r"^[0-9a-f]{32}$"


@router.post(
    "",
    summary="What a person or organisation is called by here",
    responses={200: examples.good(shown.SUBJECT), **examples.problems(400, 401, 403, 422, 503)},
)
async def post_subject(
    body: Annotated[
        SubjectIn,
        Body(openapi_examples={"person": {"value": {"kind": "personal_number", "number": "003190123456"}}}),
    ],
    context: ContextDep,
    _caller: Annotated[Caller, may(Permission.DOCUMENTS_READ, reach=Bound.FREE)],
) -> SubjectOut:
    """The same number always gets the same id; that there is one says nothing about the person."""
    found = await look_documents.subject_id(context, body)
    return SubjectOut(id=found, address=f"/v1/subjects/{found}/documents")


@router.get(
    "/{subject_id}/documents",
    summary="The documents of an owner",
    responses={
        200: examples.good({"items": [shown.DOCUMENT], "next": None}),
        **examples.problems(401, 403, 404, 422, 503),
    },
)
async def list_documents(  # noqa: PLR0913, PLR0917 - what a reader may ask for
    subject_id: SubjectPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_READ, reach=Bound.UNITS)],
    correlation: CorrelationDep,
    role: Literal["component", "result"] | None = None,
    type_: Annotated[
        str | None,
        Query(alias="type", max_length=100, pattern=PRINTABLE, description="component or result code"),
    ] = None,
    standing: Literal["active", "superseded", "revoked"] | None = None,
    valid_on: Annotated[Day | None, Query(description="valid on this day")] = None,
    before: Annotated[str | None, Query(pattern=_ID, description="key of the last one seen")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DocumentPage:
    """With verdict and provenance, newest first. The look is on record."""
    wanted = Wanted(role, type_, standing, valid_on.isoformat() if valid_on else None, before, limit)
    rows = await look_documents.of_subject(context, caller, subject_id, wanted, correlation)
    following = None
    if len(rows) == limit:
        asked = {"role": role, "type": type_, "standing": standing, "valid_on": wanted.valid_on, "limit": limit}
        query = {name: value for name, value in asked.items() if value is not None} | {"before": rows[-1]["id"]}
        following = f"/v1/subjects/{subject_id}/documents?{urlencode(query)}"
    return DocumentPage(items=tuple(document_shapes.document(context, row) for row in rows), next=following)
