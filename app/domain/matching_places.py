"""Addresses by the statistics office's codes, across the change of 1 July 2025.

On that day 63 provinces became 34, districts ended, and wards were merged. Records of before keep their codes until
somebody writes them anew, so a code that differs is not yet another place. District codes are never compared: they
name nothing any more, and clients no longer send them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from app.domain.matching_letters import bare, spell
from app.domain.matching_verdicts import Match, Why, absent, no, partial, unknown, yes

_PROVINCE_DIGITS: Final = 2
_WARD_DIGITS: Final = 5
_NOTHING_MERGED: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """An address: codes of province (2 digits), district (3) and ward (5), and a free text with street and house."""

    province: str | None = None
    district: str | None = None
    ward: str | None = None
    detail: str | None = None


def match_place(
    declared: PlaceFacts,
    held: PlaceFacts,
    known_wards: Collection[str],
    merged: Mapping[str, str] = _NOTHING_MERGED,
) -> Match:
    """Compare two addresses; the agreement is the same whichever stands first.

    YES needs the same ward code, and streets that agree where both sides have one: another house in the same ward
    is PARTIAL. So is a ward code that is not among the present ones, in the same province: where its ground went, only
    ``merged`` may know. Another province is NO, unless the one went into the other.

    Args:
        declared: the declared address.
        held: the held address.
        known_wards: codes of the present wards.
        merged: present codes of provinces (2 digits) and wards (5) that went into others.
    """
    missing = absent(declared=_speaks(declared), held=_speaks(held))
    if missing is not None:
        return missing
    same_province, whys = _provinces(declared, held, merged)
    if same_province is False:
        return no(Why.DIFFERENT_PROVINCE)
    details = _details(declared.detail, held.detail)
    same_ward, ward_whys = _wards(declared, held, known_wards, merged)
    if same_ward is False:
        return no(Why.DIFFERENT_WARD)
    if Why.SAME_WARD in ward_whys:
        agreed = partial if details is Why.DETAIL_DIFFERS else yes
        return agreed(details, *ward_whys, *(whys - {Why.SAME_PROVINCE}))
    # Two streets of one name are no reason where nothing is known of the town.
    return partial(details, *ward_whys, *whys) if same_province or same_ward else unknown(*ward_whys)


def _provinces(one: PlaceFacts, other: PlaceFacts, merged: Mapping[str, str]) -> tuple[bool | None, set[Why]]:
    """Whether the provinces are the same today; None where a side has none."""
    mine, theirs = _code(one.province, _PROVINCE_DIGITS), _code(other.province, _PROVINCE_DIGITS)
    if not mine or not theirs:
        return None, set()
    if mine == theirs:
        return True, {Why.SAME_PROVINCE}
    same = merged.get(mine, mine) == merged.get(theirs, theirs)
    return same, {Why.UNIT_MERGED} if same else set()


def _wards(
    one: PlaceFacts, other: PlaceFacts, known: Collection[str], merged: Mapping[str, str]
) -> tuple[bool | None, set[Why]]:
    """Whether the wards are the same today; None where nobody can tell from the codes."""
    mine, theirs = _code(one.ward, _WARD_DIGITS), _code(other.ward, _WARD_DIGITS)
    if not mine or not theirs:
        return None, {Why.WARD_NOT_COMPARED}
    if mine == theirs:
        return True, {Why.SAME_WARD}
    present = [code if code in known else merged.get(code) for code in (mine, theirs)]
    if None in present:
        return None, {Why.OLD_UNIT_CODE}
    return present[0] == present[1], {Why.OLD_UNIT_CODE, Why.UNIT_MERGED}


def _details(one: str | None, other: str | None) -> Why:
    """Compare the free texts without marks: the one may go on with ward and province, which the codes have said."""
    mine, theirs = ([bare(word) for word in spell(text or "").words] for text in (one, other))
    shared = min(len(mine), len(theirs))
    if not shared:
        return Why.DETAIL_NOT_COMPARED
    # One word (a house number, "Thôn") is too little to go on.
    same = mine == theirs or (shared > 1 and mine[:shared] == theirs[:shared])
    return Why.SAME_DETAIL if same else Why.DETAIL_DIFFERS


def _speaks(place: PlaceFacts) -> bool:
    return any((text or "").strip() for text in (place.province, place.ward, place.detail))


def _code(text: str | None, digits: int) -> str:
    """A code at its full length ("" when there is none): some lists drop the leading zeros."""
    bare_code = (text or "").strip()
    return bare_code.zfill(digits) if bare_code else ""
