"""Supersede, revoke and correct. Nothing is deleted: what does not speak any more says by what or why."""

import json
from datetime import datetime

from app.domain.audit import AuditKind
from app.domain.documents import Role, Standing
from app.errors import Fault, NotChangeable, UnknownDocument
from app.store import audit, documents, dossiers, links
from app.store.session import Row, WriteSession
from app.usecases import papers
from app.usecases.context import Caller, Context
from schemas.documents import CorrectIn


async def replace(context: Context, caller: Caller, document_id: str, by: str, reason: str, correlation_id: str) -> Row:
    """Let another document of the same dossier, in the same role, stand for one.

    Raises:
        UnknownDocument: there is none.
        NotChangeable: it does not speak any more, or the other one cannot stand for it.
    """

    async def work(session: WriteSession) -> Row:
        old, now = await _speaking(session, document_id)
        if old["replaced_by"] == by:
            return old
        _must_speak(old)
        new = await documents.find(session, by)
        if new is None or by == document_id or (new["dossier_code"], new["role"]) != (old["dossier_code"], old["role"]):
            message = f"document '{by}' cannot stand for '{document_id}': not of the same dossier and role"
            raise NotChangeable(message, faults=(Fault("/by", message),))
        _must_speak(new, "/by")
        await replace_in(session, caller, old, by, reason, now)
        await _tell(context, session, caller, old, "superseded", correlation_id, now)
        return await _found(session, document_id)

    return await context.database.run(work)


async def replace_in(session: WriteSession, caller: Caller, old: Row, by: str, reason: str, now: datetime) -> None:
    """Mark a document as replaced, in the caller's transaction; its link says by what from now on."""
    values = {"standing": Standing.SUPERSEDED.value, "replaced_by": by, "updated_at": now}
    await documents.change_document(session, old["id"], values)
    await links.withdraw(session, old["id"])
    before, after = {"standing": old["standing"]}, {"standing": Standing.SUPERSEDED.value, "replaced_by": by}
    await _note(session, caller, old["id"], "superseded", reason, before, after, now)


async def revoke(context: Context, caller: Caller, document_id: str, reason: str, correlation_id: str) -> Row:
    """Withdraw a document: the nation is told the dossier without it, and its link says that it is withdrawn.

    Raises:
        UnknownDocument: there is none.
        NotChangeable: another document stands for it already.
    """

    async def work(session: WriteSession) -> Row:
        old, now = await _speaking(session, document_id)
        if old["standing"] == Standing.REVOKED.value:
            return old
        _must_speak(old)
        await documents.change_document(session, document_id, {"standing": Standing.REVOKED.value, "updated_at": now})
        await links.withdraw(session, document_id)
        before, after = {"standing": old["standing"]}, {"standing": Standing.REVOKED.value}
        await _note(session, caller, document_id, "revoked", reason, before, after, now)
        await _tell(context, session, caller, old, "revoked", correlation_id, now)
        return await _found(session, document_id)

    return await context.database.run(work)


async def correct(context: Context, caller: Caller, document_id: str, wanted: CorrectIn, correlation_id: str) -> Row:
    """Say something else of a document. What it said before stays on record.

    Raises:
        UnknownDocument: there is none.
        NotChangeable: it does not speak any more, or would end before it was issued.
    """
    changes = wanted.model_dump(mode="json", include=wanted.model_fields_set - {"reason"})

    async def work(session: WriteSession) -> Row:
        old, now = await _speaking(session, document_id)
        _must_speak(old)
        changed = {name: value for name, value in changes.items() if old[name] != value}
        if not changed:
            return old
        then = old | changed
        if then["issued_on"] and then["valid_until"] and then["valid_until"] < then["issued_on"]:
            message = "valid_until lies before issued_on"
            raise NotChangeable(message, faults=(Fault("/valid_until", message),))
        lacking = [name for name in ("number_symbol", "issuing_body", "issued_on", "scope") if then[name] is None]
        if old["role"] == Role.RESULT.value and lacking:
            message = f"{lacking[0]}: a result needs it"
            raise NotChangeable(message, faults=(Fault(f"/{lacking[0]}", message),))
        await documents.change_document(session, document_id, changed | {"updated_at": now})
        before = {name: old[name] for name in changed}
        await _note(session, caller, document_id, "corrected", wanted.reason, before, changed, now)
        await _tell(context, session, caller, old, "corrected", correlation_id, now)
        return await _found(session, document_id)

    return await context.database.run(work)


async def _speaking(session: WriteSession, document_id: str) -> tuple[Row, datetime]:
    found = await documents.find(session, document_id)
    if found is None:
        raise _unknown(document_id)
    await dossiers.lock(session, [found["dossier_code"]])
    # Somebody may have changed it while we waited for the lock.
    return await _found(session, document_id), await session.now()


async def _found(session: WriteSession, document_id: str) -> Row:
    found = await documents.find(session, document_id)
    if found is None:  # pragma: no cover - nothing is deleted
        raise _unknown(document_id)
    return found


def _unknown(document_id: str) -> UnknownDocument:
    return UnknownDocument(f"document '{document_id}' does not exist")


def _must_speak(row: Row, pointer: str = "") -> None:
    if row["standing"] != Standing.ACTIVE.value:
        message = f"document '{row['id']}' does not speak any more ('{row['standing']}')"
        raise NotChangeable(message, faults=(Fault(pointer, message),), members={"replaced_by": row["replaced_by"]})


async def _note(
    session: WriteSession,
    caller: Caller,
    document_id: str,
    kind: str,
    reason: str,
    before: Row,
    after: Row,
    now: datetime,
) -> None:
    row = {
        "document_id": document_id,
        "at": now,
        "by": caller.name,
        "kind": kind,
        "reason": reason,
        "before": json.dumps(before, ensure_ascii=False),
        "after": json.dumps(after, ensure_ascii=False),
    }
    await documents.note_change(session, row)


async def _tell(
    context: Context,
    session: WriteSession,
    caller: Caller,
    row: Row,
    outcome: str,
    correlation_id: str,
    now: datetime,
) -> None:
    """What a change brings with it: the rule of results, a new promise to the nation, an entry."""
    code = row["dossier_code"]
    stands = await papers.refresh(context, session, code)
    detail: dict[str, object] = {"document": row["id"], "e_result": stands}
    if row["link_published_at"] is not None and not await papers.promise(context, session, code, correlation_id, now):
        # It is done here all the same: its link says so at once, whatever the nation can be told.
        await links.note_untold(session, row["id"])
        detail["untold"] = links.NOT_PROMISABLE
    if outcome == "revoked":
        detail["copies"] = await documents.copies_of(session, row["id"])
    entry = papers.entry(
        caller,
        AuditKind.DOCUMENT,
        outcome,
        correlation_id,
        dossier_code=code,
        subject=row["subject_id"],
        sha256=row["sha256"],
        detail=detail,
    )
    await audit.append(session, [entry], now)
