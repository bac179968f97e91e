"""A seal on the citizen's bundle, and what a large original costs."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from app.demo.authority import Who
from app.domain.documents import SignerKind, Verdict
from app.errors import ConfigurationError
from app.papers.bundle_seal import Pkcs12Seal, SealSettings
from app.papers.signatures import judge
from app.texts import TEXTS
from tests.papers.bundles import facts_of, pdf_of, words_of
from tests.papers.signing import NOW, authority, sample, trust

_PASSPHRASE = "bí mật"


@pytest.fixture
def settings(tmp_path: Path) -> SealSettings:
    """The seal of the demo's agency in a file."""
    member = authority().members[Who.AGENCY]
    issuer = [authority().intermediate.certificate]
    locked = BestAvailableEncryption(_PASSPHRASE.encode())
    data = pkcs12.serialize_key_and_certificates(b"seal", member.key, member.certificate, issuer, locked)
    path = tmp_path / "seal.p12"
    path.write_bytes(data)
    return SealSettings(path, _PASSPHRASE)


def test_a_sealed_bundle_is_signed_as_a_whole_at_the_time_it_names(settings: SealSettings) -> None:
    original = sample("valid")
    bundle = pdf_of(facts_of(original, made_at=NOW), original, Pkcs12Seal.load(settings))
    (signature,) = judge(io.BytesIO(bundle), trust(), NOW)
    assert signature.verdict is Verdict.VALID
    assert signature.kind is SignerKind.AGENCY
    assert signature.covers_whole_file
    assert signature.signed_at == NOW
    with pikepdf.open(io.BytesIO(bundle)) as document:
        assert [found.get_file().read_bytes() for found in document.attachments.values()] == [original]


def test_a_sealed_cover_says_by_whom(settings: SealSettings) -> None:
    seal = Pkcs12Seal.load(settings)
    words = words_of(pdf_of(facts_of(b"x", made_at=NOW), b"x", seal))
    assert TEXTS["bundle.sealed"].vi.format(name=seal.name) in words
    assert TEXTS["bundle.unsealed.pdf"].vi not in words


def test_a_letter_changed_under_the_seal_is_seen(settings: SealSettings) -> None:
    bundle = pdf_of(facts_of(b"the original", made_at=NOW), b"the original", Pkcs12Seal.load(settings))
    forged = bundle.replace(b"the original", b"the 0riginal")
    assert forged != bundle
    (signature,) = judge(io.BytesIO(forged), trust(), NOW)
    assert signature.verdict is Verdict.MODIFIED


@pytest.mark.parametrize("wrong", ["passphrase", "file", "missing"])
def test_a_seal_that_cannot_be_opened_is_named_at_the_start(settings: SealSettings, wrong: str) -> None:
    bad = settings
    if wrong == "passphrase":
        bad = SealSettings(settings.pkcs12, "sai")
    elif wrong == "file":
        settings.pkcs12.write_bytes(b"no key")
    else:
        settings.pkcs12.unlink()
    with pytest.raises(ConfigurationError, match=r"seal\.p12"):
        Pkcs12Seal.load(bad)


def test_the_passphrase_is_not_shown(settings: SealSettings) -> None:
    assert _PASSPHRASE not in repr(settings)


def bundler(folder: Path, chunks: int, seed: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.papers.bundler", str(folder), str(chunks)]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True, timeout=120
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its peak of memory")
def test_an_original_of_60_mb_holds_no_memory_and_another_process_makes_the_same(settings: SealSettings) -> None:
    folder = settings.pkcs12.parent
    large = bundler(folder, 60, "1")
    assert large["grown_kib"] < 16 * 1024
    with (folder / "60-plain.pdf").open("rb") as bundle, pikepdf.open(bundle) as document:
        stream: Any = document.Root.AF[0].EF.F
        assert int(stream.Length) == 60 * 1024 * 1024
    assert (folder / "60-office.zip").stat().st_size > 60 * 1024 * 1024
    again = bundler(folder, 0, "2")["made"]
    assert again["plain.pdf"] == large["made"]["plain.pdf"]
    assert again["office.zip"] == large["made"]["office.zip"]
