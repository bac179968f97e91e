"""Questions to the national store and what can come of them: a closed set, kept apart for ever."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from connectors.base import Exchange


class StoreOutcome(StrEnum):
    """What came of a question. Only the first two say anything about the person's papers.

    ``DENIED`` is a question that the store read and would not answer. ``BAD_REPLY`` is an answer that nobody here
    can read; ``UNAVAILABLE`` is none. Neither is ever told as "nothing held".
    """

    FOUND = "FOUND"
    NOTHING_HELD = "NOTHING_HELD"
    DENIED = "DENIED"
    UNAVAILABLE = "UNAVAILABLE"
    BAD_REPLY = "BAD_REPLY"


class StoreChannel(StrEnum):
    """Who asks: an officer at the counter, or the citizen alone."""

    OFFICER = "1"
    CITIZEN = "2"


@dataclass(frozen=True, slots=True)
class PapersQuestion:
    """Which papers of these kinds does the store hold of a person?

    ``owner_number`` has 9 or 12 digits. ``wanted`` holds a result code (``KQ.G15.000031``) and the number and symbol
    of the paper, or None for any; empty asks for all that is held.
    """

    owner_number: str
    requester_name: str
    requester_number: str
    channel: StoreChannel
    procedure_code: str
    wanted: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class HeldFile:
    """One file of a paper; ``path`` is what the store wants back when the file is asked for."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class HeldPaper:
    """One paper that the store holds; ``number_symbol`` and ``issuing_body`` are empty when it does not say."""

    result_code: str
    name: str
    number_symbol: str
    issuing_body: str
    files: tuple[HeldFile, ...]


@dataclass(frozen=True, slots=True)
class PapersAnswer:
    """The outcome, why, and the masked exchange (None when nothing was sent).

    ``papers`` is filled with FOUND only. ``unasked`` counts the papers that the store told of though they were not
    wanted: they are dropped, since nobody may keep what was not asked for.
    """

    outcome: StoreOutcome
    reason: str
    exchange: Exchange | None
    papers: tuple[HeldPaper, ...] = ()
    unasked: int = 0


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """As ``PapersAnswer``, for one file; ``content`` is filled with FOUND only and never empty then.

    What the bytes are is not looked at here. The file comes as bare text without length or hash, so one that the far
    side cut short can pass as base64: open it before it is kept.
    """

    outcome: StoreOutcome
    reason: str
    exchange: Exchange | None
    content: bytes | None = field(default=None, repr=False)


class NationalStore(Protocol):
    """Whoever can be asked for a person's papers."""

    async def papers(self, question: PapersQuestion) -> PapersAnswer:
        """Ask what is held. Never raises for what the far side or the network did."""

    async def file(self, issuing_body: str, path: str, max_bytes: int) -> FileAnswer:
        """Fetch a file that ``papers`` named, of at most ``max_bytes``. Never raises either."""

    async def aclose(self) -> None:
        """Let go of connections."""
