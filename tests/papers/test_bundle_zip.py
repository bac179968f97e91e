"""The archive for the office: what lies in it, and names that are safe everywhere."""

import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.documents import MEDIA_TYPES, Standing, Verdict
from app.papers.bundle import OriginalDiffers, bundle_zip, safe_name
from app.papers.bundle_names import SAFE_CHARACTERS
from app.papers.bundle_sheet import INK, Run, Sheet
from app.texts import TEXTS
from tests.papers.bundles import MADE_AT, facts_of, pdf_of, words_of, zip_of

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)\s*(\..*)?", re.IGNORECASE)


def opened(archive: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(archive))


def test_the_archive_holds_the_original_the_findings_and_the_sums() -> None:
    original = b"%PDF-1.7 signed"
    with opened(zip_of(facts_of(original), original)) as archive:
        assert archive.namelist() == ["Giấy xác nhận.pdf", "xac-minh.json", "xac-minh.txt", "SHA256SUMS"]
        assert archive.testzip() is None
        assert archive.read("Giấy xác nhận.pdf") == original
        lines = archive.read("SHA256SUMS").decode().splitlines()
        sums = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        assert set(sums) == set(archive.namelist()) - {"SHA256SUMS"}
        for name, digest in sums.items():
            assert hashlib.sha256(archive.read(name)).hexdigest() == digest


def test_entries_are_stored_plain_and_dated_as_in_viet_nam() -> None:
    with opened(zip_of(facts_of(b"x"), b"x")) as archive:
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.date_time == (2026, 7, 2, 3, 30, 4)  # two-second steps
            assert entry.external_attr >> 16 == 0o100644


def test_the_record_is_all_facts_for_a_machine() -> None:
    facts = facts_of(b"x", judged_by=MappingProxyType({"roots": 2, "since": datetime(2026, 1, 1, tzinfo=UTC)}))
    with opened(zip_of(facts, b"x")) as archive:
        record = json.loads(archive.read("xac-minh.json"))
    assert record["schema"] == "lienthong/xac-minh/1"
    assert record["original"] == "Giấy xác nhận.pdf"
    assert record["title"] == facts.title
    assert record["sha256"] == facts.sha256
    assert record["verdict"] == "VALID"
    assert record["issued_on"] == "2026-06-30"
    assert record["made_at"] == "2026-07-02T03:30:05+07:00"
    assert record["judged_by"] == {"roots": 2, "since": "2026-01-01T07:00:00+07:00"}
    assert [one["signer"] for one in record["signatures"]] == [one.signer for one in facts.signatures]
    assert record["signatures"][0]["signed_at"] == "2026-07-01T01:15:09+07:00"


@pytest.mark.parametrize("verdict", Verdict)
def test_the_text_gives_every_verdict_in_both_languages(verdict: Verdict) -> None:
    with opened(zip_of(facts_of(b"x", verdict=verdict), b"x")) as archive:
        text = archive.read("xac-minh.txt").decode()
    for key in (f"verdict.{verdict}", f"meaning.{verdict}", "unsealed.zip", "step.reader"):
        assert TEXTS[f"bundle.{key}"].vi in text
        assert TEXTS[f"bundle.{key}"].en in text


def test_the_text_says_what_the_cover_says() -> None:
    facts = facts_of(b"x", standing=Standing.SUPERSEDED, replaced_by_link="https://hoso.songtrang.example/files/new")
    with opened(zip_of(facts, b"x")) as archive:
        text = archive.read("xac-minh.txt").decode()
    words = words_of(pdf_of(facts, b"x"))
    for value in (facts.title, facts.sha256, facts.link, "01-07-2026 01:15:09 +07:00", "files/new", "sha256sum --"):
        assert value in text
        assert value in words


def test_no_value_can_begin_a_line_of_its_own() -> None:
    facts = facts_of(b"x", title="Giấy\r\nHỢP LỆ / VALID\u2028x", verdict=Verdict.MODIFIED)
    with opened(zip_of(facts, b"x")) as archive:
        lines = archive.read("xac-minh.txt").decode().splitlines()
    assert "Tên giấy tờ / Title: Giấy HỢP LỆ / VALID x" in lines


