"""Examples of filled forms for the OpenAPI document. People are invented."""

from typing import Any

ID = "0198c0ffee0011223344556677889900"
QUERY = "0198c0ffee0011223344556677889911"
DOSSIER = "H15.50-260701-0001"
FORM = "TK-XNTTHN-1"

PREFILL: dict[str, Any] = {
    "form": FORM,
    "dossier": DOSSIER,
    "unit": "H15.50",
    "officer": "cb.hotich.01",
    "purpose": "Điền tờ khai cấp Giấy xác nhận tình trạng hôn nhân",
    "subject": {"kind": "personal_number", "number": "003190123456"},
    "full_name": "H'Bia Niê",
    "birth_date": "1990-05-02",
    "declared": {"person_full_name": "H'Bia Niê Kđăm"},
}

_EMPTY: dict[str, Any] = {
    "value": None,
    "source": None,
    "as_of": None,
    "reference": None,
    "others": [],
}

PREFILL_OUT: dict[str, Any] = {
    "id": ID,
    "form": FORM,
    "form_name": {
        "vi": "Tờ khai cấp Giấy xác nhận tình trạng hôn nhân (cho chính mình)",
        "en": "Application for a certificate of marital status (for oneself)",
    },
    "dossier": DOSSIER,
    "rules_version": "5b1f0c9e77aa",
    "population": "MATCH",
    "fields": [
        {
            "field": "person_ethnicity",
            "label": {"vi": "Dân tộc", "en": "Ethnic group"},
            "state": "filled",
            "value": "12",
            "source": "population",
            "as_of": "2026-06-30T17:00:00Z",
            "authority": "population",
            "reference": QUERY,
            "others": [],
            "required": True,
            "meaning": {
                "vi": "Đã điền từ nguồn có thẩm quyền; không hỏi lại công dân.",
                "en": "Filled from the source that has the last word: do not ask for it.",
            },
        },
        _EMPTY
        | {
            "field": "person_full_name",
            "label": {"vi": "Họ, chữ đệm, tên", "en": "Full name"},
            "state": "conflict",
            "authority": "population",
            "others": [
                {
                    "value": "H'Bia Niê",
                    "source": "population",
                    "as_of": "2026-06-30T17:00:00Z",
                    "reference": QUERY,
                },
                {"value": "H'Bia Niê Kđăm", "source": "declared", "as_of": None, "reference": None},
            ],
            "required": True,
            "meaning": {
                "vi": "Các nguồn không khớp nhau; hệ thống không tự chọn, cán bộ hỏi công dân và đối chiếu.",
                "en": "Sources differ, and none was chosen: ask the citizen, and compare.",
            },
        },
        _EMPTY
        | {
            "field": "purpose",
            "label": {"vi": "Mục đích sử dụng", "en": "Purpose"},
            "state": "ask",
            "authority": "applicant",
            "required": True,
            "meaning": {
                "vi": "Chỉ công dân biết thông tin này; hỏi công dân.",
                "en": "Only the citizen knows it: ask.",
            },
        },
    ],
    "baseline": 16,
    "filled": 1,
    "to_ask": 2,
    "address": f"/v1/prefill/{ID}",
}

HANDED_IN: dict[str, Any] = {
    "fields": [
        {"field": "person_ethnicity", "how": "kept"},
        {"field": "person_full_name", "how": "asked"},
        {"field": "purpose", "how": "asked"},
    ]
}

STATE: dict[str, Any] = {
    "id": ID,
    "form": FORM,
    "dossier": DOSSIER,
    "preview": "accepted",
    "preview_at": "2026-07-01T02:10:00Z",
    "handed_in_at": None,
    "baseline": 16,
    "filled": 1,
    "kept": None,
    "asked": None,
    "asked_needlessly": None,
}

HANDED_IN_STATE: dict[str, Any] = STATE | {
    "handed_in_at": "2026-07-01T02:20:00Z",
    "kept": 1,
    "asked": 2,
    "asked_needlessly": 0,
}

FIGURES: dict[str, Any] = {
    "items": [
        {
            "form": FORM,
            "form_name": PREFILL_OUT["form_name"],
            "procedure": "1.004873",
            "unit": "H15.50",
            "month": "2026-07",
            "handed_in": 12,
            "baseline": 192,
            "asked": 96,
            "filled": 132,
            "kept": 120,
            "asked_needlessly": 3,
            "burden_cut": 0.5,
            "prefilled_share": 0.5789,
            "registry_cut": 0.375,
            "below_target": False,
        }
    ],
    "below": [],
}

TABLE: dict[str, Any] = {
    "name": "anomaly_rules",
    "version": "5b1f0c9e77aa",
    "on": "2026-07-01",
    "columns": ["rule", "valid_from", "action", "threshold", "window_seconds", "valid_to"],
    "rows": [["many_subjects", "2026-01-01", "list", "30", "3600", ""]],
}
