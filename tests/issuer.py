"""An outside issuer of tokens on a free port: it describes itself, shows its keys, and signs what it is told to."""

import base64
import json
import time
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import get_default_algorithms
from jwt.warnings import InsecureKeyLengthWarning

AUDIENCE = "lienthong-h15"


@cache
def key_of(algorithm: str, number: int = 0) -> Any:
    """A private key for an algorithm, made once."""
    del number
    if algorithm == "EdDSA":
        return Ed25519PrivateKey.generate()
    if algorithm.startswith("ES"):
        return ec.generate_private_key(ec.SECP256R1() if algorithm == "ES256" else ec.SECP384R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=1024 if algorithm == "weak" else 2048)


def jwk_of(kid: str, algorithm: str, number: int = 0, **more: object) -> dict[str, object]:
    """What the issuer shows of a key."""
    named = "RS256" if algorithm == "weak" else algorithm
    public = key_of(algorithm, number).public_key()
    made: dict[str, object] = get_default_algorithms()[named].to_jwk(public, as_dict=True)
    made.pop("key_ops", None)
    return made | {"kid": kid, "use": "sig"} | more


@dataclass
class Issuer:
    """Shows ``jwks``; silent when it ``fails``. ``asked`` counts how often its keys were fetched."""

    port: int = 0
    jwks: list[dict[str, object]] = field(default_factory=list)
    said: dict[str, object] = field(default_factory=dict)
    fails: bool = False
    asked: int = 0

    @property
    def url(self) -> str:
        """Its name, and its address."""
        return f"http://127.0.0.1:{self.port}"

    def sign(self, kid: str = "a", algorithm: str = "EdDSA", number: int = 0, **changes: object) -> str:
        """A token; ``changes`` replace claims, and None leaves one out."""
        now = int(time.time())
        claims = {"iss": self.url, "sub": "one-stop", "aud": AUDIENCE, "iat": now, "exp": now + 300} | changes
        said = {name: value for name, value in claims.items() if value is not None}
        named = "RS256" if algorithm == "weak" else algorithm
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InsecureKeyLengthWarning)
            return jwt.encode(said, key_of(algorithm, number), named, headers={"kid": kid})

    async def _describe(self, _request: web.Request) -> web.Response:
        if self.fails:
            return web.Response(status=503)
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.said)

    async def _keys(self, _request: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"keys": self.jwks})


def unsigned(claims: Mapping[str, object]) -> str:
    """A token that says it needs no signature."""
    parts = (json.dumps(part).encode() for part in ({"alg": "none", "kid": "a"}, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


@asynccontextmanager
async def issuing() -> AsyncIterator[Issuer]:
    """A running issuer with one key, ``a``."""
    issuer = Issuer(jwks=[jwk_of("a", "EdDSA")])
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", issuer._describe)
    app.router.add_get("/keys", issuer._keys)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    issuer.port = runner.addresses[0][1]
    try:
        yield issuer
    finally:
        await runner.cleanup()
