"""Papers signed by another library, and ours, against pyHanko's own status of each signature."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.demo.authority import Authority, Who
from app.demo.signing import Signing, annotate, flip_letter, rewrite_page, simple_pdf
from app.domain.documents import Verdict
from app.papers.signatures import judge
from app.papers.trust import Trust, load_trust
from benchmarks.foreign_signatures import Tally, compare_file
from tests.papers.signing import foreign


@cache
def _today() -> tuple[Authority, Trust]:
    """An authority of the real day: the other library writes the real time into a signature."""
    authority = Authority.make(datetime.now(UTC))
    with TemporaryDirectory() as folder:
        return authority, load_trust(authority.write_trust(Path(folder)))


EXPECTED = {
    Who.OFFICER: Verdict.VALID,
    Who.CLERK: Verdict.VALID,
    Who.AGENCY: Verdict.VALID,
    Who.STRANGER: Verdict.UNTRUSTED,
    Who.MISUSED: Verdict.UNTRUSTED,
    Who.EXPIRED: Verdict.EXPIRED,
    Who.REVOKED: Verdict.REVOKED,
}


@pytest.mark.parametrize("who", EXPECTED)
@pytest.mark.parametrize("hybrid", [False, True], ids=["plain", "hybrid"])
def test_a_paper_signed_by_another_library_gets_its_verdict(who: Who, *, hybrid: bool) -> None:
    authority, trust = _today()
    pdf = foreign(authority, who, who.value, hybrid=hybrid)
    (signature,) = judge(io.BytesIO(pdf), trust, datetime.now(UTC))
    assert signature.verdict is EXPECTED[who]


def test_bytes_left_out_at_the_end_are_noticed_where_lengths_add_up() -> None:
    authority, trust = _today()
    pdf = foreign(authority, Who.OFFICER, "left out", left_out_bytes=6)
    assert pdf.endswith(b"%%EOF\n")
    (signature,) = judge(io.BytesIO(pdf), trust, datetime.now(UTC))
    assert (signature.verdict, signature.covers_whole_file) == (Verdict.MODIFIED, False)
    tally = Tally()
    compare_file(pdf, "left out", trust, tally)
    # pyHanko compares lengths only, and takes it for whole: a difference that we mean.
    assert tally.differences == []
    assert sum(tally.meant.values()) == 3


def test_our_verdicts_agree_with_the_status_that_pyhanko_gives_field_by_field() -> None:
    authority, trust = _today()
    desk = Signing(authority)
    papers = {f"foreign {who}": foreign(authority, who, who.value) for who in EXPECTED}
    papers |= {f"annotated {who}": annotate(papers[f"foreign {who}"], "seen") for who in EXPECTED}
    letter = papers["foreign officer"]
    papers["changed"] = letter.replace(b"(A letter", b"(B letter")
    papers["rewritten"] = rewrite_page(letter, ["Something else"])
    papers["countersigned"] = desk.sign(letter, Who.AGENCY, at=authority.now)
    papers["kept"] = desk.keep(letter, [Who.OFFICER], at=authority.now)
    papers["short"] = letter.replace(b"/ByteRange [0 ", b"/ByteRange [1 ")
    papers |= desk.samples()
    papers["flipped"] = flip_letter(desk.result(simple_pdf(["A"], "flipped"), at=authority.now))
    tally = Tally()
    for name, pdf in papers.items():
        compare_file(pdf, name, trust, tally)
    assert tally.differences == []
    assert tally.files == len(papers)
    assert set(tally.verdicts) == {"VALID", "MODIFIED", "EXPIRED", "REVOKED", "UNTRUSTED"}
    # The lists are configured with us only: pyHanko is not told of them, and says so of nobody.
    assert set(tally.meant) <= {
        "revoked by information that pyHanko leaves out (no distribution point, or out of date)"
    }


def test_a_comparison_that_finds_a_difference_says_so() -> None:
    authority, _ = _today()
    other = Authority.make(authority.now)
    with TemporaryDirectory() as folder:
        trust = load_trust(other.write_trust(Path(folder)))
    tally = Tally()
    # Trusted by one root with us and by another with pyHanko: the two must disagree.
    compare_file(foreign(authority, Who.OFFICER, "difference"), "difference", _mixed(trust), tally)
    assert [difference.split(":")[0] for difference in tally.differences] == ["difference Seal"]


def _mixed(trust: Trust) -> Trust:
    return replace(trust, signers=_today()[1].signers, intermediates=_today()[1].intermediates)
