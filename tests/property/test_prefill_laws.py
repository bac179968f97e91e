"""Laws of filled forms: nothing is chosen between values that differ, and figures are what was handed in."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from app.domain.prefill import FieldState, How, Lack, Origin, Preview, Value, Why, fill, kept_wrongly, tally
from app.store import prefills
from app.store.document_tables import subjects
from app.store.once_only_tables import prefills as table
from app.store.prefills import Figures, Selection
from app.store.session import Database, Row, WriteSession
from tests.factories import NOW

texts = st.sampled_from(["An", "Ân", "an"])
values = st.builds(Value, texts, st.sampled_from([Origin.POPULATION, Origin.DOSSIER, Origin.EARLIER_DOSSIER]))


@given(
    st.lists(values, max_size=4),
    st.sampled_from([None, Origin.POPULATION, Origin.EARLIER_DOSSIER]),
    st.sampled_from(list(Lack)),
    st.none() | texts,
)
def test_a_blank_is_filled_only_with_what_nobody_contradicts(
    held: list[Value], authority: Origin | None, lack: Lack, declared: str | None
) -> None:
    filled = fill(held, authority, lack, declared, str.__eq__)
    said = [value.text for value in held] + ([declared] if declared else [])
    agree = all(one == other for one, other in combinations(said, 2))
    if filled.state is FieldState.FILLED:
        assert agree
        spoken = [value for value in held if value.origin is authority]
        assert filled.value == (spoken or held)[0]
        assert filled.why is (Why.AUTHORITY if spoken else Why.OTHER_SOURCE)
    else:
        assert filled.value is None
        assert filled.state is FieldState.ASK or not agree
        assert [value.text for value in filled.others] == (said if filled.state is FieldState.CONFLICT else [])


@st.composite
def handed_in(draw: st.DrawFn) -> Row:
    """A form that was handed in, or not yet, as the use cases keep it."""
    names = [f"blank_{n}" for n in range(draw(st.integers(1, 5)))]
    states = {name: draw(st.sampled_from(list(FieldState))) for name in names}
    preview = draw(st.none() | st.sampled_from(list(Preview)))
    hows = {name: draw(st.sampled_from(list(How))) for name in names}
    hows |= dict.fromkeys(kept_wrongly(states, hows, preview), How.ASKED)
    counted = tally(states, hows, preview, ())
    is_in = draw(st.booleans())
    return {
        "at": NOW,
        "caller": "one-stop",
        "agency": "H15",
        "officer": "cb.01",
        "unit_code": draw(st.sampled_from(["H15.50", "H15.51"])),
        "dossier_code": "H15.50-260701-0001",
        "procedure_code": "1.004873",
        "subject_id": "1" * 32,
        "form": draw(st.sampled_from(["TK-A", "TK-B"])),
        "rules_version": "0" * 12,
        "fields": json.dumps({name: {"state": state.value} for name, state in states.items()}),
        "baseline": draw(st.integers(0, 6)),
        "filled": sum(state is FieldState.FILLED for state in states.values()),
        "preview": preview.value if preview else None,
        "handed_in": json.dumps({name: how.value for name, how in hows.items()}) if is_in else None,
        "asked": counted.asked if is_in else None,
        "kept": counted.kept if is_in else None,
        "asked_needlessly": counted.asked_needlessly if is_in else None,
        "month": draw(st.sampled_from(["2026-06", "2026-07"])) if is_in else None,
    }


def recomputed(rows: list[Row], wanted: Selection) -> Iterator[Figures]:
    """The figures, blank by blank from what was handed in."""
    sums: dict[Any, list[int]] = defaultdict(lambda: [0] * 6)
    for row in rows:
        if row["handed_in"] is None or any(
            limit and row[name] != limit
            for name, limit in (("form", wanted.form), ("unit_code", wanted.unit), ("month", wanted.month))
        ):
            continue
        unit = row["unit_code"] if wanted.by_unit else wanted.unit
        key = (row["form"], row["procedure_code"], unit, row["month"] if wanted.by_month else wanted.month)
        states, hows = json.loads(row["fields"]), json.loads(row["handed_in"])
        filled = [name for name, part in states.items() if part["state"] == "filled"]
        asked = [name for name, how in hows.items() if how == "asked"]
        kept = [name for name, how in hows.items() if how == "kept"]
        needless = [] if row["preview"] == "refused" else [name for name in asked if name in filled]
        changed = [name for name, how in hows.items() if how == "changed"]
        counts = (1, row["baseline"], len(asked) + len(changed), len(filled), len(kept), len(needless))
        sums[key] = [total + count for total, count in zip(sums[key], counts, strict=True)]
    for key, counted in sums.items():
        yield Figures(*key, *counted)


selections = st.builds(
    Selection,
    unit=st.sampled_from([None, "H15.51"]),
    month=st.sampled_from([None, "2026-07"]),
    by_unit=st.booleans(),
    by_month=st.booleans(),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(handed_in(), max_size=8), wanted=selections)
def test_figures_are_what_was_handed_in(database_url: str, rows: list[Row], wanted: Selection) -> None:
    async def figures() -> list[Figures]:
        database = Database(database_url)

        async def work(session: WriteSession) -> None:
            await session.execute(delete(table))
            await session.execute(delete(subjects))
            owner = {"id": "1" * 32, "kind": "personal_number", "number": "003190123456", "created_at": NOW}
            await session.execute(insert(subjects), owner)
            for place, row in enumerate(rows):
                await prefills.add(session, row | {"id": f"{place:032x}"})

        try:
            await database.run(work)
            async with database.read() as session:
                return await prefills.figures(session, wanted)
        finally:
            await database.aclose()

    found = asyncio.run(figures())
    assert sorted(found, key=repr) == sorted(recomputed(rows, wanted), key=repr)
