"""What the sources hold of the blanks of a form, as text that software puts into them, and when two texts are one.

Dates are ISO (``yyyy-MM-dd``, or ``yyyy``), genders ``male`` or ``female``, lists by their national code: values go
to software, which has the words for them. Addresses are words.
"""

from collections.abc import Callable
from typing import Final

from app.domain import matching
from app.domain.matching import Agreement, Match
from app.domain.prefill import Origin, Same, Value
from app.reference.places import Places
from app.reference.rule_facts import FormField, RelativePart, Role
from app.store.session import Row
from app.usecases.ask_person import PersonTold
from connectors.population import FieldValue, Place, Relative
from schemas.persons import PersonField
from schemas.provincial import Applicant, DossierIn, PaperKind

_HOME: Final = "VN"
# A blank for a year is filled with no more than the year.
_YEAR_BLANK: Final = "birth_year"
_YEAR_DIGITS: Final = 4
# An earlier dossier says how to reach a person; whose numbers they are, this one says itself.
_OF_EARLIER: Final = frozenset({"full_name", "phone", "email"})

_Matcher = Callable[[str, str | None], Match]
_LISTS: Final = ("ethnicity", "religion", "marital_status", "blood_group")
_MATCHERS: Final[dict[str, _Matcher]] = {
    "full_name": matching.match_name,
    "birth_date": matching.match_birth,
    "gender": matching.match_gender,
    "number": matching.match_number,
    "old_number": matching.match_number,
    "phone": matching.match_phone,
    "email": matching.match_email,
    **dict.fromkeys(_LISTS, matching.match_code),
}


def same_for(field: FormField) -> Same:
    """When two texts in a blank are one value with certainty: what is merely likely is shown to a person."""
    item = field.part.value if field.part else field.source_field or ""
    matcher = _MATCHERS.get(item, matching.match_text)

    def same(one: str, other: str) -> bool:
        return one == other or matcher(one, other).agreement is Agreement.YES

    return same


def of_population(fields: tuple[FormField, ...], told: PersonTold, places: Places) -> dict[str, Value]:
    """What the population database told, by blank."""
    found: dict[str, Value] = {}
    for field in fields:
        held = told.record.get(field.person_field) if field.person_field else None
        text = _text(held, field.part, places) if held is not None else None
        if text:
            text = text[:_YEAR_DIGITS] if field.name.endswith(_YEAR_BLANK) else text
            as_of = told.data_at or told.answered_at
            found[field.name] = Value(text, Origin.POPULATION, as_of, told.query_id)
    return found


def of_dossier(fields: tuple[FormField, ...], row: Row, origin: Origin) -> dict[str, Value]:
    """What the applicant's own entry in a dossier says, by blank; as old as the dossier is here."""
    items = applicant_items(DossierIn.model_validate_json(row["facts"]).applicant)
    if origin is Origin.EARLIER_DOSSIER:
        items = {name: text for name, text in items.items() if name in _OF_EARLIER}
    return {
        field.name: Value(items[field.source_field], origin, row["created_at"], row["code"])
        for field in fields
        if field.source_field in items and field.person is Role.APPLICANT
    }


def applicant_items(applicant: Applicant) -> dict[str, str]:
    """What an entry of an applicant says, by item of the table of authorities."""
    numbers = {paper.kind: paper.number for paper in applicant.identities}
    said = {
        PersonField.FULL_NAME.value: applicant.full_name,
        PersonField.NUMBER.value: numbers.get(PaperKind.PERSONAL_NUMBER),
        PersonField.OLD_NUMBER.value: numbers.get(PaperKind.OLD_IDENTITY_NUMBER),
        "tax_number": numbers.get(PaperKind.TAX_NUMBER),
        "phone": applicant.phone,
        "email": applicant.email,
    }
    return {name: text for name, text in said.items() if text}


def _text(held: FieldValue, part: RelativePart | None, places: Places) -> str | None:
    if isinstance(held, Place):
        return place_text(held, places)
    if isinstance(held, Relative):
        return getattr(held, part.value) if part else None
    return held


def place_text(place: Place, places: Places) -> str | None:
    """An address in words, from the house to the country; None when nothing of it can be said.

    A code that no list of ours has is left out: the detail of old records names the old units itself. A name that
    the detail says already is not said twice.
    """
    province = place.province_code or ""
    names = (
        places.wards.get(place.ward_code or ""),
        # A province that is no more keeps the name under which the record was made.
        places.provinces.get(province) or places.number_provinces.get(f"0{province}"),
        place.country if place.country != _HOME else None,
    )
    words = place.detail or ""
    for name in names:
        if name and name.casefold() not in words.casefold():
            words = f"{words}, {name}" if words else name
    return words or None
