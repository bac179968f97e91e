"""What people change of documents: judge anew, correct, replace, withdraw. Nothing is deleted."""

from typing import Annotated

from fastapi import APIRouter, Body

from app.api import document_examples as shown
from app.api import document_shapes, examples
from app.api.documents import DocumentPath
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Permission, Thing
from app.usecases import change_document, judging, look_documents
from app.usecases.context import Caller
from schemas.documents import CorrectIn, DocumentDetail, ReplaceIn, RevokeIn

router = APIRouter(prefix="/v1", tags=["documents"])


@router.post(
    "/documents/{document_id}/judge",
    summary="Judge the signatures anew",
    responses={200: examples.good(shown.DETAIL), **examples.problems(401, 403, 404, 422, 503)},
)
async def judge_document(
    document_id: DocumentPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_OPERATE, reach=Thing.DOCUMENT)],
    correlation: CorrelationDep,
) -> DocumentDetail:
    """By the trust of today; what was judged before stays on record."""
    await judging.judge(context, caller, document_id, correlation)
    return document_shapes.detail(context, await look_documents.one(context, caller, document_id))


@router.post(
    "/documents/{document_id}/correct",
    summary="Correct what is said of a document",
    responses={200: examples.good(shown.DETAIL), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def correct_document(
    document_id: DocumentPath,
    body: Annotated[
        CorrectIn,
        Body(openapi_examples={"number": {"value": {"number_symbol": "216/2026", "reason": "Ghi nhầm số"}}}),
    ],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, Permission.DOCUMENTS_OPERATE, reach=Thing.DOCUMENT)],
    correlation: CorrelationDep,
) -> DocumentDetail:
    """Its file stays; what it said before stays on record, and the nation is told the new words."""
    await change_document.correct(context, caller, document_id, body, correlation)
    return document_shapes.detail(context, await look_documents.one(context, caller, document_id))


@router.post(
    "/documents/{document_id}/supersede",
    summary="Let another document stand for this one",
    responses={200: examples.good(shown.DETAIL), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def supersede_document(
    document_id: DocumentPath,
    body: Annotated[
        ReplaceIn, Body(openapi_examples={"newer": {"value": {"by": shown.OTHER_ID, "reason": "Bản cấp lại"}}})
    ],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, Permission.DOCUMENTS_OPERATE, reach=Thing.DOCUMENT)],
    correlation: CorrelationDep,
) -> DocumentDetail:
    """Nothing is deleted; the old link says by what it was replaced."""
    await change_document.replace(context, caller, document_id, body.by, body.reason, correlation)
    return document_shapes.detail(context, await look_documents.one(context, caller, document_id))


@router.post(
    "/documents/{document_id}/revoke",
    summary="Withdraw a document",
    responses={200: examples.good(shown.DETAIL), **examples.problems(400, 401, 403, 404, 409, 422, 503)},
)
async def revoke_document(
    document_id: DocumentPath,
    body: Annotated[RevokeIn, Body(openapi_examples={"withdrawn": {"value": {"reason": "Cấp sai thẩm quyền"}}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOCUMENTS_WRITE, Permission.DOCUMENTS_OPERATE, reach=Thing.DOCUMENT)],
    correlation: CorrelationDep,
) -> DocumentDetail:
    """Nothing is deleted: its link says that it was withdrawn and why. The nation is told the dossier without it."""
    await change_document.revoke(context, caller, document_id, body.reason, correlation)
    return document_shapes.detail(context, await look_documents.one(context, caller, document_id))
