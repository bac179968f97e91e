"""What the national store sends beyond all measure is no answer, and a large file is decoded apart from the loop."""

import base64
import binascii
import json
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.national_store import client as client_module
from connectors.national_store.answers import BLOCK_CHARACTERS, read_answer, read_file, read_papers
from tests.unit.connectors.test_national_store import BAD_REPLY, FOUND, ask, far, fetch, listed, paper

BLOCK_BYTES = BLOCK_CHARACTERS // 4 * 3


def files(name: str = "gks.pdf", path: str = "giayto/abc") -> dict[str, object]:
    return {"DanhSachTepDinhKem": [{"TenTep": name, "DuongDan": path}]}


async def test_a_code_or_a_path_beyond_all_measure_spoils_the_answer() -> None:
    for wrong in ({"MaKetQua": "K" * 101}, files(path="/" + "t" * 2000)):
        answer = await ask(far(json=listed(paper(), paper(**wrong))))
        assert (answer.outcome, answer.papers) == (BAD_REPLY, ())
    answer = await ask(far(json=listed(paper(MaKetQua="K" * 100, **files(path="t" * 2000)))))
    assert answer.outcome is FOUND


async def test_long_words_are_passed_on_as_they_are() -> None:
    """Whoever keeps them knows how much they can keep."""
    long = {"TenGiayTo": "t" * 5000, "SoKyHieu": "1" * 500, "CoQuanChuQuan": "c" * 5000, **files(name="n" * 3000)}
    (held,) = (await ask(far(json=listed(paper(**long))))).papers
    assert (len(held.name), len(held.number_symbol), len(held.issuing_body)) == (5000, 500, 5000)
    assert len(held.files[0].name) == 3000


@given(st.integers(0, 120), st.integers(0, 2100))
def test_the_bounds_are_in_characters_and_blanks_around_do_not_count(code_length: int, path_length: int) -> None:
    answer = read_answer(
        json.dumps(listed(paper(MaKetQua=f" {'Ủ' * code_length} ", **files(path=f" {'ộ' * path_length} "))))
    )
    assert answer is not None
    assert (read_papers(answer) is not None) is (1 <= code_length <= 100 and 1 <= path_length <= 2000)


def at_once(encoded: str) -> bytes | None:
    """What one strict call over the whole says."""
    try:
        content = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:
        return None
    return content if content and base64.b64encode(content).decode() == encoded else None


@pytest.mark.parametrize("length", [BLOCK_BYTES + extra for extra in (-2, -1, 0, 1, 2, 3)] + [3 * BLOCK_BYTES])
def test_a_file_of_several_blocks_comes_whole(length: int) -> None:
    content = bytes(range(256)) * (length // 256 + 1)
    content = content[:length]
    encoded = base64.b64encode(content).decode()
    assert read_file(encoded) == content
    assert read_file(json.dumps(encoded)) == content
    assert read_file(encoded[:-1]) is None


@given(st.sampled_from(["=", "==", "A", "*", "\n"]), st.integers(-8, 8), st.booleans())
def test_blocks_are_as_strict_as_the_whole(wrong: str, offset: int, instead: bool) -> None:  # noqa: FBT001 - drawn
    encoded = "QUJD" * (BLOCK_CHARACTERS // 2)
    place = BLOCK_CHARACTERS + offset
    spoiled = encoded[:place] + wrong + encoded[place + (len(wrong) if instead else 0) :]
    assert read_file(spoiled) == at_once(spoiled)


async def test_files_are_decoded_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[int] = []

    def noted(text: str) -> bytes | None:
        at_work.append(threading.get_ident())
        return read_file(text)

    def noted_answer(text: str) -> object:
        at_work.append(threading.get_ident())
        return read_answer(text)

    monkeypatch.setattr(client_module, "read_file", noted)
    monkeypatch.setattr(client_module, "read_answer", noted_answer)
    outcome, content = await fetch(far(text=base64.b64encode(b"%PDF-1.7").decode()))
    assert (outcome, content) == (FOUND, b"%PDF-1.7")
    assert len(at_work) == 2
    assert threading.get_ident() not in at_work
