"""What flows in: dossiers with their steps and snapshots, always the same from the same seed.

Everybody is invented: the names come from the parts the samples use, the personal numbers begin with three digits
that no province ever had.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any, Final

from app.domain.dossier import DossierStatus, may_follow
from samples.people import People

Record = dict[str, Any]

_OPENED: Final = datetime(2026, 1, 5, 8, 0, tzinfo=timezone(timedelta(hours=7)))
_UNITS: Final = ("H15.50", "H15.10", "H15.11")
_PROCEDURES: Final = ("1.000110", "1.013225")
_SNAPSHOT_SHARE: Final = 0.1
_DETOUR_SHARE: Final = 0.15
_TELLS_ALL_SHARE: Final = 0.7
_OFFICERS: Final = ("Trần Thị Mẫu", "H'Bia Niê", "Y Thuật Kbuôr", "Lê Văn Thử")


@dataclass(frozen=True, slots=True)
class Life:
    """One dossier and its records in the order they are handed over, as lines of ``POST /v1/intake``."""

    code: str
    records: tuple[Record, ...]


def lives(seed: int, dossiers: int, steps: int) -> list[Life]:
    """``dossiers`` dossiers with ``steps`` steps in all, spread unevenly; some are told of more than once.

    Every record is unlike every other record of its dossier in the words that the nation is told, so that each
    can be found again in the ledger.
    """
    random = Random(f"{seed}:flow")
    people = People(random)
    shares = [0] * dossiers
    for _ in range(steps):
        shares[random.randrange(dossiers)] += 1
    return [_life(random, people, number, share) for number, share in enumerate(shares, 1)]


def counts(told: Sequence[Life]) -> dict[str, int]:
    """How many dossiers, snapshots and steps there are."""
    kinds = [record["type"] for life in told for record in life.records]
    return {"dossiers": len(told), "snapshots": kinds.count("dossier"), "steps": kinds.count("step")}


def _life(random: Random, people: People, number: int, steps: int) -> Life:
    teller = _Teller(random, number, people.person().full_name)
    teller.snapshot(DossierStatus.RECEIVED)
    for status in _chain(random, steps):
        teller.step(status)
        if random.random() < _SNAPSHOT_SHARE:
            teller.snapshot(status)
    return Life(teller.code, tuple(teller.records))


def _chain(random: Random, steps: int) -> list[DossierStatus]:
    """Statuses of the steps: each may follow the one before."""
    ends = [DossierStatus.DONE, DossierStatus.RETURNED][: max(0, steps - 2)]
    chain = [DossierStatus.RECEIVED] + [DossierStatus.PROCESSING] * steps
    chain = chain[: steps - len(ends)]
    # A detour over "fee due" and back; nobody asks for papers here, since that needs a whole story of its own.
    for place in range(2, len(chain) - 1):
        if random.random() < _DETOUR_SHARE:
            chain[place] = DossierStatus.FEE_DUE
    return chain + ends


class _Teller:
    """Tells of one dossier, minute by minute."""

    def __init__(self, random: Random, number: int, name: str) -> None:
        self._random = random
        self._unit = random.choice(_UNITS)
        self._procedure = random.choice(_PROCEDURES)
        self._number = number
        self._name = name
        self._revision = 0
        self._status = DossierStatus.RECEIVED
        self._minutes = 5
        self._steps = 0
        self.code = f"{self._unit}-260105-{number:05d}"
        self.records: list[Record] = []

    def snapshot(self, status: DossierStatus) -> None:
        """Hand the dossier over as it stands now."""
        direct = may_follow(self._status, status, skipped=False)
        # One-stop software that does not tell of every state leaves a gap in its revisions.
        self._revision += 1 if direct and self._random.random() < _TELLS_ALL_SHARE else 2
        self._status = status
        now = self._now()
        record: Record = {
            "type": "dossier",
            "code": self.code,
            "revision": self._revision,
            "procedure": {"code": self._procedure},
            "receiving_unit": self._unit,
            "applicant": {
                "kind": "citizen",
                "full_name": self._name,
                "identities": [{"kind": "personal_number", "number": f"003190{self._number:06d}"}],
            },
            "summary": f"Hồ sơ số {self._number}, bản {self._revision}",
            "channel": "online",
            "status": status.value,
            "submitted_at": _OPENED.isoformat(),
            "received_at": (_OPENED + timedelta(minutes=5)).isoformat(),
            "due_at": (_OPENED + timedelta(days=3 + self._number % 30, hours=9)).isoformat(),
        }
        if status in {DossierStatus.DONE, DossierStatus.RETURNED}:
            record["finished_at"] = now
        if status is DossierStatus.RETURNED:
            record["returned_at"] = now
        self.records.append(record)

    def step(self, status: DossierStatus) -> None:
        """Hand one step over."""
        self._steps += 1
        self._minutes += self._random.randint(1, 90)
        record = {
            "type": "step",
            "dossier": self.code,
            "step_id": f"b{self._steps}",
            "officer_name": self._random.choice(_OFFICERS),
            "department": "Bộ phận Một cửa",
            "content": f"Bước {self._steps} của hồ sơ {self._number}",
            "status": status.value,
            "processed_at": self._now(),
        }
        self.records.append(record)

    def _now(self) -> str:
        return (_OPENED + timedelta(minutes=self._minutes)).isoformat()
