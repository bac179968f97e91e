"""Law changes, so rules carry dates: which one-stop rules a dossier is judged by, and on what law we share.

A dossier keeps the rule set of its reception day. Sources: NĐ 118/2025/NĐ-CP replaced NĐ 61/2018/NĐ-CP on
1 July 2025; NĐ 367/2025 and NĐ 309/2026 amend it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A body of rules in force from a day on, until another takes over."""

    id: str
    legal_basis: str
    valid_from: date
    valid_to: date | None


ONE_STOP_RULES = (
    RuleSet("one-stop-2018", "NĐ 61/2018/NĐ-CP", date(2018, 6, 21), date(2025, 6, 30)),
    RuleSet("one-stop-2025", "NĐ 118/2025/NĐ-CP", date(2025, 7, 1), date(2025, 12, 30)),
    RuleSet("one-stop-2025-367", "NĐ 118/2025/NĐ-CP, NĐ 367/2025/NĐ-CP", date(2025, 12, 31), date(2026, 8, 4)),
    RuleSet("one-stop-2026", "NĐ 118/2025/NĐ-CP, NĐ 367/2025/NĐ-CP, NĐ 309/2026/NĐ-CP", date(2026, 8, 5), None),
)


class Purpose(StrEnum):
    """Why something is shared. Each has its legal basis; a test fails for one that has none."""

    SYNC_TO_PORTAL = "sync_to_portal"
    INTAKE = "intake"
    VERIFY_PERSON = "verify_person"
    OPERATION = "operation"
    AUDIT = "audit"
    DOCUMENTS = "documents"
    DOCUMENT_LINK = "document_link"
    DOCUMENT_LOOKUP = "document_lookup"
    ONCE_ONLY = "once_only"
    PREFILL = "prefill"
    ANTI_BROWSING = "anti_browsing"
    RIGHT_TO_KNOW = "right_to_know"
    ERASURE = "erasure"


LEGAL_BASIS = {
    Purpose.SYNC_TO_PORTAL: "NĐ 118/2025/NĐ-CP; NĐ 224/2026/NĐ-CP Điều 15",
    Purpose.INTAKE: "NĐ 118/2025/NĐ-CP",
    Purpose.VERIFY_PERSON: "Luật Căn cước 26/2023/QH15; NĐ 70/2024/NĐ-CP",
    Purpose.OPERATION: "NĐ 224/2026/NĐ-CP Điều 22",
    Purpose.AUDIT: "NĐ 278/2025/NĐ-CP",
    Purpose.DOCUMENTS: "NĐ 45/2020/NĐ-CP; NĐ 118/2025/NĐ-CP",
    Purpose.DOCUMENT_LINK: "NĐ 118/2025/NĐ-CP; NĐ 224/2026/NĐ-CP Điều 15",
    Purpose.DOCUMENT_LOOKUP: "NĐ 118/2025/NĐ-CP Điều 4; NĐ 224/2026/NĐ-CP Điều 18",
    Purpose.ONCE_ONLY: "NĐ 118/2025/NĐ-CP Điều 4; NĐ 224/2026/NĐ-CP Điều 18",
    Purpose.PREFILL: "NĐ 224/2026/NĐ-CP Điều 15, 18, 23",
    Purpose.ANTI_BROWSING: "Luật Căn cước 26/2023/QH15; NĐ 70/2024/NĐ-CP",
    Purpose.RIGHT_TO_KNOW: "Luật 91/2025/QH15; NĐ 356/2025/NĐ-CP; NĐ 278/2025/NĐ-CP",
    Purpose.ERASURE: "Luật 91/2025/QH15; NĐ 356/2025/NĐ-CP",
}


def rule_set_of(received_at: datetime) -> RuleSet:
    """The one-stop rules in force on the reception day, Vietnamese time.

    A day before the first rule set keeps the first: nothing older can be judged by rules we know.
    """
    day = received_at.astimezone(VIETNAM).date()
    for rules in reversed(ONE_STOP_RULES):
        if rules.valid_from <= day:
            return rules
    return ONE_STOP_RULES[0]
