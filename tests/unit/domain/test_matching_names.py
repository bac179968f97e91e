"""Names: what is the same with certainty, what a person must look at, and what is somebody else."""

import unicodedata

import pytest

from app.domain.matching import Agreement, Match, Why, fold_name, match_name
from connectors.population.soap import fold_name as folded_for_the_wire
from mock_national.matching import fold as folded_by_the_nation
from tests.unit.domain.name_corpus import I_Y_PAIRS, PARTS, TONE_PAIRS, full_names

CORPUS = full_names()


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def both_ways(one: str, other: str | None) -> Match:
    found = match_name(one, other)
    assert match_name(other or "", one).agreement is found.agreement
    return found


@pytest.mark.parametrize(
    ("declared", "held", "whys"),
    [
        ("Nguyễn Văn An", "Nguyễn Văn An", [Why.EQUAL]),
        ("Nguyễn Văn An", "NGUYỄN VĂN AN", [Why.LETTER_CASE]),
        ("Nguyễn Văn An", decomposed("Nguyễn Văn An"), [Why.UNICODE_FORM]),
        # Composed by half: the circumflex in the letter, the tone apart.
        ("Nguyễn Văn An", "Nguyê\u0303n Văn An", [Why.UNICODE_FORM]),
        # The order of two marks.
        ("Bế Thị Huệ", "Bê\u0301 Thi\u0323 Hue\u0302\u0323", [Why.UNICODE_FORM]),
        ("Đặng Hữu Đức", decomposed("ĐẶNG HỮU ĐỨC"), [Why.UNICODE_FORM, Why.LETTER_CASE]),
        ("Lê Văn Bình", "Lê  Văn  Bình ", [Why.BLANKS]),
        ("Lê Văn Bình", "Lê\u00a0Văn\tBình", [Why.BLANKS]),
        ("Lê Văn Bình", "\ufeffLê Văn\u200b Bình", [Why.BLANKS]),
        ("Trần Văn Hòa", "Trần Văn Hoà", [Why.TONE_PLACEMENT]),
        (
            "Trần Văn Hòa",
            decomposed("TRẦN  VĂN HOÀ"),
            [Why.UNICODE_FORM, Why.LETTER_CASE, Why.BLANKS, Why.TONE_PLACEMENT],
        ),
        ("Phạm Thúy Loan", "Phạm Thuý Loan", [Why.TONE_PLACEMENT]),
        ("Lê Quý Thủy", "Lê Qúy Thuỷ", [Why.TONE_PLACEMENT]),
        ("Hoàng Văn Toàn", "Hòang Văn Tòan", [Why.TONE_PLACEMENT]),
        ("Lò Văn Già", "Lò Văn Gìa", [Why.TONE_PLACEMENT]),
        ("H'Bia Êban", "H’Bia Êban", [Why.SIGN_KIND]),
        ("H'Bia Êban", "hʼbia êban", [Why.LETTER_CASE, Why.SIGN_KIND]),
        ("H-Bia Êban", "H–Bia Êban", [Why.SIGN_KIND]),
        ("Y Wơ̆ Byă", decomposed("Y Wơ̆ Byă"), [Why.UNICODE_FORM]),
        ("Siu", "SIU", [Why.LETTER_CASE]),
    ],
)
def test_the_same_with_certainty(declared: str, held: str, whys: list[Why]) -> None:
    assert both_ways(declared, held) == Match(Agreement.YES, tuple(whys))


