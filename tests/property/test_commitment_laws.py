"""Commitments bind and hide, values open at their own entry only, and nobody approves what they asked for."""

import hashlib
import hmac
import os
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.commitments import SALT_BYTES, Commitments, Opening, commitment
from app.domain.erasure import same_hands
from app.sealing import MasterKey, Sealed, Unsealable, new_key, seal, unseal

salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
names = st.from_regex(r"[a-z][a-z_]{0,39}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8"), max_size=30)
accounts = st.text(st.characters(codec="utf-8"), max_size=20)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
keys = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(one=st.tuples(salts, names, texts), other=st.tuples(salts, names, texts))
def test_a_commitment_is_to_one_salt_name_and_value(one: tuple[bytes, str, str], other: tuple[bytes, str, str]) -> None:
    assert (commitment(*one) == commitment(*other)) == (one == other)
    salt, name, value = one
    assert Opening(salt, value).fits(name, commitment(salt, name, value))


@given(salt=salts, name=names, value=texts, cut=st.integers(1, 8))
def test_nothing_moves_between_name_and_value(salt: bytes, name: str, value: str, cut: int) -> None:
    assume(cut < len(name))
    assert commitment(salt, name[:-cut], name[-cut:] + value) != commitment(salt, name, value)


@given(salt=salts, other=salts, value=texts)
def test_without_the_salt_no_guess_can_be_tried(salt: bytes, other: bytes, value: str) -> None:
    assume(salt != other)
    committed = commitment(salt, "number", value)
    assert not Opening(other, value).fits("number", committed)
    assert committed not in {hashlib.sha256(value.encode()).hexdigest(), commitment(bytes(SALT_BYTES), "number", value)}


def test_a_commitment_to_the_letter() -> None:
    salt, said = bytes(range(32)), b"lienthong/commitment/v1\0\0\0\0\6number\0\0\0\x0c003190123456"
    assert commitment(salt, "number", "003190123456") == hmac.digest(salt, said, hashlib.sha256).hex()
    for wrong in (b"", salt[1:], salt + b"\0"):
        with pytest.raises(ValueError, match="32 bytes"):
            commitment(wrong, "number", "1")


@given(key=keys, values=st.dictionaries(names, hashes, min_size=1, max_size=4))
def test_what_an_entry_commits_to_has_one_form(key: str, values: dict[str, str]) -> None:
    text = Commitments(key, values).to_text()
    assert Commitments.parse(text) == Commitments(key, values)
    for other in (text + " ", text.replace(":", ": ", 1), text[:-1], text.upper(), f"[{text}]", "null", "{}"):
        with pytest.raises(ValueError, match="commits to"):
            Commitments.parse(other)


@given(values=st.dictionaries(names, texts, min_size=1, max_size=3), audit_id=st.integers(1, 2**62), at=st.integers(0))
def test_values_open_at_their_own_entry_only(values: dict[str, str], audit_id: int, at: int) -> None:
    key, openings = new_key(), {name: Opening(os.urandom(SALT_BYTES), value) for name, value in values.items()}
    sealed = seal(key, audit_id, "commitments", openings)
    assert unseal(key, audit_id, "commitments", sealed) == openings
    place = at % len(sealed.ciphertext)
    changed = bytearray(sealed.ciphertext)
    changed[place] ^= 1
    for wrong in (
        (new_key(), audit_id, "commitments", sealed),
        (key, audit_id + 1, "commitments", sealed),
        (key, audit_id, "others", sealed),
        (key, audit_id, "commitments", Sealed(sealed.nonce, bytes(changed))),
    ):
        with pytest.raises(Unsealable):
            unseal(*wrong)


@given(key_id=keys, subject=keys, other=keys)
def test_a_wrapped_key_is_bound_to_its_row(key_id: str, subject: str, other: str) -> None:
    assume(other not in {key_id, subject})
    master, key = MasterKey.generate(), new_key()
    wrapped = master.wrap(key, key_id, subject)
    assert master.unwrap(wrapped, key_id, subject) == key
    for opener, whose in (
        (master, (other, subject)),
        (master, (key_id, other)),
        (MasterKey.generate(), (key_id, subject)),
    ):
        with pytest.raises(Unsealable):
            opener.unwrap(wrapped, *whose)


@given(one=accounts, other=accounts)
def test_one_person_at_the_door_and_on_the_command_line_is_one(one: str, other: str) -> None:
    assert same_hands(one, other) == same_hands(other, one)
    assert same_hands(one, f"cli:{one}")
    assert same_hands(one, unicodedata.normalize("NFD", one).upper()) or not one.isascii()
    if one.isascii() and other.isascii() and one.strip().lower() != other.strip().lower():
        assert ":" in one + other or not same_hands(one, other)
