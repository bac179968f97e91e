"""Faults that a developer or a test arms: kept in memory, gone when the process ends.

To add a kind: one row in `kinds.KINDS`, one row in `README.md`, and what it does in `exchange`, `dressing` (answers)
or the system it belongs to.
"""

from collections import Counter
from collections.abc import Callable, Collection

from mock_national.armed import Asked, Fault
from mock_national.fault_reading import read_fault

__all__ = ["Asked", "Fault", "FaultBook", "read_fault"]


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
