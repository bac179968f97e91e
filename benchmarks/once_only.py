"""What a check of five components costs when nothing must leave the house: 1,000,000 held documents of 200,000 people.

Two components are results held here, one lies in an earlier dossier, two are answered by a living answer of the
population database. The whole use case is measured, commit included; whatever asks outside is counted.
"""

import statistics
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, text

from app.domain.once_only import Decision
from app.store.once_only_tables import person_queries
from app.store.session import Database, Row, WriteSession
from app.usecases import once_only
from app.usecases.context import Context
from benchmarks import stage
from connectors.testing_population import InMemoryPopulation
from schemas.once_only import OnceOnlyCheckIn
from tests.papers_world import World, make

PEOPLE, EACH, CHECKS, WARM = 200_000, 5, 400, 40
_PROCEDURE, _RESULTS = "1.000110", ("KQ.G15.000031", "KQ.G15.000032")
_COMPONENTS = ("000.00.00.G15-KQ003303", "000.00.00.G15-KQ003320", "000.00.00.G15-KQ003321")
_OF_THE_DATABASE = ("000.00.00.G15-KQ003864", "000.00.00.G15-KQ004946")
_TOLD = '["birth_date", "full_name", "number", "permanent_address"]'

# ``n`` counts from 0. A person has an older dossier with all their documents, and a newer one.
_NUMBERS = {
    "postgresql": "SELECT generate_series(0, :count - 1) AS n",
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < :count - 1) SELECT n FROM s",
}
_AT = {"postgresql": "now()", "sqlite": "1767261600000000"}
_HEX = {"postgresql": "lpad(to_hex({0}), {1}, '0')", "sqlite": "printf('%0{1}x', {0})"}
_DIGITS = {"postgresql": "lpad(CAST({0} AS text), {1}, '0')", "sqlite": "printf('%0{1}d', {0})"}

_FILL = (
    (
        PEOPLE,
        """INSERT INTO subjects (id, kind, number, created_at)
           SELECT {id}, 'personal_number', '003' || {digits}, {at} FROM ({numbers}) AS s""",
    ),
    (
        2 * PEOPLE,
        """INSERT INTO dossiers (code, revision, content_hash, status, procedure_code, unit_code, channel, rule_set,
                                 received_at, facts, source, created_at, updated_at, subject_id)
           SELECT 'H15.50-260105-' || n, 1, {sha}, 'received', '1.000110', 'H15.50', 'online', 'bench',
                  {at}, '{{}}', 'bench', {at}, {at}, {person} FROM ({numbers}) AS s""",
    ),
    (
        PEOPLE,
        """INSERT INTO blobs (sha256, size_bytes, state, created_at, checked_at)
           SELECT {sha}, 1000, 'kept', {at}, {at} FROM ({numbers}) AS s""",
    ),
    (
        EACH * PEOPLE,
        """INSERT INTO documents (id, dossier_code, role, code, sha256, size_bytes, kind, pages, file_name, title,
                                  subject_id, source, standing, verdict, content_hash, handed_over_by, agency,
                                  correlation_id, created_at, updated_at)
           SELECT {id}, 'H15.50-260105-' || (n % {people}),
                  CASE WHEN n / {people} < 3 THEN 'result' ELSE 'component' END,
                  CASE n / {people} WHEN 0 THEN 'KQ.G15.000031' WHEN 1 THEN 'KQ.G15.000032' WHEN 2 THEN 'KQ.G15.000342'
                                    WHEN 3 THEN '000.00.00.G15-KQ003321' ELSE '000.00.00.G15-KQ003322' END,
                  {sha_of_person}, 1000, 'pdf', 1, 'a.pdf', 'Giấy', {person}, 'scanned', 'active', 'VALID', {sha},
                  'bench', 'H15', 'bench', {at}, {at} FROM ({numbers}) AS s""",
    ),
)


