"""The shipped fake: a national portal in memory, for tests of everything that delivers.

It keeps to what the portal does on the level of ``connectors.base``: an insert of what is held is an update when
it stands alone, an array with a wrong item is refused whole, steps are appended as often as they are sent. A test
scripts what goes wrong, and reads ``ledger`` for what was taken and ``calls`` for what was sent.
"""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.base import (
    Accepted,
    Capacity,
    Exchange,
    Health,
    Kind,
    Knowledge,
    Outcome,
    Parcel,
    Probed,
    Rejected,
    Sent,
    TryLater,
    Unknown,
)

_EXISTS = Rejected("3", "MaHoSo: hồ sơ đã tồn tại", "MaHoSo")
_MISSING = Rejected("4", "MaHoSo: hồ sơ không tồn tại", "MaHoSo")
_LOST = Unknown("connection_lost", "the answer was lost")
_DONE = Accepted("0", "thành công")


@dataclass(frozen=True, slots=True)
class Taken:
    """One line of the ledger: what was applied, in order."""

    kind: Literal["insert", "update", "step"]
    dossier: str
    payload: str


@dataclass(frozen=True, slots=True)
class Scripted:
    """What a coming call is answered instead of its own answer, and how much of it is applied before.

    ``dossier`` None means the next call, a code means the next call that carries it.
    """

    outcome: Outcome
    dossier: str | None
    applied: Literal["none", "half", "all"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Parcels that the fake refuses until the entry is taken out of ``refusals``."""

    fits: Callable[[Parcel], bool]
    outcome: Rejected


class InMemoryConnector:
    """A national system that remembers; safe to share between tasks of one event loop."""

    def __init__(self, capacity: Capacity | None = None) -> None:
        """Hold nothing yet and refuse nothing."""
        self.capacity = capacity or Capacity()
        self.ledger: list[Taken] = []
        self.calls: list[tuple[Parcel, ...]] = []
        self.probes: list[str] = []
        self.scripts: deque[Scripted] = deque()
        self.probe_scripts: deque[tuple[TryLater, str | None]] = deque()
        self.refusals: list[Refusal] = []
        self.health = Health(reachable=True, detail="in memory")
        self.closed = False
        #: Set as soon as a call stands at the gate that ``pause`` has closed.
        self.waiting = asyncio.Event()
        self._gate = asyncio.Event()
        self._gate.set()
        self._bugs = 0
        self._held: dict[str, str] = {}
        self._steps: dict[str, list[str]] = {}

    def script(self, outcome: Outcome, times: int = 1, dossier: str | None = None, *, partly: bool = False) -> None:
        """Answer coming calls with ``outcome`` and apply nothing; ``partly`` takes the first half of the array."""
        self.scripts.extend([Scripted(outcome, dossier, "half" if partly else "none")] * times)

    def lose_answer(self, times: int = 1, dossier: str | None = None) -> None:
        """Apply coming calls, and let their answers be lost."""
        self.scripts.extend([Scripted(_LOST, dossier, "all")] * times)

    def fail_probe(self, failure: TryLater | None = None, times: int = 1, dossier: str | None = None) -> None:
        """Let coming probes bring no knowledge."""
        self.probe_scripts.extend([(failure or TryLater("probe_unreadable"), dossier)] * times)

    def refuse(
        self, which: str | Callable[[Parcel], bool], *, code: str, message: str, field: str | None = None
    ) -> None:
        """Refuse every parcel of a dossier, or every parcel that a predicate picks."""
        fits = which if callable(which) else lambda parcel: parcel.dossier_code == which
        self.refusals.append(Refusal(fits, Rejected(code, message, field)))

    def raise_bug(self, times: int = 1) -> None:
        """Let coming calls raise, as a connector with a bug would."""
        self._bugs += times

    def pause(self) -> None:
        """Hold coming calls and probes open, before anything is applied."""
        self._gate.clear()
        self.waiting.clear()

    def resume(self) -> None:
        """Let the held ones go on."""
        self._gate.set()

    def held(self, dossier_code: str) -> str | None:
        """The payload of a dossier as last taken; None when it is not held."""
        return self._held.get(dossier_code)

    def steps(self, dossier_code: str) -> list[str]:
        """The payloads of a dossier's steps, in order."""
        return list(self._steps.get(dossier_code, ()))

    def envelope(self, parcel: Parcel) -> str:
        """Steps, inserts and updates never share a call."""
        return "step" if parcel.kind is Kind.STEP else f"dossier:{parcel.known}"

    async def send(self, parcels: Sequence[Parcel]) -> Sent:
        """Take parcels of one envelope.

        Raises:
            RuntimeError: a bug was asked for, or parcels of two envelopes share the call.
        """
        self.calls.append(tuple(parcels))
        await self._pass_gate()
        if self._bugs:
            self._bugs -= 1
            message = "a bug that a test asked for"
            raise RuntimeError(message)
        if len({self.envelope(parcel) for parcel in parcels}) != 1:
            message = "parcels of two envelopes, or none, in one call"
            raise RuntimeError(message)
        scripted = self._scripted(parcels)
        if scripted is None:
            return _sent(self._take(parcels), parcels)
        count = {"none": 0, "half": (len(parcels) + 1) // 2, "all": len(parcels)}[scripted.applied]
        if count:
            self._take(parcels[:count])
        return _sent(scripted.outcome, parcels)

    async def probe(self, dossier_code: str, parcels: Sequence[Parcel]) -> Probed:
        """Say what is held of a dossier; equal steps are counted."""
        self.probes.append(dossier_code)
        await self._pass_gate()
        exchange = Exchange("probe", 200)
        for entry in self.probe_scripts:
            failure, wanted = entry
            if wanted in {None, dossier_code}:
                self.probe_scripts.remove(entry)
                return Probed((Knowledge.CANNOT_TELL,) * len(parcels), exchange, None, failure)
        left = Counter(_canonical(step) for step in self._steps.get(dossier_code, ()))
        held = self._held.get(dossier_code)
        knowledge = []
        for parcel in parcels:
            key = _canonical(parcel.payload)
            holds = bool(left[key]) if parcel.kind is Kind.STEP else held is not None and _canonical(held) == key
            if parcel.kind is Kind.STEP and holds:
                left[key] -= 1
            knowledge.append(Knowledge.HOLDS if holds else Knowledge.LACKS)
        return Probed(tuple(knowledge), exchange, dossier_known=held is not None)

    async def check(self) -> Health:
        """What ``health`` says."""
        return self.health

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    async def _pass_gate(self) -> None:
        if not self._gate.is_set():
            self.waiting.set()
            await self._gate.wait()

    def _scripted(self, parcels: Sequence[Parcel]) -> Scripted | None:
        codes = {None, *(parcel.dossier_code for parcel in parcels)}
        found = next((entry for entry in self.scripts if entry.dossier in codes), None)
        if found is not None:
            self.scripts.remove(found)
        return found

    def _take(self, parcels: Sequence[Parcel]) -> Outcome:
        """Apply all, or nothing when one is wrong."""
        alone, seen = len(parcels) == 1, set()
        for parcel in parcels:
            refused = next((refusal.outcome for refusal in self.refusals if refusal.fits(parcel)), None)
            if refused is not None:
                return refused
            code, is_held = parcel.dossier_code, parcel.dossier_code in self._held
            inserts = parcel.kind is Kind.DOSSIER and not parcel.known
            if not inserts and not is_held:
                return _MISSING
            if inserts and (code in seen or (is_held and not alone)):
                return _EXISTS
            seen.add(code)
        for parcel in parcels:
            self._apply(parcel)
        return _DONE

    def _apply(self, parcel: Parcel) -> None:
        code = parcel.dossier_code
        if parcel.kind is Kind.STEP:
            self._steps.setdefault(code, []).append(parcel.payload)
            self.ledger.append(Taken("step", code, parcel.payload))
            return
        self.ledger.append(Taken("update" if code in self._held else "insert", code, parcel.payload))
        self._held[code] = parcel.payload


def _sent(outcome: Outcome, parcels: Sequence[Parcel]) -> Sent:
    """One fate for all; a refusal of several speaks of the array."""
    exchange = Exchange(parcels[0].kind.value, None if isinstance(outcome, Unknown) else 200, f"{len(parcels)} parcels")
    count = len(parcels)
    return Sent((outcome,) * count, exchange, array_refused=isinstance(outcome, Rejected) and count > 1)


def _canonical(payload: str) -> str:
    return json.dumps(json.loads(payload), sort_keys=True)
