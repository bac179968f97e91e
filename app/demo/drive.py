"""Wait until everything is settled, and read both sides: what the gateway claims and what the ledger holds."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
from rich.console import Console

from app.demo.client import Gateway, Json, LineAnswer, progress
from app.demo.compare import Comparison, Record, collect, compare, fold, misreported
from app.demo.processes import Stack, StackError

_PENDING: Final = ("sending", "unknown", "waiting")
_POLL_SECONDS: Final = 0.25
# Longer than a lease and the first waits of the retry schedule together.
_STALL_SECONDS: Final = 180.0
_FEW: Final = 2000
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Audit:
    """Both sides of the matter. ``claims`` are the gateway's deliveries by record id."""

    claims: dict[str, Json]
    found: Comparison
    misreported: list[str]
    handed_over: int
    refused: list[str]
    held: list[str]

    @property
    def exact(self) -> bool:
        """Whether ledger and gateway agree with what was handed over, and every record is accounted for."""
        accounted = len(self.found.delivered) + len(self.found.superseded) + len(self.refused) + len(self.held)
        return self.found.exact and not self.misreported and accounted == self.handed_over


def read_answers(answers: Iterable[LineAnswer]) -> tuple[list[Record], list[LineAnswer]]:
    """Answers to lines as accepted records (in order) and refused lines."""
    accepted: list[Record] = []
    refused: list[LineAnswer] = []
    for answer in answers:
        if answer.taken:
            accepted.append(json.loads(answer.line))
        else:
            refused.append(answer)
    return accepted, refused


def settle(gateway: Gateway, stack: Stack, console: Console, title: str) -> None:
    """Wait until nothing is pending but what waits behind a held lane.

    Raises:
        StackError: a process is gone for good, or nothing has moved for ``_STALL_SECONDS``; names what is stuck.
    """
    counts = _counts(gateway)
    total = sum(sum(states.values()) for states in counts.values())
    last, moved_at = -1, time.monotonic()
    with progress(console, title, total) as tell:
        while True:
            stack.check()
            counts = _counts(gateway)
            pending = sum(states.get(state, 0) for states in counts.values() for state in _PENDING)
            tell(total - pending)
            # What is held is looked for when little is left, or when nothing moves: it costs pages.
            if (pending < _FEW or pending == last) and not _moving(gateway):
                return
            if pending != last:
                last, moved_at = pending, time.monotonic()
            elif time.monotonic() - moved_at > _STALL_SECONDS:
                raise StackError(_stuck(gateway, pending))
            stack.wait(_POLL_SECONDS)


def _counts(gateway: Gateway) -> dict[str, dict[str, int]]:
    deliveries: dict[str, dict[str, int]] = gateway.summary()["deliveries"]
    return deliveries


def _moving(gateway: Gateway) -> bool:
    return any(True for _ in _pending_and_free(gateway))


def _pending_and_free(gateway: Gateway) -> Iterator[Json]:
    for state in _PENDING:
        for delivery in gateway.deliveries(state=state):
            if not delivery["held_because"]:
                yield delivery


def _stuck(gateway: Gateway, pending: int) -> str:
    lines = [f"{pending} deliveries have not moved for {_STALL_SECONDS:.0f} s, for example:"]
    for delivery, _ in zip(_pending_and_free(gateway), range(_SHOWN), strict=False):
        words = delivery["answer_message"] or delivery["reason"] or "-"
        lines.append(
            f"  {record_id(delivery)}: {delivery['state']}, {delivery['attempts']} tries, {words}, "
            f"next try {delivery['next_attempt_at']}"
        )
    return "\n".join(lines)


def record_id(delivery: Json) -> str:
    """The id of the record that a delivery carries."""
    return f"{delivery['dossier']}{'#' if delivery['kind'] == 'dossier' else '/'}{delivery['ref']}"


def audit(gateway: Gateway, mock_url: str, accepted: Sequence[Record]) -> Audit:
    """Read all deliveries and the whole ledger, and compare both with what was handed over."""
    handed = collect(accepted)
    deliveries = list(gateway.deliveries())
    claims = {record_id(delivery): delivery for delivery in deliveries}
    states = fold((record_id(delivery), str(delivery["state"])) for delivery in deliveries)
    refused = [name for name, state in states.items() if state == "rejected"]
    held = [name for name, state in states.items() if state in _PENDING and claims[name]["held_because"]]
    found = compare(handed, ledger(mock_url), frozenset(refused), frozenset(held))
    handed_over = sum(len(owed.revisions) + len(owed.steps) for owed in handed.values())
    return Audit(claims, found, misreported(handed, states, found), handed_over, refused, held)


def ledger(mock_url: str) -> Iterator[Mapping[str, Any]]:
    """The ledger of the mock portal in order, read as a stream."""
    with httpx.stream("GET", f"{mock_url}/__admin/ledger", timeout=120, trust_env=False) as response:
        response.raise_for_status()
        rest = b""
        # Not iter_lines(): texts may hold characters that it would take for the end of a line.
        for chunk in response.iter_bytes():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield json.loads(line)
