"""The citizen's bundle: the original intact in it, and all of the cover on its pages, in both languages."""

import io
import logging
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from app.domain.documents import FileKind, SignerKind, Standing, Verdict
from app.papers.bundle import OriginalDiffers
from app.papers.bundle_sheet import wrap
from app.texts import TEXTS
from tests.papers.bundles import MADE_AT, SIGNATURE, facts_of, pdf_of, pieces, words_of
from tests.papers.signing import sample

_MARGIN_POINTS = 16 / 25.4 * 72


def attached(bundle: bytes) -> dict[str, bytes]:
    with pikepdf.open(io.BytesIO(bundle)) as document:
        return {name: found.get_file().read_bytes() for name, found in document.attachments.items()}


def said(key: str, **values: object) -> list[str]:
    text = TEXTS[f"bundle.{key}"]
    return [text.vi.format(**values), text.en.format(**values)]


def test_the_original_is_inside_byte_for_byte() -> None:
    original = sample("valid")
    bundle = pdf_of(facts_of(original), original)
    assert attached(bundle) == {"Giấy xác nhận.pdf": original}
    # Not only decoded: the very bytes stand in the file, so that its signatures hold.
    assert original in bundle


def test_the_attachment_says_that_it_is_the_source_and_of_what_kind() -> None:
    original = b"<result/>"
    facts = facts_of(original, file_name="kết quả.xml", media_type="application/xml")
    with pikepdf.open(io.BytesIO(pdf_of(facts, original))) as document:
        specification: Any = document.Root.AF[0]
        assert specification.AFRelationship == "/Source"
        assert specification.UF == "kết quả.xml"
        assert specification.EF.F.Subtype == "/application/xml"
        assert int(specification.EF.F.Params.Size) == len(original)
        assert document.Root.Names.EmbeddedFiles.Names[1].objgen == specification.objgen


def test_strict_readers_find_nothing_to_complain_about() -> None:
    original = sample("valid")
    bundle = pdf_of(facts_of(original), original)
    reader = PdfFileReader(io.BytesIO(bundle), strict=True)
    assert reader.root["/Names"]["/EmbeddedFiles"]["/Names"][1]["/EF"]["/F"].data == original
    with pikepdf.open(io.BytesIO(bundle), attempt_recovery=False, suppress_warnings=False) as document:
        assert document.check_pdf_syntax() == []
        assert document.get_warnings() == []


def test_a_program_is_told_what_the_cover_is_and_when_it_was_made() -> None:
    facts = facts_of(b"x", dossier_code="H99 <&> 17")
    with pikepdf.open(io.BytesIO(pdf_of(facts, b"x"))) as document:
        assert document.Root.Lang == "vi"
        metadata = document.open_metadata()
        assert metadata.pdfa_status == "3B"
        assert metadata["dc:title"] == f"{said('title')[0]}: H99 <&> 17"
        # Never the time of the clock, or equal facts would make other bytes tomorrow.
        assert metadata["xmp:ModifyDate"] == metadata["xmp:CreateDate"] == "2026-07-02T03:30:05+07:00"


def test_the_cover_says_all_facts_in_vietnamese_letters() -> None:
    facts = facts_of(b"x")
    words = words_of(pdf_of(facts, b"x"))
    assert facts.number_symbol
    assert facts.scope
    for value in (
        facts.title,
        facts.number_symbol,
        facts.scope,
        "Ủy ban nhân dân phường Bến Mới",
        "Nguyễn Thuỳ Dương",
        "H99.12-260629-0017",
        "Bộ phận Một cửa phường Bến Mới",
        "30-06-2026",
        "30-12-2026",
        facts.sha256,
        facts.link,
        "sha256sum -- 'Giấy xác nhận.pdf'",
        "Get-FileHash -Algorithm SHA256 -LiteralPath 'Giấy xác nhận.pdf'",
        "pyhanko sign validate --pretty-print --trust root.pem 'Giấy xác nhận.pdf'",
        "0.38.0",
        "cd" * 32,
    ):
        assert value in words


def test_times_are_told_as_in_viet_nam() -> None:
    words = words_of(pdf_of(facts_of(b"x"), b"x"))
    # The signature is of 18:15:09 UTC on the day before.
    assert "01-07-2026 01:15:09 +07:00" in words
    assert "02-07-2026 03:30:05 +07:00" in words


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_words_in_both_languages(verdict: Verdict) -> None:
    signatures = () if verdict is Verdict.UNSIGNED else (replace(SIGNATURE, verdict=Verdict.VALID),)
    words = words_of(pdf_of(facts_of(b"x", verdict=verdict, signatures=signatures), b"x"))
    vietnamese, english = said(f"verdict.{verdict}")
    assert f"{vietnamese} · {english}" in words
    for sentence in said(f"meaning.{verdict}"):
        assert sentence in words
    others = [other for other in Verdict if other not in {verdict, Verdict.VALID}]
    assert not any(said(f"meaning.{other}")[0] in words for other in others)


