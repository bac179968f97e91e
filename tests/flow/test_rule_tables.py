"""The five tables as lawyers read them: as they are kept, whole or as they stood on a day."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from app.store.session import Database
from schemas.forms import RuleKind
from tests.api.test_door import problem
from tests.worlds import context_of, door


@pytest_asyncio.fixture
async def client(clocked_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context_of(clocked_database), scopes=["read"]) as client:
        yield client


async def test_each_table_is_shown_row_by_row(client: httpx.AsyncClient) -> None:
    versions = set()
    for kind in RuleKind:
        table = (await client.get(f"/v1/tables/{kind.value}")).json()
        assert table["rows"], kind
        assert {"valid_from", "valid_to"} <= set(table["columns"])
        assert {len(row) for row in table["rows"]} == {len(table["columns"])}
        assert table["on"] is None
        versions.add(table["version"])
    assert len(versions) == 1


async def test_on_a_day_only_the_rows_in_force_are_shown(client: httpx.AsyncClient) -> None:
    whole = (await client.get("/v1/tables/forms")).json()
    status = [row for row in whole["rows"] if row[whole["columns"].index("field")] == "applicant_marital_status"]
    assert len(status) == 2
    shown = {}
    for day in ("2025-01-08", "2025-01-09"):
        table = (await client.get(f"/v1/tables/forms?on={day}")).json()
        shown[day] = [row for row in status if row in table["rows"]]
        assert table["on"] == day
    assert len(shown["2025-01-08"]) == len(shown["2025-01-09"]) == 1
    assert shown["2025-01-08"] != shown["2025-01-09"]
    assert (await client.get("/v1/tables/forms?on=1999-01-01")).json()["rows"] == []


@pytest.mark.parametrize("path", ["/v1/tables/passwords", "/v1/tables/forms?on=yesterday"])
async def test_there_are_no_other_tables_and_days(client: httpx.AsyncClient, path: str) -> None:
    problem(await client.get(path), 422, "invalid-record")
