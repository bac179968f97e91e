"""The one catalogue of what people read: Vietnamese first, English second.

Keys are ``area.name``. A test fails when a state, a refusal or an outcome has no sentence, or when a text names
an instrument that is no longer in force.
"""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    vi: str
    en: str


_RAW = {
    # What a delivery's state means, and what happens next.
    "delivery.waiting": (
        "Đang chờ gửi; hệ thống sẽ tự gửi, không cần làm gì.",
        "Waiting to be sent; this happens by itself, nothing to do.",
    ),
    "delivery.sending": ("Đang gửi lên Cổng.", "Being sent right now."),
    "delivery.delivered": ("Cổng đã nhận.", "The nation has it."),
    "delivery.rejected": (
        "Cổng từ chối. Xem lý do, sửa trong phần mềm một cửa rồi gửi lại; hệ thống không tự gửi lại.",
        "The nation refused it. See the reason, correct it in the one-stop software and hand it over again.",
    ),
    "delivery.unknown": (
        "Đã gửi nhưng không đọc được trả lời. Hệ thống sẽ hỏi Cổng trước khi gửi lại.",
        "Sent, but no readable answer came. The nation is asked what it holds before anything is sent again.",
    ),
    "delivery.dead": (
        "Đã thử hết số lần cho phép. Cần người kiểm tra rồi bấm gửi lại.",
        "All tries are spent. A person must look and press retry.",
    ),
    "delivery.superseded": (
        "Đã có bản mới hơn của hồ sơ, bản này không cần gửi.",
        "A newer snapshot of the dossier went instead.",
    ),
    # Why a lane stands still.
    "hold.refused": (
        "Cổng từ chối hồ sơ nên các bước sau đang chờ bản hồ sơ đã sửa.",
        "The nation refused the dossier; its steps wait for a corrected snapshot.",
    ),
    "hold.dead": (
        "Một bản ghi trước đó đã hết lượt thử; các bản ghi sau đang chờ.",
        "An earlier record has spent its tries; the later ones wait.",
    ),
    "hold.operator": ("Người vận hành đang tạm giữ.", "Held by an operator."),
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
    "advice.dossier-not-open": (
        "Chỉ được tra cứu công dân cho hồ sơ đang mở.",
        "A person may only be asked about for an open dossier.",
    ),
    "advice.unknown-dossier": (
        "Gửi hồ sơ (PUT /v1/dossiers/{code}) trước khi gửi bước xử lý.",
        "Hand over the dossier (PUT /v1/dossiers/{code}) first.",
    ),
    "advice.unknown-delivery": ("Kiểm tra lại số của bản ghi.", "Check the delivery's number."),
    "advice.unauthenticated": (
        "Gửi tiêu đề Authorization: Bearer <token>; quản trị tạo token bằng lệnh `lienthong token create`.",
        "Send Authorization: Bearer <token>; an administrator makes one with `lienthong token create`.",
    ),
    "advice.forbidden": (
        "Đề nghị quản trị cấp token có quyền cần thiết.",
        "Ask the administrator for a token with the scope that is named.",
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
    "advice.audit-unavailable": (
        "Nhật ký không ghi được nên hệ thống tạm ngừng nhận. Gửi lại sau ít phút.",
        "The log cannot be written, so nothing is taken. Send again in a few minutes.",
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
    # Why a delivery has not arrived, in a sentence for people. A reason without one reads as reason.other.
    "reason.refused": ("Cổng quốc gia từ chối.", "The national portal refused it."),
    "reason.budget_spent": ("Đã thử nhiều lần mà không gửi được.", "Tried many times without success."),
    "reason.bug": ("Lỗi phần mềm LienThong.", "A fault of LienThong itself."),
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
    "reason.other": ("Chưa gửi được.", "Not sent yet."),
    "reason.behind": ("Chờ bản ghi đứng trước.", "Waits for the record before it."),
    "reason.held": ("Người vận hành đang tạm giữ.", "Held by an operator."),
    # The page for administrators.
    "page.title": ("Liên thông hồ sơ", "Dossier interconnection"),
    "page.skip": ("Đến nội dung chính", "Skip to content"),
    "page.jump": ("Đi tới", "Go to"),
    "page.mood-well": ("Ổn", "All well"),
    "page.mood-waiting": ("Đang chờ", "Waiting"),
    "page.mood-act": ("Cần bạn", "Needs you"),
    "page.headline-none": ("Chưa nhận hồ sơ nào.", "No dossier has been handed over yet."),
    "page.headline-known": (
        "Cổng quốc gia đã nhận {known} / {received} hồ sơ.",
        "The national portal has {known} of {received} dossiers.",
    ),
    "page.headline-act": ("{count} việc cần bạn xử lý.", "Needing you: {count}."),
    "page.headline-waiting": ("{count} bản ghi đang chờ gửi.", "Records waiting to be sent: {count}."),
    "page.headline-all": ("Không có gì phải chờ.", "Nothing is waiting."),
    "page.headline-late": (
        "{count} bản ghi chờ quá 24 giờ mà chưa gửi được: báo kỹ thuật kiểm tra kết nối.",
        "Not sent for over 24 hours: {count}. Tell your technician to look at the connection.",
    ),
    "page.figures": ("Số liệu", "Figures"),
    "page.kind": ("Loại", "Kind"),
    "page.kind-dossier": ("Hồ sơ", "Dossier"),
    "page.kind-step": ("Bước xử lý", "Progress step"),
    "page.record": ("bản ghi", "records"),
    "page.received": ("Nhận từ một cửa", "Handed over"),
    "page.known": ("Cổng đã nhận", "Nation has it"),
    "page.waiting": ("Đang chờ", "Waiting"),
    "page.refused": ("Bị từ chối", "Refused"),
    "page.dead": ("Hết lượt thử", "Given up"),
    "page.share": ("Tỷ lệ đã nhận", "Share"),
    "page.under_1_hour": ("dưới 1 giờ: {count}", "under 1 hour: {count}"),
    "page.under_1_day": ("1–24 giờ: {count}", "1–24 hours: {count}"),
    "page.under_3_days": ("1–3 ngày: {count}", "1–3 days: {count}"),
    "page.older": ("trên 3 ngày: {count}", "over 3 days: {count}"),
    "page.stuck": ("Đang kẹt và vì sao", "What is stuck, and why"),
    "page.stuck-caption": (
        "Việc cần người xử lý đứng trước; trong đó hồ sơ gần đến hạn nhất đứng đầu.",
        "What needs a person comes first; among these, the nearest legal deadline.",
    ),
    "page.stuck-none": ("Không có gì kẹt.", "Nothing is stuck."),
    "page.stuck-none-more": (
        "Mọi bản ghi đã đến Cổng hoặc đang tự gửi. Bạn không phải làm gì.",
        "Everything has arrived or is on its way. There is nothing to do.",
    ),
    "page.stuck-more": (
        "Chỉ hiện {count} việc gấp nhất; xử lý xong, các việc sau sẽ hiện ra.",
        "Only the {count} most urgent are shown; the next appear as these are dealt with.",
    ),
    "page.dossier": ("Hồ sơ", "Dossier"),
    "page.unit": ("Đơn vị", "Unit"),
    "page.why": ("Vì sao", "Why"),
    "page.next": ("Việc tiếp theo", "What happens next"),
    "page.tries": ("Đã thử", "Tries"),
    "page.age": ("Từ", "Since"),
    "page.you": ("Cần bạn", "Needs you"),
    "page.itself": ("Tự gửi", "By itself"),
    "page.follows": ("Chờ phía sau", "Behind another"),
    "page.held": ("Đang tạm giữ", "Held"),
    "page.see": ("Xem từng việc và cách xử lý", "See each, and what to do"),
    "page.rev": ("bản số {count}", "revision {count}"),
    "page.do-release": (
        "Hỏi người vận hành vì sao giữ; bản ghi chỉ đi tiếp khi được bỏ giữ.",
        "Ask the operator why; it goes on when it is let go.",
    ),
    "page.next-behind": (
        "Tự gửi sau khi bản ghi đứng trước được xử lý xong.",
        "Sent by itself once the record before it is dealt with.",
    ),
    "page.arrived": ("Đã đến", "Arrived"),
    "page.replaced": ("Đã thay", "Replaced"),
    "page.behind": ("{count} bản ghi khác của hồ sơ này chờ phía sau.", "Waiting behind it: {count}."),
    "page.portal-says": ("Cổng trả lời", "The portal's words"),
    "page.technical": ("Chi tiết kỹ thuật", "Technical detail"),
    "page.field": ("Trường dữ liệu", "Field"),
    "page.code": ("Mã trả lời", "Answer code"),
    "page.do-dossier": (
        "Sửa hồ sơ trong phần mềm một cửa rồi gửi lại. Hệ thống không tự gửi lại.",
        "Correct it in the one-stop software and hand it over again. It is not sent again by itself.",
    ),
    "page.do-step": (
        "Sửa trong phần mềm một cửa rồi gửi thành một bước mới. Hệ thống không tự gửi lại.",
        "Correct it in the one-stop software and hand it over as a new step. It is not sent again by itself.",
    ),
    "page.do-retry": (
        "Báo người vận hành kiểm tra rồi gửi lại bản ghi số {id}.",
        "Ask an operator to look, then to retry delivery {id} (POST /v1/deliveries/{id}/retry).",
    ),
    "page.next-at": ("Tự gửi lại lúc {at}.", "Sent again by itself at {at}."),
    "page.next-ask": ("Tự hỏi lại Cổng lúc {at} rồi mới gửi.", "The portal is asked at {at}, before anything is sent."),
    "page.next-soon": ("Tự gửi khi đến lượt, trong ít phút.", "Sent by itself when its turn comes, within minutes."),
    "page.next-ask-soon": ("Sắp tự hỏi lại Cổng.", "The portal is about to be asked."),
    "page.next-sending": ("Đang gửi.", "Being sent right now."),
    "page.next-none": ("Không cần làm gì.", "Nothing to do."),
    "page.lookup": ("Tra cứu hồ sơ", "Look a dossier up"),
    "page.lookup-label": ("Mã hồ sơ", "Dossier code"),
    "page.lookup-hint": ("Ví dụ: {example}", "Example: {example}"),
    "page.lookup-button": ("Tra cứu", "Look up"),
    "page.lookup-unknown": (
        "Chưa nhận hồ sơ nào có mã này. Kiểm tra lại từng ký tự; nếu mã đúng, phần mềm một cửa chưa gửi sang đây.",
        "No dossier with this code was handed over. Check it; if it is right, the one-stop software has not sent it.",
    ),
    "page.typed": ("Bạn đã gõ", "You typed"),
    "page.back": ("Về trang tổng hợp", "Back to the summary"),
    "page.stand-arrived": ("Cổng đã nhận đủ hồ sơ này.", "The nation has everything of this dossier."),
    "page.stand-waiting": (
        "Còn {count} bản ghi của hồ sơ này đang chờ gửi.",
        "Records of this dossier waiting to be sent: {count}.",
    ),
    "page.stand-known": ("Cổng đã có hồ sơ này.", "The nation has this dossier."),
    "page.stand-unknown": ("Cổng chưa có hồ sơ này.", "The nation does not have this dossier yet."),
    "page.stand-act": ("{count} bản ghi cần bạn xử lý.", "Records needing you: {count}."),
    "page.status": ("Trạng thái hồ sơ", "Status"),
    "page.procedure": ("Thủ tục", "Procedure"),
    "page.received-at": ("Ngày tiếp nhận", "Received at"),
    "page.due-at": ("Hẹn trả kết quả", "Due at"),
    "page.due-none": ("Không có hẹn trả", "No due date"),
    "page.updated-at": ("Nhận từ một cửa lần cuối", "Last handed over"),
    "page.lane": ("Việc tiếp theo với Cổng", "Next with the portal"),
    "page.deliveries": ("Các lần gửi lên Cổng", "Deliveries to the portal"),
    "page.deliveries-caption": ("Theo thứ tự gửi, cũ nhất đứng trước.", "In the order of sending, oldest first."),
    "page.state": ("Tình trạng và việc tiếp theo", "State, and what happens next"),
    "page.made-at": ("Nhận từ một cửa", "Handed over"),
    "page.answered-at": ("Cổng trả lời lúc {at}.", "The portal answered at {at}."),
    "page.ended-at": ("Dừng gửi lúc {at}.", "Given up or replaced at {at}."),
    "page.units": ("Theo đơn vị", "By unit"),
    "page.units-caption": (
        "Đơn vị có nhiều việc kẹt nhất đứng trước.",
        "The units with most trouble come first.",
    ),
    "page.units-rest": ("Còn {count} đơn vị khác", "Other units: {count}"),
    "page.at": ("Số liệu lúc {at}. Tải lại trang để xem số mới.", "Figures of {at}. Reload the page for new ones."),
    "page.api": ("Tài liệu API", "API documents"),
    "page.health": ("Tình trạng máy chủ và kết nối", "Server and connections"),
    "page.age-now": ("vừa xong", "just now"),
    "page.age-minutes": ("{count} phút trước", "{count} min ago"),
    "page.age-hours": ("{count} giờ trước", "{count} h ago"),
    "page.age-days": ("{count} ngày trước", "{count} d ago"),
}

TEXTS = MappingProxyType({key: Text(vi, en) for key, (vi, en) in _RAW.items()})


def text(key: str) -> Text:
    """The text of a key.

    Raises:
        KeyError: the catalogue lacks it (a test keeps that from happening).
    """
    return TEXTS[key]
