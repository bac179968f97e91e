"""What the demo prints: Vietnamese first, English second."""

from types import MappingProxyType

_RAW = {
    "title": ("Kết quả đối chiếu với sổ của Cổng quốc gia", "What the nation's ledger says"),
    "what": ("Mục", "What"),
    "count": ("Số lượng", "Count"),
    "handed_over": ("Bản ghi đã giao", "Handed over"),
    "delivered": ("Cổng đã nhận", "Delivered"),
    "refused": ("Cổng từ chối", "Refused by the portal"),
    "refused_expected": ("  trong đó đúng như dự kiến", "  of these as expected, by name"),
    "held_back": ("Đang chờ sau bản bị từ chối", "Held behind a refused one"),
    "superseded": ("Đã có bản mới hơn thay", "Superseded by a newer snapshot"),
    "door_refused": ("LienThong từ chối ngay khi giao", "Refused at our own door"),
    "door_refused_expected": ("  trong đó đúng như dự kiến", "  of these as expected, by name"),
    "lost": ("Mất", "Lost"),
    "doubled": ("Gửi trùng", "Doubled"),
    "out_of_order": ("Sai thứ tự", "Out of order"),
    "stale": ("Cổng giữ bản cũ", "Stale at the portal"),
    "foreign": ("Có ở Cổng mà không ai giao", "In the ledger, never handed over"),
    "misreported": ("LienThong báo khác sổ của Cổng", "Gateway tells otherwise than the ledger"),
    "documents": ("Giấy tờ đã nhận vào kho", "Documents kept"),
    "results": ("  trong đó kết quả điện tử", "  of these electronic results"),
    "links_published": ("Liên kết đã đưa lên Cổng", "Links told to the nation"),
    "links_fetched": ("  Cổng mở được", "  of these fetched by it"),
    "links_wrong": ("Liên kết sai", "Links wrong"),
    "lookups": ("Lần tra cứu trước khi số hoá", "Look-ups before scanning"),
    "scans_avoided": ("  số lần khỏi phải số hoá", "  scans avoided"),
    "papers": ("Gửi giấy tờ và kết quả", "Handing papers and results over"),
    "verdicts": ("Kết luận về chữ ký của kết quả", "Verdicts on the signatures of results"),
    "refused_files": ("Tệp bị từ chối", "Files refused"),
    "gate": ("Cổng kiểm soát kết quả điện tử", "The gate of electronic results"),
    "persons_asked": ("Công dân đã tra cứu", "Persons asked about"),
    "worker_restarts": ("Lần khởi động lại tiến trình gửi", "Worker restarts"),
    "seconds": ("Giây", "Seconds"),
    "reasons": ("Lý do từ chối", "Reasons of refusal"),
    "by_portal": ("Cổng", "portal"),
    "by_door": ("LienThong", "door"),
    "persons": ("Tra cứu công dân", "Person checks"),
    "right": ("ĐÚNG: sổ của Cổng khớp từng bản ghi.", "RIGHT: the ledger agrees, record by record."),
    "wrong": ("SAI: xem các mã dưới đây.", "WRONG: see the ids below."),
    "starting": ("Đang khởi động các tiến trình…", "Starting the processes…"),
    "loading": ("Giao hồ sơ", "Handing over"),
    "loading_wrong": ("Giao các bản ghi sai", "Handing over wrong ones"),
    "draining": ("Gửi lên Cổng", "Delivering"),
    "comparing": ("Đang đọc sổ của Cổng và đối chiếu…", "Reading the ledger and comparing…"),
    "not_empty": (
        "CSDL này đã có dữ liệu; hãy dùng một CSDL trống.",
        "This database holds records already; give the demo an empty one.",
    ),
    "address": ("Địa chỉ API", "API address"),
    "docs": ("Tài liệu API", "API documentation"),
    "page": ("Trang theo dõi", "Page"),
    "login": ("tên bất kỳ, mật khẩu là token", "any name; the token is the password"),
    "mock": ("Cổng và CSDL dân cư mô phỏng", "Mock national systems"),
    "logs": ("Nhật ký tiến trình", "Logs"),
    "try": ("Thử giao một hồ sơ", "Hand a dossier over"),
    "try_paper": ("Rồi thử gửi một kết quả đã ký số", "Then a signed result for it"),
    "stop": ("Nhấn Ctrl-C để dừng.", "Press Ctrl-C to stop."),
    "refused_line": ("dòng", "line"),
    "taken_lines": ("Đã nhận", "Taken"),
    "refused_lines": ("Bị từ chối", "Refused"),
}

TEXTS = MappingProxyType(_RAW)


def both(key: str) -> str:
    """Both languages on one line."""
    vietnamese, english = TEXTS[key]
    return f"{vietnamese} / {english.strip()}"
