"""What an officer is about to ask for, as the tables know it: what could stand for it, and where that may be held."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from app.domain.documents import Role
from app.domain.once_only import Grounds
from app.errors import Fault, UnknownCode
from app.reference.rule_facts import Authority, Exemption, Holder, ItemKind
from app.reference.rule_facts import Role as Person
from app.usecases import keep_document
from app.usecases.context import Context
from schemas.once_only import AskedItem, OnceOnlyCheckIn
from schemas.persons import PersonField
from schemas.provincial import PaperKind

# What only the person themself has told the state: it stands in the dossiers that they handed in.
TOLD_BY_APPLICANT = frozenset({"phone", "email"})
_OF_A_PERSON = frozenset(field.value for field in PersonField)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing, and what could stand for it.

    ``code`` is its code, or its name where it has none. ``results`` are results any of which stands for it,
    ``fields`` the facts about the person that do so together, ``component`` its code in earlier dossiers, ``told`` what
    an earlier dossier says of the applicant. ``citation`` is that of the row that names its authority.
    """

    place: int
    kind: ItemKind
    code: str
    component: str | None = None
    results: frozenset[str] = frozenset()
    fields: frozenset[PersonField] = frozenset()
    told: str | None = None
    grounds: Grounds | None = None
    reason: str | None = None
    exemption: Exemption | None = None
    citation: str | None = None


def check_codes(context: Context, asked: OnceOnlyCheckIn) -> None:
    """Hold every code against its table.

    Raises:
        UnknownCode: with all that are in none.
    """
    faults = tuple(_faults(context, asked))
    if faults:
        raise UnknownCode(faults[0].detail, faults=faults)


def _faults(context: Context, asked: OnceOnlyCheckIn) -> Iterator[Fault]:
    catalogue = context.catalogue
    if asked.procedure not in catalogue.procedures:
        yield Fault("/procedure", f"'{asked.procedure}' is not in the table 'procedures'", "procedures")
    if asked.unit not in catalogue.units:
        yield Fault("/unit", f"'{asked.unit}' is not in the table 'units'", "units")
    for place, item in enumerate(asked.items):
        if item.component_code is not None:
            try:
                keep_document.check_code(context, asked.procedure, Role.COMPONENT, item.component_code)
            except UnknownCode as unknown:
                (fault,) = unknown.faults
                yield Fault(f"/items/{place}/component_code", fault.detail, fault.table)
        elif (code := _code_of(context, asked.procedure, item.component_name)) is not None:
            # By its name nobody would look for it.
            message = f"the table 'components of {asked.procedure}' has it as '{code}': name it by its code"
            yield Fault(f"/items/{place}/component_name", message, f"components of {asked.procedure}")
        for number, code in enumerate(item.result_codes):
            if code not in catalogue.results:
                pointer = f"/items/{place}/result_codes/{number}"
                yield Fault(pointer, f"'{code}' is not in the table 'results'", "results")


def _code_of(context: Context, procedure: str, name: str | None) -> str | None:
    """The code of a listed component that is called so, letter case and blanks aside."""
    if name is None:
        return None
    listed = context.catalogue.components.get(procedure, {})
    return next((code for code, known in listed.items() if _folded(known) == _folded(name)), None)


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def items_of(context: Context, asked: OnceOnlyCheckIn, day: date) -> list[Item]:
    """The things that are asked for, by the tables in force on ``day``."""
    return [_item(context, asked, place, item, day) for place, item in enumerate(asked.items)]


def _item(context: Context, asked: OnceOnlyCheckIn, place: int, item: AskedItem, day: date) -> Item:
    grounds = Grounds(item.grounds) if item.grounds else None
    if item.field is not None:
        return _field(context, asked, place, item, grounds, day)
    code = item.component_code or item.component_name or ""
    procedure = context.catalogue.procedures[asked.procedure]
    exemption = context.rules.exemption_for(asked.procedure, procedure.field_code, code, day)
    if item.component_code is None or exemption is not None:
        return Item(place, ItemKind.COMPONENT, code, grounds=grounds, reason=item.reason, exemption=exemption)
    authority = context.rules.authority_of(ItemKind.COMPONENT, asked.procedure, code, day)
    # What only the applicant can declare is declared anew for every dossier: an old one stands for nothing.
    own = authority is not None and authority.holder is Holder.APPLICANT
    return Item(
        place,
        ItemKind.COMPONENT,
        code,
        component=None if own else code,
        results=frozenset(item.result_codes) | _results(authority),
        fields=_fields(asked, authority),
        grounds=grounds,
        reason=item.reason,
        citation=authority.citation if authority else None,
    )


def _field(
    context: Context, asked: OnceOnlyCheckIn, place: int, item: AskedItem, grounds: Grounds | None, day: date
) -> Item:
    name = item.field or ""
    source = _source_field(context, asked.procedure, name, day)
    authority = context.rules.authority_of(ItemKind.FIELD, asked.procedure, source, day) if source else None
    earlier = authority is not None and authority.holder is Holder.EARLIER_DOSSIER
    return Item(
        place,
        ItemKind.FIELD,
        name,
        results=_results(authority),
        fields=_fields(asked, authority),
        told=source if earlier and source in TOLD_BY_APPLICANT else None,
        grounds=grounds,
        reason=item.reason,
        citation=authority.citation if authority else None,
    )


def _source_field(context: Context, procedure: str, name: str, day: date) -> str | None:
    """The fact that a blank asks for; None: one of somebody else than the applicant, or of no person."""
    if name in TOLD_BY_APPLICANT | _OF_A_PERSON:
        return name
    blanks = [blank for form in context.rules.forms_of(procedure, day) for blank in form.fields if blank.name == name]
    return next((blank.source_field for blank in blanks if blank.person is Person.APPLICANT and not blank.part), None)


def _results(authority: Authority | None) -> frozenset[str]:
    return frozenset(authority.results) if authority else frozenset()


def _fields(asked: OnceOnlyCheckIn, authority: Authority | None) -> frozenset[PersonField]:
    """Only people have a record, found by a number of theirs."""
    if authority is None or authority.holder is not Holder.POPULATION or asked.subject.kind is PaperKind.TAX_NUMBER:
        return frozenset()
    return frozenset(authority.fields)
