"""Short-lived tokens: how software gets one, what it opens, how it ends, and that all of it is on record."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.domain.access import Scope
from app.errors import InvalidRecord
from app.store.session import Database
from app.tlog import create_key_file, load_signer, rotate_key_file
from app.usecases import access_tokens, clients, tokens
from app.usecases.access_tokens import Claims, KeyFiles
from app.usecases.context import Context, TokenPolicy
from tests.factories import ManualClock
from tests.worlds import context_of, door

ISSUER = "https://lienthong.example"


class Watch:
    """A clock of the key files that stands still until it is moved."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def keys(tmp_path: Path, watch: Watch) -> KeyFiles:
    create_key_file(tmp_path / "key", "tokens")
    return KeyFiles(tmp_path / "key", tmp_path / "key.pub", monotonic=watch)


@pytest.fixture
def context(clocked_database: Database, keys: KeyFiles) -> Context:
    return replace(context_of(clocked_database), access=TokenPolicy(ISSUER, keys))


@pytest_asyncio.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context, ["admin"]) as client:
        yield client


@pytest_asyncio.fixture
async def secret(context: Context) -> str:
    scopes = frozenset({Scope.INTAKE, Scope.READ})
    return await clients.create(context, name="mot-cua", agency="H15.16", scopes=scopes, by="test")


async def ask(client: httpx.AsyncClient, secret: str, *, name: str = "mot-cua", **form: str) -> httpx.Response:
    header = base64.b64encode(f"{name}:{secret}".encode()).decode()
    data = {"grant_type": "client_credentials"} | form
    return await client.post("/oauth/token", data=data, headers={"Authorization": f"Basic {header}"})


async def opens(client: httpx.AsyncClient, token: str, path: str = "/v1/deliveries") -> int:
    return (await client.get(path, headers={"Authorization": f"Bearer {token}"})).status_code


async def on_record(client: httpx.AsyncClient) -> list[tuple[str, str, object]]:
    items = (await client.get("/v1/audit?kind=token")).json()["items"]
    return [(item["outcome"], item["actor"], item["detail"].get("client")) for item in reversed(items)]


async def test_a_client_gets_a_token_that_opens_what_it_may(
    client: httpx.AsyncClient, keys: KeyFiles, secret: str, clock: ManualClock
) -> None:
    answer = await ask(client, secret, scope="read")
    assert answer.status_code == 200, answer.text
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 600, "scope": "read"}
    # What anybody who holds the public key finds, with a library of their own.
    header = jwt.get_unverified_header(token)
    verifier = keys.ring().signer.verifier
    assert (header["alg"], header["kid"]) == ("EdDSA", access_tokens.kid_of(verifier))
    claims = access_tokens.read(token, ISSUER, keys)
    now = int(clock.now().timestamp())
    assert claims == Claims(ISSUER, "mot-cua", "H15.16", "read", now, now + 600, claims.jti)
    assert await opens(client, token) == 200
    assert await opens(client, token, "/v1/audit") == 403
    both = await client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "client_id": "mot-cua", "client_secret": secret},
        headers={"Authorization": ""},
    )
    assert both.json()["scope"] == "intake read"
    clock.advance(599)
    assert await opens(client, token) == 200
    clock.advance(1)
    assert await opens(client, token) == 401
    assert [entry for entry in await on_record(client) if entry[2]] == [
        ("client_created", "test", "mot-cua"),
        ("issued", "mot-cua", "mot-cua"),
        ("issued", "mot-cua", "mot-cua"),
    ]
    assert secret not in (await client.get("/v1/audit")).text
    assert token not in (await client.get("/v1/audit")).text


