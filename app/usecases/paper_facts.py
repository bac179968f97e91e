"""What is said of a document, wherever it comes from."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.documents import Role
from app.usecases.records import sha256
from schemas.documents import DocumentIn
from schemas.provincial import IdentityPaper


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document was taken from, when it was not handed over: a source, a document here, what it was there."""

    source: str
    document_id: str | None
    role: Role | None
    code: str | None
    lookup_id: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is said of a document, wherever it comes from. Days are ISO texts."""

    role: Role
    code: str | None
    title: str
    number_symbol: str | None
    issuing_body: str | None
    issued_on: str | None
    valid_until: str | None
    scope: str | None
    owner: IdentityPaper | None
    owner_name: str | None
    digitised_by: str | None
    source: str
    file_name: str
    supersedes: str | None = None
    supersede_reason: str | None = None
    origin: Origin | None = None


def facts_of(handed: DocumentIn, file_name: str) -> Facts:
    """What the software says of a file that it hands over."""
    return Facts(
        role=Role(handed.role.value),
        code=handed.code,
        title=handed.title,
        number_symbol=handed.number_symbol,
        issuing_body=handed.issuing_body,
        issued_on=_day(handed.issued_on),
        valid_until=_day(handed.valid_until),
        scope=handed.scope,
        owner=handed.owner,
        owner_name=handed.owner_name,
        digitised_by=handed.digitised_by,
        source=handed.source.value,
        file_name=handed.file_name or file_name,
        supersedes=handed.supersedes,
        supersede_reason=handed.supersede_reason,
    )


def _day(value: Any) -> str | None:  # noqa: ANN401 - a date or None
    return None if value is None else str(value.isoformat())


def content_hash(facts: Facts) -> str:
    """A hash over all that is said of a document, to tell the same hand-over again from another one."""
    said = asdict(facts) | {"owner": facts.owner.model_dump(mode="json") if facts.owner else None}
    return sha256(json.dumps(said, ensure_ascii=False, sort_keys=True, default=str))
