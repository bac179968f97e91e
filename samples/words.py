"""What officers write: steps by status, reasons, and long texts. All of it invented."""

from typing import Final

STEPS: Final = {
    "registered": ("Tổ chức, cá nhân nộp hồ sơ trực tuyến",),
    "received": (
        "Tiếp nhận hồ sơ, cấp giấy tiếp nhận và hẹn trả kết quả",
        "Số hóa thành phần hồ sơ",
        "Chuyển hồ sơ đến bộ phận chuyên môn",
    ),
    "refused": ("Từ chối tiếp nhận hồ sơ", "Thông báo lý do từ chối cho người nộp"),
    "processing": (
        "Phân công người thụ lý",
        "Thẩm định nội dung hồ sơ",
        "Đối chiếu dữ liệu với sổ sách lưu giữ",
        "Dự thảo kết quả giải quyết",
        "Trình lãnh đạo xem xét",
    ),
    "supplement": ("Yêu cầu bổ sung hồ sơ", "Gửi thông báo bổ sung cho người nộp"),
    "fee_due": ("Thông báo nghĩa vụ tài chính", "Nhắc người nộp hoàn thành nghĩa vụ tài chính"),
    "withdrawn": ("Ghi nhận đề nghị rút hồ sơ của người nộp",),
    "stopped": ("Dừng giải quyết hồ sơ", "Gửi thông báo dừng giải quyết cho người nộp"),
    "done": ("Ký duyệt kết quả giải quyết", "Chuyển kết quả về Bộ phận Một cửa"),
    "returned": ("Trả kết quả cho người nộp", "Lưu hồ sơ"),
}

SUPPLEMENTS: Final = (
    "Thiếu bản chính giấy tờ chứng minh quyền sử dụng đất.",
    "Tờ khai chưa có chữ ký của người yêu cầu.",
    "Bản sao giấy tờ tùy thân bị mờ, không đọc được.",
    "Họ tên trong tờ khai không khớp với giấy tờ kèm theo.",
    "Bản vẽ chưa có xác nhận của đơn vị thiết kế.",
    "Chưa nộp văn bản ủy quyền của người được đại diện.",
)
SUPPLEMENTED: Final = "Đã nhận đủ giấy tờ bổ sung."

REASONS: Final = {
    "refused": (
        "Thủ tục không thuộc thẩm quyền của cơ quan tiếp nhận.",
        "Người nộp không có quyền yêu cầu đối với việc này.",
        "Việc này đã được giải quyết trong một hồ sơ khác.",
    ),
    "withdrawn": ("Người nộp đề nghị rút hồ sơ.", "Người nộp đổi ý, không làm thủ tục nữa."),
    "stopped": (
        "Quá thời hạn bổ sung mà người nộp không bổ sung giấy tờ.",
        "Thửa đất đang có tranh chấp, chờ kết quả giải quyết của tòa án.",
        "Người nộp không hoàn thành nghĩa vụ tài chính trong thời hạn.",
        "Dừng theo đề nghị của người nộp.",
    ),
}
RETURNED: Final = {"direct": "Trả trực tiếp tại Bộ phận Một cửa.", "postal": "Trả qua bưu chính công ích."}
APOLOGY: Final = "Trả kết quả quá hạn; cơ quan đã gửi thư xin lỗi và hẹn lại."
ADVICE: Final = "Đề nghị người nộp liên hệ Bộ phận Một cửa để được hướng dẫn nộp đúng nơi, đúng thành phần hồ sơ."
STORY: Final = (
    "Người nộp trình bày: gia đình sinh sống ổn định tại buôn từ lâu, giấy tờ cũ bị thất lạc trong một trận mưa lũ, "
    "nay đề nghị cơ quan xem xét giải quyết theo quy định."
)

# Exactly as long as the nation takes the name of an officer: 50 characters.
LONGEST_NAME: Final = "H’Nguyệt Thanh Thủy Djuôn Êban Buôn Krông Niê Kdăm"
