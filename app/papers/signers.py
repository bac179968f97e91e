"""Whom a certificate names: a person, an agency, or neither that can be told.

Certainty: inferred. No published rule was read that tells the two apart in a certificate; the table below follows what
the subjects of Vietnamese certificates and of ETSI EN 319 412 look like. It is data so that a province can replace it
(``TrustSettings.person_rules`` and ``agency_rules``), and whoever fits neither or both is ``UNKNOWN``: nobody is
guessed to be an officer or an agency.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from app.domain.documents import SignerKind

# Object identifiers of subject attributes (RFC 4519, ITU-T X.520).
COMMON_NAME: Final = "2.5.4.3"
SURNAME: Final = "2.5.4.4"
SERIAL_NUMBER: Final = "2.5.4.5"
ORGANISATION: Final = "2.5.4.10"
ORGANISATION_UNIT: Final = "2.5.4.11"
GIVEN_NAME: Final = "2.5.4.42"
ORGANISATION_IDENTIFIER: Final = "2.5.4.97"
USER_ID: Final = "0.9.2342.19200300.100.1.1"

# A rule is an object identifier, or one with the beginning of its value: "oid" or "oid=beginning".
PERSON_RULES: Final = (
    f"{USER_ID}=CCCD:",
    f"{USER_ID}=CMND:",
    f"{USER_ID}=HC:",
    SURNAME,
    GIVEN_NAME,
    f"{SERIAL_NUMBER}=PNO",
    f"{SERIAL_NUMBER}=IDC",
)
AGENCY_RULES: Final = (f"{USER_ID}=MST:", ORGANISATION_IDENTIFIER)

Subject = Mapping[str, Sequence[str]]


def kind_of(
    subject: Subject,
    *,
    person_rules: Sequence[str] = PERSON_RULES,
    agency_rules: Sequence[str] = AGENCY_RULES,
) -> SignerKind:
    """The kind of signer that a subject (values by dotted object identifier) names.

    A subject without any mark of a person whose common name is that of its own organisation or unit is an agency too.
    """
    person = _fits(subject, person_rules)
    agency = _fits(subject, agency_rules) or (not person and _named_after_itself(subject))
    if person is agency:
        return SignerKind.UNKNOWN
    return SignerKind.PERSON if person else SignerKind.AGENCY


def display_name(subject: Subject) -> str:
    """The common name, or the last name the subject has; empty when it has none."""
    for attribute in (COMMON_NAME, ORGANISATION_UNIT, ORGANISATION):
        if values := _values(subject, attribute):
            return values[0]
    return ""


def agency_of(subject: Subject, kind: SignerKind) -> str | None:
    """The agency that speaks: for a seal its own name, else unit and organisation, the smaller first."""
    if kind is SignerKind.AGENCY:
        return display_name(subject) or None
    return ", ".join(_values(subject, ORGANISATION_UNIT) + _values(subject, ORGANISATION)) or None


def _fits(subject: Subject, rules: Sequence[str]) -> bool:
    for rule in rules:
        attribute, _, beginning = rule.partition("=")
        if any(value.casefold().startswith(beginning.casefold()) for value in _values(subject, attribute)):
            return True
    return False


def _named_after_itself(subject: Subject) -> bool:
    own = {value.casefold() for value in _values(subject, ORGANISATION) + _values(subject, ORGANISATION_UNIT)}
    return bool(_values(subject, ORGANISATION)) and any(
        value.casefold() in own for value in _values(subject, COMMON_NAME)
    )


def _values(subject: Subject, attribute: str) -> list[str]:
    return [value.strip() for value in subject.get(attribute, ()) if value.strip()]
