"""Ask once: the gate's decisions, requests, discrepancies. Vietnamese first, English second."""

RAW = {
    "advice.unknown-check": (
        "Kiểm tra lại mã lần kiểm tra; gọi POST /v1/once-only/check để kiểm tra mới.",
        "Check the id; POST /v1/once-only/check makes a new check.",
    ),
    "advice.facts-missing": (
        "Bổ sung các trường được nêu để hỏi được nguồn dữ liệu; chưa hỏi thì chưa được yêu cầu công dân.",
        "Add the named fields, so that the source can be asked; before that the citizen may not be asked.",
    ),
    "advice.unknown-discrepancy": (
        "Kiểm tra lại mã; danh sách ở /v1/discrepancies.",
        "Check the id; /v1/discrepancies lists them.",
    ),
    "decision.HAVE_VALID": (
        "Nhà nước đã có, còn giá trị: không yêu cầu công dân, hãy lấy ở nơi được chỉ dẫn.",
        "The state holds it, and it is valid: do not ask for it, take it from where `pointer` says.",
    ),
    "decision.SOURCE_DOWN": (
        "Nguồn dữ liệu không trả lời: được yêu cầu, sự cố đã ghi nhận.",
        "A source gave no answer: it may be asked for, and the incident is on record.",
    ),
    "decision.INACCURATE": (
        "Dữ liệu của Nhà nước không đúng: được yêu cầu, sai lệch đã được báo cho nơi quản lý.",
        "What the state holds is wrong: it may be asked for, and the source was told.",
    ),
    "decision.NOT_IN_SOURCE": (
        "Không nguồn nào được kết nối cho thủ tục này có dữ liệu: được yêu cầu.",
        "No source that is connected for this procedure holds it: it may be asked for.",
    ),
    "decision.SECTOR_LAW": (
        "Pháp luật chuyên ngành yêu cầu nộp hoặc xuất trình: được yêu cầu theo căn cứ được nêu.",
        "Sector law wants the paper itself: it may be asked for, on the law that is cited.",
    ),
    "decision.UPDATE": (
        "Công dân cập nhật thông tin đã có: được yêu cầu, lý do đã ghi nhận.",
        "The citizen updates what is held: it may be asked for, and the reason is on record.",
    ),
    "decision.VERIFY": (
        "Cần đối chiếu với bản gốc: được yêu cầu, lý do đã ghi nhận.",
        "It has to be compared with the original: it may be asked for, and the reason is on record.",
    ),
    "redundant.no_decision": (
        "Đã yêu cầu giấy tờ mà không kiểm tra trước.",
        "The paper was asked for without a check before.",
    ),
    "redundant.unknown_decision": (
        "Mã quyết định được nêu không tồn tại.",
        "The decision that is named does not exist.",
    ),
    "redundant.blocked": (
        "Đã yêu cầu giấy tờ mà Nhà nước đang có.",
        "The paper was asked for although the state holds it.",
    ),
    "redundant.expired": (
        "Quyết định đã quá thời hạn khi yêu cầu giấy tờ.",
        "The decision was too old when the paper was asked for.",
    ),
    "redundant.asked_before": (
        "Giấy tờ đã được yêu cầu trước khi kiểm tra.",
        "The paper was asked for before the check.",
    ),
    "redundant.other_dossier": (
        "Quyết định thuộc hồ sơ khác.",
        "The decision belongs to another dossier.",
    ),
    "redundant.other_person": (
        "Quyết định thuộc người khác.",
        "The decision is about another person.",
    ),
    "redundant.other_procedure": (
        "Quyết định thuộc thủ tục khác.",
        "The decision is about another procedure.",
    ),
    "redundant.other_paper": (
        "Quyết định thuộc giấy tờ khác.",
        "The decision is about another paper.",
    ),
    "event.source_silent": (
        "Một nguồn dữ liệu không trả lời; giấy tờ của nguồn này tạm được yêu cầu công dân.",
        "A source gives no answer; what it holds may be asked of citizens meanwhile.",
    ),
    "event.source_silent.ended": ("Nguồn dữ liệu trả lời trở lại.", "The source answers again."),
    "event.discrepancy": (
        "Cán bộ phát hiện dữ liệu sai; nơi quản lý phải trả lời trong 7 ngày làm việc.",
        "An officer found wrong data; the source has 7 working days to answer.",
    ),
    "event.discrepancy.ended": ("Nơi quản lý dữ liệu đã trả lời.", "The source has answered."),
}
