"""Databases for state machines, which need a new one for each example and not for each test."""

from functools import partial
from pathlib import Path

import pytest

from tests.conftest import database_on
from tests.stateful.databases import Databases, PostgresqlCopy, SqliteCopy


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, scratch: Path) -> Databases:
    """One maker of fresh databases an engine."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("_sqlite_template")
        return Databases(partial(SqliteCopy, template, scratch))
    server, name = request.getfixturevalue("postgresql_server"), request.getfixturevalue("_postgresql_template")
    return Databases(partial(PostgresqlCopy, partial(database_on, server, name)))
