"""How much room is left where the log grows: under the database's file and under the archives.

Where PostgreSQL keeps its rows is another machine's matter as far as is known here: of it only the archives are seen.
"""

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.domain.events import EventKind, Phase
from app.store import events as event_store
from app.store.session import Row, WriteSession
from app.usecases import events
from app.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Room:
    """A folder that fills up. ``free_share`` is between 0 and 1."""

    name: str
    free_share: float
    free_bytes: int

    @property
    def subject(self) -> str:
        """What the event is about."""
        return f"disk:{self.name}"


def rooms(context: Context) -> list[Room]:
    """The folders that are seen from here, as they are now; one that cannot be looked at is full."""
    file = context.database.file
    folders = {"database": file.parent if file else None, "archives": context.retention.archive_dir}
    return [_room(name, folder) for name, folder in folders.items() if folder is not None]


def _room(name: str, folder: Path) -> Room:
    try:
        used = shutil.disk_usage(folder)
    except OSError:
        return Room(name, 0.0, 0)
    return Room(name, used.free / used.total if used.total else 0.0, used.free)


async def watch(context: Context) -> None:
    """Tell people when a folder is nearly full, and when there is room again."""
    least = context.retention.disk_free_share_min
    for room in rooms(context):
        async with context.database.read() as session:
            was = await event_store.is_open(session, EventKind.DISK_LOW, room.subject)
        if (room.free_share < least) is not was:
            await context.database.run(partial(_tell, room, least, Phase.ENDED if was else Phase.STARTED))


async def _tell(room: Room, least: float, phase: Phase, session: WriteSession) -> None:
    detail: Row = {"free_percent": round(100 * room.free_share, 1), "least_percent": round(100 * least, 1)}
    subject, now = room.subject, await session.now()
    await events.tell_transition(
        session, EventKind.DISK_LOW, phase, subject=subject, target=subject, detail=detail, now=now
    )
