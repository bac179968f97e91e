"""The shipped fake: a national portal in memory, for tests of everything that delivers.

It keeps to what the portal does on the level of ``connectors.base``: an insert of what is held is an update when
it stands alone, an array with a wrong item meets ``policy``, steps are appended as often as they are sent, events
depend on nothing. A test scripts what goes wrong, and reads ``ledger`` for what was taken and ``calls`` for what was
sent.
"""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
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
from connectors.masking import mask

_EXISTS = Rejected("3", "MaHoSo: hồ sơ đã tồn tại", "MaHoSo")
_MISSING = Rejected("4", "MaHoSo: hồ sơ không tồn tại", "MaHoSo")
_LOST = Unknown("connection_lost", "the answer was lost")
_LATE = Unknown("read_timeout", "no answer yet")
_DONE = Accepted("0", "thành công")


#: What becomes of an array with a wrong item: nothing of it is taken; the good ones are taken and no word of which;
#: the good ones are taken and each item has its own answer.
ArrayPolicy = Literal["whole", "rest_taken", "per_item"]


@dataclass(frozen=True, slots=True)
class Taken:
    """One line of the ledger: what was applied, in order."""

    kind: Literal["insert", "update", "step", "event"]
    dossier: str
    payload: str


@dataclass(frozen=True, slots=True)
class Scripted:
    """What a coming call is answered instead of its own answer, and how much of it is applied before.

    ``dossier`` None means the next call, a code means the next call that carries it.
    """

    outcome: Outcome
    dossier: str | None
    applied: Literal["none", "half", "all", "late"]


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
        self.policy: ArrayPolicy = "whole"
        #: While it is set, no probe brings knowledge.
        self.probe_down = False
        self.health = Health(reachable=True, detail="in memory")
        self.closed = False
        #: Set as soon as a call stands at the gate that ``pause`` has closed.
        self.waiting = asyncio.Event()
        self._gate = asyncio.Event()
        self._gate.set()
        self._bugs = 0
        self._held: dict[str, str] = {}
        self._steps: dict[str, list[str]] = {}
        self._late: deque[tuple[Parcel, ...]] = deque()

    def script(self, outcome: Outcome, times: int = 1, dossier: str | None = None, *, partly: bool = False) -> None:
        """Answer coming calls with ``outcome`` and apply nothing; ``partly`` takes the first half of the array."""
        self.scripts.extend([Scripted(outcome, dossier, "half" if partly else "none")] * times)

    def lose_answer(self, times: int = 1, dossier: str | None = None) -> None:
        """Apply coming calls, and let their answers be lost."""
        self.scripts.extend([Scripted(_LOST, dossier, "all")] * times)

    def apply_late(self, times: int = 1, dossier: str | None = None) -> None:
        """Let coming calls go unanswered, and apply them only when ``release_late`` is called."""
        self.scripts.extend([Scripted(_LATE, dossier, "late")] * times)

    @property
    def late_calls(self) -> int:
        """How many calls are to be applied late."""
        return len(self._late)

    def release_late(self) -> int:
        """Apply what came late, in the order in which it was sent, as the portal judges it now; how many calls.

        An insert of what is held by now is refused, and so is its array under the policy "whole".
        """
        count = len(self._late)
        while self._late:
            self._judge(self._late.popleft(), as_update=False)
        return count

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
        """Steps, inserts, updates and events never share a call."""
        return parcel.kind.value if parcel.kind is not Kind.DOSSIER else f"dossier:{parcel.known}"

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
            return self._answered(parcels)
        if scripted.applied == "late":
            self._late.append(tuple(parcels))
        count = {"half": (len(parcels) + 1) // 2, "all": len(parcels)}.get(scripted.applied, 0)
        if count:
            self._judge(parcels[:count], as_update=True)
        return _sent(scripted.outcome, parcels)

    async def probe(self, dossier_code: str, parcels: Sequence[Parcel]) -> Probed:
        """Say what is held of a dossier; equal steps are counted."""
        self.probes.append(dossier_code)
        await self._pass_gate()
        exchange = Exchange("probe", 200)
        if self.probe_down:
            failure = TryLater("http_503", "HTTP 503")
            return Probed((Knowledge.CANNOT_TELL,) * len(parcels), exchange, None, failure)
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
            if parcel.kind is Kind.EVENT:
                knowledge.append(Knowledge.CANNOT_TELL)
                continue
            holds = bool(left[key]) if parcel.kind is Kind.STEP else held is not None and _canonical(held) == key
            if parcel.kind is Kind.STEP and holds:
                left[key] -= 1
            knowledge.append(Knowledge.HOLDS if holds else Knowledge.LACKS)
        shown = None if held is None else mask(self._shown(dossier_code, held))
        return Probed(tuple(knowledge), exchange, dossier_known=held is not None, held=shown)

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

    def _shown(self, code: str, held: str) -> str:
        """A dossier as the portal shows it: names in upper case, the steps under TIENDO."""
        steps = [_upper(step) for step in self._steps.get(code, ())]
        return json.dumps({**_upper(held), "TIENDO": steps}, ensure_ascii=False)

    def _answered(self, parcels: Sequence[Parcel]) -> Sent:
        verdicts = self._judge(parcels, as_update=True)
        refused = next((verdict for verdict in verdicts if isinstance(verdict, Rejected)), None)
        if refused is not None and self.policy == "per_item" and len(parcels) > 1:
            return Sent(tuple(verdicts), Exchange(parcels[0].kind.value, 200, f"{len(parcels)} parcels"))
        return _sent(refused or _DONE, parcels)

    def _judge(self, parcels: Sequence[Parcel], *, as_update: bool) -> list[Outcome]:
        """Apply what the policy lets through; what is wrong with each parcel, else that it is done.

        ``as_update``: an insert of what is held becomes an update where the portal's connector would make it one.
        """
        becomes_update = as_update and (len(parcels) == 1 or self.policy == "per_item")
        verdicts: list[Outcome] = []
        seen: set[str] = set()
        for parcel in parcels:
            fault = self._fault(parcel, seen)
            verdicts.append(_DONE if fault is None or (fault is _EXISTS and becomes_update) else fault)
            seen.add(parcel.dossier_code)
        good = [parcel for parcel, verdict in zip(parcels, verdicts, strict=True) if verdict is _DONE]
        if len(good) < len(parcels) and self.policy == "whole":
            return verdicts
        # As with the portal, what was held already goes in a second call, after the inserts of the first.
        for parcel in sorted(
            good, key=lambda p: p.kind is Kind.DOSSIER and not p.known and p.dossier_code in self._held
        ):
            self._apply(parcel)
        return verdicts

    def _fault(self, parcel: Parcel, seen: Collection[str]) -> Rejected | None:
        """What is wrong with a parcel, in an array that named the dossiers ``seen`` before it."""
        refused = next((refusal.outcome for refusal in self.refusals if refusal.fits(parcel)), None)
        if refused is not None or parcel.kind is Kind.EVENT:
            return refused
        inserts = parcel.kind is Kind.DOSSIER and not parcel.known
        is_held = parcel.dossier_code in self._held
        if not inserts:
            return None if is_held else _MISSING
        return _EXISTS if is_held or parcel.dossier_code in seen else None

    def _apply(self, parcel: Parcel) -> None:
        code = parcel.dossier_code
        if parcel.kind is Kind.EVENT:
            self.ledger.append(Taken("event", code, parcel.payload))
            return
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


def _upper(payload: str) -> dict[str, object]:
    return {name.upper(): value for name, value in json.loads(payload).items()}


def _canonical(payload: str) -> str:
    return json.dumps(json.loads(payload), sort_keys=True)
