"""Judging and applying pushed arrays, and giving back what is held."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from mock_national.fields import INVALID, UNKNOWN_CODE, Refusal
from mock_national.holdings import Holdings
from mock_national.inspection import Inspector
from mock_national.policies import Policy
from mock_national.settings import Settings

_UNREADABLE: Final = "-1"
_EXISTS: Final = Refusal("3", "MaHoSo", "hồ sơ đã tồn tại")
_MISSING: Final = Refusal("4", "MaHoSo", "hồ sơ không tồn tại")
_NO_PROCEDURE: Final = Refusal(UNKNOWN_CODE, "MaTTHC", "thủ tục đã bị đóng trên Cổng")
_UPDATING: Final = {"True": True, "False": False}

#: How an item is refused that nothing is wrong with, because a fault says so.
_ARMED: Final = Refusal("9", "", "mục bị từ chối")

Item = dict[str, object]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many items were handed in, the refusal or None, and a line an item when the answer names them."""

    count: int
    refusal: Refusal | None
    lines: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How one array is judged, where a fault changes it.

    `policy` None means the mock's own. Items of `refused` dossier and of `closed` procedures ("*": any) are refused.
    `renamed` maps a new procedure code to the one whose rules it has now.
    """

    policy: Policy | None = None
    refused: str | None = None
    closed: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)


ORDINARY: Final = Terms()


class Reception:
    """The counter where arrays are handed in."""

    def __init__(self, settings: Settings, inspector: Inspector, holdings: Holdings, policy: Policy) -> None:
        """`policy` decides what becomes of an array with a wrong item."""
        self._settings = settings
        self._inspector = inspector
        self._holdings = holdings
        self._policy = policy

    def dossiers(self, updating: object, data: object, terms: Terms = ORDINARY) -> Outcome:
        """Insert or replace dossiers."""
        mode = _UPDATING.get(updating) if isinstance(updating, str) else None
        if mode is None:
            return Outcome(0, Refusal(_UNREADABLE, "isUpdating", "phải là True hoặc False"))
        if mode:
            return self._take(data, self._judge_held(self._inspector.dossier), self._holdings.update, terms)
        return self._take(data, lambda items: self._judge_new(items, terms), self._holdings.insert, terms)

    def steps(self, data: object, terms: Terms = ORDINARY) -> Outcome:
        """Append steps."""
        return self._take(data, self._judge_held(self._inspector.step), self._holdings.add_steps, terms)

    def held(self, code: str) -> Item | None:
        """A dossier as TraCuuHoSo shows it: upper-case names, and its steps under TIENDO; None if not held."""
        text = self._holdings.dossier(code)
        if text is None:
            return None
        return {**_upper(text), "TIENDO": [_upper(step) for step in self._holdings.steps(code)]}

    def _take(
        self,
        data: object,
        judge: Callable[[list[object]], Iterator[Refusal | None]],
        apply: Callable[[Sequence[Item], float], None],
        terms: Terms,
    ) -> Outcome:
        if not isinstance(data, list):
            return Outcome(0, Refusal(_UNREADABLE, "data", "phải là mảng"))
        if not 0 < len(data) <= self._settings.array_items_max:
            limit = f"phải có từ 1 đến {self._settings.array_items_max} phần tử"
            return Outcome(len(data), Refusal(INVALID, "data", limit))
        decision = (terms.policy or self._policy)(_armed(data, judge(data), terms.refused))
        if decision.applied:
            apply([data[position] for position in decision.applied], self._settings.clock())
        lines = tuple(_line(item, verdict) for item, verdict in zip(data, decision.verdicts, strict=False))
        return Outcome(len(data), decision.refusal, lines)

    def _judge_new(self, data: list[object], terms: Terms) -> Iterator[Refusal | None]:
        seen: set[object] = set()
        for item in data:
            refusal = self._judge_procedure(item, terms)
            if refusal is None and isinstance(item, dict):
                code = item["MaHoSo"]
                refusal = _EXISTS if code in seen or self._holdings.holds(code) else None
                seen.add(code)
            yield refusal

    def _judge_procedure(self, item: object, terms: Terms) -> Refusal | None:
        procedure = item.get("MaTTHC") if isinstance(item, dict) else None
        if procedure in terms.closed or (terms.closed and "*" in terms.closed):
            return _NO_PROCEDURE
        old = terms.renamed.get(procedure) if isinstance(procedure, str) else None
        return self._inspector.dossier({**item, "MaTTHC": old} if old and isinstance(item, dict) else item)

    def _judge_held(
        self, inspect: Callable[[object], Refusal | None]
    ) -> Callable[[list[object]], Iterator[Refusal | None]]:
        def judge(data: list[object]) -> Iterator[Refusal | None]:
            for item in data:
                refusal = inspect(item)
                if refusal is None and isinstance(item, dict) and not self._holdings.holds(item["MaHoSo"]):
                    refusal = _MISSING
                yield refusal

        return judge


def _upper(text: str) -> Item:
    return {name.upper(): value for name, value in json.loads(text).items()}


def _armed(data: list[object], verdicts: Iterable[Refusal | None], refused: str | None) -> Iterator[Refusal | None]:
    for item, verdict in zip(data, verdicts, strict=True):
        yield _ARMED if refused and isinstance(item, dict) and item.get("MaHoSo") == refused else verdict


def _line(item: object, verdict: Refusal | None) -> Item:
    """What the answer says of one item."""
    code = item.get("MaHoSo") if isinstance(item, dict) else None
    if verdict is None:
        return {"MaHoSo": code, "error_code": "0", "message": "thành công"}
    return {"MaHoSo": code, "error_code": verdict.code, "message": verdict.message}