def test_every_signature_is_told_with_what_it_is_worth() -> None:
    doubtful = replace(
        SIGNATURE,
        signer="Lê Văn Bình",
        kind=SignerKind.UNKNOWN,
        verdict=Verdict.UNTRUSTED,
        reason="No path leads from the certificate to a trusted root.",
        time_stamped=False,
        time_stamp_by=None,
        covers_whole_file=False,
        later_changes="OTHER",
        revocation="unchecked",
    )
    words = words_of(pdf_of(facts_of(b"x", verdict=Verdict.UNTRUSTED, signatures=(SIGNATURE, doubtful)), b"x"))
    for key in ("signer.person", "signer.unknown", "claimed", "covers.whole", "covers.part", "later.OTHER"):
        assert all(sentence in words for sentence in said(key)), key
    for key in ("revocation.embedded", "revocation.unchecked"):
        assert all(sentence in words for sentence in said(key)), key
    assert all(sentence in words for sentence in said("stamped", by="TSA thử nghiệm"))
    assert all(sentence in words for sentence in said("heading.signature", number=2, count=2))
    for value in (SIGNATURE.reason, doubtful.reason, SIGNATURE.issuer, SIGNATURE.certificate_sha256):
        assert value in words


def test_a_signature_that_cannot_be_read_shows_no_invented_dates() -> None:
    unread = replace(
        SIGNATURE, signer="", agency=None, signed_at=None, certificate_sha256="", issuer="", verdict=Verdict.MODIFIED
    )
    words = words_of(pdf_of(facts_of(b"x", verdict=Verdict.MODIFIED, signatures=(unread,)), b"x"))
    assert said("signer.unreadable")[0] in words
    assert said("no_time")[0] in words
    assert said("label.validity")[0] not in words


def test_a_word_that_only_a_newer_judge_knows_is_shown_as_it_is() -> None:
    odd = replace(SIGNATURE, revocation="by pigeon", later_changes="NEW_LEVEL")
    judged_by = MappingProxyType({"new": {"depth": [1, 2]}})
    words = words_of(pdf_of(facts_of(b"x", signatures=(odd,), judged_by=judged_by), b"x"))
    assert "by pigeon" in words
    assert "NEW_LEVEL" in words
    assert '{"depth": [1, 2]}' in words


@pytest.mark.parametrize("standing", [Standing.SUPERSEDED, Standing.REVOKED])
def test_what_does_not_speak_any_more_says_so_and_by_what_it_was_replaced(standing: Standing) -> None:
    link = "https://hoso.songtrang.example/files/new"
    words = words_of(pdf_of(facts_of(b"x", standing=standing, replaced_by_link=link), b"x"))
    assert all(words.count(sentence) == 2 for sentence in said(f"standing.{standing}"))
    assert all(sentence in words for sentence in said("replaced_by", link=link))


def test_what_is_not_known_is_called_not_stated() -> None:
    names = ("number_symbol", "issuing_body", "issued_on", "valid_until", "scope", "owner_name", "unit_name")
    words = words_of(pdf_of(facts_of(b"x", **dict.fromkeys(names), procedure_name=None), b"x"))
    assert words.count(said("not_stated")[0]) == len(names) + 1


@pytest.mark.parametrize("media_type", ["image/png", "image/tiff", "application/xml"])
def test_a_reader_of_signatures_is_promised_for_pdfs_only(media_type: str) -> None:
    original = b"\x89PNG\r\n\x1a\n"
    bundle = pdf_of(facts_of(original, media_type=media_type, verdict=Verdict.UNSIGNED, signatures=()), original)
    words = words_of(bundle)
    assert list(attached(bundle).values()) == [original]
    assert said("step.no_reader")[0] in words
    assert "pyhanko sign validate" not in words


def test_two_signatures_fit_on_two_pages() -> None:
    with pikepdf.open(io.BytesIO(pdf_of(facts_of(b"x"), b"x"))) as document:
        assert len(document.pages) == 2


def test_each_page_says_how_many_there_are() -> None:
    bundle = pdf_of(facts_of(b"x", scope="Rất dài. " * 1500), b"x")
    shown = list(pieces(bundle))
    count = max(piece.page for piece in shown)
    assert count > 3
    for number in range(1, count + 1):
        assert any(f"{number}/{count}" in piece.text for piece in shown if piece.page == number)


