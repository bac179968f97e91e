"""Reading the fault that an administrator or a scenario describes, key by key."""

import random
from datetime import time
from typing import Final

from mock_national.armed import Fault
from mock_national.kinds import KINDS, SYSTEMS, UNTIL_CLEARED, Kind

HTTP_LOWEST: Final = 200
HTTP_HIGHEST: Final = 599
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
