"""Keys: their texts are Go's, a mangled one is refused, and a secret is seen nowhere."""

import pickle
import traceback
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.tlog import (
    KeyFileRefused,
    KeyKind,
    KeyRing,
    MalformedKey,
    Signer,
    Verifier,
    create_key_file,
    generate,
    load_signer,
    load_verifiers,
    open_note,
    rotate_key_file,
    sign,
)
from tests.unit.tlog import vectors as v

_SEED = v.GO_SECRET.rpartition("+c74f20a3+")[2]


@pytest.mark.parametrize("text", [v.GO_PUBLIC, v.GO_OTHER, v.SPEC_PUBLIC, v.CT_PUBLIC, *v.CT_WITNESSES])
def test_published_keys_are_read_and_written(text: str) -> None:
    assert Verifier.parse(text).vkey == text


def test_every_mangling_of_go_s_keys_is_refused() -> None:
    # The same manglings as the tests of Go's note package make: every part of the text, every byte one higher.
    for text, parse in ((v.GO_PUBLIC, Verifier.parse), (v.GO_SECRET, Signer.parse)):
        mangled = {text[start:end] for start in range(len(text)) for end in range(start, len(text) + 1)} - {text}
        mangled |= {text[:at] + chr(ord(text[at]) + 1) + text[at + 1 :] for at in range(len(text))}
        for each in mangled:
            with pytest.raises(MalformedKey):
                parse(each)


@pytest.mark.parametrize(
    "text",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # too long, id adjusted
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # unknown kind, id adjusted
        v.GO_PUBLIC.replace("c74f20a3", "C74F20A3"),
        v.GO_PUBLIC + "\n",
        v.GO_SECRET,
    ],
)
def test_a_key_of_another_kind_length_or_writing_is_refused(text: str) -> None:
    with pytest.raises(MalformedKey):
        Verifier.parse(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\ud800"])
def test_a_name_that_no_note_can_carry(name: str) -> None:
    with pytest.raises(MalformedKey):
        generate(name)


@settings(max_examples=30)
@given(seed=st.binary(min_size=32, max_size=32), kind=st.sampled_from(KeyKind))
def test_every_public_key_goes_round_plus_signs_and_all(seed: bytes, kind: KeyKind) -> None:
    verifier = Verifier("plus.example/k", kind, seed)
    assert Verifier.parse(verifier.vkey) == verifier
    assert not verifier.verifies(b"anything", bytes(64))


@pytest.mark.parametrize("size_bytes", [0, 31, 33])
def test_a_public_key_has_32_bytes(size_bytes: int) -> None:
    with pytest.raises(MalformedKey):
        Verifier("log.example/a", KeyKind.ED25519, bytes(size_bytes))


def test_a_new_key_is_new_and_the_kind_is_in_its_id() -> None:
    one, two = (Signer.parse(generate("log.example/a")) for _ in range(2))
    assert one.verifier != two.verifier
    as_witness = Verifier("log.example/a", KeyKind.COSIGNATURE_V1, one.verifier.public_key)
    assert as_witness.key_id != one.verifier.key_id


def test_a_secret_is_in_no_repr_str_exception_or_pickle(tmp_path: Path) -> None:
    signer = Signer.parse(v.GO_SECRET)
    ring = KeyRing.of(signer)
    shown = f"{signer!r} {signer} {ring!r} {[ring]}"
    for text in (v.GO_SECRET[:-1], v.GO_SECRET.replace("c74f20a3", "c74f20a4"), f"x{v.GO_SECRET}"):
        path = tmp_path / "bad.key"
        path.write_text(text)
        path.chmod(0o600)
        for act in (lambda: Signer.parse(text), lambda: load_signer(path), lambda: load_verifiers([path, text])):  # noqa: B023 - called at once
            with pytest.raises(MalformedKey) as caught:
                act()
            shown += "".join(traceback.format_exception(caught.value, chain=True))
            assert caught.value.__context__ is None
    assert _SEED[:20] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(signer)


def test_a_key_file_is_made_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    verifier = create_key_file(path, "log.example/a")
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_signer(path).verifier == verifier
    with pytest.raises(KeyFileRefused):
        create_key_file(path, "log.example/a")
    assert load_signer(path).verifier == verifier


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o644, 0o777])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "log.key"
    create_key_file(path, "log.example/a")
    path.chmod(mode)
    with pytest.raises(KeyFileRefused, match="chmod 600"):
        load_signer(path)


def test_a_link_does_not_hide_what_it_leads_to(tmp_path: Path) -> None:
    create_key_file(tmp_path / "log.key", "log.example/a")
    (tmp_path / "link").symlink_to(tmp_path / "log.key")
    assert load_signer(tmp_path / "link").name == "log.example/a"
    (tmp_path / "log.key").chmod(0o644)
    with pytest.raises(KeyFileRefused):
        load_signer(tmp_path / "link")


@pytest.mark.parametrize("missing", ["nothing", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, missing: str) -> None:
    with pytest.raises(KeyFileRefused):
        load_signer(tmp_path / missing)
    with pytest.raises(KeyFileRefused):
        create_key_file(tmp_path / "no" / "log.key", "log.example/a")


@pytest.mark.parametrize("text", ["", "# only words\n", f"{v.GO_SECRET}\n{v.GO_SECRET}\n", v.GO_PUBLIC, "\xff\x00"])
def test_a_file_with_anything_but_one_private_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.key"
    path.write_text(text, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(MalformedKey):
        load_signer(path)


def test_after_a_rotation_the_new_key_signs_and_the_old_one_verifies(tmp_path: Path) -> None:
    path, public_path = tmp_path / "log.key", tmp_path / "log.pub"
    create_key_file(path, "log.example/a")
    old_note = sign("before\n", load_signer(path))
    for _ in range(2):
        rotate_key_file(path, public_path)
    ring = KeyRing.of(load_signer(path), load_verifiers([public_path]))
    assert len(ring.verifiers) == 3
    assert ring.verifiers[0] == ring.signer.verifier
    assert open_note(old_note, ring.verifiers).text == "before\n"
    opened = open_note(sign("after\n", ring.signer), ring.verifiers)
    assert [each.verifier for each in opened.signatures] == [ring.signer.verifier]
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log.key", "log.pub"]


def test_a_rotation_that_cannot_keep_the_old_key_does_not_happen(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    verifier = create_key_file(path, "log.example/a")
    with pytest.raises(KeyFileRefused):
        rotate_key_file(path, tmp_path / "no" / "log.pub")
    assert load_signer(path).verifier == verifier


def test_verifiers_come_from_texts_and_files_each_once(tmp_path: Path) -> None:
    path = tmp_path / "known.pub"
    path.write_text(f"# the log\n{v.GO_PUBLIC}\n\n  {v.GO_OTHER}  \n")
    assert [each.vkey for each in load_verifiers([v.GO_OTHER, path])] == [v.GO_OTHER, v.GO_PUBLIC]
