"""Invented names, as each people of the province forms them.

Kinh, Tày and Nùng put the father's family name first; Ê-đê and M'Nông end with the mother's clan, and Gia-rai begin
with it.
"""

import unicodedata
from itertools import accumulate
from random import Random
from typing import Final, TypedDict, cast

from mock_national.tables import document

KINH, TAY, NUNG, JARAI, EDE, MNONG = "01", "02", "07", "10", "12", "20"
#: The peoples whose children take the mother's clan.
BY_MOTHER: Final = frozenset({JARAI, EDE, MNONG})
_PEOPLES: Final = (KINH, EDE, MNONG, JARAI, TAY, NUNG)
_SHARES: Final = tuple(accumulate((64, 12, 5, 5, 7, 7)))
_STROKES: Final = str.maketrans({"đ": "d", "Đ": "D"})
_APOSTROPHES: Final = ("H' ", "H'", "H’", "H-", "H ")
_MNONG_MARKS: Final = ("Thị", "H'")


def fold(name: str) -> str:
    """A name without marks, spaces and punctuation, in upper case: `Nguyễn Văn A` gives `NGUYENVANA`."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name.translate(_STROKES)) if c.isalnum())
    return bare.upper()


class _Families(TypedDict):
    families: list[str]


class _Ede(TypedDict):
    clans: list[str]
    given_male: list[str]
    given_female: list[str]


class _Share(TypedDict):
    name: str
    percent: float


class _Parts(TypedDict):
    family_names_percent: list[_Share]
    family_names_other: list[str]
    middle_male: list[str]
    middle_female: list[str]
    given_male: list[str]
    given_female: list[str]
    ede: _Ede
    mnong: _Families
    jarai: _Families
    tay_nung_families: list[str]


class Names:
    """Draws peoples, families and names from one random source."""

    def __init__(self, random: Random) -> None:
        """Read the parts of names."""
        self._random = random
        self._parts = parts = cast("_Parts", document("names"))
        self._kinh = [share["name"].split("/") for share in parts["family_names_percent"]]
        self._kinh.append(parts["family_names_other"])
        shares = [share["percent"] for share in parts["family_names_percent"]]
        self._kinh_shares = list(accumulate([*shares, 100 - sum(shares)]))

    def people(self) -> str:
        """The code of a people, in about the shares of the province."""
        return self._random.choices(_PEOPLES, cum_weights=_SHARES)[0]

    def family(self, people: str) -> str:
        """A family or clan of a people."""
        draw, parts = self._random.choice, self._parts
        if people == KINH:
            return draw(self._random.choices(self._kinh, cum_weights=self._kinh_shares)[0])
        if people == EDE:
            return draw(parts["ede"]["clans"])
        if people == MNONG:
            return draw(parts["mnong"]["families"])
        return draw(parts["jarai"]["families"] if people == JARAI else parts["tay_nung_families"])

    def name(self, people: str, family: str, *, male: bool) -> str:
        """A full name of somebody of this people and family."""
        draw, parts = self._random.choice, self._parts
        ede = parts["ede"]["given_male"] if male else parts["ede"]["given_female"]
        if people == EDE:
            return f"Y {draw(ede)} {family}" if male else f"{draw(_APOSTROPHES)}{draw(ede)} {family}"
        if people == MNONG:
            return f"{'Y' if male else draw(_MNONG_MARKS)} {draw(ede)} {family}"
        given = draw(parts["given_male"] if male else parts["given_female"])
        if people == JARAI:
            return f"{family} {given}"
        return f"{family} {draw(parts['middle_male'] if male else parts['middle_female'])} {given}"
