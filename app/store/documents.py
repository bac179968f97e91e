"""Documents, their owners, judgements and changes; what lies in the store behind them. Nothing is deleted."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from app.domain.documents import Held, Role, Source, Standing, Verdict
from app.store.document_tables import blobs, document_changes, documents, judgements, links, subjects
from app.store.reach import Units, of_dossiers
from app.store.session import ReadSession, Row, WriteSession, member_of, members

WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class PaperKey:
    """What makes a paper that paper, whatever file shows it: type, number, issuer, day (and whose it is)."""

    subject_id: str
    role: str
    code: str
    number_symbol: str
    issuing_body: str
    issued_on: str


async def subject(session: WriteSession, kind: str, number: str, new_id: str, now: datetime) -> str:
    """The id of an owner, made when there is none."""
    dialect = postgresql if session.dialect == "postgresql" else sqlite
    statement = dialect.insert(subjects).on_conflict_do_nothing(index_elements=["kind", "number"])
    await session.execute(statement, {"id": new_id, "kind": kind, "number": number, "created_at": now})
    wanted = select(subjects.c.id).where(subjects.c.kind == kind, subjects.c.number == number)
    found: str = (await session.rows(wanted))[0][0]
    return found


async def find_subject(session: ReadSession, kind: str, number: str) -> str | None:
    """The id of an owner, or None."""
    wanted = select(subjects.c.id).where(subjects.c.kind == kind, subjects.c.number == number)
    row = await session.one_or_none(wanted)
    return None if row is None else str(row.id)


async def lock_owner(session: WriteSession, kind: str, number: str) -> None:
    """Make everybody else who hands over a paper of this owner wait until this transaction ends.

    Taken after the lock of the dossier. On SQLite the transaction already stands alone.
    """
    if session.dialect == "postgresql":
        key = f"owner:{kind}:{number}"
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})


async def subject_row(session: ReadSession, subject_id: str) -> Row | None:
    """An owner's row, or None."""
    row = await session.one_or_none(select(subjects).where(subjects.c.id == subject_id))
    return None if row is None else dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


async def promise_blob(session: WriteSession, sha256: str, size_bytes: int, now: datetime) -> None:
    """Announce an object before it is written, so that none is ever without a row."""
    dialect = postgresql if session.dialect == "postgresql" else sqlite
    statement = dialect.insert(blobs).on_conflict_do_nothing(index_elements=["sha256"])
    row = {"sha256": sha256, "size_bytes": size_bytes, "state": "promised", "created_at": now, "checked_at": now}
    await session.execute(statement, row)


async def keep_blob(session: WriteSession, sha256: str) -> None:
    """A document speaks of the object now. One that was found damaged has just been put anew, whole."""
    statement = update(blobs).where(blobs.c.sha256 == sha256, blobs.c.state != "kept").values(state="kept", fault=None)
    await session.execute(statement)


async def insert_document(session: WriteSession, row: Row) -> None:
    """Write a document."""
    await session.execute(insert(documents), row)


async def change_document(session: WriteSession, document_id: str, values: Row) -> None:
    """Write new values over a document's; what they were before must be in ``document_changes``."""
    statement = update(documents).where(documents.c.id == document_id)
    await session.execute(statement.values(**values, version=documents.c.version + 1))


async def note_change(session: WriteSession, row: Row) -> None:
    """Keep what a person changed; ``before`` and ``after`` are JSON texts."""
    await session.execute(insert(document_changes), row)


async def note_judgement(session: WriteSession, row: Row) -> None:
    """Keep a judgement; ``signatures`` and ``judged_by`` are JSON texts."""
    await session.execute(insert(judgements), row)


async def set_verdict(session: WriteSession, document_id: str, verdict: str, now: datetime) -> None:
    """The newest judgement counts."""
    statement = update(documents).where(documents.c.id == document_id).values(verdict=verdict, updated_at=now)
    await session.execute(statement)


