"""Questions and answers about persons; the outcome classes are kept apart for ever."""

from dataclasses import dataclass
from enum import StrEnum

from connectors.base import Exchange


class PersonOutcome(StrEnum):
    """What came of a question. Only the first two say anything about the person."""

    MATCH = "MATCH"
    NOT_FOUND_OR_MISMATCH = "NOT_FOUND_OR_MISMATCH"
    DENIED = "DENIED"
    QUOTA = "QUOTA"
    UNAVAILABLE = "UNAVAILABLE"
    BAD_REPLY = "BAD_REPLY"


@dataclass(frozen=True, slots=True)
class PersonQuestion:
    """Is this number, name and birth date one person?

    ``request_id`` has at most 40 characters and is never used twice. ``number`` has 12 digits, or 9 for an old
    paper. ``birth_date`` is ``yyyy-MM-dd``, or ``yyyy`` for a person of whom only the year is known.
    """

    request_id: str
    procedure_code: str
    officer: str
    unit: str
    number: str
    full_name: str
    birth_date: str


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """The outcome, why, and the masked exchange (None when nothing was sent)."""

    outcome: PersonOutcome
    reason: str
    exchange: Exchange | None
