"""The keys of the outside issuer, as they were fetched last: how long they count, and when they are fetched anew."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from connectors.oidc import IssuerKeys, IssuerSilent

_log = structlog.get_logger(__name__)
# Fetched anew after the first; while the issuer is silent, counted until the second and no longer.
_FRESH_SECONDS: Final = 3600.0
_KEPT_SECONDS: Final = 86400.0
# Whoever sends tokens with ids that nobody knows does not make us ask more often.
_AGAIN_SECONDS: Final = 30.0
_RSA_BITS_MIN: Final = 2048
_ALGORITHMS: Final[Mapping[tuple[object, object], str]] = {
    ("OKP", "Ed25519"): "EdDSA",
    ("EC", "P-256"): "ES256",
    ("RSA", None): "RS256",
}
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey


class KeySource(Protocol):
    """Where the keys are fetched."""

    async def keys(self) -> IssuerKeys | IssuerSilent:
        """What the issuer shows now."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key and the one algorithm that it verifies: what a token's header says of it does not count."""

    key: PublicKey
    algorithm: str


class NoKeys(Exception):
    """The issuer is silent, and no keys of it are held that still count."""


class KeyBook:
    """Keys by their id, fetched when they are needed."""

    def __init__(self, source: KeySource, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Fetch from ``source``, at the first question."""
        self.source = source
        self._monotonic = monotonic
        self._keys: Mapping[str, IssuerKey] = {}
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> IssuerKey | None:
        """The key of this id; None: the issuer has none.

        Raises:
            NoKeys: the issuer is silent, and what it said before is too old.
        """
        if kid not in self._keys or self._age() >= _FRESH_SECONDS:
            async with self._lock:
                if (kid not in self._keys or self._age() >= _FRESH_SECONDS) and self._may_ask():
                    await self._fetch()
        if self._age() >= _KEPT_SECONDS:
            raise NoKeys
        return self._keys.get(kid)

    def _age(self) -> float:
        return float("inf") if self._fetched_at is None else self._monotonic() - self._fetched_at

    def _may_ask(self) -> bool:
        return self._asked_at is None or self._monotonic() - self._asked_at >= _AGAIN_SECONDS

    async def _fetch(self) -> None:
        self._asked_at = self._monotonic()
        found = await self.source.keys()
        if isinstance(found, IssuerSilent):
            _log.warning("issuer_silent", reason=found.reason)
            return
        self._keys = {kid: key for jwk in found.keys if (kid := _kid(jwk)) and (key := _key(jwk)) is not None}
        self._fetched_at = self._monotonic()
        _log.info("issuer_keys_read", kids=sorted(self._keys))


def _kid(jwk: Mapping[str, object]) -> str:
    kid = jwk.get("kid")
    return kid if isinstance(kid, str) and jwk.get("use", "sig") == "sig" else ""


def _key(jwk: Mapping[str, object]) -> IssuerKey | None:
    """The public key of a JWK, where it is of a kind that we take; its own ``alg`` may not say otherwise."""
    try:
        algorithm = _ALGORITHMS.get((jwk.get("kty"), jwk.get("crv")))
    except TypeError:
        # A list or an object where a name stands: one odd key must not cost all the others.
        return None
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(dict(jwk), algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < _RSA_BITS_MIN:
        return None
    return IssuerKey(key, algorithm) if isinstance(key, PublicKey) else None
