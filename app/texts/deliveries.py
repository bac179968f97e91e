"""Deliveries, lanes, gates and events: what happened, and what happens next. Vietnamese first, English second."""

RAW = {
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
    "delivery.cancelled": (
        "Người vận hành đã quyết định không gửi bản ghi này.",
        "An operator decided that this record is not to be sent.",
    ),
    # The same more exactly: what happened, and what happens next. Each begins with what happened.
    "situation.turn": (
        "Đã nhận từ một cửa; sẽ tự gửi khi đến lượt, hồ sơ gần đến hạn trả đi trước.",
        "Handed over; it is sent by itself when its turn comes, the nearest legal deadline first.",
    ),
    "situation.retry_temporary": (
        "Cổng chưa nhận được vì đang bận hoặc mất kết nối; hệ thống tự gửi lại lúc {at}.",
        "The portal was busy or out of reach; it is sent again by itself at {at}.",
    ),
    "situation.retry_technical": (
        (
            "Chưa gửi được vì lỗi địa chỉ, tài khoản hoặc quyền kết nối; hệ thống tự thử lại lúc {at}. "
            "Báo kỹ thuật kiểm tra cấu hình kết nối."
        ),
        "Not sent: address, account or access is wrong; it is tried again at {at}. Tell your technician.",
    ),
    "situation.retry_contract": (
        (
            "Cổng trả lời theo dạng chưa từng thấy; câu trả lời đã được lưu làm mẫu, hệ thống hỏi lại lúc {at}. "
            "Báo kỹ thuật xem mẫu tại GET /v1/contracts."
        ),
        (
            "The portal answered in a form never seen; an example is kept, and it is asked again at {at}. "
            "Tell your technician: the example is at GET /v1/contracts."
        ),
    ),
    "situation.outage": (
        "Cổng đang ngừng trả lời nên hệ thống tạm ngừng gửi để khỏi làm nghẽn; tự gửi tiếp khi Cổng trở lại.",
        "The portal is not answering, so sending is paused; it goes on by itself when the portal is back.",
    ),
    "situation.operator_hold": (
        "Người vận hành đang tạm giữ; bản ghi được giữ nguyên và tự gửi sau khi bỏ giữ.",
        "Held by an operator; nothing is lost, and it is sent by itself once the hold is lifted.",
    ),
    "situation.behind_refused": (
        "Cổng từ chối bản hồ sơ đứng trước; sửa hồ sơ trong phần mềm một cửa và gửi lại, rồi bản ghi này tự đi.",
        "The nation refused the dossier before it; hand a corrected dossier over and this one goes by itself.",
    ),
    "situation.behind_dead": (
        "Một bản ghi đứng trước đã hết lượt thử; bấm gửi lại bản ghi đó, rồi bản ghi này tự đi.",
        "A record before it was given up; retry that one and this one follows by itself.",
    ),
    "situation.behind_undecided": (
        "Một bản ghi đứng trước đang chờ người quyết định; quyết định xong, bản ghi này tự đi.",
        "A record before it waits for a person's decision; once decided, this one goes by itself.",
    ),
    "situation.sending": (
        "Đang gửi; trong vài phút sẽ có kết quả.",
        "Being sent right now; the outcome is known within minutes.",
    ),
    "situation.delivered": ("Cổng đã nhận. Không cần làm gì.", "The nation has it. There is nothing to do."),
    "situation.delivered_by_decision": (
        "Người vận hành đã đối chiếu hai bên và xác nhận Cổng đã có. Không cần làm gì.",
        "An operator compared both sides and found that the nation has it. There is nothing to do.",
    ),
    "situation.refused_dossier": (
        "Cổng từ chối hồ sơ. Xem lý do, sửa trong phần mềm một cửa rồi gửi bản mới; hệ thống không tự gửi lại.",
        (
            "The nation refused the dossier. See the reason, correct it and hand over a new revision; "
            "it is not sent again by itself."
        ),
    ),
    "situation.refused_step": (
        "Cổng từ chối bước xử lý. Xem lý do, sửa rồi gửi thành một bước mới, hoặc huỷ bước này kèm lý do.",
        "The nation refused the step. See the reason, hand over a corrected step, or cancel this one with a reason.",
    ),
    "situation.refused_event": (
        "Phần mềm nhận báo từ chối tin này; kiểm tra địa chỉ nhận tin đã đăng ký.",
        "The receiver of this news refused it; check the registered address.",
    ),
    "situation.doubt_ask": (
        "Đã gửi nhưng không đọc được trả lời; hệ thống sẽ hỏi Cổng trước, chỉ gửi lại nếu Cổng chưa có.",
        "Sent, but no readable answer came; the portal is asked first, and it goes again only if the portal lacks it.",
    ),
    "situation.doubt_wait": (
        "Cổng chưa có, nhưng có thể vẫn đang xử lý lần gửi trước; hệ thống hỏi lại lúc {at} rồi mới gửi.",
        "The portal lacks it but may still be at work on the first sending; it is asked again at {at}, then sent.",
    ),
    "situation.doubt_outage": (
        "Đã gửi nhưng không đọc được trả lời, và Cổng đang ngừng trả lời; hệ thống hỏi lại khi Cổng trở lại.",
        "Sent without a readable answer, and the portal is not answering; it is asked when it is back.",
    ),
    "situation.undecided_unreachable": (
        (
            "Đã gửi nhưng quá hạn vẫn không hỏi được Cổng có nhận chưa. Đối chiếu hai bên rồi chọn: đã nhận, gửi lại, "
            "hoặc huỷ; nếu Cổng trở lại trước đó, hệ thống tự hỏi."
        ),
        (
            "Sent, and for too long the portal could not be asked about it. Compare both sides and decide: "
            "delivered, send, or cancel; if the portal comes back before that, it is asked by itself."
        ),
    ),
    "situation.undecided_order": (
        (
            "Cổng có bước sau mà thiếu bước này; tự gửi sẽ sai thứ tự. Đối chiếu hai bên rồi chọn: đã nhận, gửi, "
            "hoặc huỷ."
        ),
        (
            "The portal holds a later step but lacks this one; sending it would break the order. "
            "Compare both sides and decide: delivered, send, or cancel."
        ),
    ),
    "situation.undecided_lost": (
        "Cổng từng xác nhận hồ sơ này nhưng nay trả lời là không có. Đối chiếu hai bên, hỏi Cổng, rồi quyết định.",
        (
            "The portal acknowledged this dossier once and now says it has none. Compare both sides, ask the portal, "
            "then decide."
        ),
    ),
    "situation.dead_spent": (
        "Đã thử hết số lần cho phép mà không gửi được. Kiểm tra nguyên nhân rồi bấm gửi lại, hoặc huỷ kèm lý do.",
        "All tries are spent. Look at the cause, then press retry, or cancel it with a reason.",
    ),
    "situation.dead_bug": (
        "Lỗi của phần mềm LienThong khi gửi bản ghi này. Báo kỹ thuật; sau khi sửa thì bấm gửi lại.",
        "LienThong itself failed on this record. Tell your technician; press retry when it is mended.",
    ),
    "situation.superseded": (
        "Đã có bản mới hơn của hồ sơ, bản này không cần gửi. Không cần làm gì.",
        "A newer snapshot of the dossier went instead. There is nothing to do.",
    ),
    "situation.superseded_by_decision": (
        "Người vận hành đã chọn bản ghi khác thay bản này. Không cần làm gì.",
        "An operator chose another record in its place. There is nothing to do.",
    ),
    "situation.cancelled": (
        "Người vận hành đã huỷ gửi bản ghi này kèm lý do. Không cần làm gì.",
        "An operator cancelled it with a reason. There is nothing to do.",
    ),
    # News to a registered receiver, where the sentence above speaks of the portal.
    "situation.turn.event": (
        "Tin báo đang chờ đến lượt; hệ thống tự gửi.",
        "The news waits for its turn; it is sent by itself.",
    ),
    "situation.retry_temporary.event": (
        "Nơi nhận tin chưa nhận được vì đang bận hoặc mất kết nối; hệ thống tự gửi lại lúc {at}.",
        "The receiver was busy or out of reach; it is sent again by itself at {at}.",
    ),
    "situation.retry_contract.event": (
        "Nơi nhận tin trả lời theo dạng chưa từng thấy; hệ thống tự gửi lại lúc {at}.",
        "The receiver answered in a form never seen; it is sent again by itself at {at}.",
    ),
    "situation.outage.event": (
        "Nơi nhận tin đang ngừng trả lời nên tạm ngừng gửi; tự gửi tiếp khi nơi nhận trở lại.",
        "The receiver is not answering, so sending is paused; it goes on by itself when the receiver is back.",
    ),
    "situation.behind_refused.event": (
        "Một tin báo đứng trước bị từ chối; xem tin đó, rồi tin này tự đi.",
        "News before it was refused; see to that one and this one goes by itself.",
    ),
    "situation.delivered.event": (
        "Nơi nhận tin đã nhận. Không cần làm gì.",
        "The receiver has it. There is nothing to do.",
    ),
    "situation.delivered_by_decision.event": (
        "Người vận hành đã xác nhận nơi nhận tin đã có. Không cần làm gì.",
        "An operator found that the receiver has it. There is nothing to do.",
    ),
    "situation.doubt_ask.event": (
        "Đã gửi nhưng không đọc được trả lời; hệ thống tự gửi lại, nơi nhận tin nhận ra tin trùng theo mã.",
        "Sent, but no readable answer came; it goes again by itself, and the receiver knows it by its id.",
    ),
    "situation.doubt_wait.event": (
        "Đã gửi nhưng không đọc được trả lời; hệ thống tự gửi lại lúc {at}.",
        "Sent, but no readable answer came; it goes again by itself at {at}.",
    ),
    "situation.doubt_outage.event": (
        "Đã gửi nhưng không đọc được trả lời, và nơi nhận tin đang ngừng trả lời; tự gửi lại khi nơi nhận trở lại.",
        "Sent without a readable answer, and the receiver is not answering; it goes again when it is back.",
    ),
    "situation.undecided_unreachable.event": (
        "Đã gửi nhiều lần mà không đọc được trả lời. Hỏi nơi nhận tin rồi chọn: đã nhận, gửi lại, hoặc huỷ.",
        "Sent many times without a readable answer. Ask the receiver, then decide: delivered, send, or cancel.",
    ),
    "situation.undecided_order.event": (
        "Không rõ nơi nhận tin đã có tin này chưa. Hỏi nơi nhận rồi chọn: đã nhận, gửi lại, hoặc huỷ.",
        "Whether the receiver has it is not known. Ask the receiver, then decide: delivered, send, or cancel.",
    ),
    "situation.undecided_lost.event": (
        "Không rõ nơi nhận tin đã có tin này chưa. Hỏi nơi nhận rồi chọn: đã nhận, gửi lại, hoặc huỷ.",
        "Whether the receiver has it is not known. Ask the receiver, then decide: delivered, send, or cancel.",
    ),
    "situation.superseded.event": (
        "Đã có tin mới hơn thay tin này. Không cần làm gì.",
        "Newer news went in its place. There is nothing to do.",
    ),
    # Classes of failure.
    "failure.temporary": ("Tạm thời", "Temporary"),
    "failure.permanent": ("Bị từ chối", "Refused"),
    "failure.technical": ("Kỹ thuật", "Technical"),
    "failure.contract": ("Dạng trả lời mới", "New form of answer"),
    "failure.unknown": ("Chưa rõ Cổng đã nhận chưa", "Not known whether taken"),
    # Why a lane stands still.
    "hold.refused": (
        "Cổng từ chối hồ sơ nên các bước sau đang chờ bản hồ sơ đã sửa.",
        "The nation refused the dossier; its steps wait for a corrected snapshot.",
    ),
    "hold.dead": (
        "Một bản ghi trước đó đã hết lượt thử; các bản ghi sau đang chờ.",
        "An earlier record has spent its tries; the later ones wait.",
    ),
    "hold.undecided": (
        "Chưa rõ Cổng đã có bản ghi này chưa; cần người đối chiếu hai bên và quyết định.",
        "Whether the nation has a record cannot be found out; a person must compare both sides and decide.",
    ),
    "hold.operator": ("Người vận hành đang tạm giữ.", "Held by an operator."),
    # What the gate before a destination means, and what happens next.
    "gate.closed": ("Đang gửi bình thường.", "Sending as usual."),
    "gate.open": (
        "Nơi nhận không trả lời được nên tạm ngừng gửi; hệ thống tự thử lại, không mất bản ghi nào.",
        "The destination does not answer, so sending is paused; it is tried again by itself and nothing is lost.",
    ),
    "gate.trial": (
        "Đang gửi thử một hồ sơ xem nơi nhận đã trở lại chưa.",
        "One dossier is being sent to find out whether the destination is back.",
    ),
    "gate.ramp": (
        "Nơi nhận đã trở lại; đang gửi tăng dần để không làm quá tải.",
        "The destination is back; more is sent step by step, so that it is not overrun.",
    ),
    "gate.held": (
        "Người vận hành đang tạm giữ mọi thứ gửi tới nơi này; các bản ghi vẫn được giữ, bỏ giữ thì tự gửi tiếp.",
        "An operator holds everything that goes here; nothing is lost, and it goes on once the hold is ended.",
    ),
    # Events: what has begun, and what happens next; then that it is over.
    "event.target_down": (
        "Nơi nhận không trả lời; các bản ghi được giữ nguyên và tự gửi khi nơi nhận trở lại.",
        "The destination does not answer; nothing is lost, and all is sent by itself when it is back.",
    ),
    "event.target_down.ended": (
        "Nơi nhận đã trở lại; đang gửi tiếp, tăng dần.",
        "The destination is back; sending goes on, more and more.",
    ),
    "event.log_late": (
        "Nhật ký lâu chưa được ký xác nhận; quá hạn thì mọi trao đổi dừng. Xem tiến trình gửi và khoá ký.",
        "The log was not signed for too long; past the limit nothing is exchanged. Look at the workers and the key.",
    ),
    "event.log_late.ended": ("Nhật ký đã được ký đầy đủ.", "The log is signed again."),
    "event.log_broken": (
        "Nhật ký không nối tiếp bản đã ký nên không được ký. Giữ nguyên hiện trạng, gọi người phụ trách an toàn.",
        "The log does not continue what was signed, so it is not signed. Keep all as it is and call who is in charge.",
    ),
    "event.log_broken.ended": ("Nhật ký lại nối tiếp bản đã ký.", "The log continues what was signed again."),
    "event.log_entry_refused": (
        "Một mục nhật ký không đọc được nên không vào cây; quá hạn thì mọi trao đổi dừng. Gọi người phụ trách an toàn.",
        "An entry that cannot be read stays out of the tree; past the limit exchanges stop. Call who is in charge.",
    ),
    "event.log_entry_refused.ended": ("Mọi mục nhật ký lại đọc được.", "Every entry can be read again."),
    "event.log_lie": (
        "Một mục nhật ký không còn như lúc ghi. Giữ nguyên hiện trạng, gọi người phụ trách an toàn.",
        "An entry of the log is not what was put on record. Keep all as it is and call who is in charge.",
    ),
    "event.log_lie.ended": ("Không còn thấy sai khác trong nhật ký.", "Nothing false is found in the log any more."),
    "event.log_check_stopped": (
        "Việc tự đối soát nhật ký đã dừng hoặc quá chậm. Xem tiến trình gửi và định mức đối soát.",
        "The log is not read again any more, or too slowly. Look at the workers and at the budget of the check.",
    ),
    "event.log_check_stopped.ended": ("Nhật ký lại được tự đối soát.", "The log is read again as it should be."),
    "event.log_unstamped": (
        "Nhật ký lâu chưa được đóng dấu thời gian. Xem tổ chức cấp dấu thời gian có trả lời không.",
        "The log has not been time-stamped for too long. See whether the time-stamping authority answers.",
    ),
    "event.log_unstamped.ended": ("Nhật ký lại được đóng dấu thời gian.", "The log is time-stamped again."),
    "event.breaker_open": (
        "Nhiều lần gọi liên tiếp không được nên tạm ngừng gửi; hệ thống tự gửi thử.",
        "Too many calls failed, so sending is paused; it is tried again by itself.",
    ),
    "event.breaker_open.ended": ("Đã gửi lại bình thường.", "Sending as usual again."),
    "event.backlog_old": (
        "Có bản ghi chờ gửi quá lâu dù không ai tạm giữ. Xem tình trạng nơi nhận và tiến trình gửi.",
        "A record that nobody holds has waited for too long. Look at the destination and at the workers.",
    ),
    "event.backlog_old.ended": ("Không còn bản ghi nào chờ quá lâu.", "No record waits for too long any more."),
    "event.dead_letter": (
        "Một bản ghi đã hết lượt thử. Cần người xem nguyên nhân rồi gửi lại hoặc huỷ.",
        "A delivery was given up. A person must look at the cause, then retry or cancel it.",
    ),
    "event.dead_letter.ended": (
        "Bản ghi hết lượt thử đã được xử lý.",
        "The delivery that was given up has been dealt with.",
    ),
    "event.refused": (
        "Cổng từ chối một bản ghi. Sửa trong phần mềm một cửa rồi gửi lại.",
        "The nation refused a delivery. Correct it in the one-stop software and hand it over again.",
    ),
    "event.refused.ended": ("Bản ghi bị từ chối đã được xử lý.", "The refused delivery has been dealt with."),
    "event.person_asked": (
        "Một bản ghi không tự đi được nữa. Cần người đọc câu giải thích của bản ghi, đối chiếu hai bên rồi quyết định.",
        "A record cannot go by itself any more. A person must read its own sentence, compare both sides and decide.",
    ),
    "event.person_asked.ended": (
        "Bản ghi đi tiếp được: có người quyết định, có bản hồ sơ mới, hoặc hệ thống đã hỏi lại được Cổng.",
        "It goes on: a person has decided, a new snapshot came, or the portal could be asked again.",
    ),
    "event.contract_new": (
        "Nơi nhận trả lời theo dạng chưa từng thấy; một mẫu đã được lưu. Báo kỹ thuật xem mẫu tại GET /v1/contracts.",
        (
            "The destination answered in a form never seen; an example is kept. "
            "Tell your technician: it is at GET /v1/contracts."
        ),
    ),
    "event.contract_new.ended": (
        "Nơi nhận trả lời theo dạng chưa từng thấy; một mẫu đã được lưu. Báo kỹ thuật xem mẫu tại GET /v1/contracts.",
        (
            "The destination answered in a form never seen; an example is kept. "
            "Tell your technician: it is at GET /v1/contracts."
        ),
    ),
}
