"""The door: what to do after a refusal, answers about persons, statuses. Vietnamese first, English second."""

RAW = {
    # Refusals at the door: what to do.
    "advice.invalid-record": (
        "Sửa các trường được nêu theo mô tả API (/docs) rồi gửi lại.",
        "Correct the named fields as the API description (/docs) says, then hand it over again.",
    ),
    "advice.invalid-dossier-code": (
        "Dùng mã hồ sơ đúng quy định: mã đơn vị, ngày tiếp nhận yyMMdd, số thứ tự.",
        "Use a dossier code of the legal form: unit code, reception date yyMMdd, running number.",
    ),
    "advice.unknown-code": (
        "Dùng mã có trong bảng được nêu; nếu mã là mới, đề nghị quản trị cập nhật bảng.",
        "Use a code of the named table; if the code is new, ask the administrator to update the table.",
    ),
    "advice.unreadable-line": ("Gửi JSON hợp lệ, mã hoá UTF-8.", "Send valid JSON in UTF-8."),
    "advice.too-large": ("Chia nhỏ bản ghi hoặc bỏ nội dung tệp.", "Split the record, or leave file contents out."),
    "advice.stale-revision": (
        "Không cần gửi bản cũ; nếu bản đang giữ sai, gửi bản có số revision lớn hơn.",
        "No need to send an old one; if the held one is wrong, send a higher revision.",
    ),
    "advice.revision-conflict": (
        "Mỗi lần nội dung thay đổi phải tăng revision.",
        "Raise the revision whenever the content changes.",
    ),
    "advice.illegal-status-move": (
        "Kiểm tra trạng thái hồ sơ; gửi trạng thái thật, không bỏ qua bước bắt buộc.",
        "Check the status; hand over the true one. docs/states.md shows what may follow what.",
    ),
    "advice.step-conflict": (
        "Bước đã gửi không sửa được; hãy gửi một bước mới với step_id mới.",
        "A step cannot be changed; hand over a new step with a new step_id.",
    ),
    "advice.duplicate-step": (
        "Bước này đã có dưới step_id khác; không cần gửi lại.",
        "This step is held under another step_id; there is no need to send it again.",
    ),
    "advice.step-out-of-order": (
        "Gửi các bước theo đúng thứ tự thời gian xử lý.",
        "Hand over steps in the order in which they happened.",
    ),
    "advice.not-retriable": ("Xem trạng thái hiện tại của bản ghi.", "Look at the delivery's present state."),
    "advice.not-decidable": (
        "Xem phần detail và trạng thái hiện tại của bản ghi; khi đang gửi hoặc đang hỏi Cổng, hãy chờ rồi làm lại.",
        "See detail and the delivery's present state; while it is being sent or asked about, wait and try again.",
    ),
    "advice.key-reused": (
        "Dùng khoá Idempotency-Key mới cho lựa chọn mới.",
        "Use a new Idempotency-Key for a new selection.",
    ),
    "advice.unknown-replay": ("Xem danh sách tại /v1/replays.", "See the list at /v1/replays."),
    "advice.dossier-not-open": (
        "Chỉ được tra cứu công dân cho hồ sơ đang mở.",
        "A person may only be asked about for an open dossier.",
    ),
    "advice.unknown-dossier": (
        "Gửi hồ sơ (PUT /v1/dossiers/{code}) trước khi gửi bước xử lý, giấy tờ hoặc tra cứu cho hồ sơ đó.",
        "Hand the dossier over first (PUT /v1/dossiers/{code}), then its steps, documents and look-ups.",
    ),
    "advice.unknown-delivery": ("Kiểm tra lại số của bản ghi.", "Check the delivery's number."),
    "advice.unknown-target": (
        "Kiểm tra lại tên nơi nhận; danh sách ở /v1/targets.",
        "Check the name of the destination; /v1/targets lists them.",
    ),
    "advice.unknown-hold": (
        "Kiểm tra lại số của lệnh tạm giữ; danh sách ở /v1/holds.",
        "Check the number of the hold; /v1/holds lists them.",
    ),
    "advice.hold-ended": (
        "Không cần làm gì: lệnh tạm giữ này đã được bỏ, công việc đang tiếp tục.",
        "There is nothing to do: this hold has ended and work goes on.",
    ),
    "advice.unknown-webhook": (
        "Kiểm tra lại số của địa chỉ nhận tin; danh sách ở /v1/webhooks.",
        "Check the number of the webhook; /v1/webhooks lists yours.",
    ),
    "advice.bad-webhook-address": (
        "Dùng địa chỉ https của phần mềm một cửa, không kèm tài khoản và mật khẩu.",
        "Use an https address of the one-stop software, without a name and password in it.",
    ),
    "advice.invalid-request": (
        "Gửi biểu mẫu grant_type=client_credentials; nêu client bằng HTTP Basic hoặc bằng client_id và client_secret.",
        "Send a form with grant_type=client_credentials; name the client by HTTP Basic or in the form, not in both.",
    ),
    "advice.invalid-client": (
        "Kiểm tra client_id và client_secret; quản trị tạo client bằng lệnh `lienthong client create`.",
        "Check client_id and client_secret; an administrator makes a client with `lienthong client create`.",
    ),
    "advice.unsupported-grant-type": (
        "Chỉ dùng grant_type=client_credentials.",
        "Use grant_type=client_credentials.",
    ),
    "advice.invalid-scope": (
        "Chỉ xin những quyền mà client có; bỏ trống scope để nhận tất cả.",
        "Ask for scopes that the client has; leave scope out to get them all.",
    ),
    "advice.temporarily-unavailable": (
        "Hệ thống này chưa cấp token ngắn hạn; báo quản trị.",
        "No short-lived tokens are given here yet; tell the administrator.",
    ),
    "advice.rate-limited": (
        "Chờ số giây ghi ở Retry-After rồi gửi tiếp; gửi nhiều hồ sơ trong một lần qua /v1/intake.",
        "Wait as long as Retry-After says; hand many records over in one request to /v1/intake.",
    ),
    "advice.door-full": (
        "Gửi lại sau số giây ghi ở Retry-After, và bớt số kết nối cùng lúc.",
        "Send again after Retry-After, and with fewer connections at once.",
    ),
    "advice.body-too-slow": (
        "Kiểm tra đường truyền rồi gửi lại; tệp lớn nên gửi thành nhiều lần qua /v1/uploads.",
        "Check the line and send again; large files go in several goes through /v1/uploads.",
    ),
    "advice.unauthenticated": (
        "Gửi tiêu đề Authorization: Bearer <token>; phần mềm lấy token ở /oauth/token, hoặc quản trị tạo cho.",
        "Send Authorization: Bearer <token>; software gets one at /oauth/token, or an administrator makes it.",
    ),
    "advice.forbidden": (
        "Đề nghị quản trị cấp quyền được nêu; bảng quyền ở docs/access.md.",
        "Ask the administrator for the permission that is named; docs/access.md shows who has which.",
    ),
    "advice.issuer-unavailable": (
        "Nơi cấp token không trả lời; chờ rồi gửi lại, hoặc dùng token của LienThong.",
        "The issuer of tokens does not answer; wait and send again, or use a token of LienThong.",
    ),
    "advice.out-of-reach": (
        "Chỉ làm việc với hồ sơ của đơn vị mình và đơn vị trực thuộc; việc chung của tỉnh do cấp tỉnh làm.",
        "Work with dossiers of your own unit and of those below it; what concerns the province is done there.",
    ),
    "advice.person-check-denied": (
        "Kiểm tra quyền của cán bộ và danh sách thủ tục được phép tra cứu.",
        "Check the officer's right and the list of procedures that may ask.",
    ),
    "advice.person-quota-spent": ("Chờ rồi hỏi lại.", "Wait, then ask again."),
    "advice.person-check-unavailable": (
        "Chưa có kết luận về người này. Thử lại sau; không được ghi là 'không có thông tin'.",
        "This says nothing about the person. Try again later; never record it as 'no such person'.",
    ),
    "advice.person-reply-unreadable": (
        "Chưa có kết luận về người này. Báo quản trị: câu trả lời của CSDL không đúng dạng.",
        "This says nothing about the person. Tell the administrator: the reply has an unexpected shape.",
    ),
    "advice.unknown-log-part": (
        "Đọc /log/checkpoint trước; chỉ phần đã được ký mới có ở đây.",
        "Read /log/checkpoint first; only what is signed can be had here.",
    ),
    "advice.archive-needed": (
        "Mục này đã đưa vào lưu trữ. Đặt các tệp được nêu vào thư mục lưu trữ rồi thử lại.",
        "This was archived. Put the files that are named into the folder of the archives and try again.",
    ),
    "advice.unknown-retention": (
        "Kiểm tra số của đợt hoặc lệnh giữ lại.",
        "Check the number of the run or hold.",
    ),
    "advice.retention-refused": (
        "Xem kế hoạch và các đợt đang mở (lienthong retention plan, runs).",
        "Look at the plan and at the open runs (lienthong retention plan, runs).",
    ),
    "advice.audit-unavailable": (
        "Nhật ký không ghi được hoặc chưa được ký nên hệ thống tạm ngừng nhận. Gửi lại sau ít phút.",
        "The log cannot be written or is not signed, so nothing is taken. Send again in a few minutes.",
    ),
    "advice.store-busy": ("Gửi lại sau vài giây.", "Send again in a few seconds."),
    "advice.internal": (
        "Lỗi của LienThong; báo quản trị kèm mã correlation_id.",
        "A fault of LienThong; tell the administrator the correlation_id.",
    ),
    "advice.not-found": ("Kiểm tra lại địa chỉ; xem /docs.", "Check the address; see /docs."),
    "advice.refused": ("Xem phần detail.", "See detail."),
    # Answers about persons.
    "person.MATCH": (
        "Số, họ tên và ngày sinh là của cùng một người.",
        "Number, name and birth date belong to one person.",
    ),
    "person.NOT_FOUND_OR_MISMATCH": (
        "CSDL không thấy người này, hoặc một trong ba thông tin không khớp (CSDL không cho biết cái nào).",
        "No such person, or one of the three does not match; the database does not say which.",
    ),
    # Statuses of a dossier, in the words of the national code table.
    "status.registered": ("Mới đăng ký", "Registered"),
    "status.received": ("Được tiếp nhận", "Received"),
    "status.refused": ("Không được tiếp nhận", "Refused at reception"),
    "status.processing": ("Đang xử lý", "Processing"),
    "status.supplement": ("Yêu cầu bổ sung giấy tờ", "Papers to be supplemented"),
    "status.fee_due": ("Yêu cầu thực hiện nghĩa vụ tài chính", "Fee due"),
    "status.withdrawn": ("Công dân yêu cầu rút hồ sơ", "Withdrawn by the applicant"),
    "status.stopped": ("Dừng xử lý", "Stopped"),
    "status.done": ("Đã xử lý xong", "Done"),
    "status.returned": ("Đã trả kết quả", "Result returned"),
}
