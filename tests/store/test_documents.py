"""Rows of documents on both engines: owners, the same paper, what is valid on a day, links that are due, pages."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest_asyncio

from app.domain.documents import GateMode, Role
from app.store import blobs, documents, dossiers, links, results, uploads
from app.store.blobs import Claimed
from app.store.documents import PaperKey, Wanted
from app.store.links import DueLink
from app.store.results import GateSetting
from app.store.session import Database, ReadSession, Row, WriteSession
from tests.factories import NOW, ManualClock, digest, dossier_code, dossier_row

OWNER, OTHER = f"{1:032x}", f"{2:032x}"
KEY = PaperKey(OWNER, "result", "KQ.1", "1/2026", "UBND", "2026-07-01")


def document_row(number: int, dossier: int = 1, **changes: Any) -> Row:
    """A row of ``documents``; its id, words and hash follow from ``number``."""
    return {
        "id": f"{number:032x}",
        "dossier_code": dossier_code(dossier),
        "role": "result",
        "code": "KQ.1",
        "sha256": digest(f"file {number}"),
        "size_bytes": number,
        "kind": "pdf",
        "pages": 1,
        "file_name": "a.pdf",
        "title": f"Giấy {number}",
        "number_symbol": "1/2026",
        "issuing_body": "UBND",
        "issued_on": "2026-07-01",
        "subject_id": OWNER,
        "source": "electronic",
        "standing": "active",
        "verdict": "VALID",
        "content_hash": digest(f"facts {number}"),
        "handed_over_by": "one-stop",
        "agency": "H15",
        "correlation_id": "c-1",
        "created_at": NOW + timedelta(seconds=number),
        "updated_at": NOW,
    } | changes


async def insert(database: Database, *rows: Row, linked: bool = True) -> None:
    async def work(session: WriteSession) -> None:
        for row in rows:
            await documents.promise_blob(session, row["sha256"], row["size_bytes"], NOW)
            await documents.keep_blob(session, row["sha256"])
            await documents.insert_document(session, row)
            if linked:
                await links.add(session, row["id"], f"capability-{row['id']}", NOW)

    await database.run(work)


@pytest_asyncio.fixture
async def held(clocked_database: Database) -> Database:
    """Three dossiers and two owners."""

    async def work(session: WriteSession) -> None:
        await dossiers.insert_dossiers(session, [dossier_row(dossier_code(n)) for n in (1, 2, 3)])
        for subject, number in ((OWNER, "003190000001"), (OTHER, "003190000002")):
            assert await documents.subject(session, "personal_number", number, subject, NOW) == subject

    await clocked_database.run(work)
    return clocked_database


def numbers(rows: list[Row]) -> list[int]:
    return [int(row["id"], 16) for row in rows]


async def test_a_number_has_one_owner_however_many_ask_at_once(database: Database) -> None:
    async def ask(new_id: str) -> str:
        async def work(session: WriteSession) -> str:
            return await documents.subject(session, "personal_number", "003190000003", new_id, NOW)

        return await database.run(work)

    found = await asyncio.gather(*[ask(f"{place:032x}") for place in range(6)])
    assert len(set(found)) == 1

    async def other_kind(session: WriteSession) -> str:
        return await documents.subject(session, "tax_number", "003190000003", "f" * 32, NOW)

    assert await database.run(other_kind) == "f" * 32


async def test_the_same_paper_is_found_by_every_part_of_its_key(held: Database) -> None:
    await insert(held, document_row(1, 2), document_row(2, 1), document_row(3, 3, standing="revoked"))

    async def same(session: ReadSession, key: PaperKey) -> list[int]:
        return numbers(await documents.same_papers(session, key))

    async with held.read() as session:
        assert await same(session, KEY) == [1, 2]
        for name, value in (
            ("subject_id", OTHER),
            ("role", "component"),
            ("code", "KQ.2"),
            ("number_symbol", "2/2026"),
            ("issuing_body", "Sở"),
            ("issued_on", "2026-07-02"),
        ):
            assert await same(session, replace(KEY, **{name: value})) == [], name


async def test_the_same_file_in_the_same_place_is_found_whatever_became_of_it(held: Database) -> None:
    sha256 = digest("file")
    rows = [
        document_row(1, sha256=sha256, standing="revoked"),
        document_row(2, sha256=sha256),
        document_row(3, sha256=sha256, role="component", code=None),
        document_row(4, 2, sha256=sha256),
    ]
    await insert(held, *rows)
    async with held.read() as session:
        for role, code, expected in (("result", "KQ.1", 2), ("component", None, 3), ("component", "KQ.1", None)):
            found = await documents.same_file(session, dossier_code(), role, code, sha256)
            assert (int(found["id"], 16) if found else None) == expected
        assert await documents.same_file(session, dossier_code(3), "result", "KQ.1", sha256) is None


async def test_what_is_valid_on_a_day_and_may_be_used(held: Database) -> None:
    await insert(
        held,
        document_row(1),
        document_row(2, valid_until="2026-06-30", issued_on="2026-01-01"),
        document_row(3, valid_until="2026-07-01", issued_on=None),
        document_row(4, standing="superseded"),
        document_row(5, subject_id=OTHER),
        document_row(6, role="component", code="TP.1", number_symbol=None),
    )
    async with held.read() as session:
        places = [("result", "KQ.1"), ("component", "TP.1")]
        assert numbers(await documents.usable(session, OWNER, places, None, "2026-07-01")) == [6, 3, 1]
        assert numbers(await documents.usable(session, OWNER, places, None, "2026-07-02")) == [6, 1]
        assert numbers(await documents.usable(session, OWNER, places, "1/2026", "2026-06-30")) == [3, 2, 1]
        assert numbers(await documents.usable(session, OWNER, places[1:], None, "2026-07-01")) == [6]
        assert numbers(await documents.of_subject(session, OWNER, Wanted(valid_on="2026-06-30"))) == [3, 2]
        assert numbers(await documents.of_subject(session, OWNER, Wanted(role="result", standing="active"))) == [
            3,
            2,
            1,
        ]
        assert numbers(await documents.of_subject(session, OWNER, Wanted(before=f"{4:032x}", limit=2))) == [3, 2]


async def test_documents_of_several_dossiers_are_given_apart_and_in_the_order_they_came(held: Database) -> None:
    await insert(held, document_row(3, 1), document_row(1, 1), document_row(2, 2))
    async with held.read() as session:
        found = await documents.held_of(session, [dossier_code(n) for n in (1, 2, 3)], "https://x.example")
        assert {code: [int(d.id, 16) for d in rows] for code, rows in found.items()} == {
            dossier_code(1): [1, 3],
            dossier_code(2): [2],
        }
        assert found[dossier_code(2)][0].role is Role.RESULT
        # A link has an address for the nation only once it was seen to work.
        assert {document.url for rows in found.values() for document in rows} == {None}
        assert numbers(await documents.of_dossier(session, dossier_code(1))) == [1, 3]


async def test_a_link_is_somebodys_until_the_lease_is_over(held: Database) -> None:
    await insert(held, *[document_row(number) for number in range(1, 6)])

    async def claim(seconds: float) -> list[int]:
        async def work(session: WriteSession) -> list[int]:
            due = await links.claim_due(session, NOW + timedelta(seconds=seconds), 3, 60.0)
            return [int(link.document_id, 16) for link in due]

        return await held.run(work)

    assert await claim(0) == [1, 2, 3]
    assert await claim(0) == [4, 5]
    assert await claim(59) == []
    async with held.read() as session:
        assert not await links.any_due(session, NOW + timedelta(seconds=59))
        assert await links.any_due(session, NOW + timedelta(seconds=60))
    assert await claim(60) == [1, 2, 3]


async def test_what_was_withdrawn_cannot_come_to_life_and_what_was_told_keeps_its_first_day(held: Database) -> None:
    await insert(held, document_row(1), document_row(2))

    async def work(session: WriteSession) -> None:
        first, second = await links.claim_due(session, NOW, 5, 60.0)
        await links.withdraw(session, first.document_id)
        later = NOW + timedelta(hours=1)
        assert not await links.set_live(session, first.id, NOW, later)
        assert not await links.set_dead(session, first.id, NOW, later, "timeout", "")
        assert await links.set_live(session, second.id, NOW, later)
        assert not await links.set_live(session, second.id, later, later + timedelta(hours=1))
        assert (await documents.find(session, second.document_id) or {})["link_published_at"] == NOW
        assert (await documents.find(session, first.document_id) or {})["link_state"] == "withdrawn"
        assert await links.by_state(session) == {"new": 0, "live": 1, "dead": 0, "withdrawn": 1}

    await held.run(work)


async def test_whether_a_document_replaces_one_that_the_nation_was_told_of(held: Database) -> None:
    new, other = f"{3:032x}", f"{4:032x}"
    await insert(held, document_row(1, replaced_by=new), document_row(2, replaced_by=other), document_row(3))

    async def work(session: WriteSession) -> None:
        first, *_ = await links.claim_due(session, NOW, 5, 60.0)
        await links.set_live(session, first.id, NOW, NOW)
        assert await documents.any_told_replaced(session, [other, new])
        assert not await documents.any_told_replaced(session, [other])
        assert not await documents.any_told_replaced(session, [])

    await held.run(work)


async def test_objects_are_paged_with_how_many_documents_speak_of_them(held: Database) -> None:
    shared = digest("shared")
    await insert(held, document_row(1, sha256=shared), document_row(2, 2, sha256=shared), document_row(3))

    async def promise(session: WriteSession) -> None:
        await documents.promise_blob(session, digest("promised"), 7, NOW)
        # Announced again it stays what it is.
        await documents.promise_blob(session, shared, 1, NOW)
        await blobs.note_check(session, shared, NOW + timedelta(hours=1), "harmed")
        # What is only promised was never whole, so that it cannot be damaged.
        await blobs.note_check(session, digest("promised"), NOW, "harmed")

    async with held.read() as session:
        assert not await blobs.any_damaged(session)
    await held.run(promise)
    async with held.read() as session:
        found = [blob async for page in blobs.pages(session) for blob in page]
        assert {(blob.sha256, blob.state, blob.documents) for blob in found} == {
            (shared, "damaged", 2),
            (digest("file 3"), "kept", 1),
            (digest("promised"), "promised", 0),
        }
        assert [blob.sha256 for blob in found] == sorted(blob.sha256 for blob in found)
        states, oldest = await blobs.figures(session)
        assert states == {"damaged": (1, 1), "kept": (1, 3), "promised": (1, 7)}
        assert oldest == NOW
        assert (await blobs.any_damaged(session), await blobs.damaged(session)) == (True, 1)


async def test_what_is_to_be_read_again_is_claimed_once_damaged_and_oldest_first(
    held: Database, clock: ManualClock
) -> None:
    await insert(held, *[document_row(number, size_bytes=10) for number in range(1, 9)])
    names = {digest(f"file {number}"): number for number in range(1, 9)}

    async def harm(session: WriteSession) -> None:
        for sha256, number in names.items():
            await blobs.note_check(
                session, sha256, NOW + timedelta(seconds=number), "harmed" if number in {5, 6, 7} else None
            )
        await documents.promise_blob(session, digest("promised"), 1, NOW)

    await held.run(harm)
    clock.advance(100)

    async def claim(limit: int, bytes_max: int, before: float = 99) -> list[Claimed]:
        at = NOW + timedelta(seconds=before)
        return await held.run(lambda session: blobs.claim_checks(session, at, limit, bytes_max))

    def claimed(found: list[Claimed]) -> list[int]:
        return [names[one.sha256] for one in found]

    assert claimed(await claim(4, 10**6, before=0)) == []
    # Damaged ones take no more than half, of objects and of bytes.
    first = await claim(4, 10**6)
    assert claimed(first) == [5, 6, 1, 2]
    assert claimed(await claim(100, 11)) == [7, 3]
    await held.run(lambda session: blobs.release(session, first[1:3]))
    assert claimed(await claim(2, 1)) == [6]
    # What is begun within the bound is whole: 10 and 10 are the first to reach 15.
    assert claimed(await claim(100, 15)) == [1, 4]
    assert claimed(await claim(100, 10**6)) == [8]
    async with held.read() as session:
        assert not await blobs.any_due(session, NOW + timedelta(seconds=99))
        assert await blobs.any_due(session, NOW + timedelta(seconds=100))


async def test_what_was_read_meanwhile_is_not_given_back(held: Database, clock: ManualClock) -> None:
    await insert(held, document_row(1))
    before = NOW + timedelta(hours=1)
    claimed = await held.run(lambda session: blobs.claim_checks(session, before, 2, 1))
    clock.advance(60)
    again = await held.run(lambda session: blobs.claim_checks(session, before, 2, 1))
    assert [one.checked_at for one in again] == [NOW]
    await held.run(lambda session: blobs.release(session, claimed))
    async with held.read() as session:
        assert (await blobs.figures(session))[1] == NOW + timedelta(seconds=60)


async def test_workers_side_by_side_claim_each_object_once(held: Database, clock: ManualClock) -> None:
    await insert(held, *[document_row(number) for number in range(1, 41)])
    clock.advance(60)

    async def claim() -> list[str]:
        found = await held.run(lambda session: blobs.claim_checks(session, NOW, 10, 10**6))
        return [one.sha256 for one in found]

    found = [sha256 for claimed in await asyncio.gather(*[claim() for _ in range(6)]) for sha256 in claimed]
    assert len(found) == len(set(found)) == 40


async def test_a_link_is_published_once_however_many_have_claimed_it(held: Database) -> None:
    await insert(held, document_row(1))
    later = NOW + timedelta(hours=1)

    async def claim(session: WriteSession) -> DueLink:
        (due,) = await links.claim_due(session, NOW + timedelta(hours=1), 5, 0.0)
        return due

    first, second = await held.run(claim), await held.run(claim)
    assert first == second
    born = await asyncio.gather(
        *[held.run(lambda session: links.set_live(session, first.id, NOW, later)) for _ in range(4)]
    )
    assert sorted(born) == [False, False, False, True]


async def test_the_first_failure_of_a_link_that_never_worked_is_told_from_all_others(held: Database) -> None:
    await insert(held, document_row(1), document_row(2))
    later = NOW + timedelta(hours=1)

    async def work(session: WriteSession) -> None:
        new, lived = await links.claim_due(session, NOW, 5, 60.0)
        await links.set_live(session, lived.id, NOW, later)
        assert not await links.set_dead(session, lived.id, NOW, later, "timeout", "")
        assert await links.set_dead(session, new.id, NOW, later, "timeout", "")
        assert not await links.set_dead(session, new.id, NOW, later, "timeout", "")
        assert await links.failing(session, 2) == 1
        assert await links.failing(session, 3) == 0
        await links.withdraw(session, new.document_id)
        assert await links.failing(session, 1) == 1

    await held.run(work)


async def test_the_newest_switch_of_a_unit_counts_and_the_others_stay(held: Database) -> None:
    async def work(session: WriteSession) -> None:
        for place, (unit, mode) in enumerate((("H15", "enforce"), ("H15.16", "report"), ("H15", "report"))):
            setting = GateSetting(unit, GateMode(mode), f"lần {place}", "admin", NOW + timedelta(seconds=place))
            await results.switch(session, setting)
        found = await results.settings(session)
        assert {unit: (setting.mode.value, setting.reason) for unit, setting in found.items()} == {
            "H15": ("report", "lần 2"),
            "H15.16": ("report", "lần 1"),
        }
        assert found["H15"].set_at == NOW + timedelta(seconds=2)

    await held.run(work)


async def test_an_upload_has_one_writer_until_it_is_given_up(held: Database) -> None:
    async def work(session: WriteSession) -> None:
        row = {"id": OWNER, "owner": "one-stop", "size_bytes": 5, "created_at": NOW, "expires_at": NOW}
        await uploads.add(session, row)
        until = NOW + timedelta(seconds=60)
        assert await uploads.seize(session, OWNER, "a", NOW, until)
        assert not await uploads.seize(session, OWNER, "b", NOW, until)
        assert await uploads.hold(session, OWNER, "a", until)
        await uploads.release(session, OWNER, "b")
        assert not await uploads.seize(session, OWNER, "b", NOW, until)
        assert await uploads.seize(session, OWNER, "b", until, until)
        assert not await uploads.hold(session, OWNER, "a", until)
        await uploads.release(session, OWNER, "b")
        assert await uploads.seize(session, OWNER, "c", NOW, until)
        await uploads.end(session, OWNER, "d" * 32)
        assert not await uploads.hold(session, OWNER, "c", until)
        assert await uploads.find(session, OWNER, "one-stop") is None
        assert await uploads.document_of(session, OWNER, "one-stop") == "d" * 32
        assert await uploads.document_of(session, OWNER, "another") is None
        # What was taken cannot be dropped.
        await uploads.end(session, OWNER, None)
        assert await uploads.document_of(session, OWNER, "one-stop") == "d" * 32

    await held.run(work)
