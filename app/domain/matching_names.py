"""Whether two writings name the same person: with certainty, perhaps, or not.

YES is given only to what cannot be two names: Unicode form, case, number of blanks, kind of an apostrophe or hyphen,
and the place of the tone mark. Whatever is YES also folds to the same letters, so the population database agrees.

PARTIAL is what clerks, scanners and old papers are known to do to one name, and what two names may also look like:
lost or other marks, d for đ, i for y, words cut or ordered otherwise, initials, a lost middle name or clan. A person
looks at it. That all letters fold alike is PARTIAL even where marks contradict each other (Hùng, Hưng): the database
compares no more than that, so its "yes" says no more either. In every other class contradicting marks make it NO:
two doubts about one name are one too many.
"""

import re
from typing import Final

from app.domain.matching_letters import (
    FALSE_STROKE,
    HOOK,
    STROKE,
    TILDE,
    TONES,
    Letter,
    Spelled,
    Word,
    bare,
    cut,
    settled,
    spell,
    whys_of_the_same,
    with_tone_settled,
)
from app.domain.matching_verdicts import Match, Why, absent, no, partial, yes

# Orders of longer texts are not tried: no name has so many words.
_ORDERED_WORDS_MAX: Final = 12
_INITIAL_LETTERS_MAX: Final = 3
# What Ê-đê, Mnông and Xơ-đăng names begin with; the given name follows, a clan may stand behind it.
_NAME_MARKERS: Final = frozenset({"Y", "H", "A"})
# i and y are written for each other only where they are the whole rhyme (Lí, Lý; Quí, Quý): Thúi is not Thúy.
_OPEN_I_OR_Y: Final = re.compile(r"(?:QU|[BCDGHKLMNPRSTVX]*)[IY]")


def match_name(declared: str, held: str | None) -> Match:
    """Compare two full names; the agreement is the same whichever stands first."""
    one, other = settled(spell(declared)), settled(spell(held or ""))
    missing = absent(declared=bool(one.words), held=bool(other.words))
    if missing is not None:
        return missing
    if one == other:
        return yes(*whys_of_the_same(declared, held or ""))
    # The classes are tried from the least to the most that must have gone wrong.
    one, other = spell(declared), spell(held or "")
    for compare in (_same_letters, _word_for_word, _shortened, _reordered):
        whys = compare(one, other)
        if whys:
            return partial(*whys)
    return no(Why.DIFFERENT)


def _same_letters(one: Spelled, other: Spelled) -> set[Why] | None:
    """Names that are the same without marks, blanks and signs."""
    if one.bare != other.bare:
        return None
    whys = _gaps(one, other) | ({Why.SPACING} if one.ends != other.ends else set())
    # Cut alike before marks are compared: the place of a tone mark only counts within a word.
    ends = tuple(sorted({*one.ends, *other.ends}))
    for first, second in zip(cut(one, ends), cut(other, ends), strict=True):
        whys |= _marks(first, second)
    return whys


def _word_for_word(one: Spelled, other: Spelled) -> set[Why] | None:
    """As many words, each the same but for marks, i and y, or an initial (never of the last word)."""
    if len(one.words) != len(other.words):
        return None
    whys = _gaps(one, other)
    last = len(one.words) - 1
    for place, (first, second) in enumerate(zip(one.words, other.words, strict=True)):
        found = _same_word(first, second)
        if found is None and place < last and (_stands_for(one, place, second) or _stands_for(other, place, first)):
            found = {Why.INITIAL}
        if found is None:
            return None
        whys |= found
    return whys


def _shortened(one: Spelled, other: Spelled) -> set[Why] | None:
    """A middle name is missing; or, of a highland name, all behind the given name or a part of it.

    Family and given name must stand. A highland name has its given name in the middle, so nothing there may lack.
    """
    short, long = sorted((one.words, other.words), key=len)
    if len(short) == len(long) or len(short) == 1:
        return None
    if any(bare(words[0]) in _NAME_MARKERS for words in (short, long)):
        whys = _all_same(short, long[: len(short)])
        return None if whys is None else whys | {Why.CLAN_LOST}
    ends = _all_same((short[0], short[-1]), (long[0], long[-1]))
    middle = _within(short[1:-1], long[1:-1])
    return None if ends is None or middle is None else ends | middle | {Why.MIDDLE_NAME_LOST}


