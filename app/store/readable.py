"""What a database gives in the place of a value when somebody else has written there."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError

from app.errors import LienThongError
from app.store.session import ReadSession


class UnreadableRow(LienThongError):
    """The database holds something in the place of a value that nobody of ours wrote."""


@contextmanager
def reading(session: ReadSession) -> Iterator[None]:
    """Tell rows that cannot be read from a database that does not answer.

    Raises:
        UnreadableRow: one of the rows that were read within holds what cannot be read.
    """
    message = "a row of the log cannot be read"
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableRow(message) from error
    except DBAPIError as error:
        # SQLite tells broken text only when it is read, PostgreSQL's driver a time that Python has not; of any other
        # fault nothing follows about the row.
        broken_text = session.dialect == "sqlite" and "UTF-8" in str(error.orig)
        if not broken_text and not isinstance(error, DataError):
            raise
        raise UnreadableRow(message) from error
