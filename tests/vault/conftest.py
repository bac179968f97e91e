"""Every kind of vault for every test that asks for a ``world``."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.vault import Way
from tests.vault.service import S3World, s3_service
from tests.vault.support import LocalWorld, World

# A line for each request to the service in the tests is no news.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with s3_service() as endpoint:
        yield endpoint


@pytest.fixture(params=list(Way), ids=lambda way: way.value)
def local(request: pytest.FixtureRequest, tmp_path: Path) -> LocalWorld:
    """A vault in a folder, that names its files in each of the ways."""
    return LocalWorld(tmp_path / "vault", request.param)


@pytest.fixture
def s3(s3_endpoint: str, tmp_path: Path) -> S3World:
    """A vault in a bucket of its own."""
    return S3World(s3_endpoint, tmp_path / "scratch")


@pytest.fixture(params=[*(way.value for way in Way), "s3"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Each kind of vault."""
    if request.param == "s3":
        found: S3World = request.getfixturevalue("s3")
        return found
    return LocalWorld(tmp_path / "vault", Way(request.param))