@pytest.mark.parametrize(
    ("declared", "held", "whys"),
    [
        # Marks.
        ("Nguyen Van An", "Nguyễn Văn An", [Why.MARKS_LOST]),
        ("Trần Thị Hoa", "Trần Thị Hòa", [Why.MARKS_LOST]),
        ("Dang Huu Duc", "Đặng Hữu Đức", [Why.MARKS_LOST, Why.D_STROKE]),
        ("Dương Văn Đạt", "Dương Văn Dạt", [Why.D_STROKE]),
        ("\u00d0ặng Hữu Đức", "Đặng Hữu Đức", [Why.LOOKALIKE]),
        ("\u0189inh Văn Lâm", "Dinh Văn Lâm", [Why.D_STROKE, Why.LOOKALIKE]),
        ("Nguyển Văn Dủng", "Nguyễn Văn Dũng", [Why.HOOK_FOR_TILDE]),
        ("Nguyễn Văn Hùng", "Nguyễn Văn Hưng", [Why.MARKS_DIFFER]),
        ("Nguyễn Văn Tuấn", "Nguyễn Văn Tuân", [Why.MARKS_LOST]),
        ("Hoà Văn Thuy", "Hòa Văn Thủy", [Why.TONE_PLACEMENT, Why.MARKS_LOST]),
        ("Y Wơ Byă", "Y Wơ̆ Byă", [Why.MARKS_LOST]),
        # Word borders and signs.
        ("Nguyễn VănAn", "Nguyễn Văn An", [Why.SPACING]),
        ("NGUYENVANA", "Nguyễn Văn A", [Why.MARKS_LOST, Why.SPACING]),
        ("Lê Thuý An", "Lê Thu Ýan", [Why.SPACING]),
        ("Trần VănHoà", "Trần Văn Hòa", [Why.TONE_PLACEMENT, Why.SPACING]),
        ("H'Bia Êban", "H Bia Êban", [Why.PUNCTUATION]),
        ("H'Bia Êban", "H-Bia Êban", [Why.PUNCTUATION]),
        ("H'Bia Êban", "HBia Êban", [Why.SPACING, Why.PUNCTUATION]),
        ("H' Bia Êban", "H'Bia Êban", [Why.SPACING]),
        ("Nguyễn Văn An.", "Nguyễn Văn An", [Why.PUNCTUATION]),
        # i and y.
        ("Lí Văn Mĩ", "Lý Văn Mỹ", [Why.I_FOR_Y]),
        ("Ly Văn An", "Lí Văn An", [Why.MARKS_LOST, Why.I_FOR_Y]),
        ("Lê Quí Đạt", "Lê Qúy Đạt", [Why.TONE_PLACEMENT, Why.I_FOR_Y]),
        # Initials.
        ("Lê V. Bình", "Lê Văn Bình", [Why.PUNCTUATION, Why.INITIAL]),
        ("Lê V Bình", "Lê Văn Bình", [Why.INITIAL]),
        ("Ng. Văn An", "Nguyễn Văn An", [Why.PUNCTUATION, Why.INITIAL]),
        # Lost parts.
        ("Trần An", "Trần Văn An", [Why.MIDDLE_NAME_LOST]),
        ("Nguyễn Thu Hà", "Nguyễn Thị Thu Hà", [Why.MIDDLE_NAME_LOST]),
        ("Nguyen Thi Tran", "Nguyễn Thị Ngọc Bảo Trân", [Why.MARKS_LOST, Why.MIDDLE_NAME_LOST]),
        ("Y Bhăm", "Y Bhăm Niê", [Why.CLAN_LOST]),
        ("H'Lan Niê", "H’Lan Niê Kdăm", [Why.CLAN_LOST]),
        # Order.
        ("Hà Nguyễn Thu", "Nguyễn Thu Hà", [Why.ORDER]),
        ("An Nguyễn Văn", "Nguyễn Văn An", [Why.ORDER]),
        ("Van An, Nguyen", "Nguyễn Văn An", [Why.MARKS_LOST, Why.ORDER]),
        ("An Van Nguyen", "Nguyễn Văn An", [Why.MARKS_LOST, Why.ORDER]),
        ("Niê Y Bhăm", "Y Bhăm Niê", [Why.ORDER]),
        ("Buôn Yă Y Nuê", "Y Nuê Buôn Yă", [Why.ORDER]),
    ],
)
def test_a_person_looks(declared: str, held: str, whys: list[Why]) -> None:
    assert both_ways(declared, held) == Match(Agreement.PARTIAL, tuple(whys))


