"""Erasure of a person's values beside the log: in two pairs of hands. Source: QCVN 12:2026/BCA 3.7.2.8, 3.9.2.2.7."""

import unicodedata
from enum import StrEnum
from typing import Final

#: What stands before the account of whoever gives a command.
COMMAND_LINE: Final = "cli:"


class ErasureState(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    DONE = "done"
    DECLINED = "declined"


class LookReason(StrEnum):
    """Why somebody may look at personal values beside the log."""

    INSPECTION = "inspection"
    COMPLAINT = "complaint"
    SUBJECT_REQUEST = "subject_request"
    INCIDENT = "incident"
    INVESTIGATION = "investigation"


def same_hands(one: str, other: str) -> bool:
    """Whether two accounts must be taken for one person: the same name, at the door or on the command line.

    Case and how letters are composed tell nobody apart.
    """
    return _person(one) == _person(other)


def _person(account: str) -> str:
    return unicodedata.normalize("NFKC", account).casefold().strip().removeprefix(COMMAND_LINE).strip()
