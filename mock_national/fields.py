"""Field rules compiled once from the tables, so that checking an item is a walk over closures.

A checker gets a value that is neither None nor blank and gives None, or a refusal without its field name.
Lengths count code points as they were sent: decomposed Vietnamese counts longer (ours).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mock_national.settings import Profile
from mock_national.tables import rows

UNKNOWN_CODE: Final = "6"
INVALID: Final = "-3"

_DOSSIER_CODE = re.compile(r"[0-9A-Z.]{3,}-[0-9]{6}-[0-9]{4,}")
_DATE = re.compile(r"[0-9]{14}")
_DIGITS = re.compile(r"[0-9]+")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
_TRUTH = frozenset({"True", "False", "0", "1"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an item is refused: answer code, field ("" when none is to blame), reason in Vietnamese."""

    code: str
    field: str
    reason: str

    @property
    def message(self) -> str:
        """The text of the answer: `Field: reason`."""
        return f"{self.field}: {self.reason}" if self.field else self.reason

    def within(self, outer: str) -> "Refusal":
        """The same refusal seen from the object that holds the field: `outer.field`, or `outer` alone."""
        return Refusal(self.code, f"{outer}.{self.field}" if self.field else outer, self.reason)


_NOT_TEXT = Refusal(INVALID, "", "phải là chuỗi ký tự")
_REQUIRED = Refusal(INVALID, "", "bắt buộc phải có")
_ABSENT = Refusal(INVALID, "", "không thuộc phiên bản giao tiếp này")
_UNKNOWN_FIELD = Refusal(INVALID, "", "trường không có trong đặc tả")
_NOT_OBJECT = Refusal(INVALID, "", "phải là đối tượng JSON")
_NOT_ARRAY = Refusal(INVALID, "", "phải là mảng")
_BAD_DATE = Refusal(INVALID, "", "không đúng định dạng ngày yyyyMMddHHmmss")
_BAD_TRUTH = Refusal(INVALID, "", "phải là True hoặc False")
_BAD_NUMBER = Refusal(INVALID, "", "phải là số nguyên không âm")
_BAD_URL = Refusal(INVALID, "", "phải là địa chỉ http hoặc https")
_BAD_DOSSIER_CODE = Refusal(INVALID, "", "không đúng định dạng mã hồ sơ")
_NOT_LISTED = Refusal(UNKNOWN_CODE, "", "không có trong danh mục")

Checker = Callable[[object], Refusal | None]


class Table:
    """The rules of one kind of object for one profile."""

    def __init__(self, checkers: Mapping[str, tuple[bool, Checker]], absent: frozenset[str]) -> None:
        """`checkers` gives for each field whether it is required and how its value is checked."""
        self._rules = [(name, required, checker) for name, (required, checker) in checkers.items()]
        self._known = frozenset(checkers)
        self._absent = absent

    def check(self, item: object) -> Refusal | None:
        """The first thing wrong with an object, unknown keys first, then in the order of the table."""
        if not isinstance(item, dict):
            return _NOT_OBJECT
        strange = item.keys() - self._known
        if strange:
            name = min(strange)
            return (_ABSENT if name in self._absent else _UNKNOWN_FIELD).within(name)
        for name, required, checker in self._rules:
            value = item.get(name)
            if value is None or value == "" or (isinstance(value, str) and value.isspace()):
                if required:
                    return _REQUIRED.within(name)
                continue
            refusal = checker(value)
            if refusal is not None:
                return refusal.within(name)
        return None


class Rulebook:
    """Compiles the tables of one profile; nested tables are compiled once and shared."""

    def __init__(self, profile: Profile, result_codes: frozenset[str], procedures: frozenset[str]) -> None:
        """`result_codes` and `procedures` are the codes that the catalogue knows."""
        self._column = "v14" if profile == "v1.4" else "v2"
        self._lists: dict[str, set[str]] = {}
        for row in rows("code_lists"):
            self._lists.setdefault(row["list"], set()).add(row["code"])
        self._result_codes = result_codes
        self._procedures = procedures
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        """The rules of `rules/<name>_fields.csv`."""
        if name not in self._tables:
            checkers: dict[str, tuple[bool, Checker]] = {}
            absent = set()
            for row in rows(f"{name}_fields"):
                presence = row[self._column]
                if presence == "absent":
                    absent.add(row["field"])
                else:
                    checkers[row["field"]] = (presence == "required", self._checker(row))
            self._tables[name] = Table(checkers, frozenset(absent))
        return self._tables[name]

    def _checker(self, row: dict[str, str]) -> Checker:
        kind, _, inner = row["kind"].partition(":")
        longest = int(row["max_length"] or 0)
        if kind == "array":
            return _array(self.table(inner))
        if kind == "code":
            return _text(longest, _listed(frozenset(self._lists[row["list"]])))
        makers: dict[str, Callable[[], Checker]] = {
            "str": lambda: _text(longest),
            "component": lambda: _text(longest),
            "procedure": lambda: _text(longest, _listed(self._procedures)),
            "result_code": lambda: _text(longest, _listed(self._result_codes)),
            "dossier_code": lambda: _text(longest, _matching(_DOSSIER_CODE, _BAD_DOSSIER_CODE)),
            "digits": lambda: _text(longest, _matching(_DIGITS, _BAD_NUMBER)),
            "url": lambda: _text(longest, _matching(_URL, _BAD_URL)),
            "date": lambda: _text(0, _date),
            "bool": lambda: _truth,
            "int": lambda: _integer(longest),
        }
        return makers[kind]()


def is_portal_date(text: str) -> bool:
    """Whether a text is a real moment written `yyyyMMddHHmmss`."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime(  # noqa: DTZ001 - only asked whether it exists; the wire carries local time without a zone
            int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]), int(text[12:])
        )
    except ValueError:
        return False
    return True


def _text(longest: int, further: Callable[[str], Refusal | None] | None = None) -> Checker:
    too_long = Refusal(INVALID, "", f"không được dài quá {longest} ký tự")

    def check(value: object) -> Refusal | None:
        if not isinstance(value, str):
            return _NOT_TEXT
        if longest and len(value) > longest:
            return too_long
        return further(value) if further else None

    return check


def _listed(codes: frozenset[str]) -> Callable[[str], Refusal | None]:
    return lambda value: None if value in codes else _NOT_LISTED


def _matching(pattern: re.Pattern[str], refusal: Refusal) -> Callable[[str], Refusal | None]:
    return lambda value: None if pattern.fullmatch(value) else refusal


def _date(value: str) -> Refusal | None:
    return None if is_portal_date(value) else _BAD_DATE


def _truth(value: object) -> Refusal | None:
    return None if isinstance(value, bool) or (isinstance(value, str) and value in _TRUTH) else _BAD_TRUTH


def _integer(longest: int) -> Checker:
    def check(value: object) -> Refusal | None:
        if isinstance(value, bool) or not isinstance(value, int | str):
            return _BAD_NUMBER
        text = str(value)
        return None if len(text) <= longest and _DIGITS.fullmatch(text) else _BAD_NUMBER

    return check


def _array(table: Table) -> Checker:
    def check(value: object) -> Refusal | None:
        if not isinstance(value, list):
            return _NOT_ARRAY
        return next((refusal for item in value if (refusal := table.check(item))), None)

    return check
