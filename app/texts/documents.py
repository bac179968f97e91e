"""Documents: refused files, verdicts, links, look-ups, the rule of results. Vietnamese first, English second."""

RAW = {
    # Files that are not taken: what to do.
    "advice.file-refused": ("Xem lý do và gửi tệp khác.", "See why, and hand over another file."),
    "advice.file-empty": ("Tệp rỗng; hãy chọn đúng tệp rồi gửi lại.", "The file is empty; choose the right one."),
    "advice.file-too-large": (
        "Giảm dung lượng (quét 200–300 dpi) hoặc tách tệp rồi gửi lại.",
        "Make it smaller (scan at 200 to 300 dpi), or split it.",
    ),
    "advice.file-too-many-pages": ("Tách tệp thành nhiều phần.", "Split the file."),
    "advice.file-unknown-type": (
        "Chỉ nhận PDF, PNG, JPEG, TIFF, XML; hãy xuất ra PDF.",
        "Only PDF, PNG, JPEG, TIFF and XML are taken; export it as PDF.",
    ),
    "advice.file-office-format": (
        "Không nhận tệp văn phòng; hãy xuất ra PDF rồi ký số.",
        "Office formats are not taken; export it as PDF, then sign it.",
    ),
    "advice.file-type-not-allowed": (
        "Loại tệp này không dùng cho giấy tờ này; kết quả phải là PDF hoặc XML ký số.",
        "This type is not taken here; a result is a signed PDF or XML.",
    ),
    "advice.file-password-protected": (
        "Bỏ mật khẩu của tệp rồi gửi lại; người dân và Cổng phải mở được.",
        "Remove the password; the citizen and the portal must be able to open it.",
    ),
    "advice.file-truncated": ("Tệp bị cắt cụt; hãy gửi lại tệp gốc.", "The file is cut off; hand the original over."),
    "advice.file-polyglot": (
        "Tệp chứa thêm nội dung lạ; hãy tạo lại tệp từ bản gốc.",
        "The file holds something else besides; make it anew from its source.",
    ),
    "advice.file-bomb": (
        "Tệp phình quá lớn khi mở; hãy tạo lại tệp từ bản gốc.",
        "The file grows beyond all bounds when opened; make it anew from its source.",
    ),
    "advice.file-damaged": ("Tệp hỏng, không mở được; hãy tạo lại.", "The file is damaged; make it anew."),
    "advice.file-infected": (
        "Tệp có mã độc; cách ly máy gửi và báo bộ phận an toàn thông tin.",
        "The file holds malware; isolate the sending machine and tell the security officer.",
    ),
    "advice.unknown-document": ("Kiểm tra mã giấy tờ.", "Check the document id."),
    "advice.document-known": (
        "Dùng lại giấy tờ đang có, sửa thông tin của nó, hoặc gửi kèm supersedes nếu là bản thay thế.",
        "Use the one that is held, correct its facts, or send supersedes if this one replaces it.",
    ),
    "advice.not-changeable": (
        "Xem trạng thái hiện tại của giấy tờ; giấy đã thu hồi hoặc thay thế không tự có hiệu lực lại khi gửi lại tệp.",
        "Look at the document's present standing; the same file again does not undo that it was withdrawn or replaced.",
    ),
    "advice.result-missing": (
        (
            "Gửi kết quả điện tử đã ký số đủ (cán bộ và cơ quan), rồi gửi lại trạng thái. Hồ sơ chưa có: gửi hồ sơ ở "
            "trạng thái liền trước (trước returned là done), revision 1; rồi tệp; rồi trạng thái này, revision 2."
        ),
        (
            "Hand over the electronic result signed by officer and agency, then the status again. A dossier not yet "
            "held: first with the status before this one (done before returned), revision 1; then the file; then this "
            "status, revision 2."
        ),
    ),
    "advice.unknown-subject": ("Lấy mã chủ giấy tờ tại POST /v1/subjects.", "Get the owner's id at POST /v1/subjects."),
    "advice.unknown-lookup": ("Tra cứu lại tại POST /v1/documents/lookup.", "Look it up at POST /v1/documents/lookup."),
    "advice.lookup-used": (
        "Mỗi lần tra cứu chỉ lấy một giấy tờ, cho đúng hồ sơ đã tra; hãy tra cứu lại.",
        "One paper is taken by a look-up, for the dossier it was made for; look it up anew.",
    ),
    "advice.unknown-upload": ("Bắt đầu tải lên lại tại POST /v1/uploads.", "Begin anew at POST /v1/uploads."),
    "advice.upload-conflict": (
        "Hỏi vị trí hiện tại (HEAD) rồi gửi tiếp từ đó.",
        "Ask how far it has come (HEAD), and go on there.",
    ),
    "advice.upload-incomplete": ("Gửi tiếp phần còn thiếu.", "Send what is missing."),
    "advice.unknown-link": ("Kiểm tra lại liên kết.", "Check the link."),
    "advice.link-gone": (
        "Giấy tờ này đã thu hồi hoặc thay thế; dùng bản thay thế nếu có.",
        "This document was withdrawn or replaced; use the one that replaces it, if there is one.",
    ),
    "advice.national-store-silent": (
        "Kho quốc gia chưa trả lời; thử lại sau, đừng coi là không có giấy tờ.",
        "The national store gave no answer; try later, and do not take it for 'not held'.",
    ),
    "advice.scanner-silent": (
        "Bộ quét mã độc chưa trả lời nên chưa nhận tệp; gửi lại sau ít phút và báo quản trị.",
        "The scanner gave no answer, so nothing was taken; try again in minutes and tell the administrator.",
    ),
    "advice.file-store-silent": (
        "Kho tệp chưa đọc hoặc ghi được; gửi lại sau ít phút và báo quản trị.",
        "The document store cannot be read or written; try again in minutes and tell the administrator.",
    ),
    # What signatures are worth.
    "verdict.VALID": ("Chữ ký số hợp lệ, đủ người ký.", "The signatures are valid, and all who must sign have."),
    "verdict.MODIFIED": ("Tệp bị thay đổi sau khi ký.", "The file was changed after it was signed."),
    "verdict.EXPIRED": (
        "Chứng thư hết hạn, không chứng minh được đã ký khi còn hiệu lực.",
        "A certificate has expired, and nothing proves that it was valid at signing.",
    ),
    "verdict.REVOKED": ("Chứng thư đã bị thu hồi khi ký.", "A certificate was revoked when it signed."),
    "verdict.UNTRUSTED": (
        "Chứng thư không do tổ chức được tin cậy cấp.",
        "A certificate does not come from anybody trusted here.",
    ),
    "verdict.UNSIGNED": ("Tệp chưa ký số.", "The file is not signed."),
    "verdict.INCOMPLETE": (
        "Chữ ký có hợp lệ nhưng còn thiếu người ký (cán bộ hoặc cơ quan).",
        "What is signed is valid, but somebody who must sign has not (officer or agency).",
    ),
    # Links.
    "link.new": ("Liên kết chưa thử; sẽ gửi lên Cổng khi mở được.", "Not tried yet; told to the nation once it opens."),
    "link.live": ("Liên kết mở được từ bên ngoài.", "The link opens from outside."),
    "link.dead": (
        "Không mở được từ bên ngoài (LIENTHONG_PUBLIC_URL, tường lửa), hoặc hồ sơ có mã không còn; xem reason.",
        "It does not open from outside (LIENTHONG_PUBLIC_URL, firewall), or its dossier has a dead code; see reason.",
    ),
    "link.withdrawn": (
        "Giấy tờ đã thu hồi hoặc thay thế; liên kết nêu rõ.",
        "Withdrawn or replaced; the link says so.",
    ),
    "event.link_dead": (
        "Có liên kết giấy tờ nhiều lần không mở được từ bên ngoài; kiểm tra LIENTHONG_PUBLIC_URL và tường lửa.",
        "Links of documents have not opened from outside several times; check LIENTHONG_PUBLIC_URL and the firewall.",
    ),
    "event.link_dead.ended": ("Mọi liên kết giấy tờ lại mở được.", "All links of documents open again."),
    "event.file_damaged": (
        "Có tệp trong kho bị hỏng hoặc mất, không được đưa ra; khôi phục từ bản sao lưu hoặc gửi lại tệp gốc.",
        "A file in the store is damaged or gone, and is not given out; restore it, or hand the original over again.",
    ),
    "event.file_damaged.ended": ("Mọi tệp trong kho lại nguyên vẹn.", "All files in the store are whole again."),
    "gone.superseded": ("Giấy tờ này đã được thay thế.", "This document was replaced."),
    "gone.revoked": ("Giấy tờ này đã bị thu hồi.", "This document was withdrawn."),
    "gone.reason": ("Lý do", "reason"),
    "gone.since": ("Từ lúc", "since"),
    "gone.newer": ("Mở bản thay thế", "Open the one that replaces it"),
    # Claims without a file.
    "undocumented.digitised": (
        "Phần mềm ghi đã số hoá nhưng chưa gửi tệp.",
        "The software says digitised, and has handed no file over.",
    ),
    "undocumented.reused": (
        "Phần mềm ghi tái sử dụng nhưng không lấy từ kho nào.",
        "The software says reused, and has taken nothing from a store.",
    ),
    "undocumented.from_national_store": (
        "Phần mềm ghi lấy từ kho quốc gia nhưng không có tệp nào lấy từ đó.",
        "The software says taken from the national store, and no file came from there.",
    ),
    "undocumented.link": (
        "Phần mềm ghi liên kết riêng; Cổng chỉ nhận liên kết của tệp đã gửi vào kho.",
        "The software gives a link of its own; the nation is told links of files that lie here only.",
    ),
    "undocumented.database": (
        "Nói là đã khai thác CSDL, nhưng ở đây chưa có lần xác thực nào khớp; không báo lên Cổng.",
        "Said to have used a database, but none confirmed a person of it here; the nation is not told.",
    ),
    "undocumented.vneid": (
        "Nói là đã xác thực VNeID, nhưng không có lần đăng nhập của chính người nộp; không báo lên Cổng.",
        "Said to be verified by VNeID, but no login of the applicant's own stands behind it; the nation is not told.",
    ),
    "undocumented.result": (
        "Phần mềm ghi có kết quả nhưng chưa gửi tệp kết quả.",
        "The software names a result, and has handed no file of it over.",
    ),
    # Look-ups.
    "lookup.held": (
        "Giấy tờ này đã có trong kho; không phải số hoá lại.",
        "This paper is held already; it need not be scanned.",
    ),
    "lookup.not_held": ("Chưa kho nào có giấy tờ này; có thể số hoá.", "It is not held anywhere; it may be scanned."),
    "lookup.unsure": (
        "Kho của tỉnh không có; kho quốc gia chưa trả lời, chưa kết luận được.",
        "The provincial store does not hold it; the national one gave no answer, so nobody can tell.",
    ),
    # The rule of signed results.
    "result_gate.report": (
        "Hồ sơ thiếu kết quả điện tử vẫn được gửi, nhưng bị nêu trong danh sách.",
        "A dossier without an electronic result passes, and is listed.",
    ),
    "result_gate.enforce": (
        "Hồ sơ chỉ được báo đã trả kết quả khi có kết quả điện tử ký số hợp lệ.",
        "A dossier may be called returned only with a validly signed electronic result.",
    ),
}
