"""Questions and answers about persons; the outcome classes are kept apart for ever."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from connectors.base import Exchange
from schemas.persons import PersonField


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
    number: str = field(repr=False)
    full_name: str = field(repr=False)
    birth_date: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """The outcome, why, and the masked exchange (None when nothing was sent)."""

    outcome: PersonOutcome
    reason: str
    exchange: Exchange | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where: codes of the statistics office (2, 3 and 5 digits), free text, ISO 3166 alpha-2; None what was not told.

    Since the districts are gone many places have no ``district_code``, and codes may be older than any list of ours.
    """

    province_code: str | None
    district_code: str | None
    ward_code: str | None
    detail: str | None
    country: str | None


@dataclass(frozen=True, slots=True)
class Relative:
    """Another person in a record; None what was not told. ``relation`` is the national code, as ``CH01`` for the head.

    A number of a length that no number has is left out.
    """

    full_name: str | None
    nationality: str | None
    number: str | None
    old_number: str | None
    relation: str | None


FieldValue = str | Place | Relative


@dataclass(frozen=True, slots=True)
class RecordAnswer:
    """What the database told of a person.

    ``record`` has the wanted fields that came with a value, and no other. ``data_at`` is the time of the data where
    the answer names it (UTC). ``alarm``: the answer was about somebody else, and somebody must look at it. The
    exchange (None when nothing was sent) keeps no word of the answer.
    """

    outcome: PersonOutcome
    reason: str
    exchange: Exchange | None
    record: Mapping[PersonField, FieldValue] = field(default_factory=dict, repr=False)
    data_at: datetime | None = None
    alarm: bool = False


class PersonConnector(Protocol):
    """The population database, as far as we ask it. Never raises for what the far side or the network did."""

    async def verify(self, question: PersonQuestion) -> PersonAnswer:
        """Yes or no (service 003)."""

    async def read(self, question: PersonQuestion, wanted: frozenset[PersonField]) -> RecordAnswer:
        """The wanted fields of the record (service 037)."""
