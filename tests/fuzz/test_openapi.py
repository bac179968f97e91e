"""The whole OpenAPI document, authenticated and not: no 5xx, nothing undeclared, nothing of another shape."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema_rs import validator_for
from schemathesis import GenerationMode

from app.main import create_app
from app.store.session import Database
from tests.fuzz.bounds import examples, is_long
from tests.fuzz.served import Case, Operation, Served, served
from tests.worlds import context_of
from tests.worlds import settings as plain_settings

_PARTS = 2
_COVERED, _DRAWN = 6, 1


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


def test_a_published_example_has_the_published_shape() -> None:
    document = create_app(plain_settings(), context_of(Database("sqlite:///unused.sqlite3"))).openapi()
    wrong, tried = [], 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            shape = body.get("schema", {}) | {"components": document["components"]}
            given = [one["value"] for one in body.get("examples", {}).values()]
            for example in [*given, *([body["example"]] if "example" in body else [])]:
                tried += 1
                wrong += [(method, path, error.message) for error in validator_for(shape).iter_errors(example)]
    assert wrong == []
    assert tried


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
