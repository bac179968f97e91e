"""Whose dossiers a caller may see and act on: asked at the door by what the path names, and by use cases of bodies.

Outside of reach a thing is not there: it gets the answer of an unknown one, word for word, since both are given here.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from app.domain.access import Bound, Reach, Thing
from app.domain.identifiers import parse_dossier_code
from app.errors import (
    Fault,
    Forbidden,
    OutOfReach,
    Refusal,
    UnknownAnomaly,
    UnknownCheck,
    UnknownDelivery,
    UnknownDiscrepancy,
    UnknownDocument,
    UnknownDossier,
    UnknownPrefill,
    UnknownReplay,
)
from app.store import reach as store
from app.store.reach import Units
from app.usecases.context import Caller, Context

_UNKNOWN: Final[Mapping[Thing, Callable[[str], Refusal]]] = MappingProxyType(
    {
        Thing.DOSSIER: lambda key: UnknownDossier(f"dossier '{key}' was never handed over"),
        Thing.DELIVERY: lambda key: UnknownDelivery(f"delivery {key} does not exist"),
        Thing.DOCUMENT: lambda key: UnknownDocument(f"document '{key}' does not exist"),
        Thing.CHECK: lambda key: UnknownCheck(f"check '{key}' does not exist"),
        Thing.PREFILL: lambda key: UnknownPrefill(f"prefill '{key}' does not exist"),
        Thing.ANOMALY: lambda key: UnknownAnomaly(f"anomaly {key} does not exist"),
        Thing.DISCREPANCY: lambda key: UnknownDiscrepancy(f"discrepancy '{key}' does not exist"),
        Thing.REPLAY: lambda key: UnknownReplay(f"replay {key} does not exist"),
    }
)


def parents(context: Context) -> dict[str, str | None]:
    """The unit above each unit."""
    return {code: facts.parent for code, facts in context.catalogue.units.items()}


def units_of(context: Context, caller: Caller) -> Units:
    """Every unit in a caller's reach; None: all of the province."""
    return None if caller.reach.is_whole else caller.reach.below(parents(context))


async def guard(context: Context, caller: Caller, bound: Bound | Thing, path: Mapping[str, Any]) -> None:
    """Let a request to the address ``path`` pass, or not. What lists and bodies name is held to by the use cases.

    Raises:
        OutOfReach: an act on the whole province, or on another unit.
        Refusal: what the path names is not there for this caller, whether it exists or not.
    """
    if caller.reach.is_whole or bound in {Bound.UNITS, Bound.OWN, Bound.FREE}:
        return
    if not isinstance(bound, Thing):
        message = f"this is about the whole province; '{caller.name}' is of: {_named(caller)}"
        raise OutOfReach(message)
    key = str(path[bound.value])
    if bound is Thing.UNIT:
        require_unit(context, caller, key, "/unit")
    elif not await _is_there(context, caller, bound, key):
        raise _UNKNOWN[bound](key)


async def _is_there(context: Context, caller: Caller, thing: Thing, key: str) -> bool:
    async with context.database.read() as session:
        if thing is Thing.REPLAY:
            return await store.asker_of_replay(session, key) == caller.name
        unit = await store.unit_of(session, thing, key)
    return unit is not None and holds(context, caller, unit)


def holds(context: Context, caller: Caller, unit: str) -> bool:
    """Whether a unit is in a caller's reach."""
    return caller.reach.is_whole or caller.reach.holds(unit, parents(context))


def require_officer(caller: Caller, officer: str) -> None:
    """Let a person ask in their own name only. Software names the officer for whom it asks, and answers for that.

    Raises:
        Forbidden: a person names somebody else: quotas, locks and the record would be another's.
    """
    if caller.is_person and officer != caller.name:
        message = f"'{caller.name}' asks as '{officer}': who is logged in asks in their own name"
        raise Forbidden(message, faults=(Fault("/officer", message),))


def require_unit(context: Context, caller: Caller, unit: str, pointer: str) -> None:
    """Refuse a record or a question in the name of a unit that is not the caller's.

    Raises:
        OutOfReach: it is not.
    """
    if not holds(context, caller, unit):
        message = f"unit '{unit}' is not within reach of '{caller.name}', which is of: {_named(caller)}"
        raise OutOfReach(message, faults=(Fault(pointer, message),))


def require_record(context: Context, caller: Caller, code: str, unit: str, held_unit: str) -> None:
    """Refuse a dossier that a caller may not hand over: for another unit, of one, or under another's code.

    A code whose first part names a unit is that unit's to give, or that of a unit below it. Otherwise one commune
    could take another's codes, and learn by trying which are taken.

    Raises:
        OutOfReach: it is not this caller's.
    """
    if caller.reach.is_whole:
        return
    require_unit(context, caller, unit, "/receiving_unit")
    of_code, above = parse_dossier_code(code).unit, parents(context)
    gives = of_code not in above or any(Reach(frozenset({of_code})).holds(mine, above) for mine in caller.reach.units)
    if not (gives or holds(context, caller, of_code)) or not (not held_unit or holds(context, caller, held_unit)):
        message = f"'{code}' is not a code that '{caller.name}' may use, which is of: {_named(caller)}"
        raise OutOfReach(message, faults=(Fault("/code", message),))


def _named(caller: Caller) -> str:
    return ", ".join(sorted(caller.reach.units))
