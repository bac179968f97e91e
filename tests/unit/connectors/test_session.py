"""The session of a process on its own: who logs in, who waits, and what is remembered."""

import asyncio
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx
import pytest

from connectors.base import TryLater
from connectors.deadline import SEND_BEFORE
from connectors.http import HttpSettings
from connectors.portal import PortalSettings
from connectors.portal import session as module
from connectors.portal.session import Session
from connectors.sessions import LOGIN_LEASE_SECONDS, Busy, Living, LogIn, OwnBook

REFUSED = httpx.Response(200, json={"error_code": "1", "message": "Sai mật khẩu"})


@dataclass
class Door:
    """Where one logs in: with t1, t2, …, or with the ``answers`` that come first."""

    answers: list[httpx.Response | Exception] = field(default_factory=list)
    logins: int = 0

    async def __call__(self, _: httpx.Request) -> httpx.Response:
        """Answer a login."""
        self.logins += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer or httpx.Response(200, json={"error_code": "0", "session": f"t{self.logins}"})


def session(door: Door, book: OwnBook) -> Session:
    """One connector's view of ``book``."""
    settings = PortalSettings(adapter_url="http://far.test", username="u", password="geheim", unit_code="H15")
    client = httpx.AsyncClient(transport=httpx.MockTransport(door))
    return Session(settings, HttpSettings(tries_max=1), client, book)


async def test_two_connectors_of_a_process_log_in_once() -> None:
    door, book = Door(), OwnBook()
    both = [session(door, book), session(door, book)]
    found = await asyncio.gather(*[both[number % 2].token() for number in range(20)])
    assert (set(found), door.logins) == ({"t1"}, 1)
    renewed = await asyncio.gather(*[both[number % 2].token(not_this="t1") for number in range(20)])
    assert (set(renewed), door.logins) == ({"t2"}, 2)
    assert await both[0].token() == "t2"


async def test_a_failed_login_is_not_repeated_by_each_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    door, book, now = Door([REFUSED]), OwnBook(), time.monotonic()
    monkeypatch.setattr("connectors.sessions.time", SimpleNamespace(monotonic=lambda: now))
    both = [session(door, book), session(door, book)]
    found = await asyncio.gather(*[both[number % 2].token() for number in range(20)])
    assert set(found) == {TryLater("login_refused", "Sai mật khẩu")}
    assert door.logins == 1
    now += 5
    assert await both[1].token() == "t2"


async def test_a_login_that_never_ends_is_given_up_before_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(module, "_LOGIN_SECONDS", 0.2)
    book = OwnBook()
    ours = session(Door(), book)
    ours.client = httpx.AsyncClient(transport=httpx.MockTransport(never))
    async with asyncio.timeout(LOGIN_LEASE_SECONDS):
        found = await ours.token()
    assert isinstance(found, TryLater)
    assert found.reason == "login_no_answer"
    assert isinstance(await book.ask(None), TryLater)


async def test_a_login_that_came_too_late_is_remembered_against_nobody() -> None:
    door, book = Door(), OwnBook()
    token = SEND_BEFORE.set(time.monotonic() - 1)
    found = await session(door, book).token()
    SEND_BEFORE.reset(token)
    assert isinstance(found, TryLater)
    assert (found.reason, door.logins) == ("too_late_to_send", 0)
    assert await session(door, book).token() == "t1"


async def test_leave_that_ran_out_goes_to_another_and_the_first_brings_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    book, start = OwnBook(), time.monotonic()
    first = await book.ask(None)
    assert isinstance(first, LogIn)
    assert await book.ask(None) == Busy()
    later = start + LOGIN_LEASE_SECONDS + 1
    monkeypatch.setattr("connectors.sessions.time", SimpleNamespace(monotonic=lambda: later))
    second = await book.ask(None)
    assert isinstance(second, LogIn)
    assert not await book.keep(first, "old", 60)
    await book.fail(first, TryLater("login_refused"), 60)
    assert await book.keep(second, "new", 60)
    assert await book.ask("old") == Living("new", 60)
    assert "new" not in repr(await book.ask(None)) + repr(book)


async def test_who_lost_its_leave_uses_what_the_other_brought() -> None:
    book = OwnBook()

    class Slow(Door):
        """Another logs in while this login is under way."""

        async def __call__(self, request: httpx.Request) -> httpx.Response:
            """Answer a login."""
            other = LogIn("other")
            book._login = other  # as if the lease had passed
            await book.keep(other, "theirs", 60)
            return await super().__call__(request)

    assert await session(Slow(), book).token() == "theirs"
