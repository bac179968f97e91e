"""A small world for the tests of the page: some dossiers with the nation, and one of each kind of trouble."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.config import Settings
from app.domain.delivery import DeliveryState, HoldReason
from app.reference import load_catalogue
from app.store import dossiers, outbox, tokens
from app.store.outbox import NewMessage, Release, Settlement
from app.store.session import Database, WriteSession
from app.usecases.context import Context
from tests.factories import NOW, digest, dossier_code, dossier_row, snapshot_message, step_message, step_row, token_row

TOKEN = "lt_page"
LOOK_AT = NOW + timedelta(hours=5)
ATTACK = '<script>alert("x")</script>'
PERSON = "003203001234"

REFUSED = dossier_code(101)
DEAD = dossier_code(102)
UNKNOWN = dossier_code(103)
FAILING = dossier_code(104)
STEP_REFUSED = dossier_code(105)
OPERATOR_HELD = dossier_code(106)
FRESH = dossier_code(107)
WELL = dossier_code(1)
_UNITS = ("H15.16", "H15.50", "H15.17")


@dataclass(frozen=True, slots=True)
class Ending:
    """How one trip of a lane ends: one state a message, and how the lane is left."""

    states: Sequence[DeliveryState]
    reason: str = "accepted"
    message: str | None = None
    code: str | None = None
    field: str | None = None
    known: bool = False
    attempts: int = 0
    retry_hours: float | None = None
    hold: HoldReason | None = None


def settings() -> Settings:
    """Settings that no environment changes where it matters."""
    return Settings(database_url="sqlite:///unused.sqlite3")


_catalogue = functools.cache(load_catalogue)


def context_of(database: Database) -> Context:
    """A context for reading: nothing is encoded, nothing is sent."""
    return Context(database, _catalogue(), "H15", {}, {}, {})


async def let_in(database: Database) -> None:
    """A token that may read."""

    async def work(session: WriteSession) -> None:
        await tokens.add(session, token_row("reader", scopes="read") | {"secret_hash": digest(TOKEN)})
        await tokens.add(session, token_row("one-stop") | {"secret_hash": digest("lt_intake")})

    await database.run(work)


async def hand_over(
    database: Database, serial: int, *, steps: int = 0, ending: Ending | None = None, hours_ago: float = 1
) -> None:
    """Hand one dossier over, and let its lane make one trip."""
    code, unit = dossier_code(serial), _UNITS[serial % len(_UNITS)]
    at = LOOK_AT - timedelta(hours=hours_ago)

    async def work(session: WriteSession) -> None:
        await dossiers.insert_dossiers(session, [dossier_row(code, unit_code=unit, status="processing")])
        news: list[NewMessage] = [snapshot_message(code, unit_code=unit)]
        news += [step_message(code, unit_code=unit, step_id=f"s-{i}") for i in range(1, steps + 1)]
        await dossiers.insert_steps(session, [step_row(code, step_id=f"s-{i}") for i in range(1, steps + 1)])
        await outbox.put(session, news, at)
        if ending is not None:
            await _end(session, news, ending)

    await database.run(work)


async def _end(session: WriteSession, news: Sequence[NewMessage], ending: Ending) -> None:
    (lane,) = await outbox.claim(session, news[0].target, limit=1, now=NOW, lease_seconds=60, worker="w-1")
    tried = True
    loaded = await outbox.load(session, [lane.id], per_lane=50)
    for message, state in zip(loaded, ending.states, strict=False):
        words = (ending.reason, ending.code, ending.message, ending.field)
        if state is DeliveryState.DELIVERED:
            words = ("accepted", "0", None, None)
        await outbox.settle(session, [Settlement(message.id, lane.id, state, tried, *words)], LOOK_AT)
    next_at = LOOK_AT + timedelta(hours=ending.retry_hours) if ending.retry_hours is not None else None
    since = NOW if ending.attempts else None
    release = Release(lane.id, lane.fence, ending.known, ending.attempts, since, next_at, ending.hold)
    await outbox.release(session, [release])


_D = DeliveryState
ENDINGS: dict[int, tuple[int, Ending]] = {
    101: (
        2,
        Ending(
            [_D.REJECTED],
            "refused",
            f"MaTTHC không tồn tại {ATTACK}; công dân {PERSON}",
            "05",
            "MaTTHC",
            hold=HoldReason.REFUSED,
        ),
    ),
    102: (1, Ending([_D.DEAD], "budget_spent", "60 rounds failed", attempts=60, hold=HoldReason.DEAD)),
    103: (0, Ending([_D.UNKNOWN], "worker_lost", attempts=1, retry_hours=0.5)),
    104: (3, Ending([_D.WAITING], "http_503", "Service Unavailable", attempts=4, retry_hours=1.25)),
    105: (2, Ending([_D.DELIVERED, _D.REJECTED, _D.DELIVERED], "refused", "Thiếu ThoiDiemXuLy", "12", known=True)),
    106: (1, Ending([_D.DELIVERED], known=True, hold=HoldReason.OPERATOR)),
}


async def build_well(database: Database, count: int = 12) -> None:
    """Dossiers that the nation has, and nothing else."""
    for serial in range(1, count + 1):
        ending = Ending([_D.DELIVERED, _D.DELIVERED], known=True)
        await hand_over(database, serial, steps=1, ending=ending, hours_ago=4)


async def build_trouble(database: Database) -> None:
    """One dossier of each kind of trouble, and one that has just come."""
    for serial, (steps, ending) in ENDINGS.items():
        await hand_over(database, serial, steps=steps, ending=ending, hours_ago=3 if serial > 102 else 30)
    await hand_over(database, 107, hours_ago=0)
