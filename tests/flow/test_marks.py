"""The nation is told of databases and logins what happened here, and of claims nothing."""

import json
from typing import Any

from sqlalchemy import select

from app.store.session import Database
from app.store.tables import messages
from app.usecases.context import Context
from app.usecases.look_documents import of_dossier
from connectors.population import PersonOutcome
from connectors.testing_population import InMemoryPopulation
from tests.asking import NAME, ask, asking, number, person
from tests.worlds import code, dossier, hand_over

CLAIMS = {"databases_consulted": ["population"]}
APPLICANT = {
    "kind": "citizen",
    "full_name": NAME,
    "identities": [{"kind": "personal_number", "number": number()}],
    "vneid_verified": True,
}
LOGIN = {"number": number(), "level": 2, "authenticated_at": "2026-07-01T07:30:00+07:00"}


async def told(context: Context, number: int = 1) -> list[tuple[str, list[Any], str]]:
    """Every promise of a dossier: its name, the databases, and the mark of the login."""
    wanted = select(messages.c.ref, messages.c.payload).where(messages.c.dossier_code == code(number))
    async with context.database.read() as session:
        rows = await session.rows(wanted.where(messages.c.kind == "dossier").order_by(messages.c.id))
    wires = [(row.ref, json.loads(row.payload)) for row in rows]
    return [(ref, wire["DSKetNoiCSDL"], wire["TaiKhoanDuocXacThucVoiVNeID"]) for ref, wire in wires]


async def claims(context: Context, number: int = 1) -> list[str]:
    return [claim.pointer for claim in (await of_dossier(context, code(number))).undocumented]


async def test_a_confirmed_person_is_told_once_and_with_every_later_revision(clocked_database: Database) -> None:
    population = InMemoryPopulation()
    population.hold(person())
    context = await asking(clocked_database, population)
    await hand_over(context, dossier(1, revision=2, **CLAIMS))
    assert await claims(context) == ["/databases_consulted/0"]
    population.script(PersonOutcome.UNAVAILABLE)
    await ask(context)
    await ask(context, birth_date="1991-05-17")
    assert [row[1] for row in await told(context)] == [[], []]
    await ask(context)
    await ask(context)
    await hand_over(context, dossier(1, revision=3, **CLAIMS))
    used = [{"MaCSDL": "1"}]
    assert [(ref, databases) for ref, databases, _ in await told(context)][2:] == [("2.1", used), ("3", used)]
    assert await claims(context) == []


async def test_a_login_is_told_when_it_was_the_applicants_own(clocked_database: Database) -> None:
    context = await asking(clocked_database, InMemoryPopulation())
    others = LOGIN | {"number": number(2)}
    await hand_over(
        context,
        dossier(2, applicant=APPLICANT),
        dossier(3, applicant=APPLICANT | {"vneid": LOGIN}),
        dossier(4, applicant=APPLICANT | {"vneid": others}),
    )
    assert [(await told(context, n))[0][2] for n in (2, 3, 4)] == ["0", "1", "0"]
    assert [await claims(context, n) for n in (2, 3, 4)] == [
        ["/applicant/vneid_verified"],
        [],
        ["/applicant/vneid_verified"],
    ]