async def _fill(database: Database) -> None:
    async def work(session: WriteSession) -> None:
        dialect = session.dialect
        words = {
            "people": PEOPLE,
            "numbers": _NUMBERS[dialect],
            "at": _AT[dialect],
            "id": _HEX[dialect].format("n", 32),
            "sha": _HEX[dialect].format("n", 64),
            "person": _HEX[dialect].format(f"n % {PEOPLE}", 32),
            "sha_of_person": _HEX[dialect].format(f"n % {PEOPLE}", 64),
            "digits": _DIGITS[dialect].format("n", 9),
        }
        for count, statement in _FILL:
            await session.execute(text(statement.format(**words)), {"count": count})
        now = await session.now()
        times = {"at": now, "answered_at": now, "valid_until": now + timedelta(days=1)}
        await session.execute(insert(person_queries), [_answer(number) | times for number in _measured()])

    await database.run(work)

    async def analyze(session: WriteSession) -> None:
        await session.connection.exec_driver_sql("ANALYZE")

    await database.run(analyze)


def _measured() -> range:
    """The people of the checks, spread over all."""
    return range(7, PEOPLE, PEOPLE // (CHECKS + WARM))


def _newer(number: int) -> str:
    return f"H15.50-260105-{number + PEOPLE}"


def _answer(number: int) -> Row:
    """A living answer of the population database for the newer dossier of a person."""
    by = {"caller": "bench", "agency": "H15", "officer": "bench", "unit_code": "H15.50", "service": "037"}
    what = {"fields_asked": _TOLD, "fields_returned": _TOLD, "outcome": "MATCH", "in_office_hours": True}
    about = {"dossier_code": _newer(number), "procedure_code": _PROCEDURE, "subject_id": f"{number:032x}"}
    named = {"id": f"{number:032x}", "request_id": f"bench-{number}", "purpose": "bench", "legal_basis": "bench"}
    return by | what | about | named


def _question(number: int) -> OnceOnlyCheckIn:
    held = [
        {"component_code": component, "result_codes": [result]}
        for component, result in zip(_COMPONENTS, _RESULTS, strict=False)
    ]
    others = [{"component_code": component} for component in (_COMPONENTS[2], *_OF_THE_DATABASE)]
    return OnceOnlyCheckIn.model_validate(
        {
            "procedure": _PROCEDURE,
            "dossier": _newer(number),
            "unit": "H15.50",
            "officer": "bench",
            "purpose": "bench of the gate",
            "subject": {"kind": "personal_number", "number": f"003{number:09d}"},
            "items": held + others,
        }
    )


async def _milliseconds(context: Context) -> list[float]:
    times = []
    for number in list(_measured())[: CHECKS + WARM]:
        asked = _question(number)
        started = time.perf_counter()
        _, decisions = await once_only.check(context, stage.CALLER, asked, "bench")
        times.append((time.perf_counter() - started) * 1e3)
        assert {part["decision"] for part in decisions} == {Decision.HAVE_VALID.value}, decisions
    return times[WARM:]


async def _world(url: str, folder: Path) -> tuple[list[float], int]:
    database = Database(url)
    try:
        await _fill(database)
        world: World = make(database, folder)
        population = InMemoryPopulation()
        times = await _milliseconds(replace(world.context, population=population))
        return times, len(population.questions) + len(world.store.questions)
    finally:
        await database.aclose()


async def measure(server: str, folder: Path) -> dict[str, float]:
    """Both engines; one check after the other."""
    figures: dict[str, float] = {}
    calls = 0
    for engine in ("sqlite", "postgresql"):
        here = folder / f"once_only_{engine}"
        here.mkdir()
        url = stage.new_sqlite(here, "once_only") if engine == "sqlite" else stage.new_database(server, here.name)
        times, asked = await _world(url, here)
        figures[f"once_only_check_p50_ms_{engine}"] = statistics.median(times)
        figures[f"once_only_check_p95_ms_{engine}"] = statistics.quantiles(times, n=20)[-1]
        calls += asked
    return figures | {"once_only_outside_calls": float(calls)}
