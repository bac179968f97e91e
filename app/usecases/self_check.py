"""Read the log again in the background, a little at a time, and say what was found and how far it is.

The reading is that of ``app.usecases.verify_log``: this only gives it a budget, keeps its place, and tells people. One
worker does it, by a lease; another goes on where it stood.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from app import observability
from app.domain.events import EventKind
from app.domain.log_check import Finding, Lie, Progress
from app.domain.self_check import Budget, Standing, Trouble, is_resting, trouble_of
from app.store import checkpoints, log_check, translog
from app.store import events as event_store
from app.store.log_check import Kept
from app.store.session import ReadSession, Row, WriteSession
from app.usecases import log_guard, log_signing, verify_log
from app.usecases.context import Context, LogPolicy
from app.usecases.verify_log import Checked, Wanted

LEASE_SECONDS: Final = 60.0
#: So many rows are read without giving way to anything else of this process: some milliseconds.
BLOCK: Final = 100
#: A round reads no longer than this, whatever its budget: the next one begins soon.
_ROUND_SECONDS: Final = 1.0
_SAVED_SECONDS: Final = 10.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Checker:
    """The looks of one worker. What one reads beyond its budget the next ones go without.

    ``now`` gives seconds that only grow.
    """

    context: Context
    worker: str
    now: Callable[[], float] = time.monotonic
    _budget: Budget = field(init=False)
    _looked: float = field(init=False)
    _fence: int | None = None

    def __post_init__(self) -> None:
        """Begin with a little that may be read at once."""
        self._budget = Budget(float(self.context.log.check_rows_per_second), _SAVED_SECONDS).after(_SAVED_SECONDS)
        self._looked = self.now()

    async def look(self) -> int:
        """Read what the budget allows, if we lead and it is time; the rows that were read."""
        now = self.now()
        self._budget, self._looked = self._budget.after(now - self._looked), now
        if not is_on(self.context.log) or self._budget.rows < 1 or not await self._leads():
            return 0
        async with self.context.database.read() as session:
            kept, at = await log_check.kept(session), await session.now()
            empty = (await translog.head(session)).size == 0
        # What ends before anything was read would only make the first real pass wait.
        if (kept is None and empty) or (kept is not None and is_resting(kept.standing, at)):
            return 0
        pass_ = _Pass(kept or Kept(Standing(at, at)))
        checked = await pass_.read(self.context, int(self._budget.rows))
        rows = checked.entries - checked.resumed_at
        self._budget = self._budget.without(rows)
        if not await self._keep(pass_, checked):
            self._fence = None
        observability.LOG_CHECKED.inc(rows)
        return rows

    async def _leads(self) -> bool:
        async with self.context.database.read() as session:
            lease, now = await translog.lease(session, translog.CHECKER), await session.now()
        if lease is not None and lease.holder != self.worker and lease.until > now:
            return False
        if self._fence is None or lease is None or lease.fence != self._fence:
            self._fence = await self.context.database.run(self._take)
        return self._fence is not None

    async def _take(self, session: WriteSession) -> int | None:
        now = await session.now()
        return await translog.take_lease(session, self.worker, now, _until(now), translog.CHECKER)

    async def _keep(self, pass_: "_Pass", checked: Checked) -> bool:
        """Write down how far it came and tell what it found; False: another has begun to lead, nothing was written."""
        fence = self._fence
        assert fence is not None  # noqa: S101 - asked by _leads

        async def work(session: WriteSession) -> bool:
            now = await session.now()
            if not await translog.hold_lease(session, self.worker, fence, _until(now), translog.CHECKER):
                return False
            after = pass_.after(checked, now, awaited=await _is_awaited(session, checked.finding))
            await log_check.keep(session, after)
            await _tell(session, after)
            return True

        return await self.context.database.run(work)


def is_on(policy: LogPolicy) -> bool:
    """Whether the log is read again at all: there is a budget, and there are keys to hold checkpoints against."""
    return policy.check_rows_per_second > 0 and bool(policy.verifiers)


def _until(now: datetime) -> datetime:
    return now + timedelta(seconds=LEASE_SECONDS)


@dataclass(slots=True)
class _Pass:
    """The pass that runs: what was kept of it, and what this round of it finds."""

    kept: Kept
    lies: int = 0
    first: Finding | None = None
    progress: Progress | None = None

    async def read(self, context: Context, rows: int) -> Checked:
        """Read on from where it stood; a whole number of blocks."""
        policy, ends = context.log, time.monotonic() + _ROUND_SECONDS
        held = _parsed(self.kept.progress)
        begun = held.size if held is not None else 0

        def pause() -> bool:
            read = self.progress.size - begun if self.progress is not None else 0
            # A pass that had to begin anew has read all that it has.
            return (read if read >= 0 else rows) >= rows or time.monotonic() >= ends

        wanted = Wanted(
            verifiers=(*policy.verifiers, *policy.witnesses.values()),
            origin=policy.origin,
            outside=_memory(policy),
            earlier=policy.earlier,
            # Younger ones are late, and the age of the log tells that.
            grace_seconds=policy.age_max_seconds,
            block=BLOCK,
            resume=held,
            keep=self._note,
            pause=pause,
            go_on=self._found,
            stamp_roots=policy.stamps.roots,
            archives=context.retention.archive_dir,
        )
        return await verify_log.verify(context, wanted)

    def _note(self, progress: Progress) -> None:
        self.progress = progress

    def _found(self, finding: Finding) -> bool:
        self.lies, self.first = self.lies + 1, self.first or finding
        _log.error("log_lie", lie=finding.lie.value, entry=finding.audit_id, place=finding.seq, words=finding.words)
        return True

    def after(self, checked: Checked, now: datetime, *, awaited: bool) -> Kept:
        """What is to be kept once a round has read this; ``awaited``: what it found is only late."""
        if checked.finding is not None and not awaited:
            self._found(checked.finding)
        held = self.kept
        begins = held.progress is None or not checked.resumed_at
        lies = self.lies if begins else held.lies + self.lies
        whole = not checked.paused and (checked.finding is None or awaited)
        standing = replace(held.standing, moved_at=now, size=checked.entries, until=checked.until)
        if not checked.paused:
            standing = replace(standing, size=0, until=0, ended_at=now)
        if whole:
            standing = replace(standing, whole_at=now, whole_size=checked.entries)
        finding, found_at = held.finding, held.found_at
        if self.first is not None and lies == self.lies:
            finding = json.dumps(asdict(self.first), ensure_ascii=False)
            # Found again by a later pass, it was found when it was found first.
            found_at = held.found_at if finding == held.finding else now
        elif whole and not lies:
            finding = found_at = None
        progress = json.dumps(asdict(self.progress)) if checked.paused and self.progress is not None else None
        return Kept(standing, progress, lies, finding, found_at)


def _parsed(progress: str | None) -> Progress | None:
    try:
        return None if progress is None else Progress.parse(json.loads(progress))
    except ValueError:
        # Whoever changed it sets the check back to the first entry, and no further.
        return None


def _memory(policy: LogPolicy) -> tuple[str, ...]:
    """What the signing machine remembers; one that cannot be read is told where it is signed."""
    try:
        note = log_signing.recall(policy)
    except log_signing.NotSigned:
        return ()
    return () if note is None else (note,)


async def _is_awaited(session: ReadSession, finding: Finding | None) -> bool:
    """Whether an entry without a leaf is only late: the sequencer still looks there."""
    if finding is None or finding.lie is not Lie.INSERTED_ROW or finding.audit_id is None:
        return False
    return await log_check.is_awaited(session, finding.audit_id, (await translog.head(session)).last_id)


async def _tell(session: WriteSession, kept: Kept) -> None:
    was = await event_store.is_open(session, EventKind.LOG_LIE, log_guard.SUBJECT)
    if (kept.finding is not None) is not was:
        detail: Row = json.loads(kept.finding) if kept.finding else {}
        await log_guard.tell(session, EventKind.LOG_LIE, detail, started=not was)


@dataclass(frozen=True, slots=True)
class CheckView:
    """How the check stands now: the share of the running pass, the last whole one, what was found, what is wrong."""

    kept: Kept | None
    trouble: Trouble | None
    finding: Finding | None


async def view(context: Context) -> CheckView | None:
    """How the check stands; None where it is off."""
    if not is_on(context.log):
        return None
    async with context.database.read() as session:
        return await _view(context, session)


async def _view(context: Context, session: ReadSession) -> CheckView:
    kept = await log_check.kept(session)
    began = None if kept is not None else await checkpoints.first_at(session)
    trouble = trouble_of(kept.standing if kept else None, began, await session.now(), context.log.check_days)
    finding = None
    if kept is not None and kept.finding is not None:
        held = json.loads(kept.finding)
        finding = Finding(Lie(held["lie"]), held["words"], held["seq"], held["audit_id"])
    return CheckView(kept, trouble, finding)


async def watch(context: Context) -> None:
    """Tell people when the check has stopped, and when it goes on. Done by who does not check: it may have died."""
    if not is_on(context.log):
        return
    async with context.database.read() as session:
        found = await _view(context, session)
    detail: Row = {"reason": found.trouble.value} if found.trouble else {}
    await log_guard.keep_told(context, EventKind.LOG_CHECK_STOPPED, detail, holds=found.trouble is not None)


async def measure(context: Context) -> None:
    """Bring the check's gauges up to date from rows; none where it is off or has read nothing yet."""
    found = await view(context)
    if found is None:
        return
    observability.LOG_CHECK_OK.labels("running").set(found.trouble is None)
    observability.LOG_CHECK_OK.labels("log").set(found.finding is None)
    if found.kept is None:
        return
    standing = found.kept.standing
    observability.LOG_CHECK_SHARE.set(standing.share)
    since = standing.whole_at or standing.first_at
    async with context.database.read() as session:
        observability.LOG_CHECK_WHOLE_AGE_SECONDS.set((await session.now() - since).total_seconds())
