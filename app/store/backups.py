"""The rows of backups: begun, verified, failed; and what a drill found."""

from datetime import datetime

from sqlalchemy import insert, select, update

from app.store.backup_tables import backups
from app.store.session import ReadSession, Row, WriteSession

BEGUN, VERIFIED, FAILED = "begun", "verified", "failed"


async def begin(session: WriteSession, name: str, folder: str, by: str, now: datetime) -> int:
    """Keep that a backup begins; those that were broken off are told as failed. Gives its number."""
    open_still = update(backups).where(backups.c.state == BEGUN)
    await session.execute(open_still.values(state=FAILED, ended_at=now, fault="broken off"))
    row: Row = {"name": name, "folder": folder, "state": BEGUN, "begun_by": by, "begun_at": now}
    made = await session.execute(insert(backups).values(**row).returning(backups.c.id))
    return int(made.scalar_one())


async def end(session: WriteSession, backup_id: int, values: Row) -> None:
    """Keep how it ended."""
    await session.execute(update(backups).where(backups.c.id == backup_id).values(**values))


async def keep_restored(session: WriteSession, name: str, now: datetime, values: Row) -> None:
    """In its own picture a backup has only begun; that it was read and put back says that it is whole."""
    known = update(backups).where(backups.c.name == name, backups.c.state == BEGUN)
    await session.execute(known.values(state=VERIFIED, ended_at=now, **values))


async def note_drill(session: WriteSession, name: str, now: datetime, fault: str | None) -> bool:
    """Keep what trying a backup out has shown; False: this database does not know the backup."""
    known = update(backups).where(backups.c.name == name)
    values: Row = {"drilled_at": now, "drill_fault": fault}
    return (await session.execute(known.values(**values))).rowcount > 0


async def newest(session: ReadSession, state: str) -> Row | None:
    """The newest backup in a state."""
    return await _first(session, backups.c.state == state)


async def newest_drill(session: ReadSession) -> Row | None:
    """The backup that was tried out last."""
    statement = select(backups).where(backups.c.drilled_at.is_not(None)).order_by(backups.c.drilled_at.desc()).limit(1)
    row = await session.one_or_none(statement)
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - public name


async def _first(session: ReadSession, condition: object) -> Row | None:
    statement = select(backups).where(condition).order_by(backups.c.id.desc()).limit(1)  # type: ignore[arg-type]
    row = await session.one_or_none(statement)
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - public name
