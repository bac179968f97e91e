"""``/v1/persons``: is this number, name and birth date one person?"""

from typing import Annotated

from fastapi import APIRouter, Body

from app.api import examples, shapes
from app.deps import ContextDep, CorrelationDep, IntakeCaller
from app.usecases.verify_person import verify_person
from schemas.answers import PersonCheckOut
from schemas.provincial import PersonCheckIn

router = APIRouter(prefix="/v1/persons", tags=["persons"])


@router.post(
    "/verify",
    summary="Check a person against the population database",
    responses={
        200: examples.good(examples.PERSON_OUT, "The database answered yes or no"),
        **examples.problems(400, 401, 403, 404, 409, 422, 429, 502, 503),
    },
)
async def verify(
    body: Annotated[PersonCheckIn, Body(openapi_examples={"citizen": {"value": examples.PERSON}})],
    context: ContextDep,
    caller: IntakeCaller,
    correlation: CorrelationDep,
) -> PersonCheckOut:
    """A 200 is always the database's own yes or no. Anything else says nothing about the person."""
    verdict = await verify_person(context, caller, body, correlation)
    return PersonCheckOut(
        outcome=verdict.outcome,
        match=verdict.match,
        meaning=shapes.meaning(f"person.{verdict.outcome}"),
        request_id=verdict.request_id,
        correlation_id=correlation,
    )
