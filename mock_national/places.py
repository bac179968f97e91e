"""Invented addresses in real wards: the 102 of Đắk Lắk since 1 July 2025, and some that were merged that day."""

from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from mock_national.tables import rows

PROVINCE: Final = "66"
_COUNTRY: Final = "VN"
# Codes since 1 July 2025 of the provinces that many settlers of the highlands came from.
_OTHERS: Final = ("31", "33", "37", "38", "40", "42", "48", "51")
_NORTH: Final = ("04", "20", "08", "19")


class Place(NamedTuple):
    """An address as the database holds it: codes of the statistics office ("" when there is none) and a text."""

    province_code: str = ""
    district_code: str = ""
    ward_code: str = ""
    detail: str = ""
    country: str = ""


#: An address of which nothing is known.
NOWHERE: Final = Place()


@dataclass(frozen=True, slots=True)
class OldWard:
    """A ward of before 1 July 2025, and the code of the one it went into."""

    code: str
    district_code: str
    text: str
    merged_into: str


class Atlas:
    """Draws addresses from one random source."""

    def __init__(self, random: Random) -> None:
        """Read the wards."""
        self._random = random
        self._wards = [row["code"] for row in rows("wards")]
        self._old = [
            OldWard(
                code=row["code"],
                district_code=row["district_code"],
                text=f"{row['name']}, {row['district_name']}, TỈNH ĐẮK LẮK".upper(),
                merged_into=row["merged_into"],
            )
            for row in rows("wards_before_2025")
        ]

    def present(self) -> Place:
        """Somewhere in a ward of today."""
        return Place(PROVINCE, "", self._random.choice(self._wards), self._spot(), _COUNTRY)

    def merged(self) -> tuple[Place, Place]:
        """Somewhere in a ward that is no more, as it was written then and as it would be written today."""
        ward, spot = self._random.choice(self._old), self._spot()
        then = Place(PROVINCE, ward.district_code, ward.code, f"{spot}, {ward.text}", _COUNTRY)
        return then, Place(PROVINCE, "", ward.merged_into, spot, _COUNTRY)

    def origin(self, *, north: bool) -> Place:
        """A home town in another province, of which only the province has a code."""
        return Place(self._random.choice(_NORTH if north else _OTHERS), "", "", "", _COUNTRY)

    def _spot(self) -> str:
        draw = self._random.random()
        number = int(self._random.random() * 40) + 1
        return f"THÔN MẪU {number}" if draw < 0.5 else f"BUÔN MẪU {number}" if draw < 0.7 else f"SỐ {number} ĐƯỜNG MẪU"  # noqa: PLR2004
