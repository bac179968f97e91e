"""Judging and applying pushed arrays, and giving back what is held."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from mock_national.fields import INVALID, Refusal
from mock_national.holdings import Holdings
from mock_national.inspection import Inspector
from mock_national.policies import Policy
from mock_national.settings import Settings

_UNREADABLE: Final = "-1"
_EXISTS: Final = Refusal("3", "MaHoSo", "hồ sơ đã tồn tại")
_MISSING: Final = Refusal("4", "MaHoSo", "hồ sơ không tồn tại")
_UPDATING: Final = {"True": True, "False": False}

Item = dict[str, object]
Outcome = tuple[int, Refusal | None]


class Reception:
    """The counter where arrays are handed in."""

    def __init__(self, settings: Settings, inspector: Inspector, holdings: Holdings, policy: Policy) -> None:
        """`policy` decides what becomes of an array with a wrong item."""
        self._settings = settings
        self._inspector = inspector
        self._holdings = holdings
        self._policy = policy

    def dossiers(self, updating: object, data: object) -> Outcome:
        """Insert or replace dossiers: how many were handed in, and the refusal or None."""
        mode = _UPDATING.get(updating) if isinstance(updating, str) else None
        if mode is None:
            return 0, Refusal(_UNREADABLE, "isUpdating", "phải là True hoặc False")
        if mode:
            return self._take(data, self._judge_held(self._inspector.dossier), self._holdings.update)
        return self._take(data, self._judge_new, self._holdings.insert)

    def steps(self, data: object) -> Outcome:
        """Append steps: how many were handed in, and the refusal or None."""
        return self._take(data, self._judge_held(self._inspector.step), self._holdings.add_steps)

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
    ) -> Outcome:
        if not isinstance(data, list):
            return 0, Refusal(_UNREADABLE, "data", "phải là mảng")
        if not 0 < len(data) <= self._settings.array_items_max:
            return len(data), Refusal(INVALID, "data", f"phải có từ 1 đến {self._settings.array_items_max} phần tử")
        decision = self._policy(judge(data))
        if decision.applied:
            apply([data[position] for position in decision.applied], self._settings.clock())
        return len(data), decision.refusal

    def _judge_new(self, data: list[object]) -> Iterator[Refusal | None]:
        seen: set[object] = set()
        for item in data:
            refusal = self._inspector.dossier(item)
            if refusal is None and isinstance(item, dict):
                code = item["MaHoSo"]
                refusal = _EXISTS if code in seen or self._holdings.holds(code) else None
                seen.add(code)
            yield refusal

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
