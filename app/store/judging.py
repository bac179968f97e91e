"""Which documents are to be judged anew, and what is noted of the dossiers that have any. Only reads."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select

from app.domain.documents import Standing
from app.store.document_tables import documents
from app.store.session import ReadSession, member_of, members
from app.store.tables import dossiers


@dataclass(frozen=True, slots=True)
class Extent:
    """How many documents there are, and the id of the last one ("" when there are none)."""

    documents: int
    last_id: str


def _speaking(verdicts: Iterable[str] | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [documents.c.standing == Standing.ACTIVE.value]
    if verdicts is not None:
        conditions.append(documents.c.verdict.in_(sorted(verdicts)))
    return conditions


async def extent(session: ReadSession, verdicts: Iterable[str] | None) -> Extent:
    """The documents that speak and have one of these verdicts (None: any)."""
    statement = select(func.count(), func.max(documents.c.id)).where(*_speaking(verdicts))
    count, last_id = (await session.rows(statement))[0]
    return Extent(int(count), last_id or "")


async def page(
    session: ReadSession, verdicts: Iterable[str] | None, *, after_id: str, last_id: str, limit: int
) -> list[tuple[str, str]]:
    """The next of these documents behind ``after_id``, up to ``last_id``, in the order of their ids: id and verdict."""
    statement = (
        select(documents.c.id, documents.c.verdict)
        .where(documents.c.id > after_id, documents.c.id <= last_id, *_speaking(verdicts))
        .order_by(documents.c.id)
        .limit(limit)
    )
    return [(row.id, row.verdict) for row in await session.rows(statement)]


async def count_dossiers(session: ReadSession) -> int:
    """How many dossiers have documents."""
    return int((await session.rows(select(func.count(documents.c.dossier_code.distinct()))))[0][0])


async def dossiers_after(session: ReadSession, after: str, limit: int) -> list[str]:
    """The next dossiers that have documents, behind a code ("" for the first), in the database's own order of codes."""
    statement = (
        select(documents.c.dossier_code)
        .where(documents.c.dossier_code > after)
        .group_by(documents.c.dossier_code)
        .order_by(documents.c.dossier_code)
        .limit(limit)
    )
    return [row.dossier_code for row in await session.rows(statement)]


async def e_results(session: ReadSession, codes: Sequence[str]) -> dict[str, bool]:
    """Whether an acceptable result is noted to stand behind each of these dossiers."""
    statement = select(dossiers.c.code, dossiers.c.e_result).where(member_of(dossiers.c.code, "codes", session.dialect))
    rows = await session.rows(statement, {"codes": members(list(codes), session.dialect)})
    return {row.code: row.e_result for row in rows}
