"""Accounts of people for tests: cheap hashes, a key of the test's own, and codes as a telephone would show them."""

import base64
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.access import Role
from app.store.session import Database
from app.usecases import accounts, own_account, second_factor, sessions
from app.usecases.accounts import Rights
from app.usecases.context import Caller, Context
from app.usecases.hashing import HashCost, Passwords
from app.usecases.people import PeoplePolicy
from app.usecases.second_factor import SecretBox
from app.usecases.sessions import Live
from tests.worlds import context_of

ADMIN = Caller("cli:test", "H15", frozenset())
CHOSEN = "Chọn-lấy-1"
CHEAP = HashCost(memory_kib=8, passes=1)
BOX = SecretBox([b"k" * 32])


def people_policy(**changes: Any) -> PeoplePolicy:
    """The default rules with cheap hashes."""
    # Of its own for each test: who waits for a hash belongs to one event loop.
    return replace(PeoplePolicy(passwords=Passwords(CHEAP), box=BOX), **changes)


def people_context(database: Database, **changes: Any) -> Context:
    """A context whose people's rules are cheap."""
    return context_of(database, people=people_policy(**changes))


def code_of(secret: str, at: datetime, off: int = 0) -> str:
    """What an app shows at a time; ``off`` steps before or after."""
    raw = base64.b32decode(secret.replace(" ", ""))
    return second_factor.code_at(raw, int(at.timestamp()) // second_factor.STEP_SECONDS + off)


async def invited(context: Context, name: str, *roles: Role, units: frozenset[str] = frozenset()) -> str:
    """A new account; its one-time password."""
    rights = Rights(frozenset(roles or (Role.OFFICER,)), units)
    made = await accounts.create(
        context, ADMIN, name=name, full_name="Nguyễn Văn Mẫu", rights=rights, correlation_id="c-made"
    )
    return made.password


async def enter(context: Context, name: str, password: str, code: str = "") -> Live:
    """Log in."""
    return await sessions.login(context, account=name, password=password, code=code, correlation_id="c-login")


async def settled(
    context: Context, name: str, *roles: Role, at: datetime, units: frozenset[str] = frozenset()
) -> tuple[Live, str, tuple[str, ...]]:
    """An account with a password of its own (``CHOSEN``) and a second factor; its session, secret, recovery codes.

    The code of the step before ``at`` is used up.
    """
    password = await invited(context, name, *roles, units=units)
    live = await enter(context, name, password)
    live = await sessions.look(context, await own_account.change_password(context, live, password, CHOSEN, "c-own"))
    offer = await own_account.offer(context, live, CHOSEN, "c-offer")
    enrolled = await own_account.enrol(context, live, code_of(offer.secret, at - timedelta(seconds=30)), "c-enrol")
    return await sessions.look(context, enrolled.cookie), offer.secret, enrolled.recovery_codes
