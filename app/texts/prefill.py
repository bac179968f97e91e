"""Forms that are filled from what the state holds. Vietnamese first, English second."""

RAW = {
    "advice.unknown-form": (
        "Kiểm tra lại mã biểu mẫu và ngày hiệu lực; danh sách ở /v1/tables/forms.",
        "Check the form's id and its days of validity; /v1/tables/forms lists them.",
    ),
    "advice.unknown-prefill": (
        "Kiểm tra lại mã; POST /v1/prefill điền biểu mẫu mới.",
        "Check the id; POST /v1/prefill fills a form anew.",
    ),
    "advice.prefill-ended": (
        "Biểu mẫu này đã nộp hoặc đã được công dân trả lời; điền biểu mẫu mới nếu cần.",
        "This form was handed in, or the citizen answered already; fill it anew if need be.",
    ),
    "prefill.authority": (
        "Đã điền từ nguồn có thẩm quyền; không hỏi lại công dân.",
        "Filled from the source that has the last word: do not ask for it.",
    ),
    "prefill.other_source": (
        "Đã điền từ nguồn khác vì nguồn có thẩm quyền không có dữ liệu; đề nghị công dân xem lại.",
        "Filled from another source, since the one that has the last word gave nothing: let the citizen look at it.",
    ),
    "prefill.conflict": (
        "Các nguồn không khớp nhau; hệ thống không tự chọn, cán bộ hỏi công dân và đối chiếu.",
        "Sources differ, and none was chosen: ask the citizen, and compare.",
    ),
    "prefill.no_source": (
        "Chỉ công dân biết thông tin này; hỏi công dân.",
        "Only the citizen knows it: ask.",
    ),
    "prefill.not_allowed": (
        "Thủ tục này không được xem thông tin này trong CSDL quốc gia về dân cư; hỏi công dân.",
        "This procedure may not see it in the population database: ask the citizen.",
    ),
    "prefill.not_asked": (
        "Nguồn có thẩm quyền không được hỏi qua cổng này; hỏi công dân.",
        "The source that has the last word was not asked from here: ask the citizen.",
    ),
    "prefill.not_held": (
        "Nguồn có thẩm quyền trả lời và không có thông tin này; hỏi công dân.",
        "The source that has the last word answered, and does not hold it: ask the citizen.",
    ),
    "prefill.silent": (
        "Nguồn có thẩm quyền không trả lời (không có nghĩa là không có dữ liệu); hỏi công dân hoặc điền lại sau.",
        "The source with the last word gave no answer, which is not that it holds nothing: ask, or fill again later.",
    ),
    "prefill.unconfirmed": (
        "CSDL quốc gia về dân cư không xác nhận số, họ tên và ngày sinh này; kiểm tra lại trước khi hỏi tiếp.",
        "The population database does not confirm this number, name and birth date: check them first.",
    ),
}
