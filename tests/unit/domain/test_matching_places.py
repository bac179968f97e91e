"""Addresses before and after 1 July 2025."""

import pytest

from app.domain.matching import Agreement, Match, PlaceFacts, Why, match_place
from app.reference.places import load_places

PLACES = load_places()
YES, NO, PARTIAL, UNKNOWN = Agreement.YES, Agreement.NO, Agreement.PARTIAL, Agreement.UNKNOWN
# Present wards of Đắk Lắk, and codes that no present ward has.
HERE, THERE, GONE, GONE_TOO = "22015", "22045", "99901", "99902"
MERGED = {**PLACES.merged, GONE: HERE}


def at(text: str, detail: str | None = None) -> PlaceFacts:
    """``province/ward``; a dash for none."""
    province, ward = (None if part == "-" else part for part in text.split("/"))
    return PlaceFacts(province, None, ward, detail)


@pytest.mark.parametrize(
    ("declared", "held", "agreement", "whys"),
    [
        (at(f"66/{HERE}"), at(f"66/{HERE}"), YES, [Why.SAME_WARD, Why.DETAIL_NOT_COMPARED]),
        (at(f"-/{HERE}"), at(f"66/{HERE}"), YES, [Why.SAME_WARD, Why.DETAIL_NOT_COMPARED]),
        (at("1/4"), at("01/00004"), YES, [Why.SAME_WARD, Why.DETAIL_NOT_COMPARED]),
        (at(f"66/{HERE}", "12 Lê Lợi"), at(f"66/{HERE}"), YES, [Why.SAME_WARD, Why.DETAIL_NOT_COMPARED]),
        (at(f"66/{HERE}", "12 Lê Lợi"), at(f"66/{HERE}", "12 LE LOI"), YES, [Why.SAME_WARD, Why.SAME_DETAIL]),
        (
            at(f"66/{HERE}", "12 Lê Lợi"),
            at(f"66/{HERE}", "12 LÊ LỢI, PHƯỜNG TUY HÒA, ĐẮK LẮK"),
            YES,
            [Why.SAME_WARD, Why.SAME_DETAIL],
        ),
        # A record of before the merger: the ward kept its code, the province did not.
        (at(f"66/{HERE}"), at(f"54/{HERE}"), YES, [Why.SAME_WARD, Why.DETAIL_NOT_COMPARED, Why.UNIT_MERGED]),
        # Another house.
        (at(f"66/{HERE}", "12 Lê Lợi"), at(f"66/{HERE}", "12/5 Lê Lợi"), PARTIAL, [Why.SAME_WARD, Why.DETAIL_DIFFERS]),
        (at(f"66/{HERE}", "Thôn 1"), at(f"66/{HERE}", "Thôn 12"), PARTIAL, [Why.SAME_WARD, Why.DETAIL_DIFFERS]),
        (at(f"66/{HERE}", "12"), at(f"66/{HERE}", "12 Lê Lợi"), PARTIAL, [Why.SAME_WARD, Why.DETAIL_DIFFERS]),
        # An old ward whose present one is not known, and one whose is.
        (
            at(f"66/{HERE}", "Thôn 3"),
            at(f"66/{GONE_TOO}", "THÔN 3"),
            PARTIAL,
            [Why.SAME_DETAIL, Why.SAME_PROVINCE, Why.OLD_UNIT_CODE],
        ),
        (
            at(f"66/{GONE}"),
            at(f"54/{GONE_TOO}"),
            PARTIAL,
            [Why.DETAIL_NOT_COMPARED, Why.UNIT_MERGED, Why.OLD_UNIT_CODE],
        ),
        (
            at(f"66/{HERE}"),
            at(f"66/{GONE}"),
            PARTIAL,
            [Why.DETAIL_NOT_COMPARED, Why.SAME_PROVINCE, Why.UNIT_MERGED, Why.OLD_UNIT_CODE],
        ),
        (at(f"-/{HERE}"), at(f"-/{GONE}"), PARTIAL, [Why.DETAIL_NOT_COMPARED, Why.UNIT_MERGED, Why.OLD_UNIT_CODE]),
        (at(f"66/{THERE}"), at(f"66/{GONE}"), NO, [Why.DIFFERENT_WARD]),
        (at(f"66/{HERE}"), at(f"66/{THERE}"), NO, [Why.DIFFERENT_WARD]),
        (at(f"66/{HERE}"), at("01/00004"), NO, [Why.DIFFERENT_PROVINCE]),
        (at(f"66/{HERE}"), at(f"01/{HERE}"), NO, [Why.DIFFERENT_PROVINCE]),
        # Only the province.
        (at("66/-"), at("54/-"), PARTIAL, [Why.DETAIL_NOT_COMPARED, Why.UNIT_MERGED, Why.WARD_NOT_COMPARED]),
        (
            at("66/-", "Ea Kao"),
            at(f"66/{HERE}", "Thôn 3"),
            PARTIAL,
            [Why.SAME_PROVINCE, Why.WARD_NOT_COMPARED, Why.DETAIL_DIFFERS],
        ),
        # Too little to tell.
        (at("-/-", "12 Lê Lợi"), at("-/-", "12 Lê Lợi"), UNKNOWN, [Why.WARD_NOT_COMPARED]),
        (at(f"-/{HERE}"), at(f"66/{GONE_TOO}"), UNKNOWN, [Why.OLD_UNIT_CODE]),
        (at(f"66/{HERE}"), PlaceFacts(), UNKNOWN, [Why.NOT_HELD]),
        (PlaceFacts(district="643", detail=" "), PlaceFacts(), UNKNOWN, [Why.NOT_DECLARED, Why.NOT_HELD]),
    ],
)
def test_addresses(declared: PlaceFacts, held: PlaceFacts, agreement: Agreement, whys: list[Why]) -> None:
    found = match_place(declared, held, PLACES.wards, MERGED)
    assert found == Match(agreement, tuple(whys))
    assert match_place(held, declared, PLACES.wards, MERGED).agreement is agreement


def test_without_the_list_of_mergers_another_code_is_another_province() -> None:
    assert match_place(at("66/-"), at("54/-"), PLACES.wards) == Match(NO, (Why.DIFFERENT_PROVINCE,))
