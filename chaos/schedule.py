"""What goes wrong, and when: a pure function of the seed, so that a seed can be played again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Final

#: Faults of the mock after which everything must arrive without a hand. ``mock_national/README.md`` tells of each.
CATALOGUE: Final = (
    "slow_accept",
    "slow_body",
    "drip",
    "hang",
    "connection_refused",
    "reset_before",
    "reset_during",
    "reset_after",
    "lost_answer",
    "truncated_json",
    "empty_body",
    "html_200",
    "json_in_string",
    "code_00",
    "code_int",
    "code_missing",
    "unknown_code",
    "session_expired",
    "wrong_unit",
    "duplicate_500",
    "http_429",
    "http_429_retry_after",
    "http_503",
    "http_503_retry_after",
    "clock_skew",
    "bad_item_whole",
    "bad_item_rest_taken",
    "bad_item_per_item",
    "maintenance",
    "code_table_changed",
    "status",
    "html",
    "reset",
    "delay",
)
#: Faults by which the nation refuses a record that is right: a person presses "send again" when it is over.
REFUSING: Final = frozenset({"bad_item_whole", "bad_item_rest_taken", "bad_item_per_item", "code_table_changed"})
#: Faults that can strike after the request was applied as well as before, without the far side telling a lie.
_EITHER_WAY: Final = frozenset(
    {
        "status",
        "html",
        "slow_accept",
        "hang",
        "reset_during",
        "truncated_json",
        "empty_body",
        "html_200",
        "code_missing",
        "unknown_code",
    }
)
#: Faults that are decided at the door, where nobody knows the service yet, or that fit certain services only.
_ANY_SERVICE: Final = REFUSING | {
    "slow_accept",
    "connection_refused",
    "reset_before",
    "reset_during",
    "session_expired",
    "wrong_unit",
    "duplicate_500",
    "maintenance",
}
_WINDOW_MS: Final = (2000, 5000)
_PROCEDURES: Final = ("1.000110", "1.013225")
_SERVICES: Final = (None, None, None, None, "CapNhatTienDoHoSoMC", "DongBoHoSoMC", "TraCuuHoSo", "login")
#: The longest that the mock is asked to dawdle; beyond the call's time-out this must be less than the settle time.
DELAY_MS_MAX: Final = 4500

_KILL_EVERY_SECONDS: Final = 6.0
# A process needs seconds to come up; one that nobody can stand in for must not be down most of the time.
_KILL_THE_ONLY_ONE_EVERY_SECONDS: Final = 15.0
_STOP_EVERY_SECONDS: Final = 25.0
_DATABASE_EVERY_SECONDS: Final = 50.0
_MOCK_EVERY_SECONDS: Final = 30.0
_BLACKOUT_EVERY_SECONDS: Final = 60.0
#: A storm that is shorter has no blackout: after one nothing goes on for seconds, and nothing else could happen.
BLACKOUT_FROM_SECONDS: Final = 15.0
#: Who a blackout happens to, and with whom: the far side stands elsewhere, and may keep its power.
HOUSE, HOUSE_AND_MOCK = "of the house", "of the house and the mock"
_FAULT_EVERY_SECONDS: Final = 0.9
_FROM_SHARE, _TO_SHARE = 0.05, 0.95


class What(StrEnum):
    """Kinds of acts."""

    KILL = "SIGKILL"
    STOP = "SIGSTOP"
    DATABASE = "restart of the database"
    MOCK = "restart of the mock"
    BLACKOUT = "blackout"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that goes wrong.

    Attributes:
        at_seconds: when, from the beginning of the storm.
        what: its kind.
        who: the process it happens to, the way a database is stopped, the fault's name, or how far a blackout reaches.
        lasts_seconds: how long the process stays down or stopped; in a blackout, how long all of them stay down.
        fault: what the mock is told, for a fault.
    """

    at_seconds: float
    what: What
    who: str
    lasts_seconds: float = 0.0
    fault: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """One line of the printed schedule."""
        told = ", ".join(f"{key}={value}" for key, value in self.fault.items() if key not in {"system", "kind"})
        lasts = f" for {self.lasts_seconds:.1f} s" if self.lasts_seconds else ""
        return f"{self.at_seconds:7.1f} s  {self.what.value} {self.who}{lasts}{f' ({told})' if told else ''}"


