"""Faults that a developer or a test arms: kept in memory, gone when the process ends.

To add a kind: one row in `kinds.KINDS`, one row in `README.md`, and what it does in `exchange`, `dressing` (answers)
or the system it belongs to.
"""

import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, time, timedelta, timezone
from typing import Final

from mock_national.kinds import KINDS, SYSTEMS, UNTIL_CLEARED, Kind

HTTP_LOWEST: Final = 200
HTTP_HIGHEST: Final = 599
_VIETNAM: Final = timezone(timedelta(hours=7))
_DAY_SECONDS: Final = 86_400
_STATUSES: Final = {"http_429": 429, "http_429_retry_after": 429, "html_200": 200}
_WAITS: Final = {"http_429_retry_after": 2, "http_503_retry_after": 2}
_SHAPES: Final = ("message", "string")
_KEYS: Final = frozenset(
    {
        "system", "service", "dossier", "procedure", "renamed_to", "kind", "status", "retry_after_seconds", "delay_ms",
        "times", "after_calls", "probability", "seed", "applied", "skew_seconds", "shape", "from", "to",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a call when its fault is chosen.

    `dossiers`: codes in the array or the one asked about (population: the number asked about). `procedures`: codes
    of the procedures it is about. `soap`: the answer is XML. `inserts`: whether new dossiers are handed in.
    """

    system: str
    service: str
    dossiers: Collection[str] = ()
    procedures: Collection[str] = ()
    soap: bool = False
    inserts: bool = False


@dataclass(slots=True, kw_only=True)
class Fault:
    """One armed fault; `left` counts down to 0, `fired` counts up, `seen` counts the fitting calls.

    `service` and `dossier` None mean any. `after_calls` fitting calls pass before it may fire; of the others each
    fires with `probability`, drawn from `seed`. `armed_at` is Unix time; `opens` and `closes` are HH:MM in Viet Nam.
    """

    id: int
    system: str
    kind: str
    service: str | None = None
    dossier: str | None = None
    procedure: str | None = None
    renamed_to: str | None = None
    status: int = 503
    retry_after_seconds: int | None = None
    delay_ms: int = 0
    after_calls: int = 0
    probability: float = 1.0
    seed: int = 0
    applied: bool = False
    skew_seconds: int = 10_800
    shape: str = "message"
    opens: str | None = None
    closes: str | None = None
    armed_at: float = 0.0
    left: int = 1
    fired: int = 0
    seen: int = 0
    draws: random.Random = field(default_factory=random.Random, repr=False)

    @property
    def rules(self) -> Kind:
        """What is fixed for its kind."""
        return KINDS[self.kind]

    @property
    def waits_at_door(self) -> bool:
        """Whether it is decided before the body is read: nothing that only the body tells is asked for."""
        if self.kind == "reset_during" and self.applied:
            return False
        return self.rules.at_door and self.dossier is None and self.service is None

    @property
    def at_once(self) -> bool:
        """Whether it waits for no particular call, so that it may act the moment it is armed."""
        return self.waits_at_door and self.after_calls == 0 and self.probability >= 1

    def fits(self, asked: Asked, now: float) -> bool:
        """Whether a call is one that this fault waits for."""
        rules = self.rules
        return (
            self.left > 0
            and self.system == asked.system
            and self.service in (None, asked.service)
            and (rules.services is None or asked.service in rules.services)
            and asked.service not in rules.not_services
            and not (rules.json_only and asked.soap)
            and (self.dossier is None or self.dossier in asked.dossiers)
            and self._fits_kind(asked)
            and self.is_open(now)
        )

    def is_open(self, now: float) -> bool:
        """Whether a maintenance window is open at `now` (Unix time); always for other kinds."""
        if self.kind != "maintenance":
            return True
        if self.opens is None or self.closes is None:
            return not self.delay_ms or now < self.armed_at + self.delay_ms / 1000
        local = f"{datetime.fromtimestamp(now, UTC).astimezone(_VIETNAM):%H:%M}"
        if self.opens <= self.closes:
            return self.opens <= local < self.closes
        return local >= self.opens or local < self.closes

    def shown(self) -> dict[str, object]:
        """The fault as the admin API shows it."""
        names = {"opens": "from", "closes": "to"}
        return {names.get(key.name, key.name): getattr(self, key.name) for key in fields(self) if key.repr}

    def _fits_kind(self, asked: Asked) -> bool:
        if self.kind == "code_table_changed":
            reads_list = asked.service == "LayDanhSachTTHC" and self.procedure is not None
            about = self.procedure is None or not {self.procedure, self.renamed_to}.isdisjoint(asked.procedures)
            return reads_list or (about and bool(asked.procedures))
        if self.kind == "duplicate_500":
            return asked.inserts
        return True


class FaultBook:
    """The armed faults, in the order they were armed, and how often each kind fired since the last reset."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        """An empty book; `clock` gives Unix time."""
        self._clock = clock or (lambda: 0.0)
        self._faults: list[Fault] = []
        self._fired: Counter[str] = Counter()
        self._armed = 0
        #: Told of every fault that was armed and waits for no particular call; True means that it has acted.
        self.on_armed: Callable[[Fault], bool] = lambda _: False

    def __len__(self) -> int:
        """How many faults were armed since the last clearing, spent ones included."""
        return len(self._faults)

    def take(
        self,
        system: str,
        service: str,
        dossiers: Collection[str],
        procedures: Collection[str] = (),
        *,
        soap: bool = False,
        inserts: bool = True,
    ) -> Fault | None:
        """Spend and give the first armed fault that fits this call and fires, or None."""
        if not self._faults:
            return None
        asked = Asked(system, service, dossiers, procedures, soap, inserts)
        return self._first([fault for fault in self._faults if not fault.waits_at_door], asked)

    def take_at_door(self, system: str) -> Fault | None:
        """The same for the faults that are decided before the body of the call is read."""
        if not self._faults:
            return None
        return self._first([fault for fault in self._faults if fault.waits_at_door], Asked(system, ""))

    def put_back(self, fault: Fault) -> None:
        """Undo the firing of a fault that found nothing to do in its call."""
        fault.left += 1
        fault.fired -= 1
        self._fired[fault.kind] -= 1

    def arm(self, wanted: dict[str, object]) -> Fault:
        """Arm the fault that an administrator describes.

        Raises:
            ValueError: says which key is wrong and why.
        """
        fault = read_fault(wanted, self._armed + 1, self._clock())
        self._armed += 1
        self._faults.append(fault)
        if fault.at_once and self.on_armed(fault):
            self._spend(fault)
        return fault

    def listing(self) -> list[Fault]:
        """All faults armed since the last clearing, spent ones too."""
        return list(self._faults)

    def fired_by_kind(self) -> dict[str, int]:
        """How often each kind fired since the last reset, clearings in between or not."""
        return {kind: count for kind, count in sorted(self._fired.items()) if count}

    def clear(self) -> None:
        """Forget every fault; the totals stay."""
        self._faults.clear()

    def reset(self) -> None:
        """Forget every fault and the totals."""
        self.clear()
        self._fired.clear()

    def _first(self, faults: list[Fault], asked: Asked) -> Fault | None:
        now = self._clock()
        for fault in faults:
            if not fault.fits(asked, now):
                continue
            fault.seen += 1
            if fault.seen <= fault.after_calls:
                continue
            # Drawn for every fitting call, so that the same seed picks the same calls whatever else is armed.
            if fault.probability >= 1 or fault.draws.random() < fault.probability:
                self._spend(fault)
                return fault
        return None

    def _spend(self, fault: Fault) -> None:
        fault.left -= 1
        fault.fired += 1
        self._fired[fault.kind] += 1


def read_fault(wanted: dict[str, object], number: int, now: float) -> Fault:
    """The fault that a mapping describes, without arming it.

    Raises:
        ValueError: says which key is wrong and why.
    """
    unknown = sorted(str(key) for key in wanted.keys() - _KEYS)
    if unknown:
        message = f"{unknown[0]}: unknown key"
        raise ValueError(message)
    system = _choice(wanted, "system", SYSTEMS)
    kind = _choice(wanted, "kind", tuple(KINDS))
    rules = KINDS[kind]
    if system not in rules.systems:
        message = f"kind: {kind} makes no sense for the system {system}"
        raise ValueError(message)
    seed = _number(wanted, "seed", 0, 0, 2**63)
    opens, closes = _hour(wanted, "from"), _hour(wanted, "to")
    if (opens is None) != (closes is None):
        message = "from: goes together with to"
        raise ValueError(message)
    return Fault(
        id=number,
        system=system,
        kind=kind,
        service=_text(wanted, "service"),
        dossier=_text(wanted, "dossier"),
        procedure=_text(wanted, "procedure"),
        renamed_to=_text(wanted, "renamed_to"),
        status=_number(wanted, "status", _STATUSES.get(kind, 503), HTTP_LOWEST, HTTP_HIGHEST),
        retry_after_seconds=_WAITS.get(kind)
        if wanted.get("retry_after_seconds") is None
        else _number(wanted, "retry_after_seconds", 0, 0, _DAY_SECONDS),
        delay_ms=_number(wanted, "delay_ms", rules.pause_ms, 0, 600_000),
        after_calls=_number(wanted, "after_calls", 0, 0, 1_000_000),
        probability=_share(wanted),
        seed=seed,
        applied=_applied(wanted, kind),
        skew_seconds=_number(wanted, "skew_seconds", 10_800, -30 * _DAY_SECONDS, 30 * _DAY_SECONDS),
        shape=_choice({"shape": "message", **wanted}, "shape", _SHAPES),
        opens=opens,
        closes=closes,
        armed_at=now,
        left=_number(wanted, "times", _times(rules, wanted), 1, UNTIL_CLEARED),
        draws=random.Random(seed),  # noqa: S311 - the same calls must fail again, nothing is secret
    )


def _times(rules: Kind, wanted: dict[str, object]) -> int:
    return UNTIL_CLEARED if rules.lasts or "probability" in wanted else 1


def _applied(wanted: dict[str, object], kind: str) -> bool:
    rules = KINDS[kind]
    value = wanted.get("applied", rules.applied)
    if not isinstance(value, bool):
        message = "applied: true or false"
        raise ValueError(message)  # noqa: TRY004 - one kind of error for every wrong key
    if value is not rules.applied and not rules.chooses:
        message = f"applied: {kind} is always {'applied' if rules.applied else 'not applied'}"
        raise ValueError(message)
    return value


def _share(wanted: dict[str, object]) -> float:
    value = wanted.get("probability", 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        message = "probability: a number from 0 to 1"
        raise ValueError(message)
    return float(value)


def _hour(wanted: dict[str, object], key: str) -> str | None:
    value = _text(wanted, key)
    if value is None:
        return None
    try:
        return f"{time.fromisoformat(value):%H:%M}"
    except ValueError as error:
        message = f"{key}: HH:MM in Viet Nam"
        raise ValueError(message) from error


def _choice(wanted: dict[str, object], key: str, allowed: tuple[str, ...]) -> str:
    value = wanted.get(key)
    if not isinstance(value, str) or value not in allowed:
        message = f"{key}: one of {', '.join(allowed)}"
        raise ValueError(message)
    return value


def _text(wanted: dict[str, object], key: str) -> str | None:
    value = wanted.get(key)
    if value is not None and not isinstance(value, str):
        message = f"{key}: text or null"
        raise ValueError(message)
    return value


def _number(wanted: dict[str, object], key: str, default: int, lowest: int, highest: int) -> int:
    value = wanted.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        message = f"{key}: a whole number from {lowest} to {highest}"
        raise ValueError(message)
    return value
