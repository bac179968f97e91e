"""Tokens of another issuer: whom they let in, on whose word, and what happens when it is silent."""

import base64
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio

from app.config import load_settings
from app.errors import ConfigurationError, InvalidRecord
from app.main import create_app
from app.store.session import Database
from app.usecases import clients, external_clients, tokens
from app.usecases.context import Context, ExternalIssuer, TokenPolicy
from app.usecases.issuer_keys import KeyBook
from connectors.http import build_client
from connectors.oidc import HTTP, IssuerKeys, IssuerSilent, OidcConnector
from tests.issuer import AUDIENCE, Issuer, issuing, jwk_of, unsigned
from tests.worlds import context_of, settings

_HOUR = 3600.0


@dataclass
class Hall:
    """A door that lets in who the issuer vouches for and somebody registered here."""

    issuer: Issuer
    context: Context
    client: httpx.AsyncClient
    monotonic: list[float]

    async def status(self, token: str, path: str = "/v1/deliveries") -> int:
        """What a request with a token is answered."""
        return (await self.client.get(path, headers={"Authorization": f"Bearer {token}"})).status_code

    async def register(self, name: str = "mot-cua", subject: str = "one-stop", **more: object) -> None:
        """Let a subject in."""
        wanted: dict[str, object] = {"scopes": ["deliveries:read"], "units": ["H15.101"], "agency": "H15"} | more
        await external_clients.register(self.context, name=name, subject=subject, by="test", **wanted)  # type: ignore[arg-type]


@pytest_asyncio.fixture
async def hall(database: Database) -> AsyncIterator[Hall]:
    async with issuing() as issuer:
        monotonic = [0.0]
        source = OidcConnector(issuer.url, build_client(HTTP), HTTP)
        external = ExternalIssuer(issuer.url, AUDIENCE, KeyBook(source, monotonic=lambda: monotonic[0]))
        context = replace(context_of(database), access=TokenPolicy(external=external))
        app = create_app(settings(), context)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as client:
            yield Hall(issuer, context, client, monotonic)
        await source.aclose()


async def test_the_registration_and_not_the_token_says_what_it_may_do(hall: Hall) -> None:
    token = hall.issuer.sign(scope="admin operate", units="")
    assert await hall.status(token) == 401, "a stranger's token opens nothing"
    await hall.register()
    assert await hall.status(token) == 200
    assert await hall.status(token, "/v1/sync/summary") == 403
    external = hall.context.access.external
    assert external is not None
    caller = await external_clients.recognise(hall.context, external, token)
    assert (caller.name, set(caller.scopes), set(caller.reach.units)) == ("mot-cua", {"deliveries:read"}, {"H15.101"})
    assert await hall.status(hall.issuer.sign(sub="another")) == 401
    assert await external_clients.revoke(hall.context, name="mot-cua", by="test")
    assert await hall.status(token) == 401, "out at once"
    assert not await external_clients.revoke(hall.context, name="mot-cua", by="test")
    await hall.register("mot-cua-2")
    assert await hall.status(token) == 200
    assert hall.issuer.asked == 1, "keys are fetched once"


