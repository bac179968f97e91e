"""What ``lienthong conform`` prints: Vietnamese first, English second."""

from types import MappingProxyType

_RAW = {
    "title": ("Đối chiếu theo từng lỗi", "What held under each fault"),
    "fault": ("Lỗi", "Fault"),
    "not_lost": ("Không mất", "Not lost"),
    "not_doubled": ("Không trùng", "Not doubled"),
    "in_order": ("Đúng thứ tự", "In order"),
    "state_shown": ("Báo đúng", "State shown"),
    "recovered": ("Tự phục hồi", "Recovered"),
    "why": ("Vì sao", "Why"),
    "starting": ("Đang khởi động hệ thống mô phỏng và LienThong…", "Starting the mock and the gateway…"),
    "held": ("Giữ được", "Held"),
    "failed": ("Không giữ được", "Failed"),
    "written": ("Kết quả ghi tại", "Written to"),
    "right": ("ĐẠT: mọi lỗi đều giữ được.", "PASS: everything held."),
    "wrong": ("KHÔNG ĐẠT: xem các dòng có dấu ✗.", "FAIL: see the rows marked ✗."),
    "skipped": ("Không áp dụng cho kết nối này", "Does not apply to this client"),
}

TEXTS = MappingProxyType(_RAW)


def both(key: str) -> str:
    """Both languages on one line."""
    vietnamese, english = TEXTS[key]
    return f"{vietnamese} / {english}"
