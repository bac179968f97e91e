"""Records from bytes; what is wrong with them, by field."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from app.domain.identifiers import hide_numbers
from app.errors import Fault, InvalidRecord, Refusal, UnreadableBody
from app.usecases.receive import DossierRecord, Record, StepRecord
from schemas.provincial import DossierLine, StepLine

_LINE: TypeAdapter[DossierLine | StepLine] = TypeAdapter(Annotated[DossierLine | StepLine, Field(discriminator="type")])
_FAULTS_IN_DETAIL = 5


def parse_line(line: bytes) -> Record | Refusal:
    """Read one line of a stream; a refusal says what is wrong with it and where."""
    try:
        parsed = _LINE.validate_json(line)
    except ValidationError as error:
        # The first part of the place is the kind of line, which is no part of the record.
        return refusal_of(error.errors(include_url=False, include_input=False), skip=1, line=True)
    if isinstance(parsed, DossierLine):
        return DossierRecord(parsed.code, parsed)
    return StepRecord(parsed.dossier, parsed)


def refusal_of(errors: Sequence[Any], *, skip: int = 0, line: bool = False) -> Refusal:
    """A refusal from pydantic's findings; ``skip`` leaves out leading parts of each place."""
    if any(error["type"] in {"json_invalid", "string_unicode"} for error in errors):
        message = f"not valid JSON in UTF-8: {errors[0].get('ctx', {}).get('error', errors[0]['msg'])}"
        return UnreadableBody(message, faults=(Fault("", message),))
    if line and errors[0]["type"] in {"union_tag_invalid", "union_tag_not_found", "model_attributes_type"}:
        message = "type: must be 'dossier' or 'step'"
        return InvalidRecord(message, faults=(Fault("/type", message),))
    faults = tuple(
        Fault("".join(f"/{_escape(part)}" for part in error["loc"][skip:]), error["msg"].removeprefix("Value error, "))
        for error in errors
    )
    shown = "; ".join(f"{fault.pointer or '/'}: {fault.detail}" for fault in faults[:_FAULTS_IN_DETAIL])
    return InvalidRecord(shown, faults=faults)


def _escape(part: object) -> str:
    # A key that is not known may be anything, somebody's number too.
    return hide_numbers(str(part)).replace("~", "~0").replace("/", "~1")
