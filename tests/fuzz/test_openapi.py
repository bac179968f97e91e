"""The whole OpenAPI document, authenticated and not: no 5xx, nothing undeclared, nothing of another shape."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.fuzz.bounds import examples, is_long
from tests.fuzz.served import Case, Operation, Served, served

_PARTS = 2
_COVERED, _DRAWN = 16, 3


@pytest.fixture
def served_here(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as found:
        yield found


def covered(here: Served, operation: Operation) -> Iterator[Case]:
    """Each part of a request at its bounds and beyond, one at a time; in a short run the first of each way."""
    for mode in GenerationMode:
        cases = here.schema.iter_coverage_cases(
            operation,
            generation_modes=[mode],
            generation_config=here.schema.config.generation_for(operation=operation),
        )
        yield from cases if is_long() else itertools.islice(cases, _COVERED)


def drawn(here: Served, operation: Operation, headers: dict[str, str]) -> None:
    """Drawn requests to what is there."""
    named = {one.name: here.furnished.ids[one.name] for one in operation.path_parameters}
    has_more = any((operation.query, operation.headers, operation.body))
    # What takes nothing cannot be given a wrong one.
    for mode in GenerationMode if has_more else [GenerationMode.POSITIVE]:
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=named)

        @settings(examples(_DRAWN), phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(strategy)
        def run(case: Case) -> None:
            here.try_case(case, headers)

        run()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("part", range(_PARTS))
def test_every_operation_keeps_to_what_is_published(part: int, served_here: Served) -> None:
    headers = served_here.furnished.headers
    for operation in served_here.operations()[part::_PARTS]:
        for case in covered(served_here, operation):
            served_here.try_case(case, headers)
        # To draw what fits the patterns of a query takes seconds, and its bounds have just been tried.
        if is_long() or not operation.query:
            drawn(served_here, operation, headers)
    served_here.settle()
