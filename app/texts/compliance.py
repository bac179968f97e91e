"""The self-check of level 3: what each row asks, and what to do when it is red. Vietnamese first, English second."""

from typing import Final

_CHECKS: Final[dict[str, tuple[str, str, str, str]]] = {
    "password_policy": (
        "Quy tắc mật khẩu: từ 8 ký tự, đủ 4 loại, không trùng 10 mật khẩu gần nhất",
        "Passwords: 8 characters or more of four kinds, none of the last ten",
        "Bật tài khoản cá nhân của cán bộ (docs/operations.md).",
        "Bring in accounts of people (docs/operations.md).",
    ),
    "lock_out": (
        "Khoá tài khoản sau tối đa 5 lần sai, từ 12 giờ đến 30 ngày",
        "Lock-out after at most 5 wrong tries, for 12 hours to 30 days",
        "Sửa LIENTHONG_LOGIN_TRIES_MAX, LIENTHONG_LOGIN_LOCK_SECONDS.",
        "Set how many tries are let, and how long a lock lasts.",
    ),
    "idle_limit": (
        "Tự đăng xuất sau tối đa 15 phút không thao tác",
        "Logged out after at most 15 idle minutes",
        "Giảm thời gian chờ của phiên đăng nhập.",
        "Shorten the idle limit of sessions.",
    ),
    "second_factor": (
        "Mọi vai trò đăng nhập bằng hai yếu tố, không tài khoản nào thiếu",
        "A second factor for every role, and no account without one",
        "Yêu cầu từng cán bộ đăng ký mã TOTP; tạo tài khoản quản trị đầu tiên nếu chưa có.",
        "Let every person enrol a TOTP code; make the first administrator if there is none.",
    ),
    "static_tokens": (
        "Không dùng mã truy cập cố định; phần mềm lấy mã ngắn hạn",
        "No static tokens; software fetches short-lived ones",
        "Đặt LIENTHONG_OAUTH_KEY và LIENTHONG_STATIC_TOKENS=false.",
        "Set LIENTHONG_OAUTH_KEY, and LIENTHONG_STATIC_TOKENS=false.",
    ),
    "no_default_accounts": (
        "Không có tài khoản mặc định",
        "No default accounts",
        "Vô hiệu hoá tài khoản không do ai tạo ra.",
        "Disable accounts that nobody made.",
    ),
    "no_mock_secrets": (
        "Không còn mật khẩu của hệ thống giả lập",
        "No password of the mock is left",
        "Đặt mật khẩu thật cho các thiết lập được nêu.",
        "Set the real secrets of the named settings.",
    ),
    "disabled_when_idle": (
        "Vô hiệu hoá tài khoản sau 45 ngày không dùng",
        "Accounts are disabled after 45 idle days",
        "Kiểm tra tiến trình worker; nó vô hiệu hoá tài khoản quá hạn.",
        "See that a worker runs; it disables accounts that are overdue.",
    ),
    "separation": (
        "Tách biệt nhiệm vụ: không ai vừa sửa vừa duyệt, không ai sửa nhật ký",
        "Separation of duties: nobody edits and approves, nobody changes the log",
        "Bảng quyền trong phần mềm đã bị sửa sai; dùng bản phát hành gốc.",
        "The table of permissions in the software is wrong; install the release as it is.",
    ),
    "database_role": (
        "Tài khoản CSDL của ứng dụng không sở hữu bảng nhật ký, không là superuser",
        "The application's database role owns no table of the log and is no superuser",
        "Dùng PostgreSQL với hai tài khoản: một để nâng cấp, một để chạy (docs/operations.md).",
        "Use PostgreSQL with two roles, one that migrates and one that runs (docs/operations.md).",
    ),
    "known_weaknesses": (
        "Thư viện không có lỗ hổng đã biết (kiểm tra trong 31 ngày)",
        "No known weakness in the packages (looked for within 31 days)",
        "Chạy kiểm tra rồi đặt LIENTHONG_WEAKNESS_REPORT là tệp kết quả; nâng cấp gói được nêu.",
        "Run the check and name its result in LIENTHONG_WEAKNESS_REPORT; upgrade the named packages.",
    ),
    "backup": (
        "Có bản sao lưu đã kiểm tra trong 26 giờ, không thiếu tệp giấy tờ",
        "A verified backup within 26 hours, no document missing in it",
        "Chạy `lienthong backup make` hằng ngày; khôi phục tệp bị thiếu.",
        "Run `lienthong backup make` daily; bring missing files back.",
    ),
    "restore_drill": (
        "Đã thử khôi phục thành công trong 92 ngày",
        "A restore was tried out within 92 days, and held",
        "Chạy `lienthong backup drill`.",
        "Run `lienthong backup drill`.",
    ),
    "documents_hashed": (
        "Tệp giấy tờ đúng mã băm khi tiếp nhận; toàn bộ được đọc lại trong 35 ngày",
        "Documents have the hash of their intake; all were read again within 35 days",
        "Xem `lienthong documents report`; kiểm tra LIENTHONG_DOCUMENT_CHECK_BYTES_PER_SECOND.",
        "See `lienthong documents report`; look at LIENTHONG_DOCUMENT_CHECK_BYTES_PER_SECOND.",
    ),
    "log_append_only": (
        "CSDL từ chối sửa, xoá nhật ký",
        "The database refuses changes of the log",
        "Chạy `lienthong audit verify`, tìm ai đã tắt trigger; khôi phục chúng.",
        "Run `lienthong audit verify`, find who took the triggers away, bring them back.",
    ),
    "log_signed": (
        "Nhật ký được ký",
        "The log is signed",
        "Tạo khoá bằng `lienthong audit keygen`, đặt LIENTHONG_LOG_KEY.",
        "Make a key with `lienthong audit keygen`, and set LIENTHONG_LOG_KEY.",
    ),
    "log_age": (
        "Chữ ký của nhật ký không quá hạn",
        "No entry waits too long for a signature",
        "Kiểm tra tiến trình worker và sự kiện log.late, log.broken.",
        "See that a worker runs, and look at log.late and log.broken.",
    ),
    "log_memory": (
        "Lần ký cuối được nhớ ngoài CSDL",
        "What was signed last is kept out of the database's reach",
        "Đặt LIENTHONG_LOG_MEMORY trên ổ đĩa mà worker ghi được.",
        "Put LIENTHONG_LOG_MEMORY on a disk that the worker may write.",
    ),
    "log_witnesses": (
        "Có nhân chứng bên ngoài cùng ký nhật ký",
        "A witness outside cosigns the log",
        "Nhờ một hệ thống khác làm nhân chứng, đặt LIENTHONG_LOG_WITNESSES.",
        "Ask another installation to be a witness, and set LIENTHONG_LOG_WITNESSES.",
    ),
    "log_timestamps": (
        "Nhật ký được đóng dấu thời gian (RFC 3161)",
        "The log is time-stamped (RFC 3161)",
        "Đặt địa chỉ của tổ chức cấp dấu thời gian.",
        "Name a time-stamping authority.",
    ),
    "log_self_check": (
        "Toàn bộ nhật ký được tự đọc lại, không phát hiện sai lệch",
        "The whole log is read again by itself, and no lie was found",
        "Kiểm tra worker; nếu có sai lệch, chạy `lienthong audit verify`.",
        "See that a worker runs; where there is a lie, run `lienthong audit verify`.",
    ),
    "retention": (
        "Nhật ký được giữ ít nhất 365 ngày",
        "The log is kept for 365 days at least",
        "Sửa bảng thời hạn lưu trữ.",
        "Correct the table of retention.",
    ),
    "private_files": (
        "Chỉ chủ sở hữu đọc được tệp khoá",
        "Only their owner may read key files",
        "Chạy chmod 600 với các tệp được nêu.",
        "chmod 600 the named files.",
    ),
    "secrets_in_files": (
        "Bí mật nằm trong tệp, không trong biến môi trường",
        "Secrets stand in files, not in the environment",
        "Chuyển sang thư mục LIENTHONG_SECRETS_DIR.",
        "Move them into the folder LIENTHONG_SECRETS_DIR.",
    ),
    "public_https": (
        "Địa chỉ công khai dùng HTTPS",
        "The public address is https",
        "Đặt chứng thư TLS trước dịch vụ, sửa LIENTHONG_PUBLIC_URL.",
        "Put TLS in front, and correct LIENTHONG_PUBLIC_URL.",
    ),
    "no_plain_http": (
        "Không bật kết nối HTTP không mã hoá",
        "No switch that lets plain http through is on",
        "Tắt các thiết lập được nêu.",
        "Switch the named settings off.",
    ),
    "database_clock": (
        "Đồng hồ của máy và của CSDL lệch không quá 1 giây",
        "The machine's clock and the database's differ by a second at most",
        "Đồng bộ đồng hồ của hai máy với một nguồn.",
        "Keep both machines' clocks by one source.",
    ),
    "clock_kept": (
        "Đồng hồ của máy được đồng bộ",
        "The machine's clock is kept",
        "Bật chrony hoặc systemd-timesyncd với nguồn giờ được quy định.",
        "Run chrony or systemd-timesyncd with the prescribed source.",
    ),
    "alarms_heard": (
        "Có nơi nhận cảnh báo của hệ thống",
        "Somebody is told of alarms",
        "Đăng ký webhook với system_events (POST /v1/webhooks).",
        "Register a webhook with system_events (POST /v1/webhooks).",
    ),
}

