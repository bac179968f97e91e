"""Short-lived tokens as signed text (JWT, RFC 7519; EdDSA, RFC 8037), and the files of the keys that sign them.

The key that signs now lies in a file of its own; the public halves of it and of those before it in a list beside it.
A key verifies as long as it is in either. Both files are looked at again while the process runs: no restart.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import Algorithm

from app.tlog.errors import MalformedKey, TlogError
from app.tlog.key_files import load_signer
from app.tlog.keys import KeyKind, KeyRing, Signer, Verifier, load_verifiers

_log = structlog.get_logger(__name__)
_ALGORITHM: Final = "EdDSA"
_LOOK_SECONDS: Final = 2.0
_REQUIRED: Final = ["iss", "sub", "agency", "scope", "iat", "exp", "jti"]
# Times are judged by the clock that all processes share, not by the library's own.
_OPTIONS: Final[jwt.types.Options] = {
    "require": _REQUIRED,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}


class BadToken(Exception):
    """Not a token of ours; nothing of it is in the message."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. ``iat`` and ``exp`` are whole seconds since 1970, ``scope`` and ``units`` have spaces between.

    Without units it speaks for all of the province, as far as its client does.
    """

    iss: str
    sub: str
    agency: str
    scope: str
    iat: int
    exp: int
    jti: str
    units: str = ""


class _BySigner(Algorithm):
    """Lets a ``Signer`` sign, so that no other code holds its private key. Never verifies."""

    def prepare_key(self, key: Signer) -> Signer:
        return key

    def sign(self, msg: bytes, key: Signer) -> bytes:
        return key.sign(msg)

    def verify(self, msg: bytes, key: Signer, sig: bytes) -> bool:
        return key.verifier.verifies(msg, sig)

    @staticmethod
    def to_jwk(key_obj: object, as_dict: bool = False) -> NoReturn:  # noqa: FBT001, FBT002 - the library's signature
        raise NotImplementedError

    @staticmethod
    def from_jwk(jwk: object) -> NoReturn:
        raise NotImplementedError


_jws = jwt.PyJWS(algorithms=[_ALGORITHM])
_jws.unregister_algorithm(_ALGORITHM)
_jws.register_algorithm(_ALGORITHM, _BySigner())


class KeyFiles:
    """The keys as they lie in their files now."""

    def __init__(self, path: Path, public_path: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Read both files; ``public_path`` need not be there.

        Raises:
            TlogError: a file that holds no key, or that others may read.
            OSError: the list of public keys cannot be read.
        """
        self._paths = (path, public_path)
        self._monotonic = monotonic
        self._marks = self._look()
        self._ring = self._read()
        self._looked_at = monotonic()

    def ring(self) -> KeyRing:
        """The key that signs, and all that verify; as the files were at most 2 seconds ago."""
        if self._monotonic() - self._looked_at >= _LOOK_SECONDS:
            self._refresh()
        return self._ring

    def verifier(self, kid: str) -> Verifier | None:
        """The public key of this id. One that is not known may just have been made: the files are looked at again."""
        found = _of(self.ring(), kid)
        if found is None:
            self._refresh()
            found = _of(self._ring, kid)
        return found

    def _refresh(self) -> None:
        self._looked_at = self._monotonic()
        marks = self._look()
        if marks == self._marks:
            return
        try:
            self._ring = self._read()
        except (TlogError, OSError) as error:
            # A file that is being copied, or a slip of the hand: what was read before goes on until it is mended.
            _log.exception("token_keys_unreadable", error=str(error))
            return
        self._marks = marks
        _log.info("token_keys_read", kid=kid_of(self._ring.signer.verifier), verifiers=len(self._ring.verifiers))

    def _read(self) -> KeyRing:
        path, public_path = self._paths
        signer = load_signer(path)
        if signer.kind is not KeyKind.ED25519:
            message = "a key of this kind does not sign tokens"
            raise MalformedKey(message)
        return KeyRing.of(signer, load_verifiers([public_path]) if public_path.exists() else ())

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(map(_mark, self._paths))


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _of(ring: KeyRing, kid: str) -> Verifier | None:
    return next((verifier for verifier in ring.verifiers if kid_of(verifier) == kid), None)


def kid_of(verifier: Verifier) -> str:
    """The id of a key in the header of its tokens."""
    return verifier.key_id.hex()


def write(claims: Claims, signer: Signer) -> str:
    """The token."""
    payload = {name: getattr(claims, name) for name in [*_REQUIRED, "units"]}
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return _jws.encode(body, signer, _ALGORITHM, headers={"kid": kid_of(signer.verifier)})  # type: ignore[arg-type]


def read(token: str, issuer: str, keys: KeyFiles) -> Claims:
    """What a token of ours says; whether its time is over is for the caller to judge.

    Raises:
        BadToken: not a JWT, not signed with EdDSA by a key of ours, by another issuer, or without a claim it must have.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
        verifier = keys.verifier(str(kid))
        if verifier is None:
            raise BadToken
        public_key = Ed25519PublicKey.from_public_bytes(verifier.public_key)
        found: dict[str, Any] = jwt.decode(token, public_key, [_ALGORITHM], _OPTIONS, issuer=issuer)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        # Whoever nests a header deeply enough has sent no token.
        raise BadToken from error
    # A token of the time before units says nothing of them, and lives for minutes.
    claims = Claims(**{name: found[name] for name in _REQUIRED}, units=found.get("units", ""))
    texts = (claims.sub, claims.agency, claims.scope, claims.jti, claims.units)
    numbers = (claims.iat, claims.exp)
    if not all(isinstance(value, str) for value in texts) or not all(type(value) is int for value in numbers):
        raise BadToken
    return claims
