"""Dossier codes in both legal forms, and what is not one."""

from datetime import date

import pytest

from app.domain.identifiers import DossierCode, hide_numbers, parse_dossier_code
from app.errors import InvalidDossierCode


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("H15.16-260701-0001", DossierCode("H15.16", date(2026, 7, 1), 1)),
        ("H15-260701-0001", DossierCode("H15", date(2026, 7, 1), 1)),
        ("H15.16.3-260701-0001", DossierCode("H15.16.3", date(2026, 7, 1), 1)),
        ("H15.16.3.121-260701-0001", DossierCode("H15.16.3.121", date(2026, 7, 1), 1)),
        ("000.00.16.H15-260701-0001", DossierCode("000.00.16.H15", date(2026, 7, 1), 1)),
        ("H15.16-240229-1234567890", DossierCode("H15.16", date(2024, 2, 29), 1234567890)),
    ],
)
def test_legal_forms(text: str, code: DossierCode) -> None:
    assert parse_dossier_code(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H15.16",
        "H15.16-260701",
        "H15.16-260701-001",  # three digits
        "H15.16-260701-12345678901",  # eleven digits
        "H15.16-260230-0001",  # no such day
        "H15.16-250229-0001",  # no leap year
        "H15.16-261301-0001",  # no such month
        "h15.16-260701-0001",
        "H15.16.1.2.3-260701-0001",
        "H15.1234-260701-0001",
        "000.00.16.15-260701-0001",
        "000.0.16.H15-260701-0001",
        " H15.16-260701-0001",
        "H15.16-260701-0001\n",
        "H15.16-26071-00001",
        "H15.16_260701_0001",
    ],
)
def test_what_is_not_a_dossier_code(text: str) -> None:
    with pytest.raises(InvalidDossierCode) as caught:
        parse_dossier_code(text)
    assert caught.value.faults[0].pointer == "/code"


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidDossierCode) as caught:
        parse_dossier_code("x" * 5000)
    assert len(caught.value.detail) < 200


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hồ sơ '003190123456'", "hồ sơ '***'"),
        ("x003190123456y", "x***y"),
        # An id that we gave; one letter more or less, or none, and it may be anything.
        ("document '01a214e415c123456789a5944ef31dd5'", "document '01a214e415c123456789a5944ef31dd5'"),
        ("01a214e415c123456789a5944ef31dd51", "01a214e415c***a5944ef31dd51"),
        ("00319012345600319012345600319012", "***"),
        ("12345678", "12345678"),
    ],
)
def test_long_numbers_are_hidden_and_ids_of_ours_are_not(text: str, shown: str) -> None:
    assert hide_numbers(text) == shown
