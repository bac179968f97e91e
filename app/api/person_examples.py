"""Examples of questions about persons, anomalies and locks. People and accounts are invented."""

from typing import Any

from app.api.examples import CODE

ID = "0190b5a2c3d400112233445566778899"
OFFICER = "canbo01"
_VERDICT: dict[str, Any] = {
    "agreement": "yes",
    "whys": ["confirmed_by_source"],
    "meaning": {
        "vi": "Khớp: CSDL quốc gia về dân cư xác nhận.",
        "en": "The same: the population database confirms it.",
    },
}

PERSON: dict[str, Any] = {
    "dossier_code": CODE,
    "officer": OFFICER,
    "unit": "H15.50",
    "purpose": "Kiểm tra người nộp hồ sơ khai sinh",
    "number": "003190123456",
    "full_name": "H'Bia Niê",
    "birth_date": "1990-05-17",
}
PERSON_DECLARED: dict[str, Any] = PERSON | {
    "declared": {"ethnicity": "12", "home_town": {"province_code": "66", "detail": "Buôn Mẫu"}}
}
PERSON_OUT: dict[str, Any] = {
    "query_id": ID,
    "request_id": "H15-6d6f0b0c5a3b",
    "outcome": "MATCH",
    "match": True,
    "meaning": {
        "vi": "Số, họ tên và ngày sinh là của cùng một người.",
        "en": "Number, name and birth date belong to one person.",
    },
    "fields": [_VERDICT | {"field": name} for name in ("number", "full_name", "birth_date")],
    "warnings": [],
    "answered_at": "2026-07-01T01:20:01Z",
    "valid_until": "2026-07-02T01:20:01Z",
    "correlation_id": "6d6f0b0c",
}

QUERY: dict[str, Any] = {
    "id": ID,
    "request_id": "H15-6d6f0b0c5a3b",
    "at": "2026-07-01T01:20:00Z",
    "officer": OFFICER,
    "caller": "mot-cua",
    "agency": "H15",
    "unit": "H15.50",
    "dossier": CODE,
    "procedure": "1.001193",
    "subject": "0190b5a2c3d4aabbccddeeff00112233",
    "service": "003",
    "purpose": PERSON["purpose"],
    "legal_basis": "Luật Căn cước 26/2023/QH15; NĐ 70/2024/NĐ-CP; NĐ 104/2022/NĐ-CP Điều 14",
    "fields_asked": ["birth_date", "full_name", "number"],
    "fields_returned": ["birth_date", "full_name", "number"],
    "outcome": "MATCH",
    "reason": "answered",
    "in_office_hours": True,
    "answered_at": "2026-07-01T01:20:01Z",
    "valid_until": "2026-07-02T01:20:01Z",
}

ANOMALY: dict[str, Any] = {
    "id": 5,
    "rule": "no_open_dossier",
    "meaning": {
        "vi": "Hỏi về người khi không có hồ sơ đang mở; câu hỏi đã bị từ chối.",
        "en": "Questions about persons without an open dossier; they were refused.",
    },
    "officer": OFFICER,
    "unit": "H15.50",
    "first_at": "2026-07-01T01:20:00Z",
    "last_at": "2026-07-01T01:40:00Z",
    "times": 5,
    "threshold": 5,
    "window_seconds": 3600,
    "locked": True,
    "signed_off_at": None,
    "signed_off_by": None,
    "note": None,
}
SIGNED_OFF: dict[str, Any] = ANOMALY | {
    "signed_off_at": "2026-07-01T03:00:00Z",
    "signed_off_by": "van-hanh",
    "note": "Cán bộ gõ nhầm mã hồ sơ, đã nhắc nhở",
}

LOCK: dict[str, Any] = {
    "officer": OFFICER,
    "since": "2026-07-01T01:40:00Z",
    "anomaly": 5,
    "rule": "no_open_dossier",
    "lifted_at": None,
    "lifted_by": None,
    "note": None,
}
LIFTED: dict[str, Any] = LOCK | {
    "lifted_at": "2026-07-01T03:05:00Z",
    "lifted_by": "quan-tri",
    "note": "Đã làm việc với cán bộ",
}