_NOT_OURS: Final[dict[str, tuple[str, str]]] = {
    "account_review": (
        "Rà soát tài khoản và quyền mỗi quý, lưu biên bản.",
        "Review accounts and rights each quarter, and keep the minutes.",
    ),
    "one_person_one_account": (
        "Bảo đảm mỗi tài khoản do một người dùng.",
        "See that each account is one person's.",
    ),
    "patches": (
        "Quét lỗ hổng hệ điều hành, CSDL mỗi quý; vá lỗi mỗi tháng.",
        "Scan operating system and database each quarter; patch each month.",
    ),
    "three_copies": (
        "Giữ 3 bản sao trên 2 loại phương tiện, 1 bản ngoài cơ sở không sửa được.",
        "Keep three copies on two media, one of them elsewhere and unchangeable.",
    ),
    "malware_scan": (
        "Quét mã độc các bản sao lưu mỗi 6 tháng.",
        "Scan backups for malware every six months.",
    ),
    "write_once_media": (
        "Lưu mã băm tài liệu trên phương tiện ghi một lần.",
        "Keep hashes of documents on write-once media.",
    ),
    "penetration_test": (
        "Đánh giá an toàn phần mềm trước khi vận hành và mỗi năm.",
        "Have the software assessed before it goes live, and each year.",
    ),
    "incident_report": (
        "Báo cáo sự cố: lần đầu trong 24 giờ, đầy đủ trong 72 giờ.",
        "Report incidents: first within 24 hours, in full within 72.",
    ),
    "yearly_report": (
        "Báo cáo năm: số liệu đến 14/12, gửi trước 20/12 và 25/12.",
        "Report each year: figures up to 14 December, sent by the 20th and the 25th.",
    ),
    "monitoring": (
        "Giám sát hệ thống trước khi vận hành; người trực đọc cảnh báo.",
        "Monitor the system before it goes live; somebody on duty reads alarms.",
    ),
    "clock_source": (
        "Dùng nguồn giờ được quy định cho mọi máy.",
        "Use the prescribed source of time on every machine.",
    ),
    "network_and_tls": (
        "Phân vùng mạng, tường lửa và chứng thư TLS đúng quy định.",
        "Zones of the network, firewalls and TLS certificates as prescribed.",
    ),
}

RAW: Final[dict[str, tuple[str, str]]] = (
    {f"check.{name}": (vi, en) for name, (vi, en, _, _) in _CHECKS.items()}
    | {f"check.{name}.do": (vi, en) for name, (_, _, vi, en) in _CHECKS.items()}
    | {f"not_ours.{name}": words for name, words in _NOT_OURS.items()}
    | {
        "mark.green": ("Đạt", "green"),
        "mark.red": ("KHÔNG ĐẠT", "RED"),
        "mark.unseen": ("KHÔNG XEM ĐƯỢC", "NOT SEEN"),
        "mark.not_ours": ("Con người làm", "not ours"),
        "advice.population-blocked": (
            "Xem GET /v1/compliance hoặc chạy `lienthong doctor`, sửa các điểm không đạt; sau một phút hỏi lại.",
            "See GET /v1/compliance or run `lienthong doctor`, mend what is red, and ask again a minute later.",
        ),
    }
)
