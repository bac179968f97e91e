"""The one catalogue of what people read: Vietnamese first, English second.

Keys are ``area.name``. A test fails when a state, a refusal or an outcome has no sentence, or when a text names
an instrument that is no longer in force.
"""

from dataclasses import dataclass
from types import MappingProxyType

from app.texts import (
    access,
    accounts,
    bundle,
    compliance,
    deliveries,
    disclosures,
    documents,
    door,
    erasure,
    once_only,
    page,
    persons,
    prefill,
    reasons,
)


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    vi: str
    en: str


_RAW = (
    deliveries.RAW | documents.RAW | reasons.RAW | door.RAW | page.RAW | bundle.RAW | once_only.RAW | persons.RAW
) | (prefill.RAW | disclosures.RAW | access.RAW | accounts.RAW | erasure.RAW | compliance.RAW)

TEXTS = MappingProxyType({key: Text(vi, en) for key, (vi, en) in _RAW.items()})


def situation_key(situation: str, kind: str) -> str:
    """Key of the sentence of a situation: news goes to a receiver, not to the nation, and is told in its own words."""
    own = f"situation.{situation}.event"
    return own if kind == "event" and own in TEXTS else f"situation.{situation}"


def text(key: str) -> Text:
    """The text of a key.

    Raises:
        KeyError: the catalogue lacks it (a test keeps that from happening).
    """
    return TEXTS[key]
