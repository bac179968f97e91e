"""Fresh databases, one an example."""

import itertools
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL

from app.store.session import Database
from tests.factories import ManualClock

_numbers = itertools.count(1)


@dataclass(slots=True)
class Databases:
    """Makes migrated, empty databases of one engine by copying, and lets go of them."""

    make: Callable[[], AbstractContextManager[str]]
    _open: dict[int, AbstractContextManager[str]] = field(default_factory=dict)

    async def fresh(self, clock: ManualClock) -> Database:
        """A database of its own."""
        lease = self.make()
        database = Database(lease.__enter__(), clock=clock)
        self._open[id(database)] = lease
        return database

    async def done(self, database: Database) -> None:
        """Close it and remove it."""
        await database.aclose()
        self._open.pop(id(database)).__exit__(None, None, None)


@dataclass(slots=True)
class SqliteCopy(AbstractContextManager[str]):
    """A copy of the migrated file, as long as the block lasts."""

    template: Path
    scratch: Path
    _folder: Path | None = None

    def __enter__(self) -> str:
        """Copy."""
        self._folder = self.scratch / f"machine-{next(_numbers)}"
        self._folder.mkdir()
        shutil.copy(self.template, self._folder)
        return f"sqlite:///{self._folder / self.template.name}"

    def __exit__(self, *_: object) -> None:
        """Remove the copy."""
        if self._folder is not None:
            shutil.rmtree(self._folder)


@dataclass(slots=True)
class PostgresqlCopy(AbstractContextManager[str]):
    """A database copied from the migrated one, as long as the block lasts."""

    copy: Callable[[], AbstractContextManager[URL]]
    _lease: AbstractContextManager[URL] | None = None

    def __enter__(self) -> str:
        """Copy."""
        self._lease = self.copy()
        return self._lease.__enter__().render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        """Drop the copy."""
        if self._lease is not None:
            self._lease.__exit__(None, None, None)
