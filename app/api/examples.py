"""Examples for the OpenAPI document. People and codes of people are invented."""

from typing import Any

CODE = "H15.16-260701-0001"

DOSSIER: dict[str, Any] = {
    "revision": 1,
    "procedure": {"code": "1.001193"},
    "receiving_unit": "H15.50",
    "applicant": {
        "kind": "citizen",
        "full_name": "H'Bia Niê",
        "identities": [{"kind": "personal_number", "number": "003190123456"}],
        "phone": "0900000000",
    },
    "summary": "Đăng ký khai sinh",
    "channel": "online",
    "filed_at": "province",
    "status": "received",
    "submitted_at": "2026-07-01T08:00:00+07:00",
    "received_at": "2026-07-01T08:05:00+07:00",
    "due_at": "2026-07-03T17:00:00+07:00",
    "return_method": "direct",
}

STEP: dict[str, Any] = {
    "step_id": "buoc-1",
    "officer_name": "Nguyễn Văn Mẫu",
    "officer_title": "Chuyên viên",
    "department": "Bộ phận Một cửa",
    "content": "Tiếp nhận hồ sơ",
    "status": "received",
    "processed_at": "2026-07-01T08:10:00+07:00",
}

RECEIPT: dict[str, Any] = {
    "dossier": CODE,
    "kind": "dossier",
    "ref": "1",
    "status": "received",
    "content_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "accepted_at": "2026-07-01T01:05:02Z",
    "address": f"/v1/dossiers/{CODE}",
}

PROBLEM: dict[str, Any] = {
    "type": "/problems/unknown-code",
    "title": "A code is not in its table",
    "status": 422,
    "detail": "'1.999999' is not in the table 'procedures'",
    "advice": "Dùng mã có trong bảng được nêu; nếu mã là mới, đề nghị quản trị cập nhật bảng.",
    "advice_en": "Use a code of the named table; if the code is new, ask the administrator to update the table.",
    "errors": [
        {
            "pointer": "/procedure/code",
            "detail": "'1.999999' is not in the table 'procedures'",
            "table": "procedures",
        }
    ],
    "correlation_id": "6d6f0b0c",
}

DELIVERY: dict[str, Any] = {
    "id": 41,
    "target": "portal",
    "kind": "dossier",
    "dossier": CODE,
    "procedure": "1.001193",
    "unit": "H15.50",
    "ref": "1",
    "state": "delivered",
    "situation": "delivered",
    "meaning": {
        "vi": "Cổng đã nhận. Không cần làm gì.",
        "en": "The nation has it. There is nothing to do.",
    },
    "needs_person": False,
    "attempts": 1,
    "failure_class": None,
    "reason": "accepted",
    "answer_code": "0",
    "answer_message": "Đồng bộ hồ sơ thành công",
    "answer_field": None,
    "next_attempt_at": None,
    "held_because": None,
    "due_at": "2026-07-03T10:00:00Z",
    "correlation_id": "6d6f0b0c",
    "created_at": "2026-07-01T01:05:02Z",
    "settled_at": "2026-07-01T01:05:03Z",
    "decided_by": None,
    "decision_note": None,
    "address": "/v1/deliveries/41",
}

TRY: dict[str, Any] = {
    "at": "2026-07-01T01:05:03Z",
    "outcome": "accepted",
    "code": "0",
    "message": "Đồng bộ hồ sơ thành công",
    "service": "DongBoHoSoMC",
    "worker": "host-1",
    "failure_class": None,
    "elapsed_ms": 12,
    "queue_ms": 0,
    "connect_ms": 0,
    "first_byte_ms": 10,
    "http_status": 200,
    "parcels": 1,
    "request": '{"service":"DongBoHoSoMC","data":[{"MaHoSo":"H15.16-260701-0001","ChuHoSo":"***"}]}',
    "answer": '{"error_code":"0","message":"Đồng bộ hồ sơ thành công"}',
}

SIGHTING: dict[str, Any] = {
    "id": 2,
    "target": "portal",
    "service": "DongBoHoSoMC",
    "shape": "code 77",
    "example": '{"error_code":"77","message":"Hệ thống bận"}',
    "first_seen_at": "2026-07-01T01:05:03Z",
    "last_seen_at": "2026-07-01T02:40:11Z",
    "count": 31,
}

DOSSIER_OUT: dict[str, Any] = {
    "code": CODE,
    "revision": 1,
    "status": "received",
    "procedure": "1.001193",
    "unit": "H15.50",
    "rule_set": "one-stop-2025-367",
    "received_at": "2026-07-01T01:05:00Z",
    "due_at": "2026-07-03T10:00:00Z",
    "created_at": "2026-07-01T01:05:02Z",
    "updated_at": "2026-07-01T01:05:02Z",
    "steps": 1,
    "facts": DOSSIER,
    "targets": [
        {
            "target": "portal",
            "known_to_the_nation": True,
            "lane_state": "idle",
            "held_because": None,
            "failed_attempts": 0,
            "next_attempt_at": None,
            "last_answer": "Đồng bộ hồ sơ thành công",
            "pending": 0,
        }
    ],
    "deliveries": [DELIVERY],
}

SUMMARY: dict[str, Any] = {
    "at": "2026-07-01T02:00:00Z",
    "received": {"dossiers": 1, "steps": 1},
    "known_to_the_nation": {"dossiers": 1, "steps": 1},
    "deliveries": {"dossier": {"delivered": 1}, "step": {"delivered": 1}},
    "waiting_by_age": {"under_1_hour": 0, "under_1_day": 0, "under_3_days": 0, "older": 0},
    "refused_by_reason": [],
    "failing_by_class": {"temporary": 0, "permanent": 0, "technical": 0, "contract": 0, "unknown": 0},
    "by_unit": [{"code": "H15.50", "received": 1, "known": 1, "waiting": 0, "refused": 0, "dead": 0}],
    "by_procedure": [{"code": "1.001193", "received": 1, "known": 1, "waiting": 0, "refused": 0, "dead": 0}],
    "e_results": {
        "resolved": 230,
        "with_e_result": 228,
        "share": 0.9913,
        "target": 1.0,
        "groups": [{"unit": "H15.50", "procedure": "1.001193", "resolved": 12, "with_e_result": 11, "share": 0.9167}],
    },
    "scans": {"lookups": 40, "scans_avoided": 12, "share": 0.3},
}

AUDIT_ENTRY: dict[str, Any] = {
    "id": 7,
    "at": "2026-07-01T01:05:02Z",
    "kind": "received",
    "outcome": "taken",
    "actor": "mot-cua",
    "agency": "H15",
    "provider": "lienthong",
    "purpose": "intake",
    "legal_basis": "NĐ 118/2025/NĐ-CP",
    "dossier_code": CODE,
    "procedure_code": "1.001193",
    "unit_code": "H15.50",
    "subject_ref": None,
    "payload_hash": RECEIPT["content_hash"],
    "correlation_id": "6d6f0b0c",
    "detail": {"record": "dossier", "ref": "1"},
    "commitments": None,
}


def good(example: Any, description: str = "Done") -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """An OpenAPI response with an example."""
    return {"description": description, "content": {"application/json": {"example": example}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for refusals with these statuses."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": PROBLEM}}
    return {status: {"description": "Refused (RFC 9457 problem)", "content": content} for status in statuses}
