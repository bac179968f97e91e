"""The shipped fakes around documents: a national store, a scanner and a prober in memory.

Each keeps to its protocol. A test fills them, scripts what goes wrong, and reads what was asked.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import BinaryIO

from connectors.base import Exchange, Health
from connectors.links import LinkState, Live
from connectors.national_store import (
    FileAnswer,
    HeldPaper,
    PapersAnswer,
    PapersQuestion,
    StoreChannel,
    StoreOutcome,
)
from connectors.national_store.answers import is_wanted
from connectors.scanner import Clean, Infected, ScanOutcome

#: What the fake scanner takes for a virus: the name in EICAR's harmless test file.
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


class FakeNationalStore:
    """A national store that holds what a test puts into it; ``script`` lets coming calls go wrong."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.questions: list[PapersQuestion] = []
        self.fetched: list[tuple[str, str]] = []
        self.scripts: deque[tuple[StoreOutcome, str]] = deque()
        self.closed = False
        self._papers: dict[str, list[HeldPaper]] = {}
        self._files: dict[tuple[str, str], bytes] = {}

    def hold(self, owner_number: str, paper: HeldPaper, contents: Mapping[str, bytes]) -> None:
        """Hold a paper of a person; ``contents`` maps the path of each of its files to its bytes."""
        self._papers.setdefault(owner_number, []).append(paper)
        for file in paper.files:
            self._files[paper.issuing_body, file.path] = contents[file.path]

    def script(self, outcome: StoreOutcome, reason: str = "scripted", times: int = 1) -> None:
        """Answer coming calls, for papers or for a file, with ``outcome`` and nothing in it."""
        self.scripts.extend([(outcome, reason)] * times)

    async def papers(self, question: PapersQuestion) -> PapersAnswer:
        """As in ``NationalStore``: a requester must be named, and a citizen asks for their own papers only."""
        self.questions.append(question)
        exchange = Exchange("papers", 200)
        if self.scripts:
            return PapersAnswer(*self.scripts.popleft(), exchange)
        is_named = question.requester_name.strip() and question.requester_number.strip()
        is_owner = question.requester_number == question.owner_number
        if not is_named or (question.channel is StoreChannel.CITIZEN and not is_owner):
            return PapersAnswer(StoreOutcome.DENIED, "the requester may not ask", exchange)
        held = self._papers.get(question.owner_number, ())
        papers = tuple(paper for paper in held if is_wanted(paper, question.wanted))
        return PapersAnswer(StoreOutcome.FOUND if papers else StoreOutcome.NOTHING_HELD, "answered", exchange, papers)

    async def file(self, issuing_body: str, path: str, max_bytes: int) -> FileAnswer:
        """As in ``NationalStore``."""
        self.fetched.append((issuing_body, path))
        exchange = Exchange("file", 200)
        if self.scripts:
            return FileAnswer(*self.scripts.popleft(), exchange)
        content = self._files.get((issuing_body, path))
        if content is None:
            return FileAnswer(StoreOutcome.NOTHING_HELD, "no such file", exchange)
        if len(content) > max_bytes:
            return FileAnswer(StoreOutcome.BAD_REPLY, "too_large", exchange)
        return FileAnswer(StoreOutcome.FOUND, "answered", exchange, content)

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class FakeScanner:
    """Finds ``EICAR`` and nothing else; ``outcomes`` holds what the next calls are answered instead."""

    def __init__(self) -> None:
        """Nothing scanned yet."""
        self.scans = 0
        self.outcomes: deque[ScanOutcome] = deque()
        self.health = Health(reachable=True, detail="in memory")

    async def scan(self, file: BinaryIO) -> ScanOutcome:
        """As in ``Scanner``."""
        self.scans += 1
        if self.outcomes:
            return self.outcomes.popleft()
        return Infected("Eicar-Signature") if EICAR in await asyncio.to_thread(_whole, file) else Clean()

    async def check(self) -> Health:
        """What ``health`` says."""
        return self.health


class FakeProber:
    """Finds every link alive but those in ``states``, which it answers as they say."""

    def __init__(self) -> None:
        """Nothing probed yet."""
        self.states: dict[str, LinkState] = {}
        self.probed: list[tuple[str, str, int]] = []
        self.closed = False

    async def probe(self, url: str, sha256: str, size_bytes: int) -> LinkState:
        """As in ``Prober``."""
        self.probed.append((url, sha256, size_bytes))
        return self.states.get(url, Live(0.0))

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()
