"""Right to know: which entries of the log say that a person's data were shared or looked at, and what they mean.

Sources: NĐ 278/2025/NĐ-CP (sharing is traceable), Luật 91/2025/QH15 (rights of who the data are about). As in Estonia's
tracker, about whom and on whose case are kept apart: a look at somebody for another's dossier names no dossier.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from app.domain.audit import AuditKind
from app.domain.delivery import NATIONAL
from app.domain.rulesets import VIETNAM

#: What ``log`` says in the detail of a look at somebody's disclosures.
LOG: Final = "disclosures"
#: What it says in that of a look at the personal values of an entry.
VALUES: Final = "values"


class What(StrEnum):
    """What happened to the data; the catalogue has a sentence for each (``disclosure.<value>``)."""

    PERSON_ASKED = "person_asked"
    PERSON_TOLD = "person_told"
    PERSON_NOT_CONFIRMED = "person_not_confirmed"
    PERSON_UNANSWERED = "person_unanswered"
    DOSSIER_READ = "dossier_read"
    DOCUMENT_DESCRIBED = "document_described"
    DOCUMENT_GIVEN = "document_given"
    DOCUMENTS_LISTED = "documents_listed"
    LOOKUP_BEGUN = "lookup_begun"
    LOOKUP_DONE = "lookup_done"
    COPY_BEGUN = "copy_begun"
    COPY_TAKEN = "copy_taken"
    CHECK_BEGUN = "check_begun"
    CHECK_DONE = "check_done"
    FORM_BEGUN = "form_begun"
    FORM_FILLED = "form_filled"
    DOSSIER_SENDING = "dossier_sending"
    DOSSIER_TAKEN = "dossier_taken"
    DOSSIER_REFUSED = "dossier_refused"
    DOSSIER_UNCERTAIN = "dossier_uncertain"
    DISCLOSURES_READ = "disclosures_read"
    RECEIPT_GIVEN = "receipt_given"
    VALUES_READ = "values_read"


_K = AuditKind
_MEANS = MappingProxyType(
    {
        (_K.PERSON_ASKED, "asked"): What.PERSON_ASKED,
        (_K.PERSON_ANSWERED, "MATCH"): What.PERSON_TOLD,
        (_K.PERSON_ANSWERED, "NOT_FOUND_OR_MISMATCH"): What.PERSON_NOT_CONFIRMED,
        (_K.DOSSIER_READ, "given"): What.DOSSIER_READ,
        (_K.DOCUMENT_READ, "described"): What.DOCUMENT_DESCRIBED,
        (_K.DOCUMENT_READ, "given"): What.DOCUMENT_GIVEN,
        (_K.DOCUMENT_READ, "listed"): What.DOCUMENTS_LISTED,
        (_K.DOCUMENT_LOOKUP, "asked"): What.LOOKUP_BEGUN,
        (_K.DOCUMENT_LOOKUP, "answered"): What.LOOKUP_DONE,
        (_K.DOCUMENT_LOOKUP, "taking"): What.COPY_BEGUN,
        (_K.DOCUMENT_LOOKUP, "taken"): What.COPY_TAKEN,
        (_K.ONCE_ONLY, "asked"): What.CHECK_BEGUN,
        (_K.ONCE_ONLY, "answered"): What.CHECK_DONE,
        (_K.PREFILL, "asked"): What.FORM_BEGUN,
        (_K.PREFILL, "filled"): What.FORM_FILLED,
        (_K.EXCHANGE_STARTED, "claimed"): What.DOSSIER_SENDING,
        (_K.EXCHANGE_ENDED, "accepted"): What.DOSSIER_TAKEN,
        (_K.EXCHANGE_ENDED, "rejected"): What.DOSSIER_REFUSED,
        (_K.LOG_ACCESS, "read"): What.DISCLOSURES_READ,
        (_K.LOG_ACCESS, "receipt"): What.RECEIPT_GIVEN,
        (_K.LOG_ACCESS, "values_read"): What.VALUES_READ,
    }
)
# Where data may have left whatever the outcome is called.
_OTHERWISE = MappingProxyType(
    {
        _K.PERSON_ANSWERED: What.PERSON_UNANSWERED,
        _K.EXCHANGE_STARTED: What.DOSSIER_SENDING,
        _K.EXCHANGE_ENDED: What.DOSSIER_UNCERTAIN,
    }
)

#: Kinds of entries that are about the person whom a question was about.
OF_QUESTIONS: Final = (_K.PERSON_ASKED, _K.PERSON_ANSWERED)
#: Kinds of entries that are about whose dossier it is. A document without an owner is the applicant's.
OF_DOSSIERS: Final = (_K.EXCHANGE_STARTED, _K.EXCHANGE_ENDED, _K.DOSSIER_READ, _K.DOCUMENT_READ)
#: Kinds of entries that say themselves whom they are about.
OF_SUBJECTS: Final = (_K.DOCUMENT_READ, _K.DOCUMENT_LOOKUP, _K.ONCE_ONLY, _K.PREFILL, _K.LOG_ACCESS)
_EXCHANGES = frozenset({_K.EXCHANGE_STARTED, _K.EXCHANGE_ENDED})
_WHOLE = _EXCHANGES | {_K.DOSSIER_READ}

#: The whole dossier, or the steps of it, as handed over; which they were stands with the delivery.
_DOSSIER_ITEMS = ("dossier",)
_ITEM_NAMES = ("document", "component", "form")
_ITEM_LISTS = ("items", "results", "wanted", "fields")


@dataclass(frozen=True, slots=True)
class Delay:
    """What is on record about a dossier is not told to whom it is about before the day ``until``, Vietnamese time."""

    made_at: datetime
    until: date
    legal_basis: str

    @property
    def ends_at(self) -> datetime:
        """The beginning of the day on which it is told."""
        return datetime.combine(self.until, time(), VIETNAM)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person: which dossiers are theirs, and which questions were about them."""

    subject: str
    dossiers: Collection[str]
    questions: Collection[str]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One sharing or look: who, for whom, when, why, what, on which law. ``provider``: whose data, or where they went.

    ``dossier`` and ``procedure`` are None where the case is another's (``own_case`` false). ``delay`` is what kept it
    back until now.
    """

    entry: int
    at: datetime
    what: What
    actor: str
    agency: str
    unit: str | None
    provider: str
    own_case: bool
    dossier: str | None
    procedure: str | None
    purpose: str
    legal_basis: str
    items: tuple[str, ...]
    delay: Delay | None = None


def meaning_of(kind: AuditKind, outcome: str, provider: str, detail: Mapping[str, Any]) -> What | None:
    """What an entry of this kind says about data that were shared or looked at; None: none were."""
    if kind in _EXCHANGES and provider not in NATIONAL:
        # News names a dossier by its code and says how its delivery stands, nothing of a person.
        return None
    if kind is _K.LOG_ACCESS and detail.get("log") not in {LOG, VALUES}:
        return None
    return _MEANS.get((kind, outcome), _OTHERWISE.get(kind))


def is_about(row: Mapping[str, Any], known: Known) -> bool:
    """Whether an entry is about this person. Nobody is found by a code of a dossier that is not theirs."""
    kind = AuditKind(row["kind"])
    if kind in OF_QUESTIONS:
        return row["detail"].get("query") in known.questions
    if row["subject_ref"] is not None:
        return bool(row["subject_ref"] == known.subject and kind in OF_SUBJECTS)
    return kind in OF_DOSSIERS and row["dossier_code"] in known.dossiers


def disclosure_of(row: Mapping[str, Any], known: Known) -> Disclosure | None:
    """What an entry of the log tells a person about their data; None: nothing.

    Args:
        row: columns of the audit table by name, ``detail`` as a mapping.
        known: what is known of the person.
    """
    kind, detail = AuditKind(row["kind"]), row["detail"]
    what = meaning_of(kind, row["outcome"], row["provider"], detail)
    if what is None or not is_about(row, known):
        return None
    code = row["dossier_code"]
    own = code is None or code in known.dossiers
    # An officer's own words may name the other person's business.
    purpose = row["purpose"] if own else row["purpose"].partition(": ")[0]
    return Disclosure(
        entry=row["id"],
        at=row["at"],
        what=what,
        actor=row["actor"],
        agency=row["agency"],
        unit=row["unit_code"],
        provider=row["provider"],
        own_case=own,
        dossier=code if own else None,
        procedure=row["procedure_code"] if own else None,
        purpose=purpose,
        legal_basis=row["legal_basis"],
        items=_DOSSIER_ITEMS if kind in _WHOLE else items_of(detail),
    )


def items_of(detail: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of what was asked for or given, as far as the entry has them; never a value."""
    if "returned" in detail:
        return tuple(detail["returned"])
    found = [detail[name] for name in _ITEM_NAMES if isinstance(detail.get(name), str)]
    for name in _ITEM_LISTS:
        found += [one for one in detail.get(name) or () if isinstance(one, str)]
    return tuple(dict.fromkeys(found))


def is_hidden(delays: Sequence[Delay], now: datetime) -> bool:
    """Whether a dossier's entries are kept back now: the newest delay counts (``delays``: oldest first)."""
    return bool(delays) and now < delays[-1].ends_at


def kept_back_by(at: datetime, delays: Sequence[Delay]) -> Delay | None:
    """The last delay that kept an entry of the time ``at`` back for a while; a newer delay ends the older one."""
    found = None
    for place, delay in enumerate(delays):
        later = delays[place + 1].made_at if place + 1 < len(delays) else delay.ends_at
        if max(at, delay.made_at) < min(delay.ends_at, later):
            found = delay
    return found