def test_long_words_and_long_texts_stay_on_the_page() -> None:
    long = "Nghiêng" * 300
    facts = facts_of(
        b"x",
        title=long,
        owner_name="Tên rất dài " * 80,
        file_name=f"{long}.pdf",
        link=f"https://x.example/{long}",
        signatures=(replace(SIGNATURE, signer=long, issuer=long),) * 3,
        judged_by={long: long},
    )
    bundle = pdf_of(facts, b"x")
    assert_on_the_page(bundle)
    # Nothing is cut off either.
    assert long in "".join(piece.text for piece in pieces(bundle))


def assert_on_the_page(bundle: bytes) -> None:
    for piece in pieces(bundle):
        assert piece.left >= _MARGIN_POINTS - 0.1, piece
        assert piece.right <= piece.page_width - _MARGIN_POINTS + 0.1, piece
        assert _MARGIN_POINTS / 2 < piece.bottom < piece.page_height - _MARGIN_POINTS, piece


def test_letters_that_the_font_lacks_are_named_by_number(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        words = words_of(pdf_of(facts_of(b"x", title="Giấy 日 {nb}", owner_name="Hu\u0300ng\u202e\nA"), b"x"))
    assert "Giấy [U+65E5] {nb}" in words
    # Marks are joined to their letters; what turns the writing or breaks the line is a space.
    assert "H\u00f9ng A" in words
    assert caplog.records == []


def test_equal_facts_make_equal_bytes_and_others_do_not() -> None:
    assert pdf_of(facts_of(b"x"), b"x") == pdf_of(facts_of(b"x"), b"x")
    assert pdf_of(facts_of(b"x"), b"x") != pdf_of(facts_of(b"x", made_at=datetime(2026, 7, 2, tzinfo=UTC)), b"x")


@pytest.mark.parametrize("other", [b"", b"result?", b"results"])
def test_another_file_than_the_facts_speak_of_is_not_bundled(other: bytes) -> None:
    with pytest.raises(OriginalDiffers) as raised:
        pdf_of(facts_of(b"result!"), other)
    assert raised.value.found_bytes == len(other)


def test_an_unsealed_cover_says_that_it_is_not_signed() -> None:
    words = words_of(pdf_of(facts_of(b"x"), b"x"))
    assert all(sentence in words for sentence in said("unsealed.pdf"))


_ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
_MEDIA_TYPES = ["application/pdf", "image/png", "image/jpeg", "image/tiff", "application/xml"]
_FACTS = st.fixed_dictionaries(
    {
        "title": _ANY_TEXT,
        "number_symbol": st.none() | _ANY_TEXT,
        "scope": st.none() | _ANY_TEXT,
        "owner_name": st.none() | _ANY_TEXT,
        "dossier_code": _ANY_TEXT,
        "file_name": _ANY_TEXT,
        "media_type": st.sampled_from(_MEDIA_TYPES),
        "verdict": st.sampled_from(Verdict),
        "standing": st.sampled_from(Standing),
        "replaced_by_link": st.none() | _ANY_TEXT,
        "judged_by": st.dictionaries(_ANY_TEXT, st.none() | st.booleans() | st.integers() | _ANY_TEXT, max_size=3),
        "signatures": st.lists(
            st.builds(
                replace,
                st.just(SIGNATURE),
                signer=_ANY_TEXT,
                agency=st.none() | _ANY_TEXT,
                reason=_ANY_TEXT,
                issuer=_ANY_TEXT,
                verdict=st.sampled_from(Verdict),
                kind=st.sampled_from(SignerKind),
                signed_at=st.none() | st.just(MADE_AT),
            ),
            max_size=2,
        ).map(tuple),
        "link": _ANY_TEXT,
    }
)


@settings(max_examples=15, deadline=None)
@given(original=st.binary(max_size=300), changed=_FACTS)
def test_whatever_the_facts_the_original_is_intact_and_the_cover_on_its_pages(
    original: bytes, changed: dict[str, Any]
) -> None:
    bundle = pdf_of(facts_of(original, **changed), original)
    assert list(attached(bundle).values()) == [original]
    assert_on_the_page(bundle)


@given(st.text(st.characters(codec="latin-1"), max_size=80), st.integers(1, 30))
def test_wrapping_loses_nothing_and_passes_no_limit(text: str, limit: int) -> None:
    lines = wrap(text, lambda letter: 3.0 if letter in "mw" else 1.0, limit)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert line == line.strip()
        assert len(line) == 1 or sum(3 if letter in "mw" else 1 for letter in line) <= limit


def test_wrapping_breaks_at_spaces_and_fills_lines() -> None:
    assert wrap("mot hai ba bon", lambda _: 1.0, 7) == ["mot hai", "ba bon"]
    assert wrap("mot abcdefghij hai", lambda _: 1.0, 4) == ["mot", "abcd", "efgh", "ij", "hai"]


def test_every_kind_of_file_has_an_ending_of_its_own() -> None:
    assert len(_MEDIA_TYPES) == len(FileKind)
