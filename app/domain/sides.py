"""Both sides of a delivery next to each other: what was promised, and what the nation holds. Pure comparison.

Both come masked. Where a value is hidden on either side nobody can say from this whether the two are equal.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs. None: that side does not have it."""

    field: str
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Compared:
    """What differs, and the fields of which nobody can tell, since a part of them is masked."""

    differences: tuple[Difference, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromisedStep:
    """One promised step: its delivery, its id, and its payload as an object."""

    id: int
    ref: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StepStanding:
    """One promised step and its place (from 1) among the steps that the nation holds; None: not among them."""

    id: int
    ref: str
    place: int | None


def readable(text: str | None) -> dict[str, Any] | None:
    """The object that a text says, or None: a masked and cut answer may be no JSON any more."""
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def compare_snapshots(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Compared:
    """Fields of a promised snapshot that the nation holds otherwise, in the promised order; names in any case.

    A missing and an empty value are the same. What only the nation has (its own fields) is no difference.
    """
    held = _folded(theirs)
    differences, hidden = [], []
    for name, value in ours.items():
        other = held.get(name.upper())
        if _plain(value) != _plain(other):
            differences.append(Difference(name, value, other))
        elif _hides(value):
            hidden.append(name)
    return Compared(tuple(differences), tuple(hidden))


def steps_held(
    ours: Sequence[PromisedStep], theirs: Sequence[Mapping[str, Any]]
) -> tuple[tuple[StepStanding, ...], bool]:
    """Where each promised step stands with the nation, and whether those it holds stand in the promised order.

    Equal steps are counted: two promised need two held.
    """
    places: dict[str, list[int]] = {}
    for place, step in enumerate(theirs, 1):
        places.setdefault(_key(step), []).append(place)
    standings = []
    for promised in ours:
        free = places.get(_key(promised.payload))
        standings.append(StepStanding(promised.id, promised.ref, free.pop(0) if free else None))
    held = [standing.place for standing in standings if standing.place is not None]
    return tuple(standings), held == sorted(held)


def listed(theirs: Mapping[str, Any], name: str) -> list[Mapping[str, Any]] | None:
    """The list of objects under a name in any case; None when it is not there or is no such list."""
    found = _folded(theirs).get(name.upper())
    if isinstance(found, list) and all(isinstance(part, dict) for part in found):
        return found
    return None


def _folded(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name.upper(): part for name, part in value.items()}


def _empty(value: object) -> bool:
    return value is None or value in ("", [], {})


def _hides(value: object) -> bool:
    return HIDDEN in json.dumps(value)


def _plain(value: object) -> object:
    if _empty(value):
        return ""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in _folded(value).items() if not _empty(part)}
    return [_plain(part) for part in value] if isinstance(value, list) else str(value)


def _key(step: Mapping[str, Any]) -> str:
    return json.dumps(_plain(step), sort_keys=True, ensure_ascii=False)
