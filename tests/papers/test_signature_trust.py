"""Trust from files: what cannot be read is named, and the fingerprint tells what a verdict rests on."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from app.errors import ConfigurationError
from app.papers.trust import TrustKeeper, TrustSettings, load_trust
from tests.papers.signing import NOW, YEAR, authority


def test_settings_travel_as_json(tmp_path: Path) -> None:
    settings = authority().write_trust(tmp_path, revocation="hard", online=True)
    assert TrustSettings.from_json(settings.as_json()) == settings
    assert load_trust(TrustSettings.from_json(settings.as_json())).fingerprint == load_trust(settings).fingerprint


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
@pytest.mark.parametrize("setting", ["roots", "intermediates", "crls", "tsa_roots"])
def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path: Path, setting: str, content: bytes) -> None:
    file = tmp_path / "strange.pem"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"strange\.pem"):
        load_trust(TrustSettings(**{setting: (str(file),)}))  # type: ignore[arg-type]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.pem"):
        load_trust(TrustSettings(roots=(str(tmp_path / "absent.pem"),)))


def test_a_list_is_no_certificate_and_a_certificate_is_no_list(tmp_path: Path) -> None:
    settings = authority().write_trust(tmp_path)
    with pytest.raises(ConfigurationError):
        load_trust(TrustSettings(roots=settings.crls))
    with pytest.raises(ConfigurationError):
        load_trust(TrustSettings(crls=settings.roots))


def test_a_folder_is_read_whole_by_the_endings_of_its_files(tmp_path: Path) -> None:
    for name, member in (("one.pem", authority().root), ("two.der", authority().intermediate)):
        form = Encoding.PEM if name.endswith("pem") else Encoding.DER
        (tmp_path / name).write_bytes(member.certificate.public_bytes(form))
    (tmp_path / "README.txt").write_text("not a certificate")
    assert len(load_trust(TrustSettings(roots=(str(tmp_path),))).roots) == 2


def test_a_file_may_hold_several_certificates(tmp_path: Path) -> None:
    file = tmp_path / "chain.pem"
    members = (authority().root, authority().intermediate)
    file.write_bytes(b"".join(member.certificate.public_bytes(Encoding.PEM) for member in members))
    assert len(load_trust(TrustSettings(roots=(str(file),))).roots) == 2


def test_the_fingerprint_is_of_what_the_files_hold_not_of_where_they_lie(tmp_path: Path) -> None:
    one = authority().write_trust(tmp_path / "one")
    two = authority().write_trust(tmp_path / "two")
    swapped = TrustSettings(two.roots, two.intermediates, tuple(reversed(two.crls)))
    assert load_trust(one).fingerprint == load_trust(two).fingerprint == load_trust(swapped).fingerprint


def test_the_fingerprint_changes_with_all_that_may_change_a_verdict(tmp_path: Path) -> None:
    base = authority().write_trust(tmp_path / "base")
    newer = tmp_path / "newer.crl"
    newer.write_bytes(authority().crl("intermediate", NOW + YEAR))
    others = [
        authority().write_trust(tmp_path / "hard", revocation="hard"),
        authority().write_trust(tmp_path / "online", online=True),
        authority().write_trust(tmp_path / "no lists", lists=False),
        TrustSettings(base.roots, (), base.crls),
        TrustSettings(base.roots, base.intermediates, (*base.crls, str(newer))),
        TrustSettings(base.roots, base.intermediates, base.crls, tsa_roots=base.intermediates),
        TrustSettings(base.roots, base.intermediates, base.crls, agency_rules=("2.5.4.97",)),
    ]
    fingerprints = [load_trust(settings).fingerprint for settings in (base, *others)]
    assert len(set(fingerprints)) == len(fingerprints)


def test_what_a_verdict_was_judged_by_is_plain_json(tmp_path: Path) -> None:
    trust = load_trust(authority().write_trust(tmp_path))
    described = json.loads(json.dumps(trust.described()))
    assert described["fingerprint"] == trust.fingerprint
    assert (described["roots"], described["crls"], described["revocation"], described["online"]) == (
        1,
        2,
        "soft",
        False,
    )
    assert described["pyhanko"]


def test_trust_follows_its_files_and_what_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    settings = authority().write_trust(tmp_path)
    keeper = TrustKeeper(settings)
    before = keeper.now()
    assert keeper.now() is before
    root = Path(settings.roots[0])
    root.write_text("half of a certificate", "ascii")
    assert keeper.now() is before
    (tmp_path / "intermediate.crl").write_bytes(authority().crl("intermediate", NOW + timedelta(days=1)))
    root.write_bytes(authority().root.certificate.public_bytes(Encoding.PEM))
    renewed = keeper.now()
    assert renewed.fingerprint != before.fingerprint
    assert renewed.fingerprint == load_trust(settings).fingerprint
