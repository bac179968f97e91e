"""The bundle of a result: what stands on its cover and in its text file. Vietnamese first, English second."""

RAW = {
    "bundle.title": ("Xác minh giấy tờ điện tử", "Verification of an electronic document"),
    "bundle.intro.pdf": (
        (
            "Bản gốc điện tử nằm trong tệp PDF này dưới dạng tệp đính kèm “{file}”, giữ nguyên từng byte như khi được "
            "ký. Giá trị pháp lý thuộc về bản gốc và các chữ ký số của nó; trang này chỉ mô tả bản gốc và cách kiểm "
            "tra."
        ),
        (
            "The electronic original is attached to this PDF as “{file}”, byte for byte as it was signed. The legal "
            "value lies in that original and its digital signatures; this cover only describes it and says how to "
            "check it."
        ),
    ),
    "bundle.intro.zip": (
        (
            "Bản gốc điện tử là tệp “{file}” trong gói này, giữ nguyên từng byte như khi được ký. Giá trị pháp lý "
            "thuộc về bản gốc và các chữ ký số của nó; tệp này chỉ mô tả bản gốc và cách kiểm tra."
        ),
        (
            "The electronic original is the file “{file}” in this archive, byte for byte as it was signed. The legal "
            "value lies in that original and its digital signatures; this text only describes it and says how to "
            "check it."
        ),
    ),
    "bundle.unsealed.pdf": (
        "Bản thân trang này KHÔNG được ký số: ai cũng có thể sửa. Chỉ tin sau khi tự kiểm tra bản gốc.",
        "This cover itself is NOT signed: anybody could change it. Believe it only after checking the original.",
    ),
    "bundle.unsealed.zip": (
        "Bản thân tệp này KHÔNG được ký số: ai cũng có thể sửa. Chỉ tin sau khi tự kiểm tra bản gốc.",
        "This text itself is NOT signed: anybody could change it. Believe it only after checking the original.",
    ),
    "bundle.sealed": (
        "Tệp PDF này được ký số bởi {name}. Chữ ký đó xác nhận nội dung trang này, không thay chữ ký trên bản gốc.",
        (
            "This PDF is signed by {name}. That signature vouches for this cover; it does not replace those of the "
            "original."
        ),
    ),
    "bundle.made_at": ("Lập lúc {at}.", "Made at {at}."),
    "bundle.page": ("Trang {number}/{count}", "Page {number} of {count}"),
    # Whether the document still speaks.
    "bundle.standing.active": (
        "Đang còn giá trị trong kho khi gói này được lập.",
        "In force in the store when this bundle was made.",
    ),
    "bundle.standing.superseded": (
        "ĐÃ ĐƯỢC THAY THẾ: giấy tờ này không còn là bản hiện hành.",
        "REPLACED: this document is no longer the current one.",
    ),
    "bundle.standing.revoked": (
        "ĐÃ BỊ THU HỒI: giấy tờ này không còn giá trị sử dụng.",
        "WITHDRAWN: this document may no longer be used.",
    ),
    "bundle.replaced_by": ("Bản thay thế: {link}", "It was replaced by: {link}"),
    # What the paper is.
    "bundle.heading.paper": ("Giấy tờ", "The document"),
    "bundle.label.name": ("Tên giấy tờ", "Title"),
    "bundle.label.number_symbol": ("Số, ký hiệu", "Number and symbol"),
    "bundle.label.issuing_body": ("Cơ quan ban hành", "Issuing body"),
    "bundle.label.issued_on": ("Ngày ban hành", "Date of issue"),
    "bundle.label.valid_until": ("Có giá trị đến", "Valid until"),
    "bundle.label.scope": ("Phạm vi", "Scope"),
    "bundle.label.owner": ("Chủ sở hữu", "Owner"),
    "bundle.label.dossier": ("Mã hồ sơ", "Dossier code"),
    "bundle.label.procedure": ("Thủ tục", "Procedure"),
    "bundle.label.unit": ("Đơn vị giải quyết", "Handled by"),
    "bundle.label.standing": ("Tình trạng", "Standing"),
    "bundle.label.file": ("Tệp bản gốc", "File of the original"),
    "bundle.label.link": ("Đường dẫn", "Link"),
    "bundle.not_stated": ("không ghi", "not stated"),
    # What the signatures are worth.
    "bundle.heading.verdict": ("Kết luận về chữ ký số", "Verdict on the signatures"),
    "bundle.judged_at": ("Kiểm tra lúc {at}.", "Judged at {at}."),
    "bundle.verdict.VALID": ("HỢP LỆ", "VALID"),
    "bundle.verdict.MODIFIED": ("ĐÃ BỊ THAY ĐỔI", "MODIFIED"),
    "bundle.verdict.EXPIRED": ("CHỨNG THƯ NGOÀI THỜI HẠN", "EXPIRED"),
    "bundle.verdict.REVOKED": ("CHỨNG THƯ BỊ THU HỒI", "REVOKED"),
    "bundle.verdict.UNTRUSTED": ("KHÔNG ĐƯỢC TIN CẬY", "UNTRUSTED"),
    "bundle.verdict.UNSIGNED": ("KHÔNG CÓ CHỮ KÝ SỐ", "UNSIGNED"),
    "bundle.verdict.INCOMPLETE": ("THIẾU CHỮ KÝ", "INCOMPLETE"),
    "bundle.meaning.VALID": (
        (
            "Có đủ các chữ ký bắt buộc; tệp không bị thay đổi sau khi ký; chứng thư của người ký được tin cậy và có "
            "hiệu lực tại thời điểm được xét."
        ),
        (
            "Every signature that is wanted is there; the file was not changed after signing; the signers' "
            "certificates are trusted and were in force at the time that counts."
        ),
    ),
    "bundle.meaning.MODIFIED": (
        "Tệp không còn đúng như khi được ký, hoặc có chữ ký không kiểm tra được. Không nên sử dụng.",
        "The file is not as it was signed, or a signature cannot be verified. Do not rely on it.",
    ),
    "bundle.meaning.EXPIRED": (
        (
            "Chứng thư của một chữ ký nằm ngoài thời hạn hiệu lực tại thời điểm được xét: thời điểm có dấu thời gian "
            "tin cậy, nếu không có thì là lúc kiểm tra."
        ),
        (
            "The certificate of a signature was out of its period at the time that counts: that of a trusted "
            "time-stamp, or without one the time of judging."
        ),
    ),
    "bundle.meaning.REVOKED": (
        "Chứng thư của một người ký, hoặc của tổ chức cấp chứng thư, đã bị thu hồi.",
        "The certificate of a signer, or of who issued it, was revoked.",
    ),
    "bundle.meaning.UNTRUSTED": (
        (
            "Không có cơ sở để tin một chữ ký: chứng thư không dẫn về gốc tin cậy, không dùng để ký văn bản, hoặc "
            "không xác định được tình trạng thu hồi."
        ),
        (
            "There is no ground to trust a signature: its certificate does not lead to a trusted root, is not for "
            "signing documents, or nobody can tell whether it was revoked."
        ),
    ),
    "bundle.meaning.UNSIGNED": (
        "Không tìm thấy trong tệp chữ ký số nào mà hệ thống này kiểm tra được.",
        "No digital signature that this system can check was found in the file.",
    ),
    "bundle.meaning.INCOMPLETE": (
        (
            "Các chữ ký có trong tệp đều hợp lệ, nhưng còn thiếu chữ ký bắt buộc đối với loại giấy tờ này (của người "
            "có thẩm quyền hoặc của cơ quan)."
        ),
        (
            "The signatures in the file are good, but one that this kind of document needs is missing (the officer's "
            "or the agency's)."
        ),
    ),
    # Each signature.
    "bundle.heading.signature": ("Chữ ký {number}/{count}", "Signature {number} of {count}"),
    "bundle.label.signer": ("Người ký", "Signer"),
    "bundle.label.finding": ("Kết luận", "Verdict"),
    "bundle.label.signed_at": ("Thời điểm ký", "Time of signing"),
    "bundle.label.coverage": ("Phạm vi bảo vệ", "What it covers"),
    "bundle.signer.unreadable": ("không đọc được", "cannot be read"),
    "bundle.signer.person": ("chữ ký số của cá nhân", "signature of a person"),
    "bundle.signer.agency": ("chữ ký số của cơ quan, tổ chức", "signature of an agency"),
    "bundle.signer.unknown": (
        "chứng thư không cho biết là của cá nhân hay cơ quan",
        "the certificate does not tell whether of a person or an agency",
    ),
    "bundle.stamped": ("theo dấu thời gian tin cậy của {by}", "by the trusted time-stamp of {by}"),
    "bundle.claimed": (
        "theo người ký tự khai; không có dấu thời gian tin cậy",
        "by the signer's own claim; there is no trusted time-stamp",
    ),
    "bundle.no_time": ("không có thời điểm ký", "no time of signing"),
    "bundle.covers.whole": ("Toàn bộ tệp như khi được ký.", "The whole file as it was signed."),
    "bundle.covers.part": (
        "KHÔNG bảo vệ toàn bộ tệp, hoặc có thay đổi trái phép sau khi ký.",
        "NOT the whole file, or changes that are not allowed were added after signing.",
    ),
    "bundle.later.none": ("Sau đó không có gì được thêm vào.", "Nothing was added since."),
    "bundle.later.LTA_UPDATES": (
        "Sau đó chỉ thêm thông tin lưu trữ lâu dài hoặc chữ ký khác.",
        "Since then only data for long keeping, or other signatures, were added.",
    ),
    "bundle.later.FORM_FILLING": (
        "Sau đó có thêm chữ ký khác hoặc điền vào biểu mẫu.",
        "Since then other signatures were added, or a form was filled in.",
    ),
    "bundle.later.ANNOTATIONS": ("Sau đó có thêm ghi chú.", "Since then notes were added."),
    "bundle.later.OTHER": ("Sau đó có thay đổi khác.", "Since then other changes were made."),
    "bundle.label.issuer": ("Nơi cấp chứng thư", "Issuer"),
    "bundle.label.validity": ("Hiệu lực chứng thư", "In force"),
    "bundle.label.fingerprint": ("Dấu vân tay SHA-256", "Fingerprint"),
    "bundle.label.revocation": ("Kiểm tra thu hồi", "Revocation"),
    "bundle.revocation.embedded": ("theo thông tin nhúng trong tệp", "by what the file embeds"),
    "bundle.revocation.configured": ("theo danh sách thu hồi đã cấu hình", "by the configured lists"),
    "bundle.revocation.online": ("hỏi trực tuyến nơi cấp", "asked of the issuer online"),
    "bundle.revocation.unchecked": ("CHƯA kiểm tra được", "NOT checked"),
    # What it was judged by.
    "bundle.heading.judged_by": ("Căn cứ kiểm tra", "What it was judged by"),
    "bundle.judged_by.fingerprint": ("Dấu vân tay của bộ tin cậy", "Fingerprint of the trust"),
    "bundle.judged_by.roots": ("Số gốc tin cậy", "Trusted roots"),
    "bundle.judged_by.crls": ("Số danh sách thu hồi", "Revocation lists"),
    "bundle.judged_by.revocation": ("Chính sách thu hồi", "Revocation policy"),
    "bundle.judged_by.online": ("Hỏi trực tuyến", "Asked online"),
    "bundle.judged_by.pyhanko": ("Phiên bản pyHanko", "Version of pyHanko"),
    "bundle.judged_by.wanted": ("Chữ ký bắt buộc", "Signatures wanted"),
    "bundle.yes": ("có", "yes"),
    "bundle.no": ("không", "no"),
    # How to check it.
    "bundle.heading.check": ("Cách tự kiểm tra", "How to check it yourself"),
    "bundle.step.take.pdf": (
        (
            "Mở tệp PDF này bằng phần mềm đọc PDF có khung “Tệp đính kèm” (biểu tượng kẹp giấy; trình duyệt thường "
            "không có) và lưu “{file}” ra máy. Không in rồi quét lại: bản in không còn chữ ký số."
        ),
        (
            "Open this PDF in a reader with an attachments pane (a paper clip; browsers seldom have one) and save "
            "“{file}”. Do not print and scan it: a print has no digital signature."
        ),
    ),
    "bundle.step.take.zip": (
        "Giải nén gói này. Không in rồi quét lại bản gốc: bản in không còn chữ ký số.",
        "Unpack this archive. Do not print and scan the original: a print has no digital signature.",
    ),
    "bundle.step.reader": (
        (
            "Mở bản gốc bằng phần mềm đọc PDF có kiểm tra chữ ký số, đã cài chứng thư gốc của dịch vụ chứng thực chữ "
            "ký số chuyên dùng công vụ hoặc của quốc gia. Phần mềm phải báo mọi chữ ký hợp lệ và tệp không bị thay "
            "đổi."
        ),
        (
            "Open the original in a PDF reader that checks signatures and knows the roots of the state's "
            "certification authorities. It must call every signature valid and the file unchanged."
        ),
    ),
    "bundle.step.no_reader": (
        "Loại tệp này không mang chữ ký mà phần mềm đọc PDF kiểm tra được: dựa vào mã SHA-256 và đường dẫn dưới đây.",
        "This kind of file carries no signature that a PDF reader could check: go by the SHA-256 and the link below.",
    ),
    "bundle.step.hash": (
        "Tính mã SHA-256 của bản gốc; kết quả phải trùng với mã sau (không phân biệt chữ hoa, chữ thường):",
        "Compute the SHA-256 of the original; it must be this one (upper and lower case do not matter):",
    ),
    "bundle.on.linux": ("Trên Linux", "On Linux"),
    "bundle.on.windows": ("Trên Windows (PowerShell)", "On Windows (PowerShell)"),
    "bundle.step.pyhanko": (
        (
            "Kiểm tra bằng pyHanko, công cụ nguồn mở (gói pyhanko-cli, cài riêng). Thay root.pem bằng tệp chứng thư "
            "gốc nhận từ nguồn chính thức; lệnh cuối cho biết từng chữ ký có được tin cậy không:"
        ),
        (
            "Check it with pyHanko, an open-source tool (the package pyhanko-cli, installed apart). Put the root "
            "certificate, from an official source, in place of root.pem; the last command tells of each signature:"
        ),
    ),
    "bundle.step.link": (
        (
            "Mở đường dẫn sau: nơi đó trả đúng bản gốc này, hoặc cho biết nó đã bị thu hồi hay được thay thế. Kiểm "
            "tra tên miền là của cơ quan nhà nước trước khi tin."
        ),
        (
            "Open this link: it gives this very original, or says that it was withdrawn or replaced since. See that "
            "the domain is the authority's before you believe it."
        ),
    ),
}
