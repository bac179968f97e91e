"""Codes by time as RFC 6238 has them, and the box in which their secrets lie."""

from datetime import UTC, datetime

import pytest

from app.usecases.second_factor import (
    SealBroken,
    SecretBox,
    address,
    code_at,
    hash_of_recovery,
    new_recovery_codes,
    new_secret,
    step_of_code,
)

_SECRET = b"12345678901234567890"
# RFC 6238, appendix B (SHA-1); its codes have eight digits, the last six of which are ours.
_VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}


@pytest.mark.parametrize(("seconds", "code"), _VECTORS.items())
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert code_at(_SECRET, seconds // 30) == code[-6:]


def test_a_code_counts_for_one_step_around_and_once() -> None:
    at = datetime.fromtimestamp(1_800_000_010, UTC)
    now = 1_800_000_010 // 30
    for off in (-1, 0, 1):
        assert step_of_code(_SECRET, code_at(_SECRET, now + off), at, 0) == now + off
        assert step_of_code(_SECRET, code_at(_SECRET, now + off), at, now + off) is None, "used"
    for off in (-2, 2):
        assert step_of_code(_SECRET, code_at(_SECRET, now + off), at, 0) is None
    for strange in ("", "12345", "1234567", "một hai", "１２３４５６"):
        assert step_of_code(_SECRET, strange, at, 0) is None


def test_a_box_opens_what_its_keys_sealed_for_whom_it_was_sealed_only() -> None:
    old, new = SecretBox([b"o" * 32]), SecretBox([b"n" * 32, b"o" * 32])
    sealed = old.seal(_SECRET, "totp of an.nv")
    assert _SECRET.hex() not in sealed
    assert old.seal(_SECRET, "totp of an.nv") != sealed
    assert new.open(sealed, "totp of an.nv") == _SECRET
    assert not new.is_current(sealed)
    assert new.is_current(new.seal(_SECRET, "totp of an.nv"))
    flipped = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    for box, text, about in (
        (old, sealed, "totp of another"),
        (old, flipped, "totp of an.nv"),
        (old, new.seal(_SECRET, "totp of an.nv"), "totp of an.nv"),
        (old, "nothing", "totp of an.nv"),
    ):
        with pytest.raises(SealBroken):
            box.open(text, about)
    assert "oooo" not in repr(old)
    for keys in ([], [b"short"]):
        with pytest.raises(ValueError, match="32 bytes"):
            SecretBox(keys)


def test_secrets_and_recovery_codes_are_long_and_never_alike() -> None:
    assert len({new_secret() for _ in range(50)}) == 50
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert {len(code.replace("-", "")) for code in codes} == {16}
    assert hash_of_recovery(codes[0].lower().replace("-", "  ")) == hash_of_recovery(codes[0])
    assert address(_SECRET, "an.nv", "LienThong").startswith("otpauth://totp/LienThong:an.nv?")
