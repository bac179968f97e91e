"""Accounts of people: who they are, how they stand, the hashes of what they know and the sealed secrets they hold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, insert, select, update

from app.store.account_tables import account_passwords, account_recovery_codes, accounts
from app.store.session import ReadSession, Row, WriteSession

_SECRET = ("password_hash", "totp_sealed", "totp_offered", "totp_step", "tries")


async def add(session: WriteSession, row: Row) -> int:
    """Write an account; its name must be free. Gives its number."""
    done = await session.execute(insert(accounts).returning(accounts.c.id), row)
    return int(done.scalar_one())


async def by_name(session: ReadSession, name: str) -> Any | None:  # noqa: ANN401 - a row
    """The account of this name, with everything."""
    return await session.one_or_none(select(accounts).where(accounts.c.name == name))


async def locked(session: WriteSession, name: str) -> Any | None:  # noqa: ANN401 - a row
    """The same, which nobody else changes before this transaction ends."""
    done = await session.execute(select(accounts).where(accounts.c.name == name).with_for_update())
    return done.one_or_none()


async def living_administrators(session: WriteSession) -> list[str]:
    """Names of administrators who are not disabled, in one order, all locked: two cannot end each other at once.

    One of some units only makes and mends no account, and is none of them.
    """
    statement = (
        select(accounts.c.name)
        .where(accounts.c.kind == "administrator", accounts.c.units == "", accounts.c.disabled_at.is_(None))
        .order_by(accounts.c.id)
        .with_for_update()
    )
    return [row.name for row in (await session.execute(statement)).all()]


async def change(session: WriteSession, account_id: int, **values: object) -> None:
    """Write columns of an account."""
    await session.execute(update(accounts).where(accounts.c.id == account_id).values(**values))


async def page(session: ReadSession, *, after: str, limit: int, idle_since: datetime | None = None) -> list[Row]:
    """Accounts without their secrets, by name, from behind ``after``; only those idle since a time, if one is given."""
    statement = _described().where(accounts.c.name > after).order_by(accounts.c.name).limit(limit)
    if idle_since is not None:
        statement = statement.where(accounts.c.disabled_at.is_(None), accounts.c.active_at <= idle_since)
    return [row._asdict() for row in await session.rows(statement)]


async def described(session: ReadSession, name: str) -> Row | None:
    """One account without its secrets."""
    row = await session.one_or_none(_described().where(accounts.c.name == name))
    return None if row is None else dict(row._asdict())


def _described() -> Select[Any]:
    columns = [column for column in accounts.c if column.name not in _SECRET]
    return select(*columns, accounts.c.totp_sealed.is_not(None).label("second_factor"))


async def is_taken(session: ReadSession, name: str) -> bool:
    """Whether an account ever had this name."""
    return bool(await session.rows(select(accounts.c.id).where(accounts.c.name == name)))


async def idle(session: WriteSession, since: datetime, limit: int) -> Sequence[Any]:
    """Accounts that are not disabled and were not used since a time, locked; those that somebody else holds, later."""
    statement = (
        select(accounts)
        .where(accounts.c.disabled_at.is_(None), accounts.c.active_at <= since)
        .order_by(accounts.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).all()


async def earlier_passwords(session: ReadSession, account_id: int) -> list[str]:
    """Hashes of its passwords that are kept, the newest first, the present one among them."""
    statement = select(account_passwords.c.password_hash).where(account_passwords.c.account_id == account_id)
    return [row.password_hash for row in await session.rows(statement.order_by(account_passwords.c.id.desc()))]


async def keep_password(session: WriteSession, account_id: int, password_hash: str, *, kept: int) -> None:
    """Remember one more password, and forget all but the last ``kept``."""
    await session.execute(insert(account_passwords), {"account_id": account_id, "password_hash": password_hash})
    own = account_passwords.c.account_id == account_id
    newest = select(account_passwords.c.id).where(own).order_by(account_passwords.c.id.desc()).limit(kept)
    await session.execute(delete(account_passwords).where(own, account_passwords.c.id.not_in(newest)))


async def replace_recovery_codes(session: WriteSession, account_id: int, hashes: Sequence[str]) -> None:
    """Forget the recovery codes of an account, and keep the hashes of new ones."""
    await session.execute(delete(account_recovery_codes).where(account_recovery_codes.c.account_id == account_id))
    if hashes:
        rows = [{"account_id": account_id, "code_hash": code_hash} for code_hash in hashes]
        await session.execute(insert(account_recovery_codes), rows)


async def use_recovery_code(session: WriteSession, account_id: int, code_hash: str, at: datetime) -> bool:
    """Use a recovery code up; False when it is none, or was used."""
    codes = account_recovery_codes
    unused = (codes.c.account_id == account_id, codes.c.code_hash == code_hash, codes.c.used_at.is_(None))
    done = await session.execute(update(codes).where(*unused).values(used_at=at))
    return done.rowcount == 1
