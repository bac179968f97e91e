"""The fault catalogue as a table: what is armed in the mock, what is handed over, what must hold.

Every row is played twice: on new dossiers with their first steps, and on a second snapshot with more steps. Where a
fault can last, the second time it lasts until the client has shown that it waits and why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final

INSERT: Final = "DongBoHoSoMC"
STEPS: Final = "CapNhatTienDoHoSoMC"
QUESTION: Final = "XacThucThongTinCongDan"
RECORD: Final = "TraCuuThongTinCongDan"
PUSHES: Final = (INSERT, STEPS)
#: As often as a lasting fault may fire before it is cleared.
LASTING_TIMES: Final = 100_000
OTHER_PROCEDURE: Final = "1.000656"
#: How much longer than its time-out a client is kept waiting.
OUTLAST: Final = 1.5

_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class Load(Enum):
    """What is handed over. ``PLAIN``: three dossiers. ``ONE_BAD``: seven at once, one of which the portal refuses.

    ``CLOSED``: three, one of them of a procedure that the portal closes over night.
    """

    PLAIN = "plain"
    ONE_BAD = "one_bad"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalRow:
    """One fault of the portal.

    Args:
        fault: name of the row.
        kind: the mock's kind; the name of the row when left out.
        holds: what must hold, told when it did.
        arm: more keys of the armed fault.
        services: one fault is armed for each; none: one for whatever call comes.
        times: how often each fires.
        outlasts: it takes longer than the client waits for an answer.
        lasts: the second time, it lasts until the client shows that it waits.
        load: what is handed over.
    """

    fault: str
    holds: str
    kind: str = ""
    arm: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    services: Sequence[str] = PUSHES
    times: int = 1
    outlasts: bool = False
    lasts: bool = False
    load: Load = Load.PLAIN

    def armed(self, time_out_seconds: float) -> list[dict[str, object]]:
        """The faults to arm for a short time."""
        return [
            {**self._fault(time_out_seconds), "times": self.times, **({"service": service} if service else {})}
            for service in self.services or ("",)
        ]

    def armed_to_last(self, time_out_seconds: float) -> dict[str, object]:
        """The fault to arm until it is cleared: for every call, probes and logins too."""
        fault = {name: value for name, value in self._fault(time_out_seconds).items() if name != "delay_ms"}
        return {**fault, "times": LASTING_TIMES}

    def _fault(self, time_out_seconds: float) -> dict[str, object]:
        delay = {"delay_ms": round(time_out_seconds * OUTLAST * 1000)} if self.outlasts else {}
        return {"system": "portal", "kind": self.kind or self.fault, **delay, **self.arm}


_ASKED = "the portal was asked what it holds before anything went again"
_LATER = "shown as waiting with its reason, and sent when the fault was over"
_READ = "the answer was read for what it says"

PORTAL: Final = (
    PortalRow(fault="slow_accept", outlasts=True, holds="given up in time, and sent again later"),
    PortalRow(
        fault="slow_accept_applied",
        kind="slow_accept",
        arm={"applied": True},
        outlasts=True,
        holds="taken after the client had given up, and found before it was sent again",
    ),
    PortalRow(fault="slow_body", outlasts=True, holds=_ASKED),
    PortalRow(fault="drip", outlasts=True, holds=_ASKED),
    PortalRow(fault="hang", lasts=True, holds=_LATER),
    PortalRow(fault="hang_applied", kind="hang", arm={"applied": True}, holds=_ASKED),
    PortalRow(fault="connection_refused", arm={"delay_ms": 2000}, services=(), holds=_LATER),
    PortalRow(fault="reset_before", services=(), times=2, lasts=True, holds=_LATER),
    PortalRow(fault="reset_during", services=(), times=2, lasts=True, holds=_LATER),
    PortalRow(fault="reset_during_applied", kind="reset_during", arm={"applied": True}, holds=_ASKED),
    PortalRow(fault="reset_after", holds=_ASKED),
    PortalRow(fault="lost_answer", holds=_ASKED),
    PortalRow(fault="truncated_json", lasts=True, holds=_LATER),
    PortalRow(fault="truncated_json_applied", kind="truncated_json", arm={"applied": True}, holds=_ASKED),
    PortalRow(fault="empty_body", lasts=True, holds=_LATER),
    PortalRow(fault="empty_body_applied", kind="empty_body", arm={"applied": True}, holds=_ASKED),
    PortalRow(fault="html_200", lasts=True, holds=_LATER),
    PortalRow(fault="html_200_applied", kind="html_200", arm={"applied": True}, holds=_ASKED),
    PortalRow(fault="json_in_string", times=5, holds=_READ),
    PortalRow(fault="json_in_string_bare", kind="json_in_string", arm={"shape": "string"}, times=5, holds=_READ),
    PortalRow(fault="code_00", times=5, holds=_READ),
    PortalRow(fault="code_int", times=5, holds=_READ),
    PortalRow(fault="code_missing", holds=_ASKED),
    PortalRow(fault="unknown_code", lasts=True, holds=_LATER),
    PortalRow(fault="unknown_code_applied", kind="unknown_code", arm={"applied": True}, holds=_ASKED),
    PortalRow(fault="session_expired", holds="logged in again, and nothing went twice"),
    PortalRow(fault="wrong_unit", lasts=True, holds=_LATER),
    PortalRow(fault="duplicate_500", services=(INSERT,), holds=_ASKED),
    PortalRow(fault="http_429", lasts=True, holds=_LATER),
    PortalRow(fault="http_429_retry_after", lasts=True, holds=_LATER),
    PortalRow(fault="http_503", lasts=True, holds=_LATER),
    PortalRow(fault="http_503_retry_after", lasts=True, holds=_LATER),
    PortalRow(fault="clock_skew", services=(), times=20, holds="the far clock decided nothing"),
    PortalRow(fault="maintenance", arm={"delay_ms": 1500}, services=(), times=1000, lasts=True, holds=_LATER),
    PortalRow(fault="bad_item_whole", load=Load.ONE_BAD, times=1000, holds="the others went; the bad one is named"),
    PortalRow(
        fault="bad_item_rest_taken", load=Load.ONE_BAD, times=1000, holds="nothing went twice; the bad one is named"
    ),
    PortalRow(
        fault="bad_item_per_item", load=Load.ONE_BAD, times=1000, holds="each item was believed; the bad one is named"
    ),
    PortalRow(
        fault="code_table_changed",
        arm={"procedure": OTHER_PROCEDURE},
        services=(),
        times=1000,
        load=Load.CLOSED,
        holds="refused by name; the next snapshot went when the procedure was open again",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """One fault of the population database. ``outcomes`` are what may be told while it lasts.

    ``json_only``: it plays on the JSON way to ask only. ``record``: the question brings facts to be compared with the
    record (service 037); a client that never asks for a record is not asked these rows.
    """

    fault: str
    kind: str = ""
    arm: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    outcomes: frozenset[str] = frozenset({"MATCH", "UNAVAILABLE", "BAD_REPLY"})
    service: str | None = QUESTION
    times: int = LASTING_TIMES
    outlasts: bool = False
    json_only: bool = False
    record: bool = False

    def armed(self, time_out_seconds: float) -> dict[str, object]:
        """The fault to arm."""
        delay = {"delay_ms": round(time_out_seconds * OUTLAST * 1000)} if self.outlasts else {}
        service = {"service": RECORD if self.record else self.service} if self.service else {}
        kind = self.kind or self.fault
        return {"system": "population", "kind": kind, "times": self.times, **service, **delay, **self.arm}


_REFUSED: Final = frozenset({"MATCH", "UNAVAILABLE", "BAD_REPLY", "DENIED"})
_BUSY: Final = frozenset({"MATCH", "UNAVAILABLE", "QUOTA"})

POPULATION: Final = (
    PersonRow(fault="slow_accept", outlasts=True),
    PersonRow(fault="slow_body", outlasts=True),
    PersonRow(fault="drip", outlasts=True),
    PersonRow(fault="hang"),
    PersonRow(fault="connection_refused", service=None, times=1, arm={"delay_ms": 2000}),
    PersonRow(fault="reset_before", service=None),
    PersonRow(fault="reset_during", service=None),
    PersonRow(fault="reset_after"),
    PersonRow(fault="lost_answer"),
    PersonRow(fault="truncated_json"),
    PersonRow(fault="empty_body"),
    PersonRow(fault="html_200"),
    PersonRow(fault="unknown_code"),
    PersonRow(fault="session_expired", outcomes=_REFUSED),
    PersonRow(fault="session_expired_once", kind="session_expired", times=1, outcomes=_REFUSED),
    PersonRow(fault="wrong_unit", outcomes=_REFUSED),
    PersonRow(fault="duplicate_500"),
    PersonRow(fault="http_429", outcomes=_BUSY),
    PersonRow(fault="http_429_retry_after", outcomes=_BUSY),
    PersonRow(fault="http_503"),
    PersonRow(fault="http_503_retry_after"),
    PersonRow(fault="clock_skew"),
    PersonRow(fault="maintenance", service=None),
    PersonRow(fault="code_table_changed", outcomes=_REFUSED),
    PersonRow(fault="json_in_string", json_only=True),
    PersonRow(fault="code_00", json_only=True),
    PersonRow(fault="code_int", json_only=True),
    PersonRow(fault="code_missing", json_only=True),
    PersonRow(fault="record_hang", kind="hang", record=True),
    PersonRow(fault="record_slow_body", kind="slow_body", outlasts=True, record=True),
    PersonRow(fault="record_reset_after", kind="reset_after", record=True),
    PersonRow(fault="record_truncated", kind="truncated_json", record=True),
    PersonRow(fault="record_empty_body", kind="empty_body", record=True),
    PersonRow(fault="record_html_200", kind="html_200", record=True),
    PersonRow(fault="record_unknown_code", kind="unknown_code", record=True),
    PersonRow(fault="record_duplicate_500", kind="duplicate_500", record=True),
    PersonRow(fault="record_session_expired", kind="session_expired", outcomes=_REFUSED, record=True),
    PersonRow(fault="record_wrong_unit", kind="wrong_unit", outcomes=_REFUSED, record=True),
    PersonRow(fault="record_http_429", kind="http_429", outcomes=_BUSY, record=True),
    PersonRow(fault="record_http_503", kind="http_503", record=True),
    PersonRow(fault="record_code_table_changed", kind="code_table_changed", outcomes=_REFUSED, record=True),
)