async def test_names_and_subjects_are_given_once(hall: Hall) -> None:
    await hall.register()
    for name, subject in (("mot-cua", "another"), ("another", "one-stop"), ("a b", "x"), ("x", ""), ("x", "s\0")):
        with pytest.raises(InvalidRecord):
            await hall.register(name, subject)
    for create in (tokens.create, clients.create):
        with pytest.raises(InvalidRecord, match="names are kept for ever"):
            await create(hall.context, name="mot-cua", agency="H15", scopes=["read"], by="test")
    with pytest.raises(InvalidRecord, match="cannot be given"):
        await hall.register("x", "x", scopes=["erasure:approve"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_only_a_whole_token_of_the_issuer_lets_in(hall: Hall) -> None:
    await hall.register()
    issuer, now = hall.issuer, int(time.time())
    claims = {"iss": issuer.url, "sub": "one-stop", "aud": AUDIENCE, "iat": now, "exp": now + 300}
    public = str(jwk_of("a", "EdDSA")["x"]).ljust(32)
    deep = base64.urlsafe_b64encode(b"[" * 9000).decode()
    bad = {
        "of another audience": issuer.sign(aud="another"),
        "of another issuer": issuer.sign(iss="http://127.0.0.1:1"),
        "over": issuer.sign(exp=now - 1, iat=now - 100),
        "not begun": issuer.sign(iat=now + 3600, exp=now + 7200),
        "not valid yet": issuer.sign(nbf=now + 3600),
        "times that are none": issuer.sign(exp=True),
        "unsigned": unsigned(claims),
        "signed by the public key as a secret": jwt.encode(claims, public, "HS256", headers={"kid": "a"}),
        "nested without end": f"{deep}.{deep}.",
        "of an unknown key": issuer.sign(kid="b"),
        "signed by another key": issuer.sign(number=1),
        "of another algorithm": issuer.sign(algorithm="ES256"),
        **{f"without {name}": issuer.sign(**_without(name)) for name in claims},
    }
    assert {what: await hall.status(token) for what, token in bad.items()} == dict.fromkeys(bad, 401)
    assert await hall.status(issuer.sign(aud=["x", AUDIENCE])) == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_of_its_keys_only_those_of_three_kinds_count(hall: Hall) -> None:
    await hall.register()
    kinds = {"e": "EdDSA", "p": "ES256", "r": "RS256", "q": "ES384", "w": "weak"}
    hall.issuer.jwks = [jwk_of(kid, algorithm) for kid, algorithm in kinds.items()]
    hall.issuer.jwks += [jwk_of("enc", "EdDSA", use="enc"), jwk_of("odd", "EdDSA", alg="ES256"), {"kid": "junk"}]
    hall.issuer.jwks += [{"kid": "list", "kty": ["OKP"], "crv": {}}, jwk_of("map", "RS256", crv={"a": 1})]
    found = {kid: await hall.status(hall.issuer.sign(kid, algorithm)) for kid, algorithm in kinds.items()}
    assert found == {"e": 200, "p": 200, "r": 200, "q": 401, "w": 401}
    assert [await hall.status(hall.issuer.sign(kid)) for kid in ("enc", "odd", "junk")] == [401] * 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_keys_are_fetched_anew_and_not_at_every_strangers_word(hall: Hall) -> None:
    await hall.register()
    issuer, at = hall.issuer, hall.monotonic
    issuer.fails = True
    assert await hall.status(issuer.sign()) == 503, "no key, no entry"
    issuer.fails = False
    assert await hall.status(issuer.sign()) == 503, "and it is not asked again at once"
    at[0] += 31
    assert await hall.status(issuer.sign()) == 200
    issuer.jwks.append(jwk_of("b", "EdDSA", 1))
    rotated = issuer.sign("b", number=1)
    assert [await hall.status(rotated) for _ in range(5)] == [401] * 5
    assert issuer.asked == 1
    at[0] += 31
    assert await hall.status(rotated) == 200
    assert issuer.asked == 2
    issuer.fails = True
    at[0] += 23 * _HOUR
    assert await hall.status(rotated) == 200, "what it showed counts for a day"
    at[0] += 2 * _HOUR
    assert await hall.status(rotated) == 503, "and no longer"


def _without(name: str) -> Mapping[str, Any]:
    return {name: None}


async def _told(name: str) -> IssuerKeys | IssuerSilent:
    source = OidcConnector(name, build_client(HTTP), HTTP)
    try:
        return await source.keys()
    finally:
        await source.aclose()


async def test_the_connector_believes_the_issuer_of_itself_only() -> None:
    async with issuing() as issuer:
        assert isinstance(await _told(issuer.url), IssuerKeys)
        assert isinstance(await _told(f"{issuer.url}/"), IssuerSilent), "letter for letter"
        for said in ({"issuer": "http://another.example"}, {"jwks_uri": None}, {"jwks_uri": f"{issuer.url}/none"}):
            issuer.said = dict(said)
            assert isinstance(await _told(issuer.url), IssuerSilent), said
        issuer.said, issuer.jwks = {}, [{"kid": str(n)} for n in range(101)]
        assert isinstance(await _told(issuer.url), IssuerSilent)
        name = issuer.url
    assert await _told(name) == IssuerSilent("no_connection")


def test_issuer_and_audience_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = [
        {"oidc_issuer": "https://id.example"},
        {"oidc_audience": "x"},
        {"oidc_issuer": "http://id.example", "oidc_audience": "x"},
        {"oidc_issuer": "https://x.example", "oidc_audience": "x", "oauth_issuer": "https://x.example"},
    ]
    monkeypatch.delenv("LIENTHONG_OIDC_ISSUER", raising=False)
    for given in bad:
        with pytest.raises(ConfigurationError, match="LIENTHONG_OIDC_"):
            load_settings(**given)
    alone = load_settings(oidc_issuer="https://id.example", oidc_audience="x", static_tokens=False)
    assert alone.oidc_issuer == "https://id.example"
