"""Examples of the gate for the OpenAPI document. People and codes of people are invented."""

from typing import Any

from app.api.document_examples import ID, OTHER_ID
from app.api.examples import CODE
from app.texts import TEXTS

_RESIDENCE = "000.00.00.G15-KQ003864"
_COMPONENT = "000.00.00.G15-KQ003321"


def _said(key: str) -> dict[str, str]:
    return {"vi": TEXTS[key].vi, "en": TEXTS[key].en}


CHECK: dict[str, Any] = {
    "procedure": "1.000110",
    "dossier": CODE,
    "unit": "H15.50",
    "officer": "cb.hotich.01",
    "purpose": "Tiếp nhận hồ sơ đăng ký khai sinh",
    "subject": {"kind": "personal_number", "number": "003190123456"},
    "full_name": "H'Bia Niê",
    "birth_date": "1990-05-02",
    "items": [{"component_code": _RESIDENCE}, {"component_code": _COMPONENT}, {"field": "phone"}],
    "national": False,
}

CHECK_FOR_UPDATE: dict[str, Any] = CHECK | {
    "items": [{"field": "permanent_address", "grounds": "inaccurate", "reason": "Công dân xuất trình xác nhận mới"}]
}

_DECISION: dict[str, Any] = {
    "decision_id": ID,
    "kind": "component",
    "code": _RESIDENCE,
    "decision": "HAVE_VALID",
    "allowed": False,
    "meaning": _said("decision.HAVE_VALID"),
    "source": "population",
    "pointer": {
        "document": None,
        "lookup_id": None,
        "candidate": None,
        "query_id": OTHER_ID,
        "dossier": None,
        "address": None,
    },
    "incident": None,
    "discrepancy": None,
    "citation": "NĐ 104/2022/NĐ-CP Điều 14 khoản 2",
    "reason": None,
}

CHECKED: dict[str, Any] = {
    "id": OTHER_ID,
    "at": "2026-07-01T01:05:02Z",
    "procedure": "1.000110",
    "dossier": CODE,
    "unit": "H15.50",
    "officer": "cb.hotich.01",
    "subject": OTHER_ID,
    "rules_version": "3f2a9c51d07e",
    "items": [
        _DECISION,
        _DECISION
        | {
            "code": _COMPONENT,
            "decision": "NOT_IN_SOURCE",
            "allowed": True,
            "meaning": _said("decision.NOT_IN_SOURCE"),
            "source": None,
            "pointer": None,
            "citation": None,
        },
    ],
    "sources": {
        "provincial_store": "not_needed",
        "earlier_dossier": "not_held",
        "national_store": "not_needed",
        "population": "held",
    },
    "address": f"/v1/once-only/checks/{OTHER_ID}",
}

REDUNDANT: dict[str, Any] = {
    "id": 12,
    "dossier": CODE,
    "component_code": _RESIDENCE,
    "name": "Giấy tờ chứng minh nơi cư trú",
    "unit": "H15.50",
    "procedure": "1.000110",
    "officer": "cb.hotich.01",
    "asked_at": "2026-07-01T01:06:00Z",
    "decision_id": None,
    "why": "no_decision",
    "meaning": _said("redundant.no_decision"),
}

_FIGURES: dict[str, Any] = {
    "checks": 120,
    "decisions": {"HAVE_VALID": 96, "NOT_IN_SOURCE": 140, "SOURCE_DOWN": 4},
    "requests": 144,
    "redundant": 2,
    "compliance": 0.9861,
    "papers_not_asked": 94,
}

SUMMARY: dict[str, Any] = {
    "since": "2026-07-01T00:00:00+07:00",
    "until": None,
    **_FIGURES,
    "source_down_share": 0.0167,
    "population": {"MATCH": 80, "NOT_FOUND_OR_MISMATCH": 3, "UNAVAILABLE": 2},
    "units": [{"unit": "H15.50", "name": "Sở Nông nghiệp và Môi trường - Tỉnh Đắk Lắk", **_FIGURES}],
}

DISCREPANCY: dict[str, Any] = {
    "id": ID,
    "at": "2026-07-01T01:05:02Z",
    "source": "population",
    "item": "permanent_address",
    "dossier": CODE,
    "unit": "H15.50",
    "officer": "cb.hotich.01",
    "subject": OTHER_ID,
    "reason": "Công dân xuất trình xác nhận mới",
    "due_at": "2026-07-10T17:00:00+07:00",
    "overdue": False,
    "answered_at": None,
    "answered_by": None,
    "answer": None,
}
