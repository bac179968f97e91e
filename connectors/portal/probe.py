"""Compare what the portal holds with what was promised.

What ``TraCuuHoSo`` gives back is not published; our mock gives the fields in upper case and the steps under
``TIENDO``. Where the answer allows no verdict, none is given.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from connectors.base import Kind, Knowledge, Parcel
from schemas.portal import HoSo

_STATUS = "TRANGTHAIHOSO"
_STEPS = "TIENDO"
_OURS = frozenset(name.upper() for name in HoSo.model_fields)


def compare(held: dict[str, Any], parcels: Sequence[Parcel]) -> tuple[Knowledge, ...]:
    """What the portal holds of each parcel. Equal steps are counted: two promised need two held."""
    steps = held.get(_STEPS)
    readable = isinstance(steps, list) and all(isinstance(step, dict) for step in steps)
    left = Counter(_key(step) for step in steps or ()) if readable else None
    verdicts = []
    for parcel in parcels:
        promised = _upper(json.loads(parcel.payload))
        if parcel.kind is Kind.DOSSIER:
            verdicts.append(_dossier(held, promised))
        elif left is None:
            verdicts.append(Knowledge.CANNOT_TELL)
        else:
            key = _key(promised)
            verdicts.append(Knowledge.HOLDS if left[key] else Knowledge.LACKS)
            left[key] -= 1 if left[key] else 0
    return tuple(verdicts)


def _dossier(held: dict[str, Any], promised: dict[str, Any]) -> Knowledge:
    if _STATUS not in held:
        return Knowledge.CANNOT_TELL
    same = all(_plain(held[name]) == _plain(value) for name, value in promised.items() if name in held)
    # A snapshot that no longer says something (a note taken back) leaves the field out. Sending it once more does
    # no harm to a dossier; believing the older one to be it would lose the change.
    more = any(held[name] not in ("", None, []) for name in _OURS & held.keys() - promised.keys())
    return Knowledge.HOLDS if same and not more else Knowledge.LACKS


def _upper(value: dict[str, Any]) -> dict[str, Any]:
    return {name.upper(): part for name, part in value.items()}


def _key(step: dict[str, Any]) -> str:
    """A step in a form in which equal ones are equal; a missing and an empty value are the same."""
    return json.dumps({n: v for n, v in sorted(_upper(step).items()) if v not in ("", None)}, ensure_ascii=False)


def _plain(value: object) -> object:
    """A value in a form in which equal ones are equal; a missing and an empty one are the same."""
    return value if isinstance(value, list | dict) else "" if value is None else str(value)
