"""Birth dates, genders, codes and plain texts: equal, perhaps, or not."""

import re
from datetime import date
from typing import Final

from app.domain.matching_letters import bare, settled, spell, whys_of_the_same
from app.domain.matching_verdicts import Match, Why, absent, no, partial, yes

# "00" is how some registers fill what they do not know.
_BIRTH: Final = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?")
_CODE: Final = re.compile(r"[0-9]{1,9}")
_PHONE: Final = re.compile(r"(?:\+84|0084|84|0)([1-9][0-9]{7,9})")
_PHONE_SIGNS: Final = re.compile(r"[\s.()-]")
_GENDERS: Final = frozenset({"male", "female"})
_FULL: Final = 3
_MONTH: Final = 2


def match_birth(declared: str, held: str | None) -> Match:
    """Compare two birth dates, ``yyyy-MM-dd`` or as much of it as is known (``yyyy``, ``yyyy-MM``; 00 is unknown).

    Many old people have only a year, which is all that can be compared: a year against a full date is PARTIAL. Two
    full dates are equal or not: with day and month swapped they are two dates, and the reason says what may have
    happened. The same for 1 January, which registers wrote where only the year was known.
    """
    one, other = declared.strip(), (held or "").strip()
    missing = absent(declared=bool(one), held=bool(other))
    if missing is not None:
        return missing
    mine, theirs = _birth(one), _birth(other)
    if mine is None or theirs is None:
        return no(Why.MALFORMED)
    if mine == theirs:
        return yes(Why.EQUAL, *_only(len(mine)))
    common = min(len(mine), len(theirs))
    if mine[:common] != theirs[:common]:
        return no(*_other_date(mine, theirs))
    return partial(*_only(common))


def match_gender(declared: str, held: str | None) -> Match:
    """Compare ``male`` and ``female``; any other word is malformed, never guessed."""
    one, other = declared.strip().lower(), (held or "").strip().lower()
    missing = absent(declared=bool(one), held=bool(other))
    if missing is not None:
        return missing
    if not {one, other} <= _GENDERS:
        return no(Why.MALFORMED)
    return yes(Why.EQUAL) if one == other else no(Why.DIFFERENT)


def match_code(declared: str, held: str | None) -> Match:
    """Compare two codes of one list as numbers: 1 is 01.

    Both must be of the same list. Lists of ethnic groups disagree from 4 on and some swap 20 and 21, so a code is
    never compared by a name that another list gives it.
    """
    one, other = declared.strip(), (held or "").strip()
    missing = absent(declared=bool(one), held=bool(other))
    if missing is not None:
        return missing
    if not (_CODE.fullmatch(one) and _CODE.fullmatch(other)):
        return no(Why.MALFORMED)
    if int(one) != int(other):
        return no(Why.DIFFERENT)
    return yes(Why.EQUAL if one == other else Why.WRITTEN_FORM)


def match_text(declared: str, held: str | None) -> Match:
    """Compare two plain texts, word by word. Unicode form, case, blanks and place of tone marks are no difference.

    The same words without marks are PARTIAL.
    """
    one, other = settled(spell(declared)), settled(spell(held or ""))
    missing = absent(declared=bool(one.words), held=bool(other.words))
    if missing is not None:
        return missing
    if one == other:
        return yes(*whys_of_the_same(declared, held or ""))
    same = [*map(bare, one.words)] == [*map(bare, other.words)]
    return partial(Why.SAME_WHEN_FOLDED) if same else no(Why.DIFFERENT)


def match_phone(declared: str, held: str | None) -> Match:
    """Compare two Vietnamese telephone numbers; +84 and a leading 0 are the same."""
    one, other = (_PHONE_SIGNS.sub("", text or "") for text in (declared, held))
    missing = absent(declared=bool(one), held=bool(other))
    if missing is not None:
        return missing
    mine, theirs = _PHONE.fullmatch(one), _PHONE.fullmatch(other)
    if mine is None or theirs is None:
        return no(Why.MALFORMED)
    if mine[1] != theirs[1]:
        return no(Why.DIFFERENT)
    return yes(Why.EQUAL if declared == held else Why.WRITTEN_FORM)


def match_email(declared: str, held: str | None) -> Match:
    """Compare two e-mail addresses; case and blanks around them are no difference."""
    one, other = declared.strip(), (held or "").strip()
    missing = absent(declared=bool(one), held=bool(other))
    if missing is not None:
        return missing
    if not all(text.count("@") == 1 and not text.startswith("@") and not text.endswith("@") for text in (one, other)):
        return no(Why.MALFORMED)
    if one.casefold() != other.casefold():
        return no(Why.DIFFERENT)
    return yes(Why.EQUAL if one == other else Why.LETTER_CASE)


def _birth(text: str) -> tuple[int, ...] | None:
    """Year, month, day as far as they are known; None for what is no date."""
    found = _BIRTH.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(found[part] or 0) for part in ("year", "month", "day"))
    if not month:
        return (year,) if year and not day else None
    try:
        date(year, month, day or 1)
    except ValueError:
        return None
    return (year, month, day) if day else (year, month)


def _only(parts: int) -> tuple[Why, ...]:
    return {_FULL: (), _MONTH: (Why.MONTH_ONLY,)}.get(parts, (Why.YEAR_ONLY,))


def _other_date(mine: tuple[int, ...], theirs: tuple[int, ...]) -> set[Why]:
    whys = {Why.DIFFERENT}
    if len(mine) == len(theirs) == _FULL and mine[0] == theirs[0]:
        if mine[1:] == theirs[:0:-1]:
            whys.add(Why.DAY_MONTH_SWAPPED)
        if (1, 1) in (mine[1:], theirs[1:]):
            whys.add(Why.FIRST_OF_JANUARY)
    return whys
