"""``/v1/subjects/{id}/disclosures``: who shared or looked at a person's data; receipts; what is told later."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request, Response, status

from app.api import examples, shapes
from app.api.deliveries import ID_MAX, next_page
from app.api.shapes import PRINTABLE
from app.api.subjects import SubjectPath
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission
from app.domain.disclosure import Disclosure
from app.store.session import Row
from app.usecases import disclosures
from app.usecases.context import Caller
from schemas.disclosures import (
    DisclosureDelayIn,
    DisclosureDelayOut,
    DisclosureDelayPage,
    DisclosureOut,
    DisclosurePage,
)

router = APIRouter(prefix="/v1", tags=["disclosures"])
EntryPath = Annotated[int, Path(ge=1, le=ID_MAX, description="`id` of a disclosure", examples=[41])]
Before = Annotated[int | None, Query(ge=1, le=ID_MAX, description="the key of a page: ids below this one")]

_SUBJECT = "0197c2a4b5d6e7f8091a2b3c4d5e6f70"
_TOLD = shapes.meaning("disclosure.person_told")
_DISCLOSURE: dict[str, Any] = {
    "id": 41,
    "at": "2026-07-01T01:05:02Z",
    "what": "person_told",
    "meaning": {"vi": _TOLD.vi, "en": _TOLD.en},
    "who": "canbo01 (one-stop)",
    "agency": "H15",
    "unit": "H15.16",
    "provider": "population",
    "own_case": True,
    "dossier": examples.CODE,
    "procedure": "1.000110",
    "purpose": "verify_person: Kiểm tra người nộp",
    "legal_basis": "Luật Căn cước 26/2023/QH15; NĐ 70/2024/NĐ-CP",
    "items": ["birth_date", "full_name", "number"],
    "delayed": False,
    "delayed_until": None,
    "delay_legal_basis": None,
    "receipt": f"/v1/subjects/{_SUBJECT}/disclosures/41/receipt",
}
_ASKED = {
    "dossier": examples.CODE,
    "until": "2026-10-01",
    "reason": "Theo đề nghị của cơ quan điều tra",
    "legal_basis": "Luật 91/2025/QH15",
}
_DELAY = {"id": 3, "at": "2026-07-01T01:05:02Z", **_ASKED, "made_by": "quan-tri", "agency": "H15"}
_RECEIPT = (
    'lienthong-receipt@1\n{\n "log": "log.example/h15",\n "what": "person_told",\n …\n}\n\n'
    "leaf-hash PlRNCrwHpqhGrupue0L7…\nindex 40\n5+pKlUdi2LeF…\n\n"
    "log.example/h15\n1000\n5+pKlUdi2LeF…\n\n— log.example/h15 Az3grlg…\n\n— log.example/h15 Az3grlh…\n"
)


@router.get(
    "/subjects/{subject_id}/disclosures",
    summary="Who shared or looked at a person's data, newest first",
    responses={
        200: examples.good({"items": [_DISCLOSURE], "next": None}),
        **examples.problems(401, 403, 404, 410, 422, 503),
    },
)
async def list_disclosures(
    request: Request,
    subject_id: SubjectPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_READ, reach=Bound.UNITS)],
    correlation: CorrelationDep,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DisclosurePage:
    """Who, for whom, when, why, which items, under which article. This look is on record, and in the list, too.

    What an administrator has delayed is not there before its day, and nothing says so; then it says that it was.
    """
    found = await disclosures.of_subject(context, caller, subject_id, before, limit, correlation)
    return DisclosurePage(
        items=tuple(_shown(subject_id, one) for one in found),
        next=next_page(request, [{"id": one.entry} for one in found], limit),
    )


@router.get(
    "/subjects/{subject_id}/disclosures/{entry}/receipt",
    summary="A signed receipt of one disclosure",
    response_class=Response,
    responses={
        200: {
            "description": "A signed note (C2SP) that verifies offline",
            "content": {"text/plain": {"example": _RECEIPT}},
        },
        **examples.problems(401, 403, 404, 410, 422, 503),
    },
)
async def get_receipt(
    subject_id: SubjectPath,
    entry: EntryPath,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_READ, reach=Bound.UNITS)],
    correlation: CorrelationDep,
) -> Response:
    """For the person to keep. `lienthong audit verify-receipt FILE` or `receipt_verify.py` check it. On record too."""
    note = await disclosures.receipt(context, caller, subject_id, entry, correlation)
    return Response(note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "private, no-store"})


@router.post(
    "/disclosure-delays",
    summary="Tell a dossier's disclosures later",
    status_code=status.HTTP_201_CREATED,
    responses={201: examples.good(_DELAY, "Made"), **examples.problems(400, 401, 403, 404, 422, 503)},
)
async def post_delay(
    body: Annotated[DisclosureDelayIn, Body(openapi_examples={"delay": {"value": _ASKED}})],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELAYS_EDIT)],
    correlation: CorrelationDep,
) -> DisclosureDelayOut:
    """Until its day nothing of the dossier is told to whom it is about. The newest delay counts; each is on record."""
    return _delay(await disclosures.delay(context, caller, body, correlation))


@router.get(
    "/disclosure-delays",
    summary="What is told later, newest first",
    responses={200: examples.good({"items": [_DELAY], "next": None}), **examples.problems(401, 403, 422, 503)},
)
async def list_delays(
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DELAYS_EDIT, Permission.LOG_READ)],
    correlation: CorrelationDep,
    dossier: Annotated[str | None, Query(max_length=100, pattern=PRINTABLE)] = None,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DisclosureDelayPage:
    """By whom, until when, why, on which law; past ones too. This look is on record."""
    rows = await disclosures.delays(context, caller, dossier, before, limit, correlation)
    return DisclosureDelayPage(items=tuple(_delay(row) for row in rows), next=next_page(request, rows, limit))


def _shown(subject_id: str, one: Disclosure) -> DisclosureOut:
    return DisclosureOut(
        id=one.entry,
        at=one.at,
        what=one.what.value,
        meaning=shapes.meaning(f"disclosure.{one.what.value}"),
        who=one.actor,
        agency=one.agency,
        unit=one.unit,
        provider=one.provider,
        own_case=one.own_case,
        dossier=one.dossier,
        procedure=one.procedure,
        purpose=one.purpose,
        legal_basis=one.legal_basis,
        items=one.items,
        delayed=one.delay is not None,
        delayed_until=one.delay.until if one.delay else None,
        delay_legal_basis=one.delay.legal_basis if one.delay else None,
        receipt=f"/v1/subjects/{subject_id}/disclosures/{one.entry}/receipt",
    )


def _delay(row: Row) -> DisclosureDelayOut:
    return DisclosureDelayOut.model_validate({**row, "dossier": row["dossier_code"]})
