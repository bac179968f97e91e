"""docs/states.md and the code's tables say the same."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from app.domain.delivery import DELIVERY_MOVES
from app.domain.dossier import STATUS_MOVES

Status = TypeVar("Status", bound=StrEnum)
PAGE = (Path(__file__).parents[2] / "docs" / "states.md").read_text("utf-8")


def table(heading: str) -> dict[str, set[str]]:
    part = PAGE.split(f"## {heading}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z_]+) \| ?([a-z_, ]*)\|$", part, re.MULTILINE)
    return {start: {end.strip() for end in ends.split(",") if end.strip()} for start, ends in rows if start != "from"}


def of_code(moves: Mapping[Status, frozenset[Status]]) -> dict[str, set[str]]:
    return {start.value: {end.value for end in ends} for start, ends in moves.items()}


def test_status_moves_are_those_of_the_page() -> None:
    assert table("Where a dossier stands") == of_code(STATUS_MOVES)


def test_delivery_moves_are_those_of_the_page() -> None:
    assert table("The life of a delivery") == of_code(DELIVERY_MOVES)
