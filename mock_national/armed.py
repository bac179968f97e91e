"""One armed fault, and whether it fits a call."""

import random
from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from mock_national.kinds import KINDS, Kind

_VIETNAM: Final = timezone(timedelta(hours=7))


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
