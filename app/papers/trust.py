"""Whom we trust: roots, intermediates and revocation lists from files, and a fingerprint of what a verdict rests on."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, Self

from asn1crypto import pem  # type: ignore[import-untyped]
from asn1crypto.crl import CertificateList  # type: ignore[import-untyped]
from asn1crypto.x509 import Certificate  # type: ignore[import-untyped]
from pyhanko_certvalidator.registry import SimpleTrustManager

from app.errors import ConfigurationError
from app.papers.signers import AGENCY_RULES, PERSON_RULES

_CERTIFICATE_ENDINGS: Final = frozenset({".pem", ".crt", ".cer", ".der"})
_LIST_ENDINGS: Final = frozenset({".crl", ".pem", ".der"})


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """Where trust comes from, as plain values that travel to a child process as JSON.

    ``roots``, ``intermediates``, ``crls`` and ``tsa_roots`` are paths of files (PEM or DER) or of folders of them.
    ``revocation``: ``soft`` looks at whatever is embedded or configured and allows that nobody can tell; ``hard``
    trusts no certificate whose revocation nobody can tell. ``online`` lets pyHanko ask the addresses named in a
    certificate below our roots; without it nothing is ever fetched. Without ``tsa_roots`` the roots serve for
    time-stamps too. The rules replace the tables of :mod:`app.papers.signers`.
    """

    roots: tuple[str, ...] = ()
    intermediates: tuple[str, ...] = ()
    crls: tuple[str, ...] = ()
    revocation: Literal["soft", "hard"] = "soft"
    online: bool = False
    tsa_roots: tuple[str, ...] = ()
    person_rules: tuple[str, ...] = PERSON_RULES
    agency_rules: tuple[str, ...] = AGENCY_RULES

    def as_json(self) -> str:
        """The settings as a JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The settings that ``as_json`` wrote. Raises ValueError or TypeError on anything else."""
        read: dict[str, Any] = json.loads(text)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in read.items()
        }
        return cls(**values)


@dataclass(frozen=True)
class Trust:
    """Loaded trust: certificates and lists parsed once, to judge any number of files with."""

    settings: TrustSettings
    roots: tuple[Certificate, ...]
    intermediates: tuple[Certificate, ...]
    crls: tuple[CertificateList, ...]
    tsa_roots: tuple[Certificate, ...]
    fingerprint: str
    signers: SimpleTrustManager = field(repr=False, compare=False)
    stampers: SimpleTrustManager = field(repr=False, compare=False)

    def described(self) -> dict[str, object]:
        """What a verdict was judged by, as plain JSON values."""
        return {
            "fingerprint": self.fingerprint,
            "roots": len(self.roots),
            "crls": len(self.crls),
            "revocation": self.settings.revocation,
            "online": self.settings.online,
            "pyhanko": version("pyhanko"),
        }


def load_trust(settings: TrustSettings) -> Trust:
    """Read and parse all that the settings name. Raises ConfigurationError naming the file that cannot be read."""
    roots = _certificates(settings.roots)
    intermediates = _certificates(settings.intermediates)
    crls = _revocation_lists(settings.crls)
    tsa_roots = _certificates(settings.tsa_roots) or roots
    return Trust(
        settings=settings,
        roots=roots,
        intermediates=intermediates,
        crls=crls,
        tsa_roots=tsa_roots,
        fingerprint=_fingerprint(settings, roots=roots, intermediates=intermediates, crls=crls, tsa_roots=tsa_roots),
        signers=SimpleTrustManager.build(trust_roots=roots),
        stampers=SimpleTrustManager.build(trust_roots=tsa_roots),
    )


class TrustKeeper:
    """Trust that follows its files: a revocation list is renewed every few days, and nobody restarts for that.

    What cannot be read later, as a file that is being written, changes nothing: the trust of before goes on.
    """

    def __init__(self, settings: TrustSettings) -> None:
        """Load it. Raises ConfigurationError naming the file that cannot be read."""
        self._settings = settings
        self._seen = _stamps(settings)
        self._trust = load_trust(settings)

    def now(self) -> Trust:
        """The trust as its files say it now."""
        stamps = _stamps(self._settings)
        if stamps != self._seen:
            with contextlib.suppress(ConfigurationError):
                self._trust = load_trust(self._settings)
                self._seen = stamps
        return self._trust


def _stamps(settings: TrustSettings) -> frozenset[tuple[str, int, int]]:
    """Name, time and size of every file that trust is read from."""
    found = set()
    for path in map(Path, (*settings.roots, *settings.intermediates, *settings.crls, *settings.tsa_roots)):
        with contextlib.suppress(OSError):
            for file in sorted(path.iterdir()) if path.is_dir() else [path]:
                status = file.stat()
                found.add((str(file), status.st_mtime_ns, status.st_size))
    return frozenset(found)


def _fingerprint(settings: TrustSettings, **parts: tuple[Any, ...]) -> str:
    # Where the files lie does not change a verdict; what is in them does, and how it is used.
    rest = {name: value for name, value in asdict(settings).items() if name not in parts}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode())
    for name, values in sorted(parts.items()):
        digest.update(name.encode())
        for one in sorted({hashlib.sha256(value.dump()).digest() for value in values}):
            digest.update(one)
    return digest.hexdigest()


def _certificates(paths: Iterable[str]) -> tuple[Certificate, ...]:
    return tuple(_parsed(paths, _CERTIFICATE_ENDINGS, _certificate))


def _revocation_lists(paths: Iterable[str]) -> tuple[CertificateList, ...]:
    return tuple(_parsed(paths, _LIST_ENDINGS, _revocation_list))


def _parsed(paths: Iterable[str], endings: frozenset[str], parse: Callable[[bytes], Any]) -> Iterator[Any]:
    for path in _files(paths, endings):
        try:
            for der in _ders(path.read_bytes()):
                yield parse(der)
        except (OSError, ValueError, TypeError, KeyError) as error:
            message = f"trust settings name {path}, which cannot be read: {error}"
            raise ConfigurationError(message) from error


def _files(paths: Iterable[str], endings: frozenset[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if path.is_dir():
            yield from sorted(file for file in path.iterdir() if file.suffix.lower() in endings)
        else:
            yield path


def _ders(data: bytes) -> Iterator[bytes]:
    if pem.detect(data):
        for _, _, der in pem.unarmor(data, multiple=True):
            yield der
    else:
        yield data


# asn1crypto parses lazily: what is not looked at here would fail when the first paper is judged.
def _certificate(der: bytes) -> Certificate:
    certificate = Certificate.load(der, strict=True)
    if not certificate.subject.native or not certificate.public_key.algorithm or not certificate.not_valid_after:
        message = "not a certificate"
        raise ValueError(message)
    return certificate


def _revocation_list(der: bytes) -> CertificateList:
    revocation_list = CertificateList.load(der, strict=True)
    if not revocation_list["tbs_cert_list"]["this_update"].native:
        message = "not a revocation list"
        raise ValueError(message)
    return revocation_list
