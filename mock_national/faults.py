"""Faults that a developer or a test arms: kept in memory, gone when the process ends.

To add a kind: one row in `KINDS` and, when it does something new, one branch in `exchange.perform`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

#: Kind to when it acts: before anything is applied, or after it was committed.
KINDS: Final = {
    "status": "before",
    "html": "before",
    "hang": "before",
    "reset": "before",
    "delay": "around",
    "lost_answer": "after",
}
SYSTEMS: Final = ("portal", "population")
_HTTP_LOWEST = 200
_HTTP_HIGHEST = 599
_KEYS = {"system", "service", "dossier", "kind", "status", "retry_after_seconds", "delay_ms", "times"}


@dataclass(slots=True)
class Fault:
    """One armed fault; `left` counts down to 0, `fired` counts up.

    `service` and `dossier` None mean any; for the population database `dossier` is the number asked about.
    """

    id: int
    system: str
    kind: str
    service: str | None = None
    dossier: str | None = None
    status: int = 503
    retry_after_seconds: int | None = None
    delay_ms: int = 0
    left: int = 1
    fired: int = 0

    def fits(self, system: str, service: str, dossiers: Collection[str]) -> bool:
        """Whether a call is one that this fault waits for."""
        return (
            self.left > 0
            and self.system == system
            and self.service in (None, service)
            and (self.dossier is None or self.dossier in dossiers)
        )


class FaultBook:
    """The armed faults, in the order they were armed."""

    def __init__(self) -> None:
        """An empty book."""
        self._faults: list[Fault] = []
        self._armed = 0

    def __len__(self) -> int:
        """How many faults were armed since the last clearing, spent ones included."""
        return len(self._faults)

    def take(self, system: str, service: str, dossiers: Collection[str]) -> Fault | None:
        """Spend and give the first armed fault that fits this call, or None."""
        for fault in self._faults:
            if fault.fits(system, service, dossiers):
                fault.left -= 1
                fault.fired += 1
                return fault
        return None

    def arm(self, wanted: dict[str, object]) -> Fault:
        """Arm the fault that an administrator describes.

        Raises:
            ValueError: says which key is wrong and why.
        """
        unknown = sorted(wanted.keys() - _KEYS)
        if unknown:
            message = f"{unknown[0]}: unknown key"
            raise ValueError(message)
        fault = Fault(
            id=self._armed + 1,
            system=_choice(wanted, "system", SYSTEMS),
            kind=_choice(wanted, "kind", tuple(KINDS)),
            service=_text(wanted, "service"),
            dossier=_text(wanted, "dossier"),
            status=_number(wanted, "status", 503, _HTTP_LOWEST, _HTTP_HIGHEST),
            retry_after_seconds=None
            if wanted.get("retry_after_seconds") is None
            else _number(wanted, "retry_after_seconds", 0, 0, 86_400),
            delay_ms=_number(wanted, "delay_ms", 0, 0, 600_000),
            left=_number(wanted, "times", 1, 1, 1_000_000),
        )
        self._armed += 1
        self._faults.append(fault)
        return fault

    def listing(self) -> list[Fault]:
        """All faults armed since the last clearing, spent ones too."""
        return list(self._faults)

    def clear(self) -> None:
        """Forget every fault."""
        self._faults.clear()


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
