"""The quiet after the storm: wait until nothing is pending, then hold the ledger against what was acknowledged."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from app.demo.client import Gateway, Json
from app.demo.drive import Audit, record_id
from chaos.house import House

_PENDING: Final = ("sending", "unknown", "waiting")
_STUCK: Final = ("rejected", "dead")
_POLL_SECONDS: Final = 0.5
_STALL_SECONDS: Final = 60.0
_STEADY_POLLS: Final = 6
_HANDS_MAX: Final = 5
_SHOWN: Final = 20


@dataclass(slots=True)
class Verdict:
    """How the ledgers stand to each other. All lists but ``by_hand`` are empty when nothing is wrong."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    out_of_order: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    misreported: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether everything acknowledged is with the nation once and in order, and the gateway says so."""
        return not any((self.lost, self.doubled, self.out_of_order, self.foreign, self.misreported, self.undecided))


class Quiet:
    """Waits until everything is settled, pressing "send again" where an armed fault made the nation refuse."""

    def __init__(self, house: House, gateway: Gateway, say: Callable[[str], None], *, refusing: bool) -> None:
        """``refusing``: whether faults have struck by which the nation refuses a record that is right."""
        self._house = house
        self._gateway = gateway
        self._say = say
        self._refusing = refusing
        self._hands = 0
        self.by_hand: list[str] = []

    async def settle(self, deadline_seconds: float) -> bool:
        """Wait until nothing is pending; False when nothing moves any more, or the time is over."""
        began = moved_at = time.monotonic()
        last, steady = -1, 0
        while True:
            pending = await asyncio.to_thread(self._pending)
            steady = steady + 1 if pending == last else 0
            if pending != last:
                last, moved_at = pending, time.monotonic()
            if pending == 0 or steady % _STEADY_POLLS == _STEADY_POLLS - 1:
                pressed = await asyncio.to_thread(self._press)
                moved_at = time.monotonic() if pressed else moved_at
                if pending == 0 and not pressed:
                    return True
            now = time.monotonic()
            if now - moved_at > _STALL_SECONDS or now - began > deadline_seconds:
                self._say(f"{pending} deliveries are pending still")
                return False
            for member in self._house.members.values():
                await asyncio.to_thread(self._house.revive, member)
            await asyncio.sleep(_POLL_SECONDS)

    def stuck(self) -> list[str]:
        """Everything that is not settled, or that a person must decide, with what the gateway says about it."""
        return [
            _words(delivery) for state in (*_PENDING, *_STUCK) for delivery in self._gateway.deliveries(state=state)
        ]

    def _pending(self) -> int:
        deliveries: dict[str, dict[str, int]] = self._gateway.summary()["deliveries"]
        return sum(states.get(state, 0) for states in deliveries.values() for state in _PENDING)

    def _press(self) -> int:
        """Press "send again" on what the nation refused while it was out of its mind; how many were pressed."""
        if not self._refusing or self._hands >= _HANDS_MAX:
            return 0
        refused = list(self._gateway.deliveries(state="rejected"))
        self._hands += bool(refused)
        for delivery in refused:
            self.by_hand.append(_words(delivery))
            self._gateway._call("POST", f"/v1/deliveries/{delivery['id']}/retry")  # noqa: SLF001 - one more address
        return len(refused)


def weigh(told: Audit) -> Verdict:
    """The comparison as a verdict. Nothing is excused: what is refused or held is not where it should be."""
    found = told.found
    return Verdict(
        acknowledged=told.handed_over,
        lost=sorted({*found.lost, *found.stale, *told.refused, *told.held}),
        doubled=found.doubled,
        out_of_order=found.out_of_order,
        foreign=found.foreign,
        misreported=told.misreported,
    )


def show(title: str, rows: Iterable[str], say: Callable[[str], None]) -> None:
    """Print the first rows of a list, and how many there are."""
    found = list(rows)
    if found:
        say(f"{title}: {len(found)}")
        for row in found[:_SHOWN]:
            say(f"    {row}")


def _words(delivery: Json) -> str:
    words = delivery["answer_message"] or "-"
    held = f", held: {delivery['held_because']}" if delivery["held_because"] else ""
    return (
        f"{record_id(delivery)}: {delivery['state']} ({delivery['reason']}), {delivery['attempts']} tries, "
        f"{words}{held}, next try {delivery['next_attempt_at']}"
    )
