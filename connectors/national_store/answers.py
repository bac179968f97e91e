"""What the store is asked in its own names, and what its answers mean (integration facts, b6).

The shapes are those one provincial gateway was seen to send. No list of error codes is published: all but the success
codes are our mock's, and a code that is in neither table means nothing.
"""

import binascii
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from connectors.national_store.outcomes import HeldFile, HeldPaper, PapersQuestion

_SUCCESS = frozenset({"0", "00"})
_NO_SESSION, _NO_SUCH_FILE, _FILE_AWAY = "2", "4", "8"
_REFUSALS = frozenset({"-3", "-1", "1", "5", "6", "7"})
# "Phiên bản" is a version, "phiên dịch" an interpreter.
_SESSION = re.compile(r"\bphiên\b(?! bản| dịch)|\btoken\b")
# What fits in a header.
_TOKEN = re.compile(r"[!-~]+")
#: A session is never believed for longer.
SECONDS_MAX = 86400.0
# JSON can escape what no database text can hold: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# JSON's own words, which happen to be base64 as well.
_LITERALS = frozenset({"null", "true"})
_CODE_MAX, _MESSAGE_MAX = 40, 300
# Longer ones are no code and no path of anybody: what comes with them cannot be trusted.
_PAPER_CODE_MAX, _PATH_MAX = 100, 2000
#: A multiple of four, decoded in about a millisecond: a call that decodes lets no other thread run meanwhile.
BLOCK_CHARACTERS = 1024 * 1024


class AnswerKind(Enum):
    """What a readable answer means."""

    SUCCESS = "success"
    SESSION = "session"
    REFUSAL = "refusal"
    NO_SUCH_FILE = "no_such_file"
    AWAY = "away"
    NEW = "new"