async def test_an_ended_client_and_its_tokens_end_at_once(
    client: httpx.AsyncClient, context: Context, secret: str
) -> None:
    token = (await ask(client, secret)).json()["access_token"]
    assert await opens(client, token) == 200
    assert await clients.revoke(context, name="mot-cua", by="test")
    assert not await clients.revoke(context, name="mot-cua", by="test")
    assert await opens(client, token) == 401
    assert (await ask(client, secret)).json()["error"] == "invalid_client"
    (row,) = await clients.listing(context)
    assert row["revoked_at"]
    assert "secret_hash" not in row
    assert ("client_revoked", "test", "mot-cua") in await on_record(client)


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"name": "stranger"}, 401, "invalid_client"),
        ({"name": "\0"}, 401, "invalid_client"),
        ({"secret": "guess"}, 401, "invalid_client"),
        ({"scope": "read admin"}, 400, "invalid_scope"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
    ],
)
async def test_refusals_speak_oauth_and_are_on_record(
    client: httpx.AsyncClient, secret: str, changes: dict[str, str], status: int, error: str
) -> None:
    answer = await ask(client, **({"secret": secret} | changes))
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    body = answer.json()
    assert (body["error"], set(body)) == (error, {"error", "error_description"})
    assert answer.headers.get("www-authenticate", "").startswith("Basic") == (status == 401)
    assert answer.headers["cache-control"] == "no-store"
    outcome, actor, named = (await on_record(client))[-1]
    known = error == "invalid_scope" or "secret" in changes
    assert (outcome, actor, named) == (error.replace("_", "-"), "anonymous", "mot-cua" if known else None)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_other_token_lets_in(client: httpx.AsyncClient, keys: KeyFiles, secret: str, tmp_path: Path) -> None:
    del secret
    create_key_file(tmp_path / "other", "tokens")
    ours, theirs = keys.ring().signer, load_signer(tmp_path / "other")
    at = 4_000_000_000
    good = Claims(ISSUER, "mot-cua", "H15.16", "read", at, at + 600, "1")
    assert await opens(client, access_tokens.write(good, ours)) == 200
    kid = {"kid": access_tokens.kid_of(ours.verifier)}
    payload = {name: getattr(good, name) for name in Claims.__slots__}
    forged = Ed25519PrivateKey.generate()
    wrong = [
        access_tokens.write(good, theirs),
        access_tokens.write(replace(good, iss="https://other.example"), ours),
        access_tokens.write(replace(good, sub="nobody"), ours),
        access_tokens.write(replace(good, exp="9" * 20), ours),  # type: ignore[arg-type]
        jwt.encode(payload, forged, "EdDSA", headers=kid),
        jwt.encode(payload, "x" * 32, "HS256", headers=kid),
        jwt.encode(payload, "", "none", headers=kid),
        "a.b.c",
        ".",
        "e30.e30.",
    ]
    assert [await opens(client, token) for token in wrong] == [401] * len(wrong)
    # The scope of a token never reaches beyond its client's.
    assert await opens(client, access_tokens.write(replace(good, scope="admin read"), ours), "/v1/audit") == 403


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_old_keys_verify_until_they_are_removed(
    client: httpx.AsyncClient, secret: str, tmp_path: Path, watch: Watch
) -> None:
    old = (await ask(client, secret)).json()["access_token"]
    rotate_key_file(tmp_path / "key", tmp_path / "key.pub")
    watch.at += 3
    new = (await ask(client, secret)).json()["access_token"]
    assert jwt.get_unverified_header(old)["kid"] != jwt.get_unverified_header(new)["kid"]
    assert [await opens(client, token) for token in (old, new)] == [200, 200]
    # A slip of the hand: what was read before goes on.
    (tmp_path / "key").chmod(0o644)
    (tmp_path / "key.pub").write_text("no key\n", "utf-8")
    watch.at += 3
    assert [await opens(client, token) for token in (old, new)] == [200, 200]
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "key.pub").write_text("", "utf-8")
    watch.at += 3
    assert [await opens(client, token) for token in (old, new)] == [401, 200]


def test_a_key_that_another_process_has_made_is_found_at_once(tmp_path: Path, keys: KeyFiles) -> None:
    fresh = rotate_key_file(tmp_path / "key", tmp_path / "key.pub")
    # The clock stands still, so no look is due.
    assert access_tokens.kid_of(keys.ring().signer.verifier) != access_tokens.kid_of(fresh)
    assert keys.verifier(access_tokens.kid_of(fresh)) == fresh
    assert keys.verifier("00000000") is None


async def test_a_name_is_given_once_among_tokens_and_clients(context: Context, secret: str) -> None:
    del secret
    scopes = frozenset({Scope.READ})
    await tokens.create(context, name="nguoi-xem", agency="H15", scopes=scopes, by="test")
    for name in ("mot-cua", "nguoi-xem", "not a name", ""):
        with pytest.raises(InvalidRecord):
            await clients.create(context, name=name, agency="H15", scopes=scopes, by="test")
    with pytest.raises(InvalidRecord):
        await tokens.create(context, name="mot-cua", agency="H15", scopes=scopes, by="test")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_static_tokens_can_be_switched_off(context: Context, secret: str) -> None:
    context = replace(context, access=replace(context.access, static=False))
    async with door(context, ["read"]) as client:
        refused = await client.get("/v1/deliveries")
        assert (refused.status_code, refused.json()["type"]) == (401, "/problems/unauthenticated")
        token = (await ask(client, secret)).json()["access_token"]
        assert await opens(client, token) == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_without_a_key_no_token_is_given_and_none_lets_in(database: Database) -> None:
    async with door(context_of(database)) as client:
        answer = await ask(client, "any")
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert await opens(client, "a.b.c") == 401


async def test_the_units_of_a_token_count_as_far_as_its_clients(
    context: Context, client: httpx.AsyncClient, keys: KeyFiles
) -> None:
    secret = await clients.create(
        context, name="phuong", agency="H15.101", scopes=["read"], units=["H15.101", "H15.102"], by="test"
    )
    token = (await ask(client, secret, name="phuong")).json()["access_token"]
    claims = access_tokens.read(token, ISSUER, keys)
    assert claims.units == "H15.101 H15.102"
    reached = {}
    for units in ("H15.101 H15.102", "", "H15", "H15.102", "H15.103 H15.102"):
        widened = access_tokens.write(replace(claims, units=units), keys.ring().signer)
        reached[units] = sorted((await clients.recognise(context, widened)).reach.units)
    both, one = ["H15.101", "H15.102"], ["H15.102"]
    assert list(reached.values()) == [both, both, both, one, one]
    elsewhere = access_tokens.write(replace(claims, units="H15.103"), keys.ring().signer)
    assert await opens(client, elsewhere) == 401, "nothing in common is not the whole province"
    assert await opens(client, token, "/v1/targets") == 403
