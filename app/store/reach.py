"""Whose a thing is: the unit that received its dossier, or that asked. Every filter by units is made of this."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select

from app.domain.access import Thing
from app.store.document_tables import documents
from app.store.once_only_tables import anomalies, discrepancies, once_only_checks, prefills
from app.store.session import ReadSession
from app.store.tables import dossiers, messages, replays

#: Codes of the units in reach; None: all of the province.
Units = frozenset[str] | None
# Any number of so many digits fits into a key of either database.
_DIGITS_MAX: Final = 18
_of_documents = select(dossiers.c.unit_code).join(documents, documents.c.dossier_code == dossiers.c.code)
_of_prefills = select(dossiers.c.unit_code).join(prefills, prefills.c.dossier_code == dossiers.c.code)
# Of each thing: where its unit stands, and its key.
_UNIT_OF: Final[Mapping[Thing, tuple[Select[Any], ColumnElement[Any]]]] = MappingProxyType(
    {
        Thing.DOSSIER: (select(dossiers.c.unit_code), dossiers.c.code),
        Thing.DELIVERY: (select(messages.c.unit_code), messages.c.id),
        Thing.DOCUMENT: (_of_documents, documents.c.id),
        Thing.CHECK: (select(once_only_checks.c.unit_code), once_only_checks.c.id),
        Thing.PREFILL: (_of_prefills, prefills.c.id),
        Thing.ANOMALY: (select(anomalies.c.unit_code), anomalies.c.id),
        Thing.DISCREPANCY: (select(discrepancies.c.unit_code), discrepancies.c.id),
    }
)
_NUMBERED: Final = frozenset({Thing.DELIVERY, Thing.ANOMALY})


async def unit_of(session: ReadSession, thing: Thing, key: str) -> str | None:
    """The unit of a thing; None: there is none of this key, or no key looks like that."""
    wanted, column = _UNIT_OF[thing]
    value = _number(key) if thing in _NUMBERED else _word(key)
    row = None if value is None else await session.one_or_none(wanted.where(column == value))
    return None if row is None else str(row.unit_code)


async def asker_of_replay(session: ReadSession, key: str) -> str | None:
    """Who began a replay; None: there is none of this key."""
    value = _number(key)
    row = None if value is None else await session.one_or_none(select(replays.c.asked_by).where(replays.c.id == value))
    return None if row is None else str(row.asked_by)


def _word(key: str) -> str | None:
    return key if key.isascii() and key.isprintable() else None


def _number(key: str) -> int | None:
    # Only what reads as a key of the database: what else a door may take for a number is nobody's here.
    return int(key) if key.isascii() and key.isdecimal() and len(key) <= _DIGITS_MAX else None


def within(column: ColumnElement[Any], units: Units) -> tuple[ColumnElement[bool], ...]:
    """The condition that a unit is in reach; none where all of the province is."""
    return () if units is None else (column.in_(sorted(units)),)


def of_dossiers(column: ColumnElement[Any], units: Units) -> tuple[ColumnElement[bool], ...]:
    """The condition that a dossier, by its code, is in reach."""
    return () if units is None else (column.in_(select(dossiers.c.code).where(*within(dossiers.c.unit_code, units))),)
