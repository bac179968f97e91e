"""The lives a dossier may have: chains of statuses, and when each status is entered."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Final

from samples.people import chance
from samples.trades import Trade
from samples.worktime import DAY, HOUR, QUARTER_ENDS, RECORDS_END, close_of_business, day_of

# How many dossiers live each life. One filed online is registered before it is received.
LIVES: Final = {
    "received processing done returned": 168,
    "received processing fee_due processing done returned": 42,
    "received supplement received processing done returned": 30,
    "received processing supplement processing done returned": 30,
    "received supplement processing supplement processing done returned": 8,
    "received processing done": 30,
    "received processing": 36,
    "received": 14,
    "registered": 9,
    "registered refused": 26,
    "received supplement": 14,
    "received processing supplement": 6,
    "received processing fee_due": 12,
    "received withdrawn": 7,
    "received processing withdrawn": 8,
    "received supplement withdrawn": 5,
    "received processing fee_due withdrawn": 3,
    "received withdrawn stopped": 4,
    "received processing stopped": 8,
    "received supplement stopped": 8,
    "received processing fee_due stopped": 3,
    "received stopped": 3,
}
_OPEN_ENDS: Final = frozenset({"registered", "received", "processing", "supplement", "fee_due"})
_CHANNELS: Final = {"online": 57, "direct": 35, "postal": 8}
# Filed early enough in the day to be received the same day, since the code carries that day.
_FILED_BEFORE: Final = 6 * HOUR
# Open dossiers are mostly of the last weeks; the older ones among them are late.
_LAST_WEEKS: Final = 12 * DAY
_LATE, _NO_TERM = 0.1, 0.02


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay in a status, from one working second to the next stay's."""

    status: str
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What will become of one dossier. Times are working seconds; ``due`` is None where no term runs."""

    trade: Trade
    channel: str
    filed: int
    due: int | None
    stays: tuple[Stay, ...]


def plans(random: Random, groups: tuple[Trade, ...]) -> Iterator[Plan]:
    """A plan for every life in ``LIVES``, in the order of that table."""
    for chain, count in LIVES.items():
        for _ in range(count):
            yield _plan(random, groups, chain.split())


def _plan(random: Random, groups: tuple[Trade, ...], chain: list[str]) -> Plan:
    trade = random.choices(groups, weights=[group.share for group in groups])[0]
    if chain[0] == "registered":
        channel = "online"
    else:
        channel = random.choices(list(_CHANNELS), weights=list(_CHANNELS.values()))[0]
        chain = ["registered", *chain] if channel == "online" else chain
    first = QUARTER_ENDS - _LAST_WEEKS if chain[-1] in _OPEN_ENDS and chance(random, 0.7) else 0
    filed = random.randrange(first // DAY, QUARTER_ENDS // DAY) * DAY + random.randrange(_FILED_BEFORE)
    term = random.choice(trade.terms)
    due = None if chance(random, _NO_TERM) else close_of_business(filed, term)
    return Plan(trade, channel, filed, due, _stays(random, chain, filed, term * DAY))


def _stays(random: Random, chain: list[str], filed: int, term: int) -> tuple[Stay, ...]:
    """The stays that begin before the records end; what lies beyond has not happened yet."""
    pace = random.uniform(1.15, 1.9) if chance(random, _LATE) else random.uniform(0.3, 0.95)
    begins, at, worked = [filed], filed, 0
    for before, after in pairwise(chain):
        gap = _gap(random, before, after, int(term * pace) - worked, term)
        worked += gap if before != "supplement" else 0
        at += gap
        begins.append(at)
    ends = [*begins[1:], begins[-1] + 2 * DAY]
    stays = [Stay(*parts) for parts in zip(chain, begins, ends, strict=True)]
    return tuple([stay for stay in stays if stay.begins < RECORDS_END])


def _gap(random: Random, before: str, after: str, left: int, term: int) -> int:
    """Working seconds between entering two statuses; ``left`` is what remains of the time the office takes."""
    if after == "done":
        return max(HOUR, left)
    low, high = {
        ("registered", "received"): (300, HOUR),
        ("registered", "refused"): (2 * HOUR, 2 * DAY),
        ("received", "processing"): (HOUR // 4, 4 * HOUR),
        ("supplement", "received"): (DAY, 6 * DAY),
        ("supplement", "processing"): (DAY, 6 * DAY),
        ("done", "returned"): (HOUR, 3 * DAY),
        ("fee_due", "processing"): (2 * HOUR, 2 * DAY),
    }.get((before, after), (term // 8, term // 3))
    return random.randint(low, high)


def received_on(plan: Plan) -> str:
    """The date part of the dossier code: ``yyMMdd`` of the day on which it came in."""
    return f"{day_of(plan.filed):%y%m%d}"
