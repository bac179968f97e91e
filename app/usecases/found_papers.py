"""Papers that one of the stores holds already, as they are offered: asked for, described, put on record."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.documents import Role, Source
from app.domain.dossier import CLOSED_STATUSES
from app.errors import DossierNotOpen, Fault, UnknownDossier
from app.store import dossiers
from app.store.dossiers import HeldDossier
from app.store.session import ReadSession, Row
from app.usecases import log_guard, papers, reach
from app.usecases.context import Caller, Context
from connectors.national_store import (
    HeldFile,
    HeldPaper,
    NationalStore,
    PapersAnswer,
    PapersQuestion,
    StoreChannel,
    StoreOutcome,
)
from schemas.provincial import IdentityPaper, PaperKind

NOT_ASKED = "not_asked"
# As our contract and our columns have them, in characters.
_FILE_NAME_MAX, _TITLE_MAX, _NUMBER_SYMBOL_MAX, _ISSUING_BODY_MAX = 255, 2000, 100, 500
# Longer than this it is no ending that says what a file is.
_ENDING_MAX = 16


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks the national store, as it wants to know."""

    name: str | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the national store said. ``candidates`` can be kept as described; ``dropped`` cannot."""

    outcome: str = NOT_ASKED
    candidates: tuple[Row, ...] = ()
    dropped: int = 0


async def open_dossier(context: Context, caller: Caller, session: ReadSession, code: str) -> HeldDossier:
    """A dossier that this caller may ask questions for.

    Raises:
        UnknownDossier: it was never handed over.
        DossierNotOpen: it is closed.
    """
    held = (await dossiers.load(session, [code])).get(code)
    if held is None or not reach.holds(context, caller, held.unit_code):
        message = f"dossier '{code}' was never handed over"
        raise UnknownDossier(message, faults=(Fault("/dossier", message),))
    if held.snapshot.status in CLOSED_STATUSES:
        message = f"dossier '{code}' is closed ('{held.snapshot.status.value}')"
        raise DossierNotOpen(message, faults=(Fault("/dossier", message),))
    return held


def once_each(rows: Iterable[Row]) -> list[Row]:
    """One paper may lie in several dossiers: of rows that come newest first it is offered once, as it came first."""
    return list({row["sha256"]: row for row in rows}.values())


def national_store(context: Context) -> NationalStore | None:
    """The national store, where there is one to ask."""
    return context.files.national_store if context.files else None


def may_hold(owner: IdentityPaper) -> bool:
    """Whether the national store knows owners by such a number: it holds papers of people."""
    return owner.kind is not PaperKind.TAX_NUMBER


async def ask_nation(
    context: Context,
    owner: IdentityPaper,
    asker: Asker,
    procedure: str,
    wanted: Sequence[tuple[str, str | None]],
) -> Told:
    """Ask the national store for papers, ``(result code, number)``; not asked without need, right or store.

    Raises:
        AuditUnavailable: the log is not signed for too long; nothing left the house.
    """
    store = national_store(context)
    if store is None or not wanted or not may_hold(owner) or not (asker.name and asker.number):
        return Told()
    await log_guard.require(context)
    question = PapersQuestion(
        owner_number=owner.number,
        requester_name=asker.name,
        requester_number=asker.number,
        channel=StoreChannel.OFFICER,
        procedure_code=procedure,
        wanted=tuple(wanted),
    )
    return _told(await store.papers(question))


def _told(answer: PapersAnswer) -> Told:
    """Papers that cannot be kept are no answer that helps, and never "not held"."""
    usable = [paper for paper in answer.papers if _fits(paper)]
    dropped = len(answer.papers) - len(usable)
    outcome = StoreOutcome.BAD_REPLY if dropped and not usable else answer.outcome
    candidates = tuple(_held_there(paper, file) for paper in usable for file in paper.files)
    return Told(outcome.value.lower(), candidates, dropped)


def held_here(row: Row) -> Row:
    """A document of the provincial store as a candidate."""
    names = ("role", "code", "title", "number_symbol", "issuing_body", "issued_on", "valid_until", "verdict")
    return {"held_in": Source.PROVINCIAL_STORE.value, "document": row["id"]} | {name: row[name] for name in names}


def _fits(paper: HeldPaper) -> bool:
    """Whether a paper can be kept as the store describes it: a number or a name that was cut would be another one."""
    return (
        len(paper.name) <= _TITLE_MAX
        and len(paper.number_symbol) <= _NUMBER_SYMBOL_MAX
        and len(paper.issuing_body) <= _ISSUING_BODY_MAX
    )


def _held_there(paper: HeldPaper, file: HeldFile) -> Row:
    """One candidate a file: a paper may have several."""
    return {
        "held_in": Source.NATIONAL_STORE.value,
        "document": None,
        "role": Role.RESULT.value,
        "code": paper.result_code,
        "title": paper.name,
        "number_symbol": paper.number_symbol or None,
        "issuing_body": paper.issuing_body or None,
        "issued_on": None,
        "valid_until": None,
        "verdict": None,
        "file_name": _short(file.name),
        "path": file.path,
    }


def _short(file_name: str) -> str:
    """A file name of at most 255 characters, with the ending that it had."""
    if len(file_name) <= _FILE_NAME_MAX:
        return file_name
    stem, dot, ending = file_name.rpartition(".")
    if not dot or len(ending) > _ENDING_MAX:
        return file_name[:_FILE_NAME_MAX]
    return stem[: _FILE_NAME_MAX - len(ending) - 1] + dot + ending


@dataclass(frozen=True, slots=True)
class Question:
    """Who looked a paper up, and for which dossier. ``wanted`` is JSON."""

    by: str
    officer: str
    dossier_code: str
    unit_code: str
    subject_id: str
    wanted: str


def lookup_row(question: Question, candidates: Sequence[Row], national_outcome: str, now: datetime) -> Row:
    """A row of ``lookups``: the question, and what it found in the order in which it is offered."""
    here = sum(candidate["held_in"] == Source.PROVINCIAL_STORE.value for candidate in candidates)
    return {
        "id": papers.new_id(now),
        "at": now,
        "by": question.by,
        "officer": question.officer,
        "dossier_code": question.dossier_code,
        "unit_code": question.unit_code,
        "subject_id": question.subject_id,
        "wanted": question.wanted,
        "provincial": here,
        "national_outcome": national_outcome,
        "national": len(candidates) - here,
        "candidates": json.dumps(candidates, ensure_ascii=False),
    }
