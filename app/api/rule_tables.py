"""``/v1/tables``: the five tables that "ask once" is judged by, as they are kept."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api import examples
from app.api import prefill_examples as shown
from app.deps import ContextDep, may
from app.domain.access import Bound, Permission
from app.usecases.context import Caller
from schemas.forms import RuleKind, TableOut
from schemas.provincial import Day

router = APIRouter(prefix="/v1/tables", tags=["tables"])


@router.get(
    "/{name}",
    summary="A table of rules, row by row",
    responses={200: examples.good(shown.TABLE), **examples.problems(401, 403, 422)},
)
async def get_table(
    name: Annotated[RuleKind, Path(examples=[RuleKind.FORMS.value])],
    context: ContextDep,
    _caller: Annotated[Caller, may(Permission.FIGURES_READ, reach=Bound.FREE)],
    on: Annotated[Day | None, Query(description="only rows in force on this day", examples=["2026-07-01"])] = None,
) -> TableOut:
    """What each procedure may see, who has the last word, what sector law wants, what forms ask, what is browsing.

    `version` changes with any letter of any of the five. A row is never edited: another follows it.
    """
    table = context.rules.table(name.value)
    shown_rows = table.on(on) if on else table
    return TableOut(
        name=table.name,
        version=context.rules.version,
        on=on.isoformat() if on else None,
        columns=table.header,
        rows=shown_rows.rows,
    )
