"""Gather what the self-check judges: reads settings, rows, files and the kernel, and changes nothing.

Each area is gathered by itself, so that one that cannot be looked at leaves the others to be seen. An area that gives
None is not built; to bring it in is to write its function here.
"""

import asyncio
import ctypes
import json
import stat
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from app.domain import passwords
from app.domain.access import ROLES, SCOPES, Permission, Role, clashes
from app.domain.compliance import DAY
from app.domain.events import EventKind
from app.domain.standing import (
    Backups,
    Doors,
    Facts,
    Log,
    LogChecks,
    Machine,
    Papers,
    People,
    Retention,
    Rows,
    Seen,
    Stamps,
    Unseen,
    Weaknesses,
)
from app.store import backups, blobs, checkpoints, log_check, log_stamps, standing
from app.store import events as event_store
from app.store.session import SystemClock
from app.usecases import log_guard
from app.usecases.context import Context

T = TypeVar("T")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
# struct timex is shorter on every Linux; ADJ_ nothing: it is only read. 5 is TIME_ERROR: not synchronised.
_TIMEX_BYTES: Final = 512
_NOT_SYNCHRONISED: Final = 5
# A worker looks for idle accounts each hour: before it has, nothing is wrong.
_DISABLED_WITHIN: Final = timedelta(hours=2)


async def gather(context: Context) -> Facts:
    """Look at everything once.

    Raises:
        StoreBusy: the database is out of reach, so there is nothing to say.
    """
    async with context.database.read() as session:
        now = await session.now()
    return Facts(
        at=now,
        mode=context.posture.mode,
        doors=await asyncio.to_thread(_doors, context),
        access_faults=access_faults(),
        people=await _seen(_people, context),
        log=await _seen(_log, context),
        log_checks=await _seen(_log_checks, context),
        stamps=await _seen(_stamps, context),
        retention=await _seen(_retention, context),
        rows=await _seen(_rows, context),
        papers=await _seen(_papers, context),
        backups=await _seen(_backups, context),
        machine=await asyncio.to_thread(_machine),
        weaknesses=await asyncio.to_thread(_weaknesses, context.posture.weakness_report),
    )


async def _seen(look: Callable[[Context], Awaitable[T | None]], context: Context) -> Seen[T]:
    try:
        return await look(context)
    except Exception as error:  # noqa: BLE001 - the edge of one look: that it failed is what is found
        return Unseen(type(error).__name__)


def _doors(context: Context) -> Doors:
    posture, loose, missing = context.posture, [], []
    for name, path in posture.private_files.items():
        try:
            if path.stat().st_mode & _OTHERS:
                loose.append(name)
        except OSError:
            missing.append(name)
    return Doors(
        static_tokens=context.access.static,
        token_key=posture.token_key,
        public_url=context.papers.public_url,
        mock_secrets=posture.mock_secrets,
        plain_http=posture.plain_http,
        environment_secrets=posture.environment_secrets,
        loose_files=tuple(loose),
        missing_files=tuple(missing),
    )


def access_faults() -> tuple[str, ...]:
    """Roles that edit and also approve, and software that approves: the table of permissions itself."""
    roles = [f"role {role.value} edits and approves" for role in ROLES if clashes([role.value])]
    software = [f"scope {scope.value} approves" for scope, held in SCOPES.items() if any(p.approves for p in held)]
    of_log = {each for each in Permission if each.value.startswith("log:")} - {Permission.LOG_READ}
    return (*roles, *software, *(f"{each.value} changes the log" for each in sorted(of_log)))


async def _people(context: Context) -> People | None:
    policy = context.people
    async with context.database.read() as session:
        overdue_since = await session.now() - policy.idle - _DISABLED_WITHIN
        counted = await standing.people(session, policy.second_factor_roles, overdue_since)
    return People(
        password_length_min=passwords.LENGTH_MIN,
        password_classes=passwords.CLASSES,
        passwords_remembered=passwords.KEPT,
        tries_max=policy.limits.tries_max,
        lock_seconds=policy.limits.lock.total_seconds(),
        idle_seconds=policy.sessions.idle.total_seconds(),
        session_seconds=policy.sessions.longest.total_seconds(),
        idle_days=policy.idle.days,
        roles_with_factor=len(policy.second_factor_roles) if policy.box else 0,
        roles=len(Role),
        accounts=counted.living,
        invited=counted.invited,
        without_factor=counted.without_factor,
        stale=counted.stale,
        # None is made but by a person: the first one on the command line, the others by those.
        default_accounts=0,
    )


