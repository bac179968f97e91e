"""The kinds of fault: which exist, where each makes sense, and what it does when nothing more is said.

`README.md` tells what each kind does and the real observation behind it; the tests hold the two against each other.
"""

from dataclasses import dataclass
from typing import Final

SYSTEMS: Final = ("portal", "population", "papers")
ALL: Final = frozenset(SYSTEMS)
BOTH: Final = frozenset({"portal", "population"})
PORTAL: Final = frozenset({"portal"})

INSERT: Final = "DongBoHoSoMC"
STEPS: Final = "CapNhatTienDoHoSoMC"
VERIFY: Final = "XacThucThongTinCongDan"
READ: Final = "TraCuuThongTinCongDan"
LOGINS: Final = frozenset({"login", "token"})

#: As many firings as a fault that stays "until it is cleared" has.
UNTIL_CLEARED: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of fault.

    `applied`: whether the call is applied when the administrator does not say; `chooses` whether he may say.
    `at_door`: decided when only the address is known, before the body is read (when neither service nor dossier
    is asked for). `lasts`: stays until it is cleared. `services`: the only ones it fits (None: any);
    `not_services`: ones it never fits. `json_only`: never on a SOAP call. `pause_ms`: `delay_ms` when not given.
    """

    systems: frozenset[str] = ALL
    applied: bool = False
    chooses: bool = False
    at_door: bool = False
    lasts: bool = False
    services: frozenset[str] | None = None
    not_services: frozenset[str] = frozenset()
    json_only: bool = False
    pause_ms: int = 0


_PUSHES: Final = frozenset({INSERT, STEPS})
_BROKEN: Final = Kind(chooses=True)
_REDRESSED: Final = Kind(applied=True, chooses=True, json_only=True)
_ARRAY: Final = Kind(systems=PORTAL, applied=True, services=_PUSHES)

KINDS: Final[dict[str, Kind]] = {
    # the four first kinds, kept for the scripts that name them
    "status": _BROKEN,
    "html": _BROKEN,
    "reset": Kind(),
    "delay": Kind(applied=True),
    # slow
    "slow_accept": Kind(chooses=True, at_door=True, pause_ms=1000),
    "slow_body": Kind(applied=True, pause_ms=1000),
    "drip": Kind(applied=True, pause_ms=1000),
    "hang": _BROKEN,
    # broken connections
    "connection_refused": Kind(at_door=True, pause_ms=1000),
    "reset_before": Kind(at_door=True),
    "reset_during": Kind(chooses=True, at_door=True),
    "reset_after": Kind(applied=True),
    "lost_answer": Kind(applied=True),
    # unreadable answers
    "truncated_json": _BROKEN,
    "empty_body": _BROKEN,
    "html_200": _BROKEN,
    # the same answer in another dress
    "json_in_string": Kind(applied=True, chooses=True),
    "code_00": _REDRESSED,
    "code_int": _REDRESSED,
    "code_missing": _REDRESSED,
    "unknown_code": _BROKEN,
    # refusals of the door-keeper
    "session_expired": Kind(not_services=LOGINS),
    "wrong_unit": Kind(not_services=LOGINS),
    "duplicate_500": Kind(systems=BOTH, applied=True, services=frozenset({INSERT, VERIFY, READ})),
    "http_429": _BROKEN,
    "http_429_retry_after": _BROKEN,
    "http_503": _BROKEN,
    "http_503_retry_after": _BROKEN,
    "clock_skew": Kind(applied=True),
    # one bad item in an array
    "bad_item_whole": _ARRAY,
    "bad_item_rest_taken": _ARRAY,
    "bad_item_per_item": _ARRAY,
    # states of the far side that last
    "maintenance": Kind(at_door=True, lasts=True),
    "code_table_changed": Kind(
        systems=BOTH, lasts=True, services=frozenset({INSERT, "LayDanhSachTTHC", "LayThuTuc", VERIFY, READ})
    ),
}
BAD_ITEM_KINDS: Final = frozenset({"bad_item_whole", "bad_item_rest_taken", "bad_item_per_item"})
