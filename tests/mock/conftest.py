"""Fixtures of the mock's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mock_national.app import create_app
from mock_national.settings import Settings
from tests.mock.support import Clock, Population, Portal, in_process


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path, clock: Clock) -> Settings:
    return Settings(database=str(tmp_path / "mock.sqlite3"), clock=clock, people_count=200, slow_seconds=0.01)


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
