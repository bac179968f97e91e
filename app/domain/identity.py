"""What may be said of an applicant's identity, from what really happened."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Login:
    """A login by VNeID: the account's personal number, and when."""

    number: str
    at: datetime


def logged_in(login: Login | None, numbers: Collection[str], submitted_at: datetime, life_seconds: float) -> bool:
    """Whether a dossier was filed under a login by VNeID of the applicant.

    ``numbers`` are the applicant's personal numbers. A login of somebody else, one after the filing, or one more than
    ``life_seconds`` before it says nothing about this dossier.
    """
    if login is None or login.number not in numbers:
        return False
    return timedelta(0) <= submitted_at - login.at <= timedelta(seconds=life_seconds)
