"""What every change of a dossier's documents brings with it: whether a result stands behind it, and a new promise."""

from datetime import datetime
from secrets import token_hex

import structlog

from app.domain.audit import AuditEntry, AuditKind
from app.domain.documents import Marks, acceptable, marks_of
from app.domain.dossier import DossierStatus
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import FileStoreSilent, Refusal
from app.store import documents, dossiers, outbox, owners, results
from app.store.session import ReadSession, WriteSession
from app.usecases.context import Caller, Context, Files
from app.usecases.promising import About, messages_of
from app.usecases.records import sha256, wires_of
from schemas.provincial import Database, DossierIn

_log = structlog.get_logger(__name__)
_MILLISECOND = 1000
_RANDOM_BYTES = 10
POPULATION = Database.POPULATION.value


def new_id(now: datetime) -> str:
    """An id of 32 hexadecimal digits that nobody can guess; ids of later times sort behind those of earlier ones."""
    return f"{int(now.timestamp() * _MILLISECOND):012x}{token_hex(_RANDOM_BYTES)}"


def files_of(context: Context) -> Files:
    """The store and its helpers.

    Raises:
        FileStoreSilent: this process has none.
    """
    if context.files is None:
        message = "no document store is set up here"
        raise FileStoreSilent(message)
    return context.files


async def marks(context: Context, session: WriteSession, code: str) -> Marks:
    """What may be said of a dossier's documents now."""
    held = await documents.held_of(session, [code], context.papers.public_url)
    return marks_of(held.get(code, []), await databases_of(session, code))


async def databases_of(session: ReadSession, code: str) -> tuple[str, ...]:
    """The databases that confirmed a person of a dossier."""
    return (POPULATION,) if await owners.matched(session, [code]) else ()


async def refresh(context: Context, session: WriteSession, code: str) -> bool:
    """Note whether an acceptable result stands behind a dossier now."""
    held = (await documents.held_of(session, [code], context.papers.public_url)).get(code, [])
    stands = acceptable(held, context.papers.verdicts)
    await results.set_e_results(session, {code: stands})
    return stands


async def promise(context: Context, session: WriteSession, code: str, correlation_id: str, now: datetime) -> bool:
    """Promise the dossier anew, as its documents stand now; the caller holds its lock.

    Of several promises that still wait only the newest goes out; what the last one says already is not said again, as
    when a paper came that the nation is not told of. False: a code of the dossier has left the catalogue
    since, so it cannot be put in the nation's words, and nothing was promised.
    """
    row = await dossiers.facts(session, code)
    if row is None:  # pragma: no cover - documents refer to their dossier
        return False
    held = (await documents.held_of(session, [code], context.papers.public_url)).get(code, [])
    body = DossierIn.model_validate_json(row["facts"])
    try:
        wires = wires_of(context, code, body, marks_of(held, await databases_of(session, code)))
    except Refusal as refusal:
        _log.error("not_promisable", dossier=code, detail=refusal.detail)
        return False
    wires = {
        target: payload
        for target, payload in wires.items()
        if not await outbox.told_already(session, code, str(target), sha256(payload))
    }
    if not wires:
        return True
    version = await results.next_papers_version(session, code)
    about = About(
        code,
        row["procedure_code"],
        row["unit_code"],
        DossierStatus(row["status"]),
        row["received_at"],
        row["due_at"],
    )
    news = messages_of(
        about,
        wires,
        kind="dossier",
        ref=f"{row['revision']}.{version}",
        correlation_id=correlation_id,
        calendar=context.calendar,
        now=now,
    )
    await outbox.put(session, list(news), now)
    return True


def entry(  # noqa: PLR0913 - an entry has that many parts
    caller: Caller,
    kind: AuditKind,
    outcome: str,
    correlation_id: str,
    *,
    purpose: Purpose = Purpose.DOCUMENTS,
    dossier_code: str | None = None,
    subject: str | None = None,
    sha256: str | None = None,
    detail: dict[str, object] | None = None,
) -> AuditEntry:
    """An entry about a document. People stand in it by the id they have here, never by number or name."""
    return AuditEntry(
        kind=kind,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=purpose.value,
        legal_basis=LEGAL_BASIS[purpose],
        correlation_id=correlation_id,
        dossier_code=dossier_code,
        subject_ref=subject,
        payload_hash=sha256,
        detail=detail or {},
    )
