"""Right to know: what happened to a person's data, as they read it. Vietnamese first, English second."""

RAW = {
    "advice.unknown-disclosure": (
        "Lấy danh sách tại GET /v1/subjects/{id}/disclosures.",
        "GET /v1/subjects/{id}/disclosures lists them.",
    ),
    "disclosure.person_asked": (
        "Cán bộ gửi yêu cầu kiểm tra thông tin của người này tới CSDL quốc gia về dân cư.",
        "An officer sent a question about this person to the population database.",
    ),
    "disclosure.person_told": (
        "CSDL quốc gia về dân cư xác nhận hoặc cung cấp các thông tin nêu tại đây.",
        "The population database confirmed or gave the items named here.",
    ),
    "disclosure.person_not_confirmed": (
        "CSDL quốc gia về dân cư không xác nhận thông tin được hỏi; không thông tin nào được cung cấp.",
        "The population database did not confirm what was asked; nothing was given.",
    ),
    "disclosure.person_unanswered": (
        "Câu hỏi đã gửi không có câu trả lời dùng được; không thông tin nào được cung cấp.",
        "The question got no answer that can be used; nothing was given.",
    ),
    "disclosure.dossier_read": (
        "Nội dung hồ sơ được xem.",
        "What the dossier says was looked at.",
    ),
    "disclosure.document_described": (
        "Thông tin về một giấy tờ được xem, không mở tệp.",
        "What is said of a document was looked at; its file was not opened.",
    ),
    "disclosure.document_given": (
        "Tệp giấy tờ được mở hoặc tải về.",
        "A document's file was opened or downloaded.",
    ),
    "disclosure.documents_listed": (
        "Danh sách giấy tờ của người này được xem.",
        "The list of this person's documents was looked at.",
    ),
    "disclosure.lookup_begun": (
        "Cán bộ bắt đầu tra cứu giấy tờ đã có của người này.",
        "An officer began to look for papers of this person that are held already.",
    ),
    "disclosure.lookup_done": (
        "Cán bộ xem kết quả tra cứu giấy tờ đã có của người này.",
        "An officer saw which papers of this person are held already.",
    ),
    "disclosure.copy_begun": (
        "Cán bộ yêu cầu lấy giấy tờ đã có vào hồ sơ.",
        "An officer asked for a held paper to be taken into a dossier.",
    ),
    "disclosure.copy_taken": (
        "Giấy tờ đã có được lấy vào hồ sơ, người dân không phải nộp lại.",
        "A held paper was taken into a dossier, so that it need not be handed in again.",
    ),
    "disclosure.check_begun": (
        "Cán bộ bắt đầu kiểm tra thông tin nào của người này đã có sẵn.",
        "An officer began to check what is held of this person already.",
    ),
    "disclosure.check_done": (
        "Cán bộ được cho biết thông tin nào của người này đã có sẵn.",
        "An officer was told what is held of this person already.",
    ),
    "disclosure.form_begun": (
        "Cán bộ bắt đầu điền sẵn biểu mẫu bằng thông tin đã có của người này.",
        "An officer began to have a form filled with what is held of this person.",
    ),
    "disclosure.form_filled": (
        "Biểu mẫu được điền sẵn bằng thông tin đã có và cho cán bộ xem.",
        "A form was filled with what is held and shown to an officer.",
    ),
    "disclosure.dossier_sending": (
        "Hồ sơ hoặc tiến độ hồ sơ bắt đầu được gửi tới Cổng Dịch vụ công quốc gia.",
        "The dossier, or steps of it, began to be sent to the national portal.",
    ),
    "disclosure.dossier_taken": (
        "Cổng Dịch vụ công quốc gia đã nhận hồ sơ hoặc tiến độ hồ sơ.",
        "The national portal took the dossier, or steps of it.",
    ),
    "disclosure.dossier_refused": (
        "Cổng Dịch vụ công quốc gia đã đọc và từ chối hồ sơ hoặc tiến độ hồ sơ.",
        "The national portal read the dossier, or steps of it, and refused them.",
    ),
    "disclosure.dossier_uncertain": (
        "Hồ sơ hoặc tiến độ hồ sơ đã được gửi; chưa chắc Cổng Dịch vụ công quốc gia đã nhận.",
        "The dossier, or steps of it, were sent; whether the national portal took all of it is not certain.",
    ),
    "disclosure.disclosures_read": (
        "Danh sách này được xem.",
        "This list was looked at.",
    ),
    "disclosure.receipt_given": (
        "Biên nhận của một lần chia sẻ được cấp.",
        "The receipt of a disclosure was given.",
    ),
}
