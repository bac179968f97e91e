"""Fixtures of the mock's tests."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mock_national.app import create_app
from mock_national.settings import Settings
from tests.mock.support import Clock, Population, Portal, in_process

_PEOPLE = 200


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def _people(scratch: Path) -> Path:
    """A mock's store with nothing in it but the invented people, who are the same for every test."""
    file = scratch / "people" / "mock.sqlite3"
    file.parent.mkdir()
    create_app(Settings(database=str(file), people_count=_PEOPLE)).state.store.close()
    return file


@pytest.fixture
def settings(tmp_path: Path, clock: Clock, _people: Path) -> Settings:
    database = shutil.copy(_people, tmp_path)
    return Settings(database=str(database), clock=clock, people_count=_PEOPLE, slow_seconds=0.01)


@pytest_asyncio.fixture
async def portal(settings: Settings) -> AsyncIterator[Portal]:
    async with in_process(create_app(settings)) as client:
        portal = Portal(client)
        await portal.log_in()
        yield portal


@pytest_asyncio.fixture
async def population(settings: Settings) -> AsyncIterator[Population]:
    async with in_process(create_app(settings)) as client:
        population = Population(client)
        await population.log_in()
        yield population
