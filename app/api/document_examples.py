"""Examples of documents for the OpenAPI document. People and papers are invented."""

from typing import Any

from app.api.examples import CODE

ID = "019aa3f2c1d40123456789abcdef0123"
OTHER_ID = "019aa3f2d2e50123456789abcdef0456"
_SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_OWNER = {"kind": "personal_number", "number": "003190123456"}

METADATA: dict[str, Any] = {
    "role": "result",
    "code": "KQ.G15.000031",
    "title": "Giấy khai sinh",
    "number_symbol": "215/2026",
    "issuing_body": "UBND phường Buôn Ma Thuột",
    "issued_on": "2026-07-02",
    "scope": "Toàn quốc",
    "source": "electronic",
    "owner": _OWNER,
    "owner_name": "H'Bia Niê",
    "file_name": "giay-khai-sinh.pdf",
}

LINK: dict[str, Any] = {
    "url": "https://lienthong.example/files/dGhpcyBpcyBub3QgYSByZWFsIGNhcGFiaWxpdHkhIQ",
    "state": "live",
    "meaning": {"vi": "Liên kết mở được từ bên ngoài.", "en": "The link opens from outside."},
    "probed_at": "2026-07-02T03:00:04Z",
    "failures": 0,
    "reason": None,
    "detail": None,
    "fetches": 2,
    "last_fetched_at": "2026-07-02T03:01:00Z",
}

DOCUMENT: dict[str, Any] = {
    "id": ID,
    "dossier": CODE,
    "role": "result",
    "code": "KQ.G15.000031",
    "title": "Giấy khai sinh",
    "number_symbol": "215/2026",
    "issuing_body": "UBND phường Buôn Ma Thuột",
    "issued_on": "2026-07-02",
    "valid_until": None,
    "scope": "Toàn quốc",
    "subject": OTHER_ID,
    "owner_name": "H'Bia Niê",
    "digitised_by": None,
    "source": "electronic",
    "origin": None,
    "lookup_id": None,
    "standing": "active",
    "replaced_by": None,
    "sha256": _SHA,
    "size_bytes": 48213,
    "media_type": "application/pdf",
    "pages": 1,
    "file_name": "giay-khai-sinh.pdf",
    "verdict": "VALID",
    "meaning": {"vi": "Chữ ký số hợp lệ, đủ người ký.", "en": "The signatures are valid, and all who must sign have."},
    "version": 1,
    "handed_over_by": "mot-cua-so",
    "created_at": "2026-07-02T03:00:02Z",
    "updated_at": "2026-07-02T03:00:02Z",
    "link": LINK,
    "address": f"/v1/documents/{ID}",
}

SIGNATURE: dict[str, Any] = {
    "signer": "Nguyễn Văn Mẫu",
    "agency": "UBND phường Buôn Ma Thuột",
    "signer_kind": "person",
    "verdict": "VALID",
    "reason": "The signature is whole, trusted, and was made while its certificate was valid.",
    "signed_at": "2026-07-02T09:58:40+07:00",
    "time_stamped": True,
    "time_stamp_by": "TSA Demo",
    "covers_whole_file": True,
    "later_changes": None,
    "certificate_sha256": _SHA,
    "issuer": "CA Demo",
    "valid_from": "2026-01-01T07:00:00+07:00",
    "valid_to": "2029-01-01T07:00:00+07:00",
    "revocation": "embedded",
}

DETAIL: dict[str, Any] = DOCUMENT | {
    "judgements": [
        {
            "at": "2026-07-02T03:00:02Z",
            "verdict": "VALID",
            "meaning": DOCUMENT["meaning"],
            "signatures": [SIGNATURE],
            "judged_by": {"fingerprint": _SHA, "roots": 1, "revocation": "soft", "online": False, "pyhanko": "0.38.0"},
            "asked_by": "mot-cua-so",
        }
    ],
    "changes": [],
    "copies": [],
}

OF_DOSSIER: dict[str, Any] = {
    "items": [DOCUMENT],
    "undocumented": [
        {
            "pointer": "/components/0/digitised",
            "claim": "digitised",
            "meaning": {
                "vi": "Phần mềm ghi đã số hoá nhưng chưa gửi tệp.",
                "en": "The software says digitised, and has handed no file over.",
            },
        }
    ],
    "e_result": True,
}

SUBJECT: dict[str, Any] = {"id": OTHER_ID, "address": f"/v1/subjects/{OTHER_ID}/documents"}

LOOKUP: dict[str, Any] = {
    "dossier": CODE,
    "unit": "H15.50",
    "officer": "cb.hotich.01",
    "owner": _OWNER,
    "component_code": "000.00.00.G15-KQ003208",
    "result_codes": ["KQ.G15.000031"],
    "requester_name": "Nguyễn Văn Mẫu",
    "requester_number": "003085000001",
}

LOOKUP_OUT: dict[str, Any] = {
    "id": ID,
    "held": True,
    "national_outcome": "nothing_held",
    "meaning": {
        "vi": "Giấy tờ này đã có trong kho; không phải số hoá lại.",
        "en": "This paper is held already; it need not be scanned.",
    },
    "candidates": [
        {
            "place": 0,
            "held_in": "provincial_store",
            "document": OTHER_ID,
            "role": "result",
            "code": "KQ.G15.000031",
            "title": "Giấy khai sinh",
            "number_symbol": "215/2026",
            "issuing_body": "UBND phường Buôn Ma Thuột",
            "issued_on": "2026-07-02",
            "valid_until": None,
            "verdict": "VALID",
        }
    ],
}

UPLOAD: dict[str, Any] = {
    "id": ID,
    "offset": 5242880,
    "size_bytes": 52428800,
    "expires_at": "2026-07-04T03:00:00Z",
    "address": f"/v1/uploads/{ID}",
}

GATE: dict[str, Any] = {
    "unit": "H15.50",
    "mode": "enforce",
    "meaning": {
        "vi": "Hồ sơ chỉ được báo đã trả kết quả khi có kết quả điện tử ký số hợp lệ.",
        "en": "A dossier may be called returned only with a validly signed electronic result.",
    },
    "set_for": "H15.50",
    "set_by": "quan-tri",
    "set_at": "2026-07-01T01:00:00Z",
    "reason": "Đơn vị đã ký số toàn bộ kết quả",
}

MISSING: dict[str, Any] = {
    "dossier": CODE,
    "status": "returned",
    "procedure": "1.001193",
    "unit": "H15.50",
    "updated_at": "2026-07-02T03:00:02Z",
    "results": 1,
    "verdicts": ["INCOMPLETE"],
    "mode": "report",
    "address": f"/v1/dossiers/{CODE}/documents",
}

STORE: dict[str, Any] = {
    "objects": 612,
    "bytes": 48213000,
    "promised": 0,
    "damaged": 0,
    "oldest_check_at": "2026-07-01T20:00:00Z",
    "links": {"new": 0, "live": 610, "dead": 0, "withdrawn": 2},
    "verdicts": {
        "VALID": 150,
        "MODIFIED": 1,
        "EXPIRED": 1,
        "REVOKED": 1,
        "UNTRUSTED": 1,
        "UNSIGNED": 1,
        "INCOMPLETE": 1,
    },
    "lookups": 40,
    "scans_avoided": 12,
}
