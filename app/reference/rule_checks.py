"""The five tables held against the code lists: a code that is in none is a slip of the pen, and is refused at start."""

from collections.abc import Iterator

from app.reference import Catalogue, CatalogueError
from app.reference.rule_book import AUTHORITIES, EXCEPTIONS, FIELDS, FORMS, RuleBook
from app.reference.rule_facts import ANY, Authority, ItemKind

_Fault = tuple[str, int, str]


def check(rules: RuleBook, catalogue: Catalogue) -> None:
    """See that every procedure, component and result of the tables is listed, and every fact that they use allowed.

    Raises:
        CatalogueError: with the first row that names something else.
    """
    for table, row, words in _faults(rules, catalogue):
        message = f"{table}.csv, row {row}: {words}"
        raise CatalogueError(message)


def _faults(rules: RuleBook, catalogue: Catalogue) -> Iterator[_Fault]:
    known = {ANY, *catalogue.procedures, *(facts.field_code for facts in catalogue.procedures.values())}
    for field_rule in (row for group in rules.field_rules.values() for row in group):
        if field_rule.procedure not in known:
            yield FIELDS, field_rule.row, f"'{field_rule.procedure}' is neither a procedure nor a field"
    for authority in (row for timeline in rules.authorities.values() for row in timeline):
        for words in _of_authority(authority, rules, catalogue):
            yield AUTHORITIES, authority.row, words
    for exemption in (row for timeline in rules.exemptions.values() for row in timeline):
        if exemption.procedure not in known:
            yield EXCEPTIONS, exemption.row, f"'{exemption.procedure}' is neither a procedure nor a field"
        elif exemption.component != ANY and not _holding(catalogue, exemption.procedure, exemption.component):
            yield EXCEPTIONS, exemption.row, f"'{exemption.component}' is no component of '{exemption.procedure}'"
    yield from _of_forms(rules, catalogue)


def _of_authority(authority: Authority, rules: RuleBook, catalogue: Catalogue) -> Iterator[str]:
    if authority.procedure != ANY and authority.procedure not in catalogue.procedures:
        yield f"'{authority.procedure}' is no procedure"
        return
    if authority.kind is ItemKind.FIELD:
        return
    procedures = _holding(catalogue, authority.procedure, authority.item)
    if not procedures:
        yield f"'{authority.item}' is no component of '{authority.procedure}'"
    for code in authority.results:
        if code not in catalogue.results:
            yield f"'{code}' is no result"
    for procedure in procedures:
        field_code = catalogue.procedures[procedure].field_code
        allowed = rules.allowed_fields(procedure, field_code, authority.valid_from)
        for field in authority.fields:
            if field not in allowed:
                yield f"{procedure} may not see {field} on {authority.valid_from}, which is to prove '{authority.item}'"


def _of_forms(rules: RuleBook, catalogue: Catalogue) -> Iterator[_Fault]:
    for form in (form for versions in rules.form_versions.values() for form in reversed(versions)):
        facts = catalogue.procedures.get(form.procedure)
        if facts is None:
            yield FORMS, form.fields[0].row, f"'{form.procedure}' is no procedure"
            continue
        allowed = rules.allowed_fields(facts.code, facts.field_code, form.valid_from)
        for field in form.fields:
            if field.person_field is not None and field.person_field not in allowed:
                yield FORMS, field.row, f"{facts.code} may not see {field.person_field} on {form.valid_from}"


def _holding(catalogue: Catalogue, procedure: str, component: str) -> tuple[str, ...]:
    """The procedures that a row speaks of (one, those of a field, or all) and that list the component."""
    return tuple(
        [
            code
            for code, parts in catalogue.components.items()
            if component in parts
            and code in catalogue.procedures
            and (procedure in {ANY, code} or catalogue.procedures[code].field_code == procedure)
        ]
    )
