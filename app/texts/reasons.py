"""Why a delivery has not arrived, in a sentence for people. Vietnamese first, English second."""

RAW = {
    # Why a delivery has not arrived, in a sentence for people. A reason without one reads as reason.other.
    "reason.refused": ("Cổng quốc gia từ chối.", "The national portal refused it."),
    "reason.budget_spent": ("Đã thử nhiều lần mà không gửi được.", "Tried many times without success."),
    "reason.bug": ("Lỗi phần mềm LienThong.", "A fault of LienThong itself."),
    "reason.restored": (
        "Cơ sở dữ liệu được khôi phục từ bản sao lưu; có thể bản ghi đã được gửi trong khoảng thời gian bị mất.",
        "The database was restored from a backup; it may have been sent in the time that was lost.",
    ),
    "reason.worker_lost": ("Tiến trình gửi dừng giữa chừng.", "The sending process stopped half-way."),
    "reason.probe_postponed": ("Chưa hỏi lại được Cổng.", "The portal could not be asked yet."),
    "reason.not_sent": ("Không nối được tới Cổng.", "The portal could not be reached."),
    "reason.bad_address": (
        "Địa chỉ của Cổng đặt sai: báo kỹ thuật sửa cấu hình.",
        "The portal's address is set wrongly: tell your technician.",
    ),
    "reason.read_timeout": ("Cổng không trả lời kịp.", "The portal did not answer in time."),
    "reason.total_timeout": ("Cổng không trả lời kịp.", "The portal did not answer in time."),
    "reason.call_timeout": ("Cổng không trả lời kịp.", "The portal did not answer in time."),
    "reason.connection_lost": ("Mất kết nối khi đang gửi.", "The connection was lost while sending."),
    "reason.too_large": ("Câu trả lời của Cổng dài quá mức.", "The portal's answer was too long."),
    "reason.unreadable_answer": ("Không đọc được câu trả lời của Cổng.", "The portal's answer cannot be read."),
    "reason.http": ("Cổng đang quá tải hoặc gặp lỗi.", "The portal is overloaded or faulty."),
    "reason.adapter_refused": (
        "Trục kết nối không cho gửi: báo kỹ thuật kiểm tra địa chỉ và quyền truy cập.",
        "The adapter refuses us: tell your technician to check the address and our access.",
    ),
    "reason.login_no_answer": ("Cổng không trả lời khi đăng nhập.", "The portal did not answer our login."),
    "reason.login_refused": (
        "Cổng không cho đăng nhập: báo kỹ thuật kiểm tra tài khoản kết nối.",
        "The portal refuses our login: tell your technician to check the account.",
    ),
    "reason.session_refused": (
        "Cổng không nhận phiên làm việc: báo kỹ thuật nếu kéo dài.",
        "The portal refuses our session: tell your technician if this goes on.",
    ),
    "reason.maintenance": ("Cổng đang bảo trì.", "The portal is under maintenance."),
    "reason.login_busy": ("Đang chờ đăng nhập Cổng.", "Waiting for the login to the portal."),
    "reason.too_late_to_send": (
        "Tiến trình gửi bị tạm dừng quá lâu nên không gửi nữa.",
        "The sending process was paused for too long, so it did not send.",
    ),
    "reason.unit_refused": (
        "Cổng không nhận mã đơn vị kết nối: báo kỹ thuật kiểm tra cấu hình.",
        "The portal refuses our unit code: tell your technician.",
    ),
    "reason.unknown_code": (
        "Cổng trả lời bằng mã lỗi chưa từng thấy.",
        "The portal answered with a code never seen before.",
    ),
    "reason.probe_unreadable": ("Không đọc được câu trả lời tra cứu.", "The answer to the look-up cannot be read."),
    "reason.probe_cannot_tell": (
        "Câu trả lời tra cứu không đủ để kết luận.",
        "The answer to the look-up allows no verdict.",
    ),
    "reason.probe_spent": ("Hỏi nhiều lần không được.", "Asked many times in vain."),
    "reason.may_still_come": ("Cổng có thể vẫn đang xử lý.", "The portal may still be at work on it."),
    "reason.out_of_order": ("Cổng có bước sau mà thiếu bước này.", "The portal holds a later step but lacks this one."),
    "reason.nation_lost_it": (
        "Cổng từng xác nhận hồ sơ nhưng nay nói không có.",
        "The portal acknowledged the dossier once and denies it now.",
    ),
    "reason.endpoint_gone": ("Địa chỉ nhận tin đã bị gỡ.", "The receiver was removed."),
    "reason.endpoint_refused": ("Địa chỉ nhận tin từ chối.", "The receiver refused it."),
    "reason.endpoint_away": ("Địa chỉ nhận tin không trả lời được.", "The receiver does not answer."),
    "reason.other": ("Chưa gửi được.", "Not sent yet."),
    "reason.behind": ("Chờ bản ghi đứng trước.", "Waits for the record before it."),
    "reason.held": ("Người vận hành đang tạm giữ.", "Held by an operator."),
}
