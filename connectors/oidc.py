"""The keys of an outside issuer of tokens: OpenID Connect Discovery 1.0 (section 4) and its JWK set (RFC 7517).

What it answers is taken apart here; which key may verify what is for whoever asked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from connectors.http import HttpSettings, NoAnswer, NotSent, get

HTTP = HttpSettings(
    connect_seconds=3.0, read_seconds=5.0, total_seconds=8.0, tries_max=1, max_connections=4, answer_bytes_max=262144
)
_DISCOVERY = "/.well-known/openid-configuration"
_OK = 200
_KEYS_MAX = 100


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """Keys as the issuer shows them, each a JWK."""

    keys: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class IssuerSilent:
    """No keys were had, and why."""

    reason: str


class OidcConnector:
    """Fetches keys from one issuer."""

    def __init__(self, issuer: str, client: httpx.AsyncClient, http: HttpSettings) -> None:
        """Work over a client that it closes; ``issuer`` is what its tokens say, letter for letter."""
        self._issuer = issuer
        self._client = client
        self._http = http

    async def keys(self) -> IssuerKeys | IssuerSilent:
        """Ask where the keys are, then for the keys."""
        about = await self._json(self._issuer.rstrip("/") + _DISCOVERY)
        if isinstance(about, IssuerSilent):
            return about
        where = about.get("jwks_uri")
        # Who speaks for another issuer could sign in its name.
        if about.get("issuer") != self._issuer or not isinstance(where, str):
            return IssuerSilent("its own description names another issuer, or no keys")
        if self._issuer.startswith("https://") and not where.startswith("https://"):
            return IssuerSilent("its keys are not behind https")
        found = await self._json(where)
        if isinstance(found, IssuerSilent):
            return found
        listed = found.get("keys")
        if not isinstance(listed, list) or len(listed) > _KEYS_MAX:
            return IssuerSilent("what it shows is no set of keys")
        return IssuerKeys(tuple(key for key in listed if isinstance(key, dict)))

    async def _json(self, url: str) -> Mapping[str, object] | IssuerSilent:
        reply = await get(self._client, self._http, url, headers={"Accept": "application/json"})
        if isinstance(reply, NotSent | NoAnswer):
            return IssuerSilent(reply.reason)
        if reply.status != _OK:
            return IssuerSilent(f"http_{reply.status}")
        try:
            found = json.loads(reply.text)
        except (ValueError, RecursionError):
            found = None
        return found if isinstance(found, dict) else IssuerSilent("its answer is no JSON object")

    async def aclose(self) -> None:
        """Close its connections."""
        await self._client.aclose()