async def _log_checks(context: Context) -> LogChecks:
    async with context.database.read() as session:
        kept, now = await log_check.kept(session), await session.now()
    whole = kept.standing.whole_at if kept else None
    ago = None if whole is None else (now - whole).total_seconds()
    return LogChecks(ago, context.log.check_days * DAY, kept.lies if kept else 0)


async def _stamps(context: Context) -> Stamps:
    async with context.database.read() as session:
        newest, now = await log_stamps.newest(session), await session.now()
    ago = None if newest is None else (now - newest.at).total_seconds()
    return Stamps(context.stamper is not None, ago, context.log.stamps.seconds)


async def _retention(context: Context) -> Retention:
    days = [each.days for each in context.retention.classes.by_code.values() if each.days is not None]
    return Retention(min(days, default=None))


async def _log(context: Context) -> Log:
    policy = context.log
    async with context.database.read() as session:
        newest = await checkpoints.newest(session)
        return Log(
            signs=policy.signer is not None,
            age_seconds=None if policy.signer is None else await log_guard.age_seconds(session),
            limit_seconds=policy.age_max_seconds,
            memory=policy.memory is not None and await asyncio.to_thread(policy.memory.is_file),
            broken=await event_store.is_open(session, EventKind.LOG_BROKEN, log_guard.SUBJECT),
            witnesses=len(policy.witnesses),
            cosigners=len(await checkpoints.cosignatures(session, newest.id)) if newest else 0,
            unprotected=await standing.unprotected(session),
        )


async def _rows(context: Context) -> Rows:
    machine = context.database.clock or SystemClock()
    async with context.database.read() as session:
        before, told, after = machine.now(), await session.now(), machine.now()
        # The database answered somewhere between; what the way took is not its fault.
        late, early = (told - after).total_seconds(), (before - told).total_seconds()
        return Rows(
            engine=session.dialect,
            powers=await standing.powers(session),
            clock_offset_seconds=max(late, early, 0.0),
            receivers_of_alarms=await standing.receivers_of_alarms(session),
        )


async def _papers(context: Context) -> Papers:
    async with context.database.read() as session:
        figures, oldest = await blobs.figures(session)
        now = await session.now()
    return Papers(
        kept=figures.get(blobs.KEPT, (0, 0))[0],
        damaged=figures.get(blobs.DAMAGED, (0, 0))[0],
        oldest_check_seconds=None if oldest is None else (now - oldest).total_seconds(),
        bytes_per_second=context.papers.check_bytes_per_second,
    )


async def _backups(context: Context) -> Backups:
    async with context.database.read() as session:
        now = await session.now()
        verified, drilled = await backups.newest(session, backups.VERIFIED), await backups.newest_drill(session)
    return Backups(
        # From its beginning: what came later is not in it.
        verified_seconds_ago=None if verified is None else (now - verified["begun_at"]).total_seconds(),
        missing=0 if verified is None else verified["missing"],
        drilled_seconds_ago=None if drilled is None else (now - drilled["drilled_at"]).total_seconds(),
        drill_fault=None if drilled is None else drilled["drill_fault"],
    )


def _machine() -> Machine:
    try:
        state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (OSError, AttributeError):
        return Machine(None)
    return Machine(None if state < 0 else state != _NOT_SYNCHRONISED)


def _weaknesses(report: Path | None) -> Seen[Weaknesses]:
    """What ``pip-audit --format json`` has written, and how old it is.

    By the date that ``make audit-deps`` puts into it, where there is one: a copy of a file is not a new look.
    """
    if report is None:
        return None
    try:
        told = json.loads(report.read_text("utf-8"))
        packages = told["dependencies"]
        vulnerable = tuple(sorted(str(each["name"]) for each in packages if each.get("vulns")))
        # One that was passed over may have any weakness.
        passed_over = sum("skip_reason" in each for each in packages)
        age = time.time() - report.stat().st_mtime
        if "date" in told:
            age = max(age, time.time() - datetime.fromisoformat(told["date"]).timestamp())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Unseen(f"{report.name}: {type(error).__name__}")
    return Weaknesses(age, len(packages), passed_over, vulnerable)