def _reordered(one: Spelled, other: Spelled) -> set[Why] | None:
    """The same words, the family name moved to the end or the given name to the front, or all of them backwards.

    Other orders are other names: Nguyễn Thu Hà and Nguyễn Hà Thu may be sisters.
    """
    words, wanted = one.words, other.words
    if len(words) != len(wanted) or not 1 < len(words) <= _ORDERED_WORDS_MAX:
        return None
    turned = [words[start:] + words[:start] for start in range(1, len(words))]
    for order in (*turned, words[::-1]):
        whys = _all_same(order, wanted)
        if whys is not None:
            return whys | {Why.ORDER}
    return None


def _all_same(some: tuple[Word, ...], others: tuple[Word, ...]) -> set[Why] | None:
    whys: set[Why] = set()
    for one, other in zip(some, others, strict=True):
        found = _same_word(one, other)
        if found is None:
            return None
        whys |= found
    return whys


def _within(short: tuple[Word, ...], long: tuple[Word, ...]) -> set[Why] | None:
    """Whether the words stand in the longer list in this order, others between them."""
    whys: set[Why] = set()
    rest = iter(long)
    for word in short:
        found = next((same for other in rest if (same := _same_word(word, other)) is not None), None)
        if found is None:
            return None
        whys |= found
    return whys


def _same_word(one: Word, other: Word) -> set[Why] | None:
    """How two words differ that may be the same one; None when they may not."""
    whys: set[Why] = set()
    if bare(one) != bare(other):
        if bare(one)[:-1] != bare(other)[:-1] or not (_is_open(one) and _is_open(other)):
            return None
        whys, other = {Why.I_FOR_Y}, (*other[:-1], Letter(one[-1].base, other[-1].marks))
    whys |= _marks(one, other)
    return None if Why.MARKS_DIFFER in whys else whys


def _is_open(word: Word) -> bool:
    return _OPEN_I_OR_Y.fullmatch(bare(word)) is not None


def _stands_for(spelled: Spelled, place: int, word: Word) -> bool:
    """Whether a word is an initial of another: one letter (V), or up to three with a full stop (Ng.).

    One letter without a stop at the beginning is no initial: Y Bhăm is not Yến Bhăm.
    """
    initial = bare(spelled.words[place])
    most = _INITIAL_LETTERS_MAX if spelled.gaps[place + 1].startswith(".") else min(place, 1)
    return len(initial) <= most and bare(word).startswith(initial)


def _gaps(one: Spelled, other: Spelled) -> set[Why]:
    """How blanks and signs differ."""
    if len(one.gaps) != len(other.gaps):
        signs = ["".join(spelled.gaps).replace(" ", "") for spelled in (one, other)]
        return {Why.PUNCTUATION} if signs[0] != signs[1] else set()
    pairs = [(first, second) for first, second in zip(one.gaps, other.gaps, strict=True) if first != second]
    return {Why.SPACING if first.strip() == second.strip() else Why.PUNCTUATION for first, second in pairs}


def _marks(one: Word, other: Word) -> set[Why]:
    """How the marks of two words of the same letters differ."""
    if one == other:
        return set()
    first, second = with_tone_settled(one), with_tone_settled(other)
    whys = {Why.TONE_PLACEMENT} if _tones(first) == _tones(second) and _tones(one) != _tones(other) else set()
    for mine, yours in zip(first, second, strict=True):
        whys |= _letter_marks(mine.marks, yours.marks)
    return whys


def _tones(word: Word) -> list[frozenset[str]]:
    return [letter.marks & TONES for letter in word]


def _letter_marks(mine: frozenset[str], yours: frozenset[str]) -> set[Why]:
    only = mine ^ yours
    whys = {Why.LOOKALIKE} if FALSE_STROKE in only else set()
    if bool(mine & {STROKE, FALSE_STROKE}) != bool(yours & {STROKE, FALSE_STROKE}):
        whys.add(Why.D_STROKE)
    lost, gained = (only & side - {STROKE, FALSE_STROKE} for side in (mine, yours))
    if {*lost, *gained} == {HOOK, TILDE} and lost and gained:
        whys.add(Why.HOOK_FOR_TILDE)
    elif lost and gained:
        whys.add(Why.MARKS_DIFFER)
    elif lost or gained:
        whys.add(Why.MARKS_LOST)
    return whys
