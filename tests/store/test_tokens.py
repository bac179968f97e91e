"""Tokens are found by their hash, and only while they live."""

import pytest
from sqlalchemy.exc import IntegrityError

from app.store import tokens
from app.store.session import Database, WriteSession
from tests.factories import NOW, digest, token_row


async def _add(database: Database, name: str) -> None:
    async def work(session: WriteSession) -> None:
        await tokens.add(session, token_row(name))

    await database.run(work)


async def _revoke(database: Database, name: str) -> bool:
    async def work(session: WriteSession) -> bool:
        return await tokens.revoke(session, name, NOW)

    return await database.run(work)


async def test_a_token_is_found_by_its_hash(database: Database) -> None:
    await _add(database, "one-stop")
    async with database.read() as session:
        found = await tokens.by_hash(session, digest("one-stop"))
        missing = await tokens.by_hash(session, digest("another"))
    assert found is not None
    assert (found.name, found.agency, found.scopes, found.created_at) == ("one-stop", "Lâm Đồng", "intake", NOW)
    assert missing is None


async def test_a_revoked_token_is_not_found_and_cannot_be_revoked_twice(database: Database) -> None:
    await _add(database, "one-stop")
    assert await _revoke(database, "one-stop") is True
    assert await _revoke(database, "one-stop") is False
    assert await _revoke(database, "nobody") is False
    async with database.read() as session:
        assert await tokens.by_hash(session, digest("one-stop")) is None


async def test_a_name_is_given_once(database: Database) -> None:
    await _add(database, "one-stop")
    with pytest.raises(IntegrityError):
        await _add(database, "one-stop")


async def test_the_listing_shows_all_tokens_but_no_hash(database: Database) -> None:
    await _add(database, "first")
    await _add(database, "second")
    await _revoke(database, "first")
    async with database.read() as session:
        listed = await tokens.listing(session)
    assert [(row["name"], row["revoked_at"]) for row in listed] == [("first", NOW), ("second", None)]
    assert all("secret_hash" not in row for row in listed)