def schedule(
    seed: int, seconds: float, processes: Sequence[str], *, lease_seconds: float, stops: bool, database: bool
) -> list[Act]:
    """All acts of a storm of ``seconds``, in the order of time; at least one of each kind that is asked for.

    A storm shorter than ``BLACKOUT_FROM_SECONDS`` has no blackout.

    Args:
        seed: decides everything.
        seconds: how long the storm is.
        processes: names of those that may be killed and stopped.
        lease_seconds: a stop lasts longer than this.
        stops: whether processes are stopped, too.
        database: whether the database is restarted.
    """

    def acts(name: str, every_seconds: float, make: Callable[[Random, float], Act]) -> list[Act]:
        # A source of its own for each kind, so that a longer list of one does not move the others.
        random = Random(f"{seed}:{name}")
        count = max(1, round(seconds / every_seconds))
        # One in each slot of the time, anywhere in it: neither all at once nor like a clock.
        slot_seconds = seconds * (_TO_SHARE - _FROM_SHARE) / count
        return [
            make(random, seconds * _FROM_SHARE + slot_seconds * (place + random.random())) for place in range(count)
        ]

    def kill(random: Random, at: float) -> Act:
        return Act(at, What.KILL, random.choice(processes), random.uniform(0.1, 2.0))

    def stop(random: Random, at: float) -> Act:
        # It is the workers' leases that a stop is about.
        workers = [name for name in processes if name.startswith("worker")]
        return Act(
            at, What.STOP, random.choice(workers * 2 + list(processes)), lease_seconds + random.uniform(0.5, 4.0)
        )

    def restart(random: Random, at: float) -> Act:
        return Act(at, What.DATABASE, random.choice(("fast", "immediate")), random.uniform(0.1, 3.0))

    def mock(random: Random, at: float) -> Act:
        return Act(at, What.MOCK, "mock", random.uniform(0.1, 3.0))

    def blackout(random: Random, at: float) -> Act:
        return Act(at, What.BLACKOUT, random.choice((HOUSE, HOUSE_AND_MOCK)), random.uniform(0.5, 4.0))

    kinds = _shuffled(seed)

    def fault(random: Random, at: float) -> Act:
        return _fault(random, at, next(kinds))

    kill_every_seconds = _KILL_EVERY_SECONDS if len(processes) > 1 else _KILL_THE_ONLY_ONE_EVERY_SECONDS
    found = acts("kill", kill_every_seconds, kill) + acts("mock", _MOCK_EVERY_SECONDS, mock)
    found += acts("stop", _STOP_EVERY_SECONDS, stop) if stops else []
    found += acts("database", _DATABASE_EVERY_SECONDS, restart) if database else []
    found += acts("blackout", _BLACKOUT_EVERY_SECONDS, blackout) if seconds >= BLACKOUT_FROM_SECONDS else []
    found += acts("fault", _FAULT_EVERY_SECONDS, fault)
    return sorted(found, key=lambda act: act.at_seconds)


def _shuffled(seed: int) -> Iterator[str]:
    """The catalogue again and again, each time in another order: every kind comes before any comes twice."""
    random = Random(f"{seed}:kinds")
    while True:
        yield from random.sample(CATALOGUE, len(CATALOGUE))


def _fault(random: Random, at: float, kind: str) -> Act:
    wanted: dict[str, Any] = {"system": "portal", "kind": kind}
    service = random.choice(_SERVICES)
    if service is not None and kind not in _ANY_SERVICE:
        wanted["service"] = service
    if kind == "maintenance":
        # A window: everything is turned away until it closes.
        return Act(at, What.FAULT, kind, 0.0, wanted | {"delay_ms": random.randint(*_WINDOW_MS)})
    wanted["times"] = random.randint(1, 6)
    wanted["probability"] = round(random.uniform(0.2, 1.0), 2)
    wanted["seed"] = random.randrange(10**6)
    if kind in _EITHER_WAY:
        wanted["applied"] = random.choice((True, False))
    if kind == "status":
        wanted["status"] = random.choice((500, 502, 504))
    if kind in {"delay", "slow_accept", "slow_body", "drip"}:
        wanted["delay_ms"] = random.randint(100, DELAY_MS_MAX)
    if kind.endswith("retry_after"):
        wanted["retry_after_seconds"] = random.randint(1, 3)
    if kind == "code_table_changed":
        wanted["procedure"] = random.choice(_PROCEDURES)
    return Act(at, What.FAULT, kind, 0.0, wanted)