@pytest.mark.parametrize(
    ("declared", "held"),
    [
        ("Nguyễn Văn An", "Nguyễn Văn Anh"),
        ("Nguyễn Văn An", "Trần Văn An"),
        ("Nguyễn Thu Hà", "Nguyễn Hà Thu"),  # sisters
        ("Nguyễn Văn Minh Anh", "Nguyễn Văn Anh Minh"),
        ("Lê Thị Thúy", "Lê Thị Thúi"),  # uy is another rhyme than ui
        ("Lê Thị Mai", "Lê Thị May"),
        ("Nguyễn Hùng", "Nguyễn Văn Hưng"),  # two doubts
        ("Hưng Nguyễn Văn", "Nguyễn Văn Hùng"),
        ("Lí Văn Hùng", "Lý Văn Hưng"),
        ("Y Niê", "Y Bhăm Niê"),  # the given name lacks
        ("Y Bhăm", "Yến Bhăm"),
        ("Nguyễn Thị", "Nguyễn Thị Hoa"),
        ("Nguyễn", "Nguyễn Văn An"),
        ("Nguyễn Văn B.", "Nguyễn Văn Bình"),  # the given name is never an initial
        ("Nguyễn Văn", "Nguyễn Đức Văn An"),
        ("Nguyễn Đức Văn An", "Nguyễn Thị An"),
        ("Nguyễn Văn An (Tư)", "Nguyễn Văn An"),
        ("Nguyễn Văn Ø", "Nguyễn Văn Å"),  # both fold to NGUYENVAN for the wire
        ("王", "李"),
        ("Siu", "Nay"),
    ],
)
def test_somebody_else(declared: str, held: str) -> None:
    assert both_ways(declared, held) == Match(Agreement.NO, (Why.DIFFERENT,))


@pytest.mark.parametrize(
    ("declared", "held", "whys"),
    [
        ("Nguyễn Văn An", None, [Why.NOT_HELD]),
        ("Nguyễn Văn An", "  ", [Why.NOT_HELD]),
        ("Nguyễn Văn An", "…", [Why.NOT_HELD]),
        ("", "Nguyễn Văn An", [Why.NOT_DECLARED]),
        ("- ", None, [Why.NOT_DECLARED, Why.NOT_HELD]),
        ("\u0301", "\u200b", [Why.NOT_DECLARED, Why.NOT_HELD]),
    ],
)
def test_nothing_to_compare_with(declared: str, held: str | None, whys: list[Why]) -> None:
    assert both_ways(declared, held) == Match(Agreement.UNKNOWN, tuple(whys))


@pytest.mark.parametrize(("one", "other"), TONE_PAIRS)
def test_every_tone_pair_is_one_name(one: str, other: str) -> None:
    assert both_ways(f"Nguyễn Văn {one}", f"Nguyễn Văn {other}") == Match(Agreement.YES, (Why.TONE_PLACEMENT,))


@pytest.mark.parametrize(("one", "other"), I_Y_PAIRS)
def test_every_i_and_y_is_shown(one: str, other: str) -> None:
    assert both_ways(f"Nguyễn {one} An", f"Nguyễn {other} An") == Match(Agreement.PARTIAL, (Why.I_FOR_Y,))


@pytest.mark.parametrize("sign", PARTS["apostrophes"])
def test_every_apostrophe_is_one_sign_and_no_blank(sign: str) -> None:
    assert match_name(f"{sign}Bia Êban", "H'Bia Êban").agreement is Agreement.YES
    assert match_name(f"{sign}Bia Êban", "H Bia Êban").agreement is Agreement.PARTIAL


@pytest.mark.parametrize("name", CORPUS)
def test_every_name_is_itself_however_it_is_written_and_is_folded_as_on_the_wire(name: str) -> None:
    for form in (decomposed(name), name.upper(), name.lower(), f" {name.replace(' ', '  ')}"):
        assert both_ways(name, form).agreement is Agreement.YES
    assert both_ways(name, folded_for_the_wire(name)).agreement in {Agreement.YES, Agreement.PARTIAL}
    assert fold_name(name) == folded_for_the_wire(name)
    # The modifier apostrophe counts as a letter there; we never send it, since we fold before.
    assert fold_name(name) == folded_by_the_nation(name.replace("ʼ", "'"))


def test_a_verdict_is_never_without_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Match(Agreement.YES, ())
