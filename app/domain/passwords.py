"""Rules of passwords: what one must hold, and how long it may stay. Pure; nothing here hashes.

Sources: QCVN 12:2026/BCA 3.7.2.6 (``docs/requirements.csv`` G1).
"""

import calendar
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.rulesets import VIETNAM

LENGTH_MIN: Final = 8
# Longer ones add nothing, and somebody must hash them.
LENGTH_MAX: Final = 128
# A new password is none of the last ten, the present one among them.
KEPT: Final = 10
# Lower and upper letters, digits, and all else.
CLASSES: Final = 4
_MONTHS: Final = 2
_MONTHS_OF_YEAR: Final = 12


class PasswordFault(StrEnum):
    """What is wrong with a new password."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_LOWER = "no_lower"
    NO_UPPER = "no_upper"
    NO_DIGIT = "no_digit"
    NO_SPECIAL = "no_special"
    UNPRINTABLE = "unprintable"
    HOLDS_NAME = "holds_name"
    USED_BEFORE = "used_before"


def normalised(text: str) -> str:
    """The one form that is hashed: keyboards write the same Vietnamese letter in two ways (Unicode NFC)."""
    return unicodedata.normalize("NFC", text)


def faults_of(password: str, account: str) -> tuple[PasswordFault, ...]:
    """What is wrong with a normalised password for an account, in the order of the rules; empty: nothing."""
    found = {
        PasswordFault.TOO_SHORT: len(password) < LENGTH_MIN,
        PasswordFault.TOO_LONG: len(password) > LENGTH_MAX,
        PasswordFault.NO_LOWER: not any(letter.islower() for letter in password),
        PasswordFault.NO_UPPER: not any(letter.isupper() for letter in password),
        PasswordFault.NO_DIGIT: not any(letter.isdecimal() for letter in password),
        PasswordFault.NO_SPECIAL: all(letter.isalnum() or letter.isspace() for letter in password),
        PasswordFault.UNPRINTABLE: not password.isprintable(),
        PasswordFault.HOLDS_NAME: account.casefold() in password.casefold(),
    }
    return tuple(fault for fault, is_there in found.items() if is_there)


def two_months_after(at: datetime) -> datetime:
    """The same hour of the same day two calendar months on, in Viet Nam; the last day where a month is too short."""
    local = at.astimezone(VIETNAM)
    months = local.month - 1 + _MONTHS
    year, month = local.year + months // _MONTHS_OF_YEAR, months % _MONTHS_OF_YEAR + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(at.tzinfo)
