"""Personal values beside the log, and their erasure. Vietnamese first, English second."""

RAW = {
    "advice.no-values": (
        "Danh sách bản ghi ở GET /v1/audit; bản ghi có dữ liệu cá nhân thì có commitments.",
        "GET /v1/audit lists the entries; those with personal values have commitments.",
    ),
    "advice.values-erased": (
        "Không ai đọc lại được nữa. Quyết định xoá ở GET /v1/erasures.",
        "Nobody can read them any more. GET /v1/erasures holds the decision.",
    ),
    "advice.values-altered": (
        "Chạy lienthong audit verify và giữ nguyên cơ sở dữ liệu để kiểm tra.",
        "Run lienthong audit verify, and keep the database as it is for whoever looks into it.",
    ),
    "advice.values-unreadable": (
        "Đặt LIENTHONG_MASTER_KEY, hoặc thêm khoá cũ vào LIENTHONG_MASTER_OLD_KEYS.",
        "Set LIENTHONG_MASTER_KEY, or add the older key to LIENTHONG_MASTER_OLD_KEYS.",
    ),
    "advice.unknown-erasure": (
        "Kiểm tra lại mã; danh sách ở GET /v1/erasures.",
        "Check the id; GET /v1/erasures lists them.",
    ),
    "advice.erasure-open": (
        "Chờ người khác phê duyệt yêu cầu đang có.",
        "Wait until somebody else has decided the one there is.",
    ),
    "advice.erasure-decided": (
        "Không làm gì thêm; xem quyết định ở GET /v1/erasures.",
        "Nothing is left to do; GET /v1/erasures shows what was decided.",
    ),
    "advice.own-request": (
        "Nhờ người khác có quyền phê duyệt.",
        "Ask somebody else who may approve.",
    ),
    "disclosure.values_read": (
        "Người có thẩm quyền xem dữ liệu cá nhân được ghi kèm nhật ký.",
        "Somebody with the right to read the log looked at personal values that are kept beside it.",
    ),
}
