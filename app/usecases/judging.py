"""What signatures are worth: judged when a file comes, and anew whenever somebody asks."""

import json
from dataclasses import asdict
from datetime import datetime

from app.domain.audit import AuditKind
from app.domain.documents import FileKind, Judged, Role, SignerKind, Verdict, overall
from app.errors import FileStoreSilent, UnknownDocument
from app.papers import BenchBroken, FileRefused
from app.store import audit, documents, dossiers
from app.store.session import Row, WriteSession
from app.usecases import papers
from app.usecases.context import Caller, Context
from app.vault import VaultError


def wanted_of(context: Context, role: Role, code: str | None) -> frozenset[SignerKind]:
    """Who must sign. A component needs whoever has signed it to be right, and nobody in particular."""
    return context.papers.wanted(code) if role is Role.RESULT else frozenset()


async def judge(context: Context, caller: Caller, document_id: str, correlation_id: str) -> Row:
    """Judge the signatures of a document anew, by the trust of today; what was judged before stays on record.

    Raises:
        UnknownDocument: there is none.
        FileStoreSilent: its file cannot be had, or is not the file that was kept.
    """
    files = papers.files_of(context)
    async with context.database.read() as reading:
        row, now = await documents.find(reading, document_id), await reading.now()
    if row is None:
        message = f"document '{document_id}' does not exist"
        raise UnknownDocument(message)
    if row["kind"] == FileKind.PDF.value:
        try:
            with await files.vault.fetch(row["sha256"]) as file:
                judged = await files.examiner.judge(file, now)
        except (VaultError, BenchBroken, FileRefused) as error:
            message = f"the file of document '{document_id}' cannot be read: {error}"
            raise FileStoreSilent(message) from error
    else:
        judged = Judged()
    wanted = wanted_of(context, Role(row["role"]), row["code"])
    verdict = overall(judged.signatures, wanted)

    async def work(session: WriteSession) -> Row:
        await dossiers.lock(session, [row["dossier_code"]])
        at = await session.now()
        await documents.note_judgement(session, row_of(caller.name, document_id, verdict, judged, wanted, at))
        told = await papers.marks(context, session, row["dossier_code"])
        await documents.set_verdict(session, document_id, verdict.value, at)
        stands = await papers.refresh(context, session, row["dossier_code"])
        if told != await papers.marks(context, session, row["dossier_code"]):
            await papers.promise(context, session, row["dossier_code"], correlation_id, at)
        detail: dict[str, object] = {"document": document_id, "verdict": verdict.value, "e_result": stands}
        entry = papers.entry(
            caller,
            AuditKind.DOCUMENT,
            "judged",
            correlation_id,
            dossier_code=row["dossier_code"],
            subject=row["subject_id"],
            sha256=row["sha256"],
            detail=detail,
        )
        await audit.append(session, [entry], at)
        found = await documents.find(session, document_id)
        assert found is not None  # noqa: S101 - nothing is deleted
        return found

    return await context.database.run(work)


def row_of(
    asked_by: str,
    document_id: str,
    verdict: Verdict,
    judged: Judged,
    wanted: frozenset[SignerKind],
    now: datetime,
) -> Row:
    """A judgement with what it was judged by, who had to sign included, as it is kept."""
    judged_by = dict(judged.judged_by) | {"wanted": sorted(kind.value for kind in wanted)}
    return {
        "document_id": document_id,
        "at": now,
        "verdict": verdict.value,
        "signatures": json.dumps([asdict(one) for one in judged.signatures], ensure_ascii=False, default=_json),
        "judged_by": json.dumps(judged_by, ensure_ascii=False),
        "asked_by": asked_by,
    }


def _json(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
