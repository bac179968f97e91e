"""Questions about persons, anomalies and locks. Vietnamese first, English second."""

RAW = {
    "advice.officer-locked": (
        "Đề nghị quản trị xem xét và mở khoá (POST /v1/officer-locks/{officer}/lift).",
        "Ask an administrator to look into it and lift the lock (POST /v1/officer-locks/{officer}/lift).",
    ),
    "advice.unknown-anomaly": (
        "Kiểm tra lại số; danh sách ở /v1/anomalies.",
        "Check the number; /v1/anomalies lists them.",
    ),
    "advice.unknown-lock": (
        "Cán bộ này không bị khoá; danh sách ở /v1/officer-locks.",
        "This officer is not locked; /v1/officer-locks lists who is.",
    ),
    "event.wrong_person": (
        "CSDL quốc gia về dân cư trả về thông tin của người khác; câu trả lời đã bị bỏ, báo cơ quan quản lý ngay.",
        "The population database answered with another person's record; it was dropped, tell its keeper at once.",
    ),
    "event.wrong_person.ended": ("Đã ghi nhận.", "Put on record."),
    "event.anomaly": (
        "Có dấu hiệu tra cứu bất thường; xem xét và ký xác nhận tại /v1/anomalies.",
        "Questions about persons look like browsing; look into it and sign it off at /v1/anomalies.",
    ),
    "event.officer_locked": (
        "Một cán bộ bị khoá tra cứu; xem /v1/officer-locks, quản trị mở khoá sau khi xem xét.",
        "An officer may not ask any more; see /v1/officer-locks, an administrator lifts it after a look.",
    ),
    "event.officer_locked.ended": ("Cán bộ được mở khoá.", "The officer may ask again."),
    "event.anomaly.ended": ("Đã xem xét và ký xác nhận.", "Looked into and signed off."),
    # Questions that look like browsing.
    "anomaly.no_open_dossier": (
        "Hỏi về người khi không có hồ sơ đang mở; câu hỏi đã bị từ chối.",
        "Questions about persons without an open dossier; they were refused.",
    ),
    "anomaly.off_hours": (
        "Hỏi nhiều về người ngoài giờ làm việc.",
        "Many questions about persons outside office hours.",
    ),
    "anomaly.many_subjects": (
        "Một cán bộ hỏi về nhiều người trong thời gian ngắn.",
        "One officer asked about many persons within a short time.",
    ),
    "anomaly.repeated_mismatch": (
        "Nhiều câu hỏi không khớp với người nào: có thể đang dò tìm.",
        "Many questions that matched nobody: it may be guessing.",
    ),
    # How a declared fact compares, and why.
    "agreement.yes": ("Khớp", "The same"),
    "agreement.no": ("Không khớp", "Not the same"),
    "agreement.partial": ("Có thể khớp, cần người xem", "Perhaps the same, a person looks"),
    "agreement.unknown": ("Chưa biết", "Not known"),
    "why.confirmed_by_source": (
        "CSDL quốc gia về dân cư xác nhận.",
        "the population database confirms it.",
    ),
    "why.source_does_not_tell": (
        "số, họ tên và ngày sinh không cùng một người hoặc không có người này; CSDL không nói điều nào sai.",
        "number, name and birth date are not one person's, or there is none; the database does not say which is wrong.",
    ),
    "why.equal": ("giống hệt.", "alike in every sign."),
    "why.unicode_form": (
        "chỉ khác cách mã hoá chữ (dựng sẵn, tổ hợp).",
        "only composed and decomposed letters differ.",
    ),
    "why.letter_case": ("chỉ khác chữ hoa, chữ thường.", "only upper and lower case differ."),
    "why.blanks": ("chỉ khác khoảng trắng.", "only blanks differ."),
    "why.sign_kind": ("chỉ khác kiểu dấu nháy, gạch nối.", "only the kind of apostrophe or hyphen differs."),
    "why.tone_placement": (
        "chỉ khác vị trí đặt dấu thanh (hòa, hoà).",
        "only the place of the tone mark differs (hòa, hoà).",
    ),
    "why.written_form": ("chỉ khác cách viết (1 và 01).", "only the way of writing differs (1 and 01)."),
    "why.old_number_of_same_record": (
        "số cũ 9 chữ số của cùng một người.",
        "the old number of 9 digits of the same person.",
    ),
    "why.same_ward": ("cùng xã, phường.", "the same ward."),
    "why.same_detail": ("cùng địa chỉ chi tiết.", "the same street and house."),
    "why.detail_not_compared": (
        "chưa so sánh địa chỉ chi tiết vì một bên không ghi.",
        "street and house were not compared, since a side lacks them.",
    ),
    "why.same_when_folded": ("giống nhau khi bỏ dấu.", "the same without marks."),
    "why.marks_lost": ("một bên thiếu dấu.", "one side lacks marks."),
    "why.hook_for_tilde": ("dấu hỏi và dấu ngã bị lẫn.", "hỏi and ngã are taken for each other."),
    "why.marks_differ": ("dấu của hai bên khác nhau.", "each side has marks that the other lacks."),
    "why.d_stroke": ("d và đ bị lẫn.", "d stands for đ."),
    "why.lookalike": ("có chữ trông giống nhưng là chữ khác.", "a letter of the same look is another letter."),
    "why.spacing": ("các tiếng được tách khác nhau.", "words are cut elsewhere."),
    "why.punctuation": ("dấu nháy, gạch nối hoặc dấu chấm khác nhau.", "an apostrophe, hyphen or stop differs."),
    "why.i_for_y": ("i và y bị lẫn.", "i stands for y."),
    "why.initial": ("một bên viết tắt.", "one side has an initial."),
    "why.middle_name_lost": ("một bên thiếu tên đệm.", "one side lacks a middle name."),
    "why.clan_lost": ("một bên thiếu họ hoặc một phần của họ.", "one side lacks the clan or a part of it."),
    "why.order": ("thứ tự các tiếng khác nhau.", "the words stand in another order."),
    "why.year_only": ("chỉ so sánh được năm.", "only the year could be compared."),
    "why.month_only": ("chỉ so sánh được tháng và năm.", "only month and year could be compared."),
    "why.same_province": ("cùng tỉnh.", "the same province."),
    "why.unit_merged": ("đơn vị hành chính đã sáp nhập.", "the administrative units were merged."),
    "why.old_unit_code": ("mã đơn vị hành chính cũ.", "a code of an administrative unit of before."),
    "why.ward_not_compared": (
        "chưa so sánh xã, phường vì một bên không ghi.",
        "wards were not compared, since a side lacks one.",
    ),
    "why.detail_differs": ("địa chỉ chi tiết khác nhau.", "street and house differ."),
    "why.province_digits": (
        "chữ số về nơi đăng ký khai sinh trong số định danh nói khác.",
        "the number's digits for the place of birth registration say otherwise.",
    ),
    "why.province_unassigned": (
        "ba chữ số đầu không thuộc tỉnh nào.",
        "no province has the first three digits.",
    ),
    "why.century_digit": (
        "chữ số về thế kỷ sinh trong số định danh nói khác.",
        "the number's digit for the century of birth says otherwise.",
    ),
    "why.gender_digit": (
        "chữ số về giới tính trong số định danh nói khác.",
        "the number's digit for gender says otherwise.",
    ),
    "why.year_digits": (
        "hai chữ số năm sinh trong số định danh nói khác.",
        "the number's digits for the year of birth say otherwise.",
    ),
    "why.different": ("hai bên khác nhau.", "the two differ."),
    "why.malformed": ("một bên ghi không đúng dạng.", "a side does not have the right form."),
    "why.day_month_swapped": ("có thể ngày và tháng bị đảo.", "day and month may have been swapped."),
    "why.first_of_january": (
        "một bên là 01/01, thường ghi khi chỉ biết năm.",
        "a side is 1 January, often written where only the year is known.",
    ),
    "why.different_province": ("khác tỉnh.", "another province."),
    "why.different_ward": ("khác xã, phường.", "another ward."),
    "why.not_declared": ("công dân không khai.", "nothing was declared."),
    "why.not_held": ("CSDL không có thông tin này.", "the database does not hold it."),
    "why.other_kind_of_number": (
        "một bên là số 9 chữ số, một bên là số 12 chữ số.",
        "a side has 9 digits, the other 12.",
    ),
}
