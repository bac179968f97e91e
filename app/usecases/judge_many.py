"""Judge many documents anew after a change of settings: new trust roots, other verdicts that are acceptable.

Each document is judged in a transaction of its own, as somebody who asks for it would have it judged. So a run may be
cut off at any point, and may be made again: what was judged already is only judged once more.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.audit import AuditKind
from app.domain.documents import Verdict, acceptable
from app.domain.rulesets import Purpose
from app.errors import FileStoreSilent
from app.papers import BenchBroken
from app.store import audit, documents, dossiers, results
from app.store import judging as stored
from app.store.session import WriteSession
from app.usecases import judging, papers
from app.usecases.context import Caller, Context

PAGE = 200
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Selection:
    """The documents of a run. What is handed over after it was made is judged by the trust of today anyway."""

    verdicts: frozenset[Verdict] | None
    documents: int
    last_id: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A document whose file could not be read; its verdict stays as it was."""

    document_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Judgements:
    """What came of a run: how many documents went from which verdict to which, and those that could not be read."""

    moves: Mapping[tuple[Verdict, Verdict], int]
    unreadable: tuple[Unreadable, ...]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """How many dossiers were looked at, and how many have gained or lost their acceptable electronic result."""

    dossiers: int
    gained: int
    lost: int


@dataclass(slots=True)
class _Run:
    context: Context
    caller: Caller
    correlation_id: str
    tell: Tell
    done: int = 0
    moves: Counter[tuple[Verdict, Verdict]] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)

    async def work_off(self, page: Iterator[tuple[str, str]]) -> None:
        """Judge one after the other what is left of a page; others may take from it at the same time."""
        for document_id, before in page:
            try:
                row = await judging.judge(self.context, self.caller, document_id, self.correlation_id)
            except FileStoreSilent as error:
                if isinstance(error.__cause__, BenchBroken):
                    raise
                self.unreadable.append(Unreadable(document_id, error.detail))
            else:
                self.moves[Verdict(before), Verdict(row["verdict"])] += 1
            self.done += 1
            self.tell(self.done)


async def select(context: Context, verdicts: Collection[Verdict] | None) -> Selection:
    """The documents that speak and have one of these verdicts now (None: any)."""
    async with context.database.read() as session:
        found = await stored.extent(session, verdicts)
    return Selection(None if verdicts is None else frozenset(verdicts), found.documents, found.last_id)


async def judge(
    context: Context, caller: Caller, selection: Selection, correlation_id: str, *, concurrency: int, tell: Tell
) -> Judgements:
    """Judge a selection anew, ``concurrency`` documents at a time; ``tell`` hears how many are done so far.

    Raises:
        FileStoreSilent: this process has no document store, or nobody can open files now. What was judged stays judged.
    """
    papers.files_of(context)
    run = _Run(context, caller, correlation_id, tell)
    after_id = ""
    while True:
        async with context.database.read() as session:
            page = await stored.page(
                session, selection.verdicts, after_id=after_id, last_id=selection.last_id, limit=PAGE
            )
        if not page:
            return Judgements(dict(run.moves), tuple(run.unreadable))
        after_id = page[-1][0]
        await _together(run, iter(page), concurrency)


async def _together(run: _Run, page: Iterator[tuple[str, str]], concurrency: int) -> None:
    """The first failure ends the others. Not a group of tasks: whoever calls is told of one error, as it was raised."""
    tasks = [asyncio.create_task(run.work_off(page)) for _ in range(concurrency)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def count_dossiers(context: Context) -> int:
    """How many dossiers ``refresh`` would look at."""
    async with context.database.read() as session:
        return await stored.count_dossiers(session)


async def refresh(context: Context, caller: Caller, correlation_id: str, *, tell: Tell) -> Refreshed:
    """Note anew of every dossier with documents whether an acceptable result stands behind it, judging nothing.

    For other acceptable verdicts: ``/v1/results/missing`` and the shares go by what is noted. Dossiers that change are
    on record, a page of them at a time.
    """
    after, looked_at, gained, lost = "", 0, 0, 0
    while True:
        async with context.database.read() as session:
            codes = await stored.dossiers_after(session, after, PAGE)
        if not codes:
            return Refreshed(looked_at, gained, lost)
        changed = await _refresh_page(context, caller, codes, correlation_id)
        after = codes[-1]
        looked_at += len(codes)
        gained += sum(changed.values())
        lost += len(changed) - sum(changed.values())
        tell(looked_at)


async def _refresh_page(context: Context, caller: Caller, codes: Sequence[str], correlation_id: str) -> dict[str, bool]:
    """The dossiers of a page that are noted otherwise now, and how."""

    async def work(session: WriteSession) -> dict[str, bool]:
        await dossiers.lock(session, codes)
        held = await documents.held_of(session, codes, context.papers.public_url)
        noted = await stored.e_results(session, codes)
        stands = {code: acceptable(held.get(code, []), context.papers.verdicts) for code in codes}
        changed = {code: has for code, has in stands.items() if noted[code] is not has}
        if not changed:
            return changed
        await results.set_e_results(session, changed)
        detail: dict[str, object] = {
            "gained": sorted(code for code, has in changed.items() if has),
            "lost": sorted(code for code, has in changed.items() if not has),
            "verdicts": sorted(context.papers.verdicts),
        }
        entry = papers.entry(
            caller,
            AuditKind.OPERATION,
            "e_results_refreshed",
            correlation_id,
            purpose=Purpose.OPERATION,
            detail=detail,
        )
        await audit.append(session, [entry], await session.now())
        return changed

    return await context.database.run(work)