_KINDS = {
    _NO_SESSION: AnswerKind.SESSION,
    _NO_SUCH_FILE: AnswerKind.NO_SUCH_FILE,
    _FILE_AWAY: AnswerKind.AWAY,
    **dict.fromkeys(_SUCCESS, AnswerKind.SUCCESS),
    **dict.fromkeys(_REFUSALS, AnswerKind.REFUSAL),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An object with an error code; ``message`` has at most 300 characters."""

    kind: AnswerKind
    code: str
    message: str
    body: dict[str, Any]

    @property
    def words(self) -> str:
        """Code and message in one line."""
        return f"{self.code}: {self.message}"


def login_body(username: str, password: str) -> str:
    """What a session is asked for with."""
    return json.dumps({"username": username, "password": password}, ensure_ascii=False)


def question_body(question: PapersQuestion) -> str:
    """The question as the store wants it."""
    wire = {
        "SoDinhDanhChuSoHuu": question.owner_number,
        "HoTenNguoiYeuCau": question.requester_name,
        "SoDinhDanhNguoiYeuCau": question.requester_number,
        "KenhThucHien": question.channel.value,
        "MaThuTuc": question.procedure_code,
        "DanhSachDanhMucKetQua": [{"MaKetQua": code, "SoKyHieu": symbol or ""} for code, symbol in question.wanted],
    }
    return json.dumps(wire, ensure_ascii=False)


def file_body(issuing_body: str, path: str) -> str:
    """What a file is asked for with."""
    return json.dumps({"CoQuanChuQuan": issuing_body, "DuongDan": path}, ensure_ascii=False)


def read_answer(text: str) -> Answer | None:
    """Read an answer; None when it is none. A provincial gateway may wrap the nation's JSON in a text."""
    body = _object(text)
    if body is not None and "errorCode" not in body and isinstance(body.get("message"), str):
        body = _object(body["message"])
    if body is None or not isinstance(body.get("errorCode"), str | int) or isinstance(body["errorCode"], bool):
        return None
    code = storable(str(body["errorCode"]).strip())[:_CODE_MAX]
    message = storable(str(body.get("message") or ""))[:_MESSAGE_MAX]
    return Answer(_kind(code, message), code, message, body)


def read_token(answer: Answer) -> tuple[str, float | None] | None:
    """The session in a login's answer and for how many seconds it lives, if it says so; None when there is none."""
    token, seconds = answer.body.get("accessToken"), answer.body.get("expiresIn")
    if answer.kind is not AnswerKind.SUCCESS or not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        return token, None
    # A number may be longer than any float.
    return token, float(min(seconds, SECONDS_MAX))


def read_papers(answer: Answer) -> tuple[HeldPaper, ...] | None:
    """The papers of a successful answer; None when it does not list any, not even none.

    One paper that cannot be read, its code or a path beyond all measure included, spoils the whole: what stands beside
    it is not to be trusted either.
    """
    result = answer.body.get("result")
    found = result.get("DanhSachGiayToKetQua") if isinstance(result, dict) else None
    if not isinstance(found, list):
        return None
    papers = [_paper(item) for item in found]
    return tuple(paper for paper in papers if paper is not None) if None not in papers else None


def is_wanted(paper: HeldPaper, wanted: Sequence[tuple[str, str | None]]) -> bool:
    """Whether a paper was asked for: its code, and its number and symbol where one was named (case, blanks aside)."""
    if not wanted:
        return True
    return any(
        code == paper.result_code and (not symbol or _folded(symbol) == _folded(paper.number_symbol))
        for code, symbol in wanted
    )


def read_file(text: str) -> bytes | None:
    """The bytes of a file that came as base64, bare or as a JSON text; None when it is no such thing, or is empty.

    Meant for a thread: a large file takes a while, in blocks, and others run between them.
    """
    encoded = text.strip()
    if encoded.startswith('"'):
        try:
            value = json.loads(encoded)
        except ValueError:
            return None
        encoded = value if isinstance(value, str) else ""
    elif encoded in _LITERALS:
        return None
    blocks = (encoded[start : start + BLOCK_CHARACTERS] for start in range(0, len(encoded), BLOCK_CHARACTERS))
    try:
        content = b"".join(binascii.a2b_base64(block, strict_mode=True) for block in blocks)
    except ValueError:
        return None
    # Padding ends a file. A block that is padded ends none, and Python lets padding pass that nothing needs.
    if not content or encoded.find("=", 0, -2) >= 0 or len(encoded) != -(-len(content) // 3) * 4:
        return None
    return content


def storable(text: str) -> str:
    """A text without what no database text can hold."""
    return _UNSTORABLE.sub("\ufffd", text)


def _kind(code: str, message: str) -> AnswerKind:
    kind = _KINDS.get(code, AnswerKind.NEW)
    if kind is not AnswerKind.SUCCESS and _SESSION.search(unicodedata.normalize("NFC", message).lower()):
        return AnswerKind.SESSION
    return kind


def _paper(item: object) -> HeldPaper | None:
    if not isinstance(item, dict):
        return None
    code, name = _text(item.get("MaKetQua"), _PAPER_CODE_MAX), _text(item.get("TenGiayTo"))
    symbol, body = _text(item.get("SoKyHieu") or ""), _text(item.get("CoQuanChuQuan") or "")
    listed = item.get("DanhSachTepDinhKem")
    if not code or name is None or symbol is None or body is None or not isinstance(listed, list | None):
        return None
    files = [_file(file) for file in listed or ()]
    if None in files:
        return None
    return HeldPaper(code, name, symbol, body, tuple(file for file in files if file is not None))


def _file(item: object) -> HeldFile | None:
    if not isinstance(item, dict):
        return None
    name, path = _text(item.get("TenTep")), _text(item.get("DuongDan"), _PATH_MAX)
    return HeldFile(name, path) if name is not None and path else None


def _text(value: object, characters_max: int | None = None) -> str | None:
    text = storable(value).strip() if isinstance(value, str) else None
    is_too_long = text is not None and characters_max is not None and len(text) > characters_max
    return None if is_too_long else text


def _folded(symbol: str) -> str:
    return "".join(unicodedata.normalize("NFC", symbol).split()).casefold()


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
        if isinstance(found, str):
            found = json.loads(found)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
