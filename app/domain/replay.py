"""What is sent again, and how fast: a selection in words that cannot change under way, and the maths of the rate."""

import hashlib
import json
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.domain.delivery import DeliveryState

#: States that a selection by facts may name: nothing that moves by itself, nothing that is settled for good.
REPLAYABLE = (DeliveryState.REJECTED, DeliveryState.DEAD)
#: Time that is caught up on when nobody came by to work a replay off; more would flood whoever has just come back.
CATCH_UP_SECONDS = 5.0
#: Presses of the same button within this time are one, also when the first has long been worked off.
SAME_PRESS_SECONDS = 60.0
_INSTANT = timedelta(microseconds=1)


class ReplayState(StrEnum):
    """State of a replay."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


class Fate(StrEnum):
    """What becomes of one delivery when its turn comes; the words of ``keeping.revive``."""

    OK = "ok"
    SETTLED = "settled"
    OVERTAKEN = "overtaken"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which deliveries: by ``ids``, or by facts. ``since`` and ``until`` bound when they were refused or given up.

    ``since`` is part of the span, ``until`` is not. ``units`` are those in reach of who asked; none: all.
    """

    ids: tuple[int, ...] = ()
    states: tuple[DeliveryState, ...] = REPLAYABLE
    target: str | None = None
    procedure: str | None = None
    unit: str | None = None
    failure_class: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    units: tuple[str, ...] = ()

    def text(self) -> str:
        """JSON text that is equal for equal selections, whatever order their parts were named in."""
        facts: dict[str, object] = {"ids": sorted(set(self.ids))} if self.ids else {"states": sorted(self.states)}
        for name in ("target", "procedure", "unit", "failure_class", "reason"):
            facts[name] = getattr(self, name)
        for name in ("since", "until"):
            at: datetime | None = getattr(self, name)
            facts[name] = at.astimezone(UTC).isoformat() if at else None
        facts["units"] = sorted(self.units) or None
        kept = {name: value for name, value in facts.items() if value is not None}
        return json.dumps(kept, sort_keys=True, separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> "Selection":
        """The selection that a text says."""
        facts = json.loads(text)
        for name in ("since", "until"):
            facts[name] = datetime.fromisoformat(facts[name]) if facts.get(name) else None
        facts["ids"] = tuple(facts.get("ids", ()))
        facts["units"] = tuple(facts.get("units", ()))
        facts["states"] = tuple(DeliveryState(state) for state in facts.get("states", REPLAYABLE))
        return cls(**facts)

    def fixed(self, now: datetime) -> "Selection":
        """The same with an end: what is refused after the button was pressed is not part of it."""
        return self if self.until is not None else replace(self, until=now + _INSTANT)

    def asks_for(self, running: "Selection") -> bool:
        """Whether a replay of ``running`` is what somebody who selects this asks for; an end may have been added."""
        return self.text() == (running if self.until is not None else replace(running, until=None)).text()

    def hash(self) -> str:
        """Key of the replay of a selection that has an end."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def key_of(caller: str, given: str) -> str:
    """Key of a replay that a caller named by itself; two callers cannot take each other's names."""
    return hashlib.sha256(f"{caller}\n{given}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Grant:
    """How many may go now. ``run_at`` is until when the time is used up; write it only with what was sent."""

    count: int
    run_at: datetime


def grant(per_second: int, last_run_at: datetime | None, now: datetime, batch_max: int) -> Grant:
    """Share of a rate that has come due since ``last_run_at`` (None: it begins, with the share of one second).

    Never more than ``per_second`` times the time gone by, the parts of a delivery not lost; time that nobody used
    is caught up on for ``CATCH_UP_SECONDS`` at most. A clock that goes back grants nothing until it has caught up.
    """
    begin = now - timedelta(seconds=1) if last_run_at is None else last_run_at
    begin = max(begin, now - timedelta(seconds=CATCH_UP_SECONDS))
    elapsed = (now - begin) // _INSTANT
    due = min(math.floor(per_second * elapsed / 1_000_000), batch_max)
    if due <= 0:
        return Grant(0, begin)
    # Rounded up, so that what was granted can never exceed the rate by a fraction.
    return Grant(due, begin + timedelta(microseconds=-(-due * 1_000_000 // per_second)))