def _joined() -> Any:  # noqa: ANN401 - a select of two tables
    link = [links.c[name].label(f"link_{name}") for name in _LINK]
    return select(documents, *link).join(links, links.c.document_id == documents.c.id, isouter=True)


_LINK = (
    "capability", "state", "published_at", "probed_at", "failures", "reason", "detail", "fetches", "last_fetched_at",
)  # fmt: skip


async def find(session: ReadSession, document_id: str) -> Row | None:
    """A document with its link, or None."""
    row = await session.one_or_none(_joined().where(documents.c.id == document_id))
    return None if row is None else dict(row._mapping)  # noqa: SLF001


async def of_dossier(session: ReadSession, code: str) -> list[Row]:
    """The documents of a dossier, in the order in which they came."""
    statement = _joined().where(documents.c.dossier_code == code).order_by(documents.c.created_at, documents.c.id)
    return [dict(row._mapping) for row in await session.rows(statement)]  # noqa: SLF001


async def held_of(session: ReadSession, codes: Sequence[str], public_url: str) -> dict[str, list[Held]]:
    """As much of the documents of several dossiers as the rules look at, in the order in which they came."""
    wanted = member_of(documents.c.dossier_code, "codes", session.dialect)
    statement = _joined().where(wanted).order_by(documents.c.created_at, documents.c.id)
    rows = await session.rows(statement, {"codes": members(list(codes), session.dialect)})
    held: dict[str, list[Held]] = {}
    for row in rows:
        held.setdefault(row.dossier_code, []).append(held_document(row._mapping, public_url))  # noqa: SLF001
    return held


def held_document(row: Mapping[str, Any], public_url: str) -> Held:
    """A row as the rules see it.

    It has an address once its link was seen to work. One that stopped working later stays told to the nation: what
    ails the link today must not take a result back.
    """
    live = row["link_published_at"] is not None and row["link_state"] != WITHDRAWN
    return Held(
        id=row["id"],
        role=Role(row["role"]),
        code=row["code"],
        name=row["title"],
        source=Source(row["source"]),
        standing=Standing(row["standing"]),
        url=f"{public_url}/files/{row['link_capability']}" if live else None,
        verdict=Verdict(row["verdict"]),
        origin_role=Role(row["origin_role"]) if row["origin_role"] else None,
        origin_code=row["origin_code"],
    )


async def same_file(session: ReadSession, dossier_code: str, role: str, code: str | None, sha256: str) -> Row | None:
    """The document of this dossier that shows the same file in the same place, whatever became of it."""
    statement = _joined().where(
        documents.c.dossier_code == dossier_code,
        documents.c.role == role,
        documents.c.code.is_(None) if code is None else documents.c.code == code,
        documents.c.sha256 == sha256,
    )
    rows = await session.rows(statement.order_by(documents.c.created_at.desc(), documents.c.id.desc()).limit(1))
    return dict(rows[0]._mapping) if rows else None  # noqa: SLF001


async def same_papers(session: ReadSession, key: PaperKey) -> list[Row]:
    """Documents that speak and show the same paper, with whatever file; the oldest first."""
    statement = _joined().where(
        documents.c.number_symbol == key.number_symbol,
        documents.c.subject_id == key.subject_id,
        documents.c.role == key.role,
        documents.c.code == key.code,
        documents.c.issuing_body == key.issuing_body,
        documents.c.issued_on == key.issued_on,
        documents.c.standing == Standing.ACTIVE.value,
    )
    rows = await session.rows(statement.order_by(documents.c.created_at, documents.c.id).limit(100))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001


