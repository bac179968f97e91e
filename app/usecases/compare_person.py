"""What was declared of a person against what the population database said: a verdict a field, with its reasons.

The record itself goes no further than here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.matching import (
    Agreement,
    Match,
    PlaceFacts,
    Why,
    check_number,
    match_birth,
    match_code,
    match_gender,
    match_name,
    match_number,
    match_place,
    match_text,
)
from app.domain.matching_verdicts import unknown, verdict
from app.reference.places import Places
from app.reference.rule_facts import IDENTIFYING
from connectors.population import FieldValue, Place, Relative
from schemas.persons import DeclaredFacts, DeclaredPlace, DeclaredRelative, PersonCheckIn, PersonField

_ORDER = (PersonField.NUMBER, PersonField.FULL_NAME, PersonField.BIRTH_DATE)


class SourceWhy(StrEnum):
    """Reasons that are the database's own, beside those of ``app.domain.matching.Why``."""

    CONFIRMED = "confirmed_by_source"
    NOT_TOLD = "source_does_not_tell"


@dataclass(frozen=True, slots=True)
class FieldVerdict:
    """How one declared fact compares; ``whys`` is never empty."""

    field: PersonField
    agreement: Agreement
    whys: tuple[Why | SourceWhy, ...]


def declared_fields(declared: DeclaredFacts | None) -> frozenset[PersonField]:
    """What was declared beside number, name and birth date."""
    return frozenset(PersonField(name) for name, value in declared or () if value is not None)


def nothing_told(asked: PersonCheckIn) -> tuple[FieldVerdict, ...]:
    """After "not found, or something differs": the database does not say what, so nothing is known of any field."""
    return tuple(FieldVerdict(name, Agreement.UNKNOWN, (SourceWhy.NOT_TOLD,)) for name in _fields(asked))


def compared(
    asked: PersonCheckIn, record: Mapping[PersonField, FieldValue], places: Places
) -> tuple[FieldVerdict, ...]:
    """After a yes: number, name and birth date are one person's, and the other facts compare as they do.

    Where the record tells how the database writes one of the three, a difference in writing is told; that does not
    take the yes back.
    """
    return tuple(_verdict(asked, name, record, places) for name in _fields(asked))


def warnings(asked: PersonCheckIn, places: Places) -> tuple[FieldVerdict, ...]:
    """What the digits of the number itself speak against."""
    declared = asked.declared or DeclaredFacts()
    registered = declared.birth_registration_place
    found = check_number(
        asked.number,
        birth=asked.birth_date,
        gender=declared.gender,
        registered_in=registered.province_code if registered else None,
        provinces=places.number_provinces,
        merged=places.merged,
    )
    return tuple(FieldVerdict(_SPEAKS_OF.get(match.whys[0], PersonField.NUMBER), *_parts(match)) for match in found)


_SPEAKS_OF = {
    Why.CENTURY_DIGIT: PersonField.BIRTH_DATE,
    Why.YEAR_DIGITS: PersonField.BIRTH_DATE,
    Why.GENDER_DIGIT: PersonField.GENDER,
    Why.PROVINCE_DIGITS: PersonField.BIRTH_REGISTRATION_PLACE,
}


def _fields(asked: PersonCheckIn) -> Iterator[PersonField]:
    yield from _ORDER
    yield from sorted(declared_fields(asked.declared))


def _verdict(
    asked: PersonCheckIn, name: PersonField, record: Mapping[PersonField, FieldValue], places: Places
) -> FieldVerdict:
    held = record.get(name)
    if name in IDENTIFYING:
        match = _identifying(asked, name, record)
        if match.agreement is Agreement.UNKNOWN:
            return FieldVerdict(name, Agreement.YES, (SourceWhy.CONFIRMED,))
        return FieldVerdict(name, *_parts(match))
    declared = getattr(asked.declared, name)
    if name is PersonField.OLD_NUMBER:
        match = match_number(declared, _text(record.get(PersonField.NUMBER)), _text(held))
    elif isinstance(declared, DeclaredPlace):
        match = match_place(_declared_place(declared), _held_place(held), places.wards, places.merged)
    elif isinstance(declared, DeclaredRelative):
        match = _relative(declared, held if isinstance(held, Relative) else None)
    else:
        match = _BY_FIELD.get(name, match_code)(declared, _text(held))
    return FieldVerdict(name, *_parts(match))


# All others are codes of the national lists.
_BY_FIELD: Mapping[PersonField, Callable[[str, str | None], Match]] = {
    PersonField.GENDER: match_gender,
    PersonField.NATIONALITY: match_text,
}


def _identifying(asked: PersonCheckIn, name: PersonField, record: Mapping[PersonField, FieldValue]) -> Match:
    held = _text(record.get(name))
    if name is PersonField.NUMBER:
        return match_number(asked.number, held, _text(record.get(PersonField.OLD_NUMBER)))
    return match_name(asked.full_name, held) if name is PersonField.FULL_NAME else match_birth(asked.birth_date, held)


def _relative(declared: DeclaredRelative, held: Relative | None) -> Match:
    """By name, and by number where one is declared: a name whose number cannot be compared is PARTIAL at best."""
    if held is None:
        return unknown(Why.NOT_HELD)
    by_name = match_name(declared.full_name, held.full_name)
    if declared.number is None:
        return by_name
    by_number = match_number(declared.number, held.number, held.old_number)
    found = {by_name.agreement, by_number.agreement}
    if Agreement.NO in found:
        agreement = Agreement.NO
    elif found <= {Agreement.YES, Agreement.UNKNOWN} and len(found) == 1:
        (agreement,) = found
    else:
        agreement = Agreement.PARTIAL
    return verdict(agreement, [*by_name.whys, *by_number.whys])


def _declared_place(place: DeclaredPlace) -> PlaceFacts:
    return PlaceFacts(province=place.province_code, ward=place.ward_code, detail=place.detail)


def _held_place(held: FieldValue | None) -> PlaceFacts:
    if not isinstance(held, Place):
        return PlaceFacts()
    return PlaceFacts(held.province_code, held.district_code, held.ward_code, held.detail)


def _text(value: FieldValue | None) -> str | None:
    return value if isinstance(value, str) else None


def _parts(match: Match) -> tuple[Agreement, tuple[Why, ...]]:
    return match.agreement, match.whys
