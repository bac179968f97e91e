"""Vietnamese text taken apart into words, letters and marks, so that writings can be compared part by part."""

import re
import unicodedata
from itertools import pairwise
from typing import Final, NamedTuple

from app.domain.matching_verdicts import Why

GRAVE, ACUTE, HOOK, TILDE, DOT_BELOW = "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"
TONES: Final = frozenset({GRAVE, ACUTE, HOOK, TILDE, DOT_BELOW})
# The stroke of đ, which no Unicode form takes apart, and that of letters which only look like it.
STROKE, FALSE_STROKE = "\u0335", "\u0336"
_STROKED: Final = {"Đ": STROKE, "\u00d0": FALSE_STROKE, "\u0189": FALSE_STROKE}
_VOWELS: Final = frozenset("AEIOUY")
_SIGNS: Final = str.maketrans(dict.fromkeys("’‘ʼʻ`´′‛＇", "'") | dict.fromkeys("‐‑‒–—−", "-"))
_KINDS: Final = frozenset(map(chr, _SIGNS)) | {"'", "-"}
_NOT_FOLDED: Final = re.compile(r"[^A-Z0-9]")


class Letter(NamedTuple):
    """A letter without its marks, in upper case, and its marks."""

    base: str
    marks: frozenset[str]


Word = tuple[Letter, ...]


class Spelled(NamedTuple):
    """Words, and what stands before, between and behind them (one more than words; blanks as one)."""

    words: tuple[Word, ...]
    gaps: tuple[str, ...]

    @property
    def bare(self) -> str:
        """All letters without marks, blanks and signs."""
        return "".join(map(bare, self.words))

    @property
    def ends(self) -> tuple[int, ...]:
        """Where words end, in letters from the beginning."""
        counts, total = [], 0
        for word in self.words:
            total += len(word)
            counts.append(total)
        return tuple(counts)


# Also the letters of other languages that keyboards give for đ and look the same.
_STROKES = str.maketrans("đĐðÐɖƉ", "dDdDdD")


def fold_name(name: str) -> str:
    """A name as the population database compares it: no marks, blanks or punctuation, upper case, đ as d.

    The connector folds with its own copy (it may not import ours); a test holds the two together.
    """
    plain = unicodedata.normalize("NFD", name.translate(_STROKES))
    return _NOT_FOLDED.sub("", plain.upper())


def bare(word: Word) -> str:
    """The letters of a word without marks."""
    return "".join(letter.base for letter in word)


def spell(text: str) -> Spelled:
    """Take a text apart. Unicode form, case, number of blanks and kind of signs are no longer seen."""
    words: list[list[Letter]] = []
    gaps = [""]
    for sign in unicodedata.normalize("NFD", _unified(text).upper()):
        if sign.isalnum():
            if gaps[-1] or not words:
                words.append([])
                gaps.append("")
            stroke = _STROKED.get(sign)
            words[-1].append(Letter("D", frozenset({stroke})) if stroke else Letter(sign, frozenset()))
        elif words and not gaps[-1] and _is_mark(sign):
            base, marks = words[-1][-1]
            words[-1][-1] = Letter(base, marks | {sign})
        else:
            gaps[-1] += sign
    return Spelled(tuple(map(tuple, words)), tuple(gaps))


def with_tone_settled(word: Word) -> Word:
    """The word with its one tone mark on the first vowel of its one group of vowels.

    A written Vietnamese syllable has one group of vowels and at most one tone, so letters and tone decide it
    wherever in the group the mark stands (hòa, hoà; Quý, Qúy; Hoàng, Hòang). Other words are left as they are.
    """
    vowels = [place for place, letter in enumerate(word) if letter.base in _VOWELS]
    tones = [tone for place in vowels for tone in word[place].marks & TONES]
    if len(tones) != 1 or any(after - before != 1 for before, after in pairwise(vowels)):
        return word
    settled = [Letter(base, marks - TONES) if base in _VOWELS else Letter(base, marks) for base, marks in word]
    base, marks = settled[vowels[0]]
    settled[vowels[0]] = Letter(base, marks | set(tones))
    return tuple(settled)


def settled(spelled: Spelled) -> Spelled:
    """The text with every tone mark settled: equal results are the same text with certainty."""
    return Spelled(tuple(map(with_tone_settled, spelled.words)), spelled.gaps)


def cut(spelled: Spelled, ends: tuple[int, ...]) -> tuple[Word, ...]:
    """The letters of a text, cut into words at other places (in letters from the beginning)."""
    letters = [letter for word in spelled.words for letter in word]
    return tuple(tuple(letters[start:end]) for start, end in pairwise((0, *ends)))


def whys_of_the_same(one: str, other: str) -> set[Why]:
    """How two writings of the same text (equal when settled) differ."""
    if one == other:
        return {Why.EQUAL}
    features = {
        Why.LETTER_CASE: _cases,
        Why.BLANKS: _blanks,
        Why.SIGN_KIND: _sign_kinds,
        Why.TONE_PLACEMENT: spell,
    }
    whys = {why for why, feature in features.items() if feature(one) != feature(other)}
    if not whys or unicodedata.is_normalized("NFC", one) != unicodedata.is_normalized("NFC", other):
        whys.add(Why.UNICODE_FORM)
    return whys


def _unified(text: str) -> str:
    """One form of letters, one kind of blank (never two together, none at the ends), one kind of each sign."""
    seen = "".join(sign for sign in text if not _without_width(sign))
    return " ".join(unicodedata.normalize("NFC", seen).translate(_SIGNS).split())


def _without_width(sign: str) -> bool:
    return unicodedata.category(sign) == "Cf"


def _is_mark(sign: str) -> bool:
    return unicodedata.category(sign).startswith("M")


def _cases(text: str) -> list[bool]:
    return [sign.isupper() for sign in _unified(text) if sign.isalpha()]


def _blanks(text: str) -> str:
    """The blanks where they stand, one x for any letter, composed or not."""
    shapes = (sign if sign.isspace() or _without_width(sign) else "x" for sign in text if not _is_mark(sign))
    return "".join(shapes)


def _sign_kinds(text: str) -> list[str]:
    return [sign for sign in text if sign in _KINDS]
