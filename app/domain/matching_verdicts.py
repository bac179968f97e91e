"""What a comparison of a declared fact with a held one may say: how far they agree, and always why."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Agreement(StrEnum):
    """How far a declared fact agrees with the held one.

    YES is given only where the two are the same with certainty. What is merely likely is PARTIAL: it is shown to a
    person together with its reasons and decides nothing by itself. UNKNOWN: there was nothing to compare with.
    """

    YES = "yes"
    NO = "no"
    PARTIAL = "partial"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why a verdict is what it is; a closed set, in the order in which reasons are told."""

    # The same, and how the two writings differ.
    EQUAL = "equal"
    UNICODE_FORM = "unicode_form"  # composed and decomposed letters
    LETTER_CASE = "letter_case"
    BLANKS = "blanks"  # number and kind of blanks, and signs without a width
    SIGN_KIND = "sign_kind"  # kinds of one sign: ' and ’, - and –
    TONE_PLACEMENT = "tone_placement"  # hòa and hoà
    WRITTEN_FORM = "written_form"  # 1 and 01, +84 and 0
    OLD_NUMBER_OF_SAME_RECORD = "old_number_of_same_record"
    SAME_WARD = "same_ward"
    SAME_DETAIL = "same_detail"
    DETAIL_NOT_COMPARED = "detail_not_compared"  # street and house stand on one side, or on none

    # Perhaps the same: a person looks.
    SAME_WHEN_FOLDED = "same_when_folded"
    MARKS_LOST = "marks_lost"  # one side lacks marks that the other has
    HOOK_FOR_TILDE = "hook_for_tilde"  # hỏi and ngã taken for each other
    MARKS_DIFFER = "marks_differ"  # each side has a mark that the other lacks: Hùng and Hưng
    D_STROKE = "d_stroke"  # d for đ
    LOOKALIKE = "lookalike"  # another letter of the same look: Ð (eth) for Đ
    SPACING = "spacing"  # words are cut elsewhere
    PUNCTUATION = "punctuation"  # an apostrophe, hyphen or stop is another, or on one side only
    I_FOR_Y = "i_for_y"
    INITIAL = "initial"  # V. for Văn
    MIDDLE_NAME_LOST = "middle_name_lost"
    CLAN_LOST = "clan_lost"  # a highland name without its clan, or with one word of it
    ORDER = "order"
    YEAR_ONLY = "year_only"
    MONTH_ONLY = "month_only"  # month and year
    SAME_PROVINCE = "same_province"
    UNIT_MERGED = "unit_merged"  # the one went into the other, or both into a third
    OLD_UNIT_CODE = "old_unit_code"  # a ward code that is not among the present ones
    WARD_NOT_COMPARED = "ward_not_compared"
    DETAIL_DIFFERS = "detail_differs"

    # What the digits of a number say against the declared facts.
    PROVINCE_DIGITS = "province_digits"
    PROVINCE_UNASSIGNED = "province_unassigned"
    CENTURY_DIGIT = "century_digit"
    GENDER_DIGIT = "gender_digit"
    YEAR_DIGITS = "year_digits"

    # Not the same.
    DIFFERENT = "different"
    MALFORMED = "malformed"
    DAY_MONTH_SWAPPED = "day_month_swapped"
    FIRST_OF_JANUARY = "first_of_january"  # what registers wrote where only the year was known
    DIFFERENT_PROVINCE = "different_province"
    DIFFERENT_WARD = "different_ward"

    # Nothing to compare with.
    NOT_DECLARED = "not_declared"
    NOT_HELD = "not_held"
    OTHER_KIND_OF_NUMBER = "other_kind_of_number"  # 9 digits on one side, 12 on the other


_PLACES = {why: place for place, why in enumerate(Why)}


@dataclass(frozen=True, slots=True)
class Match:
    """A verdict; ``whys`` is never empty."""

    agreement: Agreement
    whys: tuple[Why, ...]

    def __post_init__(self) -> None:
        """Refuse a verdict without a reason."""
        if not self.whys:
            message = "a verdict needs a reason"
            raise ValueError(message)


def verdict(agreement: Agreement, whys: Iterable[Why]) -> Match:
    """A verdict with its reasons, each once and in their order."""
    return Match(agreement, tuple(sorted(set(whys), key=_PLACES.__getitem__)))


def yes(*whys: Why) -> Match:
    """The same with certainty."""
    return verdict(Agreement.YES, whys)


def partial(*whys: Why) -> Match:
    """Perhaps the same; a person looks."""
    return verdict(Agreement.PARTIAL, whys)


def no(*whys: Why) -> Match:
    """Not the same."""
    return verdict(Agreement.NO, whys)


def unknown(*whys: Why) -> Match:
    """Nothing to compare with."""
    return verdict(Agreement.UNKNOWN, whys)


def absent(*, declared: bool, held: bool) -> Match | None:
    """The verdict where a side says nothing; None when both speak."""
    whys = [why for why, speaks in ((Why.NOT_DECLARED, declared), (Why.NOT_HELD, held)) if not speaks]
    return unknown(*whys) if whys else None