def test_equal_facts_make_equal_bytes_and_others_do_not() -> None:
    assert zip_of(facts_of(b"x"), b"x") == zip_of(facts_of(b"x"), b"x")
    assert zip_of(facts_of(b"x"), b"x") != zip_of(facts_of(b"x", title="Giấy khác"), b"x")


@pytest.mark.parametrize("year", [1970, 2200])
def test_a_time_that_a_zip_cannot_date_is_no_obstacle(year: int) -> None:
    with opened(zip_of(facts_of(b"x", made_at=datetime(year, 2, 28, tzinfo=UTC)), b"x")) as archive:
        assert archive.testzip() is None


def test_another_file_than_the_facts_speak_of_is_not_bundled() -> None:
    with pytest.raises(OriginalDiffers):
        zip_of(facts_of(b"result!"), b"result?")


class OneWay(io.BytesIO):
    """A place to write to that cannot go back, like an answer over HTTP."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def test_the_archive_can_be_sent_while_it_is_written() -> None:
    into = OneWay()
    bundle_zip(facts_of(b"x"), io.BytesIO(b"x"), into)
    with opened(into.getvalue()) as archive:
        assert archive.read("Giấy xác nhận.pdf") == b"x"


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("Giấy xác nhận.pdf", "Giấy xác nhận.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Windows\\kết quả.PDF", "kết quả.pdf"),
        ("$(rm -rf ~)'`.pdf", "_(rm -rf _)__.pdf"),
        ("-c.pdf", "c.pdf"),
        ("con.pdf", "goc-con.pdf"),
        ("LPT1.tệp.pdf", "goc-LPT1.tệp.pdf"),
        ("kết quả.exe", "kết quả.exe.pdf"),
        ("", "tep.pdf"),
        (".pdf", "pdf.pdf"),
        ("日本.pdf", "__.pdf"),
        ("Gia\u0302\u0301y.pdf", "Giấy.pdf"),
    ],
)
def test_a_name_is_made_safe_and_keeps_what_it_can(given_name: str, safe: str) -> None:
    assert safe_name(given_name, "application/pdf") == safe


@pytest.mark.parametrize(("given_name", "media_type"), [("xac-minh", "text/plain"), ("SHA256SUMS", "image/png")])
def test_an_unknown_kind_gets_an_ending_that_opens_nothing(given_name: str, media_type: str) -> None:
    assert safe_name(given_name, media_type) == f"{given_name}{'.png' if media_type == 'image/png' else '.bin'}"


_NAMES = st.text(max_size=300) | st.sampled_from(["xac-minh.json", "XAC-MINH.TXT", "aux", "nul .pdf", ". .", "a" * 999])
_KINDS = st.sampled_from([*MEDIA_TYPES.values(), "text/plain", ""])


@given(_NAMES, _KINDS)
def test_every_name_is_safe_everywhere(name: str, media_type: str) -> None:
    safe = safe_name(name, media_type)
    assert set(safe) <= SAFE_CHARACTERS
    assert not set("/\\:*?\"<>|'`$&;\n\0") & set(safe)
    assert safe[0] not in "-. "
    assert safe[-1] not in ". "
    assert not _RESERVED.fullmatch(safe)
    assert len(safe.encode()) <= 130
    assert safe.casefold() not in {"xac-minh.json", "xac-minh.txt", "sha256sums"}
    assert safe_name(safe, media_type) == safe


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), st.binary(max_size=200), _KINDS)
def test_whatever_the_facts_the_archive_opens_with_safe_names(name: str, original: bytes, media_type: str) -> None:
    facts = facts_of(original, file_name=name, title=name, owner_name=name, media_type=media_type, scope=name)
    with opened(zip_of(facts, original)) as archive:
        first, *rest = archive.namelist()
        assert first == safe_name(name, media_type)
        assert len({each.casefold() for each in [first, *rest]}) == 4
        assert archive.read(first) == original
        assert archive.testzip() is None


def test_the_font_has_every_letter_of_a_safe_name() -> None:
    sheet = Sheet("x", MADE_AT, lambda _: Run("x"))
    sheet.release()
    letters = "".join(sorted(SAFE_CHARACTERS - {" "}))
    assert len(SAFE_CHARACTERS) > 180
    lines = sheet.lines([Run(letters, colour=INK)], sheet.epw)
    assert "".join(run.text for line in lines for run in line) == letters
