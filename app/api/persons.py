"""``/v1/persons``: is this number, name and birth date one person, do other facts agree, and who asked such things."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Request

from app.api import examples, shapes
from app.api import person_examples as shown
from app.api.deliveries import Zoned, next_page, zoned
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission
from app.store.person_queries import Wanted
from app.store.session import Row
from app.texts import text
from app.usecases import look_persons
from app.usecases.compare_person import FieldVerdict
from app.usecases.context import Caller
from app.usecases.verify_person import verify_person
from schemas.answers import TextOut
from schemas.persons import FieldVerdictOut, PersonCheckIn, PersonCheckOut, PersonQueryOut, PersonQueryPage

router = APIRouter(prefix="/v1/persons", tags=["persons"])
_CODE = r"^[\x20-\x7e]*$"


@router.post(
    "/verify",
    summary="Check a person against the population database",
    responses={
        200: examples.good(shown.PERSON_OUT, "The database answered yes or no"),
        **examples.problems(400, 401, 403, 404, 409, 422, 429, 502, 503),
    },
)
async def verify(
    body: Annotated[
        PersonCheckIn,
        Body(
            openapi_examples={
                "yes or no": {"value": shown.PERSON},
                "with declared facts": {"value": shown.PERSON_DECLARED},
            }
        ),
    ],
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_ASK, reach=Bound.UNITS)],
    correlation: CorrelationDep,
) -> PersonCheckOut:
    """A 200 is always the database's own yes or no. Anything else says nothing about the person.

    Declared facts are compared field by field and the record itself is never shown. A person of whom only the year of
    birth is known is asked about anew with the year alone, by the officer.
    """
    check = await verify_person(context, caller, body, correlation)
    told = check.told
    return PersonCheckOut(
        query_id=told.query_id,
        request_id=told.request_id,
        outcome=told.outcome.value,
        match=check.match,
        meaning=shapes.meaning(f"person.{told.outcome.value}"),
        fields=tuple(_verdict(one) for one in check.fields),
        warnings=tuple(_verdict(one) for one in check.warnings),
        answered_at=told.answered_at,
        valid_until=told.valid_until,
        correlation_id=correlation,
    )


@router.get(
    "/queries",
    summary="Who asked about persons, newest first",
    responses={200: examples.good({"items": [shown.QUERY], "next": None}), **examples.problems(401, 403, 422, 503)},
)
async def list_queries(  # noqa: PLR0913, PLR0917 - query parameters
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.PERSONS_READ, reach=Bound.UNITS)],
    correlation: CorrelationDep,
    officer: Annotated[str | None, Query(max_length=100, pattern=_CODE)] = None,
    unit: Annotated[str | None, Query(max_length=35, pattern=_CODE)] = None,
    dossier: Annotated[str | None, Query(max_length=100, pattern=_CODE)] = None,
    outcome: Annotated[str | None, Query(max_length=40, pattern=_CODE)] = None,
    since: Zoned = None,
    before: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="id of the last one seen")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> PersonQueryPage:
    """Answered and refused questions, with names of fields and without any value. This look is on record too."""
    wanted = Wanted(officer, unit, dossier, outcome, zoned(since), before, limit)
    rows = await look_persons.queries(context, caller, wanted, correlation)
    return PersonQueryPage(items=tuple(_query(row) for row in rows), next=next_page(request, rows, limit))


def _verdict(found: FieldVerdict) -> FieldVerdictOut:
    agreement, why = text(f"agreement.{found.agreement.value}"), text(f"why.{found.whys[0].value}")
    return FieldVerdictOut(
        field=found.field,
        agreement=found.agreement.value,
        whys=tuple(why.value for why in found.whys),
        meaning=TextOut(vi=f"{agreement.vi}: {why.vi}", en=f"{agreement.en}: {why.en}"),
    )


def _query(row: Row) -> PersonQueryOut:
    renamed = {
        "unit": row["unit_code"],
        "dossier": row["dossier_code"],
        "procedure": row["procedure_code"],
        "subject": row["subject_id"],
    }
    same = {name: row[name] for name in PersonQueryOut.model_fields if name not in renamed}
    return PersonQueryOut(**same, **renamed)
