"""Parts of Vietnamese names (``data/names.json``), the full names they give, and ways to write one name twice."""

import json
from itertools import cycle
from pathlib import Path
from typing import Any, Final

_DATA: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "names.json").read_text("utf-8"))
_PAIRS: Final = ("tone_pairs", "i_y_pairs")
PARTS: Final[dict[str, list[str]]] = {
    key: value for key, value in _DATA.items() if isinstance(value, list) and key not in _PAIRS
}
TONE_PAIRS: Final[list[tuple[str, str]]] = [(one, other) for one, other in _DATA["tone_pairs"]]
I_Y_PAIRS: Final[list[tuple[str, str]]] = [(one, other) for one, other in _DATA["i_y_pairs"]]


def full_names() -> list[str]:
    """Invented full names; every part of the corpus stands in one of them."""
    clans = PARTS["ede_clans"] + PARTS["mnong_families"]
    kinh = zip(PARTS["givens"], cycle(PARTS["families"]), cycle(PARTS["middles"]), strict=False)
    men = zip(clans, cycle(PARTS["ede_men"]), strict=False)
    women = zip(clans, cycle(PARTS["ede_women"]), cycle(PARTS["apostrophes"]), strict=False)
    names = [
        *(f"{family} {middle} {given}" for given, family, middle in kinh),
        *(f"Y {given} {clan}" for clan, given in men),
        *(f"{mark}{given} {clan}" for clan, given, mark in women),
        *(f"{family} Tâm" for family in PARTS["jarai_families"] + PARTS["cham_families"]),
        *PARTS["whole"],
    ]
    return [*dict.fromkeys(names)]
