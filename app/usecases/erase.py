"""Erasure of a person's values beside the log: asked for by one, approved by another, and on record, every step.

What is destroyed is the key: the log stays as it was signed, and nobody reads the values any more. The register's own
rows (dossiers, documents) are kept or removed by their own rules; where it holds none, the person's number goes too, so
that the references in the log lead to nobody.
"""

from dataclasses import dataclass

from app.domain.audit import AuditEntry, AuditKind
from app.domain.erasure import ErasureState, same_hands
from app.domain.rulesets import Purpose
from app.errors import ErasureDecided, ErasureOpen, OwnRequest, UnknownErasure, UnknownSubject
from app.store import audit, documents, erasures, owners, subject_keys
from app.store.session import Row, WriteSession
from app.usecases import papers, prove_log
from app.usecases.context import Caller, Context


@dataclass(frozen=True, slots=True)
class Erasure:
    """A request as it stands, and what the register holds of the person.

    ``detached``: the person's number is gone as well. ``scrubbed``: no page of the database holds a remnant of the
    keys; None where nothing was destroyed by this call.
    """

    row: Row
    dossiers: int
    documents: int
    detached: bool = False
    scrubbed: bool | None = None


async def request(
    context: Context, caller: Caller, subject: str, reason: str, legal_basis: str, correlation_id: str
) -> Erasure:
    """Ask that a subject's keys be destroyed. Nothing is destroyed until somebody else has approved it.

    Raises:
        UnknownSubject: nobody is known by this id.
        ErasureOpen: one waits for its approval already.
    """

    async def work(session: WriteSession) -> Erasure:
        if await documents.subject_row(session, subject) is None:
            message = f"nobody is known as '{subject}'"
            raise UnknownSubject(message)
        waiting = await erasures.open_of(session, subject)
        if waiting is not None:
            message = f"erasure '{waiting}' of this subject waits for its approval"
            raise ErasureOpen(message, members={"erasure": waiting})
        now = await session.now()
        row: Row = {
            "id": papers.new_id(now),
            "subject_id": subject,
            "at": now,
            "asked_by": caller.name,
            "agency": caller.agency,
            "reason": reason,
            "legal_basis": legal_basis,
            "state": ErasureState.ASKED.value,
            "decided_at": None,
            "decided_by": None,
            "note": None,
            "keys_destroyed": None,
        }
        await erasures.put(session, row)
        # The reason stands with the request itself.
        await audit.append(session, [_entry(caller, row, "asked", {}, correlation_id)], now)
        return Erasure(row, *await owners.held_of(session, subject))

    return await context.database.run(work)


async def decide(
    context: Context, caller: Caller, erasure_id: str, note: str, correlation_id: str, *, approve: bool
) -> Erasure:
    """Approve a request, which destroys the keys at once, or decline it. Nobody approves what they asked for.

    Raises:
        UnknownErasure: there is none.
        ErasureDecided: somebody was quicker.
        OwnRequest: it is the caller's own, and would be approved.
    """

    async def work(session: WriteSession) -> Erasure:
        row = await _waiting(session, erasure_id)
        if approve and same_hands(row["asked_by"], caller.name):
            message = f"'{row['asked_by']}' asked for erasure '{erasure_id}': somebody else must approve it"
            raise OwnRequest(message)
        now, subject = await session.now(), row["subject_id"]
        held = await owners.held_of(session, subject)
        state, keys, detached = ErasureState.DECLINED, list[str](), False
        if approve:
            state, detached = ErasureState.DONE, not any(held)
            keys = await subject_keys.destroy(session, subject, now)
            if detached:
                await owners.detach(session, subject)
        await erasures.decide(session, erasure_id, state, caller.name, note, len(keys), now)
        told: dict[str, object] = {"keys": keys, "detached": detached} if approve else {}
        outcome = audit.ERASED if approve else "declined"
        await audit.append(session, [_entry(caller, row, outcome, told, correlation_id)], now)
        settled = {"state": state.value, "decided_by": caller.name, "decided_at": now, "note": note}
        return Erasure(row | settled | {"keys_destroyed": len(keys)}, *held, detached=detached)

    done = await context.database.run(work)
    if not approve:
        return done
    # Outside of the transaction, as the engines demand; the command line does it again where others were in the way.
    scrubbed = await context.database.scrub()
    return Erasure(done.row, done.dossiers, done.documents, done.detached, scrubbed)


async def _waiting(session: WriteSession, erasure_id: str) -> Row:
    row = await erasures.find(session, erasure_id)
    if row is None:
        message = f"erasure '{erasure_id}' does not exist"
        raise UnknownErasure(message)
    if row["state"] != ErasureState.ASKED.value:
        message = f"erasure '{erasure_id}' was decided by '{row['decided_by']}'"
        raise ErasureDecided(message, members={"state": row["state"]})
    return row


def _entry(caller: Caller, row: Row, outcome: str, detail: dict[str, object], correlation_id: str) -> AuditEntry:
    return AuditEntry(
        kind=AuditKind.ERASURE,
        outcome=outcome,
        actor=caller.name,
        agency=caller.agency,
        purpose=Purpose.ERASURE.value,
        legal_basis=row["legal_basis"],
        correlation_id=correlation_id,
        subject_ref=row["subject_id"],
        detail={"erasure": row["id"]} | detail,
    )


async def listing(
    context: Context, caller: Caller, before: str | None, limit: int, correlation_id: str, *, waiting: bool
) -> list[Row]:
    """A page of requests, newest first. The look is on record."""
    asked: dict[str, object] = {"log": "erasures", "waiting": waiting, "limit": limit}
    await prove_log.note_access(context, caller, "read", correlation_id, asked)
    async with context.database.read() as session:
        return await erasures.page(session, before, limit, waiting=waiting)