async def copies_of(session: ReadSession, document_id: str, units: Units = None) -> list[str]:
    """The documents that speak and were taken from this one, oldest first."""
    statement = select(documents.c.id).where(
        documents.c.origin_id == document_id,
        documents.c.standing == Standing.ACTIVE.value,
        *of_dossiers(documents.c.dossier_code, units),
    )
    return [row.id for row in await session.rows(statement.order_by(documents.c.id))]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents of an owner. ``before`` is the key of the last one seen; ``units`` are those in reach."""

    role: str | None = None
    code: str | None = None
    standing: str | None = None
    valid_on: str | None = None
    before: str | None = None
    limit: int = 50
    units: Units = None


async def of_subject(session: ReadSession, subject_id: str, wanted: Wanted) -> list[Row]:
    """The documents of an owner, newest first. Ids are made in the order of time."""
    conditions = [documents.c.subject_id == subject_id, *of_dossiers(documents.c.dossier_code, wanted.units)]
    equal = {"role": wanted.role, "code": wanted.code, "standing": wanted.standing}
    conditions += [documents.c[name] == value for name, value in equal.items() if value]
    if wanted.valid_on is not None:
        conditions.append(or_(documents.c.valid_until.is_(None), documents.c.valid_until >= wanted.valid_on))
        conditions.append(or_(documents.c.issued_on.is_(None), documents.c.issued_on <= wanted.valid_on))
    if wanted.before is not None:
        conditions.append(documents.c.id < wanted.before)
    statement = _joined().where(*conditions).order_by(documents.c.id.desc()).limit(wanted.limit)
    return [dict(row._mapping) for row in await session.rows(statement)]  # noqa: SLF001


async def usable(
    session: ReadSession, subject_id: str, codes: Iterable[tuple[str, str]], number_symbol: str | None, on: str
) -> list[Row]:
    """Documents of an owner that speak, are valid on a day, and are one of these ``(role, code)``; newest first."""
    places = [and_(documents.c.role == role, documents.c.code == code) for role, code in codes]
    conditions = [
        documents.c.subject_id == subject_id,
        documents.c.standing == Standing.ACTIVE.value,
        or_(documents.c.valid_until.is_(None), documents.c.valid_until >= on),
        or_(*places),
    ]
    if number_symbol is not None:
        conditions.append(documents.c.number_symbol == number_symbol)
    statement = _joined().where(*conditions).order_by(documents.c.id.desc()).limit(50)
    return [dict(row._mapping) for row in await session.rows(statement)]  # noqa: SLF001


async def any_told_replaced(session: ReadSession, by: Sequence[str]) -> bool:
    """Whether any of these documents replaces one that the nation was told of."""
    statement = (
        select(documents.c.id)
        .join(links, links.c.document_id == documents.c.id)
        .where(documents.c.replaced_by.in_(list(by)), links.c.published_at.is_not(None))
        .limit(1)
    )
    return bool(by) and bool(await session.rows(statement))


async def judgements_of(session: ReadSession, document_id: str) -> list[Row]:
    """Every judgement, oldest first."""
    statement = select(judgements).where(judgements.c.document_id == document_id).order_by(judgements.c.id)
    found = [dict(row._mapping) for row in await session.rows(statement)]  # noqa: SLF001
    return [row | {name: json.loads(row[name]) for name in ("signatures", "judged_by")} for row in found]


async def changes_of(session: ReadSession, document_id: str) -> list[Row]:
    """Every change, oldest first."""
    statement = select(document_changes).where(document_changes.c.document_id == document_id)
    found = [dict(row._mapping) for row in await session.rows(statement.order_by(document_changes.c.id))]  # noqa: SLF001
    return [row | {name: json.loads(row[name]) for name in ("before", "after")} for row in found]


async def verdicts(session: ReadSession) -> dict[str, int]:
    """Results that speak, by verdict."""
    statement = (
        select(documents.c.verdict, func.count())
        .where(documents.c.role == Role.RESULT.value, documents.c.standing == Standing.ACTIVE.value)
        .group_by(documents.c.verdict)
    )
    return {verdict.value: 0 for verdict in Verdict} | {row[0]: row[1] for row in await session.rows(statement)}
