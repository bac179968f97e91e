"""Is this paper held already? The same file again, another file of the same paper, and what a new one may replace."""

from datetime import datetime

from app.domain.documents import Role, Standing, Verdict, stands_for
from app.domain.rulesets import VIETNAM
from app.errors import DocumentKnown, Fault, LookupUsed, NotChangeable
from app.store import documents, lookups
from app.store.documents import PaperKey
from app.store.session import ReadSession, Row
from app.usecases.context import Context
from app.usecases.paper_facts import Facts, content_hash


async def judge(
    context: Context, session: ReadSession, dossier_code: str, facts: Facts, file_sha256: str, now: datetime
) -> Row | None:
    """The document that is this very hand-over; None when the file may be kept as a new one.

    Raises:
        DocumentKnown: this file is held with other facts, or another file of the same paper is.
        NotChangeable: this hand-over was withdrawn or replaced since, and a retry must not undo that; or what it is to
            replace does not speak any more, or belongs elsewhere.
        LookupUsed: something came of its look-up already.
    """
    held = await documents.same_file(session, dossier_code, facts.role.value, facts.code, file_sha256)
    if held is not None:
        same = held["content_hash"] == content_hash(facts)
        if held["standing"] != Standing.ACTIVE.value and same:
            message = f"this file was handed over before as document {held['id']}, which is {held['standing']}"
            raise NotChangeable(message, members={"document": held["id"], "replaced_by": held["replaced_by"]})
        if held["standing"] == Standing.ACTIVE.value:
            if not same:
                message = f"this file is held as document {held['id']}, with other facts"
                raise DocumentKnown(message, members={"document": held["id"]})
            return held
    if facts.supersedes is not None:
        await replaceable(session, dossier_code, facts)
    if facts.origin is not None:
        lookup = await lookups.find(session, facts.origin.lookup_id)
        if lookup is not None and lookup["used_at"] is not None:
            message = f"something came of look-up '{facts.origin.lookup_id}' already"
            raise LookupUsed(message, faults=(Fault("/lookup_id", message),))
        return None
    await _refuse_same_paper(context, session, dossier_code, facts, file_sha256, now)
    return None


async def replaceable(session: ReadSession, dossier_code: str, facts: Facts) -> Row:
    """The document that this one is to replace.

    Raises:
        NotChangeable: it does not speak any more, or belongs to another dossier or role.
    """
    old = await documents.find(session, facts.supersedes or "")
    if old is None or old["dossier_code"] != dossier_code or old["role"] != facts.role.value:
        message = f"dossier '{dossier_code}' has no document '{facts.supersedes}' that this one could replace"
        raise NotChangeable(message, faults=(Fault("/supersedes", message),))
    if old["standing"] != Standing.ACTIVE.value:
        message = f"document '{facts.supersedes}' does not speak any more ('{old['standing']}')"
        raise NotChangeable(message, faults=(Fault("/supersedes", message),))
    return old


async def _refuse_same_paper(
    context: Context, session: ReadSession, dossier_code: str, facts: Facts, file_sha256: str, now: datetime
) -> None:
    """A paper is the same paper by its type, number, issuer and day; another file of it must say that it replaces.

    One of another dossier stands in the way only when a look-up would offer it: there must be a way to use it.
    """
    owner = facts.owner
    if owner is None or not (facts.code and facts.number_symbol and facts.issuing_body and facts.issued_on):
        return
    subject = await documents.find_subject(session, owner.kind.value, owner.number)
    if subject is None:
        return
    key = PaperKey(subject, facts.role.value, facts.code, facts.number_symbol, facts.issuing_body, facts.issued_on)
    today = now.astimezone(VIETNAM).date().isoformat()
    for known in await documents.same_papers(session, key):
        if known["sha256"] == file_sha256 or known["id"] == facts.supersedes:
            continue
        if known["dossier_code"] == dossier_code:
            message = f"another file of this paper is held as document {known['id']}"
            raise DocumentKnown(message, members={"document": known["id"]})
        is_valid = known["valid_until"] is None or known["valid_until"] >= today
        if is_valid and stands_for(Role(known["role"]), Verdict(known["verdict"]), context.papers.verdicts):
            message = f"another file of this paper is held as document {known['id']} of another dossier: look it up"
            raise DocumentKnown(message, members={"document": known["id"]})
