"""The national code tables, in one place. A new code is one line; a value without a code is refused.

Sources: public clients of the portal and the formula document of QĐ 766/QĐ-TTg.
"""

import re
import unicodedata
from enum import Enum
from types import MappingProxyType

from schemas.provincial import (
    ApplicantKind,
    Channel,
    Database,
    FiledAt,
    OnlinePayment,
    PaperKind,
    ReturnMethod,
    Reuse,
    Status,
)

STATUS = MappingProxyType(
    {
        Status.REGISTERED: "1",
        Status.RECEIVED: "2",
        Status.REFUSED: "3",
        Status.PROCESSING: "4",
        Status.SUPPLEMENT: "5",
        Status.FEE_DUE: "6",
        Status.WITHDRAWN: "7",
        Status.STOPPED: "8",
        Status.DONE: "9",
        Status.RETURNED: "10",
    }
)
CHANNEL = MappingProxyType({Channel.DIRECT: "1", Channel.ONLINE: "2", Channel.POSTAL: "3"})
APPLICANT_KIND = MappingProxyType(
    {
        ApplicantKind.CITIZEN: "1",
        ApplicantKind.ENTERPRISE: "2",
        ApplicantKind.STATE_AGENCY: "3",
        ApplicantKind.ORGANISATION: "4",
    }
)
RETURN_METHOD = MappingProxyType({ReturnMethod.DIRECT: "0", ReturnMethod.POSTAL: "1"})
FILED_AT = MappingProxyType({FiledAt.NATIONAL_PORTAL: "1", FiledAt.PROVINCE: "2"})
ONLINE_PAYMENT = MappingProxyType(
    {
        OnlinePayment.NONE: "0",
        OnlinePayment.NATIONAL_PORTAL: "1",
        OnlinePayment.PROVINCE_GATEWAY: "2",
        OnlinePayment.OFFLINE: "3",
    }
)
PAPER_KIND = MappingProxyType({PaperKind.PERSONAL_NUMBER: "1", PaperKind.OLD_IDENTITY_NUMBER: "2"})
# No source shows the national code for a tax number: it is kept with the dossier and not sent.
PAPERS_NOT_SENT = frozenset({PaperKind.TAX_NUMBER})
DATABASE = MappingProxyType({Database.POPULATION: "1"})
REUSE = MappingProxyType({Reuse.NO: "0", Reuse.COMPONENT: "1", Reuse.RESULT: "2"})

SUCCESS = frozenset({"0", "00"})
# The official list is not published. Clients have seen 3, -3 (duplicate, invalid) and -1 (cannot be read); the others
# are our mock's. What is in neither means nothing to us, and what means nothing is asked about, not believed.
_UNIT_REFUSED = "5"
REFUSALS = frozenset({"-3", "-1", "1", "2", "3", "4", _UNIT_REFUSED, "6", "9"})


class AnswerKind(Enum):
    """What a readable answer with an error code means."""

    SUCCESS = "success"
    SESSION = "session"
    DUPLICATE = "duplicate"
    UNIT = "unit"
    REFUSAL = "refusal"
    NEW = "new"


# Success is by code; the other classes by the words that clients have seen, since the official list is unknown.
# "Phiên bản" is a version, "phiên dịch" an interpreter: a refusal that names a field never speaks of the session.
_SESSION, _DUPLICATE = re.compile(r"\bphiên\b(?! bản| dịch)"), "đã tồn tại"
_FIELD_MAX = 60
_FIELD = re.compile(r"^([A-Z][A-Za-z]*(?:\.[A-Z][A-Za-z]*)?): ")


def answer_kind(code: object, message: str) -> AnswerKind:
    """Class of an answer; the success codes are ``"0"``, ``"00"`` and the number 0."""
    known = str(code).strip()
    if known in SUCCESS and not isinstance(code, bool):
        return AnswerKind.SUCCESS
    lowered = unicodedata.normalize("NFC", message).lower()
    if _DUPLICATE in lowered:
        return AnswerKind.DUPLICATE
    if named_field(message) is None and _SESSION.search(lowered):
        return AnswerKind.SESSION
    if known == _UNIT_REFUSED:
        return AnswerKind.UNIT
    return AnswerKind.REFUSAL if known in REFUSALS else AnswerKind.NEW


def named_field(message: str) -> str | None:
    """The national field that a refusal names at its beginning, if it does."""
    match = _FIELD.match(message)
    return match[1] if match and len(match[1]) <= _FIELD_MAX else None
