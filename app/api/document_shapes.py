"""Rows about documents to published answers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.api.shapes import meaning
from app.domain.documents import MEDIA_TYPES, Claim, FileKind
from app.domain.rulesets import VIETNAM
from app.store.session import Row
from app.usecases.context import Context
from app.usecases.look_documents import DossierDocuments
from app.usecases.lookup_document import Answer
from app.usecases.publish import address
from schemas.documents import (
    CandidateOut,
    ChangeOut,
    DocumentDetail,
    DocumentOut,
    DossierDocumentsOut,
    JudgementOut,
    LinkOut,
    LookupOut,
    SignatureOut,
    UndocumentedOut,
)

_SAME = (
    "id", "role", "code", "title", "number_symbol", "issuing_body", "issued_on", "valid_until", "scope", "owner_name",
    "digitised_by", "source", "lookup_id", "standing", "replaced_by", "sha256", "size_bytes", "pages", "file_name",
    "verdict", "version", "handed_over_by", "created_at", "updated_at",
)  # fmt: skip
_CANDIDATE = (
    "held_in", "document", "role", "code", "title", "number_symbol", "issuing_body", "issued_on", "valid_until",
    "verdict",
)  # fmt: skip


def _fields(context: Context, row: Row) -> dict[str, Any]:
    return {name: row[name] for name in _SAME} | {
        "dossier": row["dossier_code"],
        "subject": row["subject_id"],
        "origin": row["origin_id"],
        "media_type": MEDIA_TYPES[FileKind(row["kind"])],
        "meaning": meaning(f"verdict.{row['verdict']}"),
        "link": _link(context, row),
        "address": f"/v1/documents/{row['id']}",
    }


def _link(context: Context, row: Row) -> LinkOut | None:
    if not row["link_state"]:
        return None
    return LinkOut(
        url=address(context, row["link_capability"]),
        state=row["link_state"],
        meaning=meaning(f"link.{row['link_state']}"),
        probed_at=row["link_probed_at"],
        failures=row["link_failures"],
        reason=row["link_reason"],
        detail=row["link_detail"],
        fetches=row["link_fetches"],
        last_fetched_at=row["link_last_fetched_at"],
    )


def document(context: Context, row: Row) -> DocumentOut:
    """A document as a list shows it."""
    return DocumentOut(**_fields(context, row))


def detail(context: Context, found: tuple[Row, list[Row], list[Row]]) -> DocumentDetail:
    """A document with all its history."""
    row, judgements, changes = found
    return DocumentDetail(
        **_fields(context, row),
        judgements=tuple(judgement(judged) for judged in judgements),
        changes=tuple(
            ChangeOut(**{name: change[name] for name in ("at", "by", "kind", "reason", "before", "after")})
            for change in changes
        ),
        copies=tuple(row["copies"]),
    )


def judgement(row: Row) -> JudgementOut:
    """A judgement with its signatures."""
    return JudgementOut(
        at=row["at"],
        verdict=row["verdict"],
        meaning=meaning(f"verdict.{row['verdict']}"),
        signatures=tuple(_signature(found) for found in row["signatures"]),
        judged_by=row["judged_by"],
        asked_by=row["asked_by"],
    )


def _signature(found: Mapping[str, Any]) -> SignatureOut:
    times = {name: _local(found[name]) for name in ("signed_at", "valid_from", "valid_to")}
    same = {name: found[name] for name in SignatureOut.model_fields if name in found and name not in times}
    return SignatureOut(**same, **times, signer_kind=found["kind"])


def _local(value: str | None) -> datetime | None:
    """Signing times are told on the clock of Viet Nam (NĐ 30/2020/NĐ-CP, Phụ lục I)."""
    return datetime.fromisoformat(value).astimezone(VIETNAM) if value else None


def of_dossier(context: Context, found: DossierDocuments) -> DossierDocumentsOut:
    """The documents of a dossier, and what is claimed without one."""
    return DossierDocumentsOut(
        items=tuple(document(context, row) for row in found.rows),
        undocumented=tuple(_claim(claim) for claim in found.undocumented),
        e_result=found.e_result,
    )


def _claim(claim: Claim) -> UndocumentedOut:
    return UndocumentedOut(
        pointer=claim.pointer, claim=claim.kind.value, meaning=meaning(f"undocumented.{claim.kind.value}")
    )


def lookup(answer: Answer) -> LookupOut:
    """What a look-up found."""
    held = "held" if answer.candidates else "not_held"
    known = answer.national_outcome in {"found", "nothing_held", "not_asked"}
    return LookupOut(
        id=answer.id,
        held=bool(answer.candidates),
        national_outcome=answer.national_outcome,
        meaning=meaning(f"lookup.{held if held == 'held' or known else 'unsure'}"),
        candidates=tuple(candidates(answer.candidates)),
    )


def candidates(found: Iterable[Row]) -> list[CandidateOut]:
    """The candidates of a look-up, each with its place."""
    return [CandidateOut(place=place, **{n: row[n] for n in _CANDIDATE}) for place, row in enumerate(found)]
