"""A person decides with a reason: cancel, supersede, say what nobody can tell; and sees both sides before."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, select, update

from app.domain.delivery import PORTAL, Decision, HoldReason, LaneState
from app.errors import NotDecidable, UnknownDelivery
from app.store import audit, views
from app.store.session import Database, Row, WriteSession
from app.store.tables import attempts, calls, lanes, messages
from app.usecases import decide, sides
from app.usecases.context import Caller, Context
from app.usecases.deliver import deliver
from connectors.base import Parcel, Probed, Rejected, TryLater
from connectors.testing import InMemoryConnector, Refusal
from tests.worlds import code, context_of, dossier, drain, hand_over, step

OPERATOR = Caller("van-hanh", "H15", frozenset({"operate"}))
NO = Rejected("5", "thủ tục đang đóng", "MaTTHC")
WHY = "đã gọi điện hỏi Cổng"


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector()


@pytest_asyncio.fixture
async def context(database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    yield context_of(database, nation)


async def rows(context: Context, number: int = 1) -> dict[str, Row]:
    """The deliveries of a dossier by their ref."""
    async with context.database.read() as session:
        return {row["ref"]: row for row in await views.dossier_deliveries(session, code(number))}


async def lane(context: Context, number: int = 1) -> Row:
    async with context.database.read() as session:
        row = await session.one_or_none(select(lanes).where(lanes.c.dossier_code == code(number)))
    assert row is not None
    return dict(row._mapping)


async def standing(context: Context, number: int = 1) -> tuple[str, str | None]:
    found = await lane(context, number)
    return found["state"], found["hold_reason"]


async def states(context: Context, number: int = 1) -> dict[str, str]:
    return {ref: row["state"] for ref, row in (await rows(context, number)).items()}


async def put_in(context: Context, hold: HoldReason | None, **states: str) -> None:
    """Give deliveries (``r`` for the snapshot) a state and their lane a hold, as the engine leaves them."""

    async def work(session: WriteSession) -> None:
        about = messages.c.dossier_code == code()
        for name, state in states.items():
            ref = "1" if name == "r" else name
            values = {"state": state, "reason": "probe_spent" if state == "unknown" else None}
            await session.execute(update(messages).where(about, messages.c.ref == ref).values(**values))
        left: Row = {"state": "held", "hold_reason": hold.value} if hold else {"state": "ready", "hold_reason": None}
        left |= {"known": "r" not in states, "attempts": 4}
        await session.execute(update(lanes).where(lanes.c.dossier_code == code()).values(**left))

    await context.database.run(work)


async def known_dossier(context: Context, *places: int) -> None:
    """A dossier that the nation has, and steps that wait."""
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, *[step(1, place) for place in places])


async def log(context: Context) -> list[tuple[str, dict[str, Any]]]:
    async with context.database.read() as session:
        found = await audit.page(session, before_id=None, limit=100, equal={"kind": "operation"})
    return [(row["outcome"], row["detail"]) for row in reversed(found)]


async def test_a_waiting_step_is_cancelled_and_the_others_go(context: Context, nation: InMemoryConnector) -> None:
    await known_dossier(context, 1, 2)
    number = (await rows(context))["s1"]["id"]
    await decide.cancel(context, OPERATOR, number, WHY, "c")
    found = (await rows(context))["s1"]
    assert (found["state"], found["decided_by"], found["decision_note"]) == ("cancelled", "van-hanh", WHY)
    assert found["settled_at"] is not None
    assert found["situation"] == "cancelled"
    await drain(context)
    assert len(nation.steps(code())) == 1
    assert await states(context) == {"1": "delivered", "s1": "cancelled", "s2": "delivered"}
    assert await log(context) == [("cancel:ok", {"delivery": number})]
    with pytest.raises(NotDecidable, match="settled already") as caught:
        await decide.cancel(context, OPERATOR, number, WHY, "c")
    assert caught.value.members == {"why": "settled"}
    assert caught.value.on_record
    with pytest.raises(UnknownDelivery):
        await decide.cancel(context, OPERATOR, 10**6, WHY, "c")
    assert [outcome for outcome, _ in await log(context)] == ["cancel:ok", "cancel:settled", "cancel:missing"]


async def test_the_last_one_cancelled_leaves_the_lane_at_rest(context: Context) -> None:
    await known_dossier(context, 1)
    await decide.cancel(context, OPERATOR, (await rows(context))["s1"]["id"], WHY, "c")
    assert await standing(context) == ("idle", None)
    assert await deliver(context, PORTAL, "w") == 0


async def test_nothing_is_decided_while_a_worker_has_the_lane(context: Context, nation: InMemoryConnector) -> None:
    await known_dossier(context, 1)
    number = (await rows(context))["s1"]["id"]
    nation.pause()
    round_ = asyncio.create_task(deliver(context, PORTAL, "w"))
    await nation.waiting.wait()
    for act in (
        decide.cancel(context, OPERATOR, number, WHY, "c"),
        decide.decide(context, OPERATOR, number, Decision.DELIVERED, WHY, "c"),
    ):
        with pytest.raises(NotDecidable, match="being sent right now"):
            await act
    nation.resume()
    await round_
    assert (await states(context))["s1"] == "delivered"


async def test_a_doubt_that_is_being_asked_about_is_left_to_the_nation(
    context: Context, nation: InMemoryConnector
) -> None:
    await known_dossier(context, 1)
    nation.lose_answer()
    await drain(context)
    number = (await rows(context))["s1"]["id"]
    assert (await states(context))["s1"] == "unknown"
    for decision in Decision:
        with pytest.raises(NotDecidable, match="the nation is being asked"):
            await decide.decide(context, OPERATOR, number, decision, WHY, "c")
    with pytest.raises(NotDecidable, match="the nation is being asked"):
        await decide.cancel(context, OPERATOR, number, WHY, "c")
    assert (await states(context))["s1"] == "unknown"


async def test_a_dead_lane_goes_on_when_its_last_dead_one_is_cancelled(
    context: Context, nation: InMemoryConnector
) -> None:
    await known_dossier(context, 1, 2, 3)
    await put_in(context, HoldReason.DEAD, s1="dead", s2="dead")
    found = await rows(context)
    await decide.cancel(context, OPERATOR, found["s1"]["id"], WHY, "c")
    assert await standing(context) == ("held", "dead")
    await decide.cancel(context, OPERATOR, found["s2"]["id"], WHY, "c")
    after = await lane(context)
    assert (after["state"], after["hold_reason"], after["attempts"]) == ("ready", None, 0)
    await drain(context)
    assert await states(context) == {"1": "delivered", "s1": "cancelled", "s2": "cancelled", "s3": "delivered"}
    assert len(nation.steps(code())) == 1


async def test_steps_of_a_dossier_that_the_nation_never_knew_go_with_it(
    context: Context, nation: InMemoryConnector
) -> None:
    nation.refusals.append(Refusal(lambda _parcel: True, NO))
    await hand_over(context, dossier(), step(1, 1), step(1, 2))
    await drain(context)
    number = (await rows(context))["1"]["id"]
    assert await standing(context) == ("held", "refused")
    with pytest.raises(NotDecidable, match="with_steps"):
        await decide.cancel(context, OPERATOR, number, WHY, "c")
    assert await states(context) == {"1": "rejected", "s1": "waiting", "s2": "waiting"}
    await decide.cancel(context, OPERATOR, number, WHY, "c", with_steps=True)
    assert set((await states(context)).values()) == {"cancelled"}
    assert await standing(context) == ("idle", None)
    assert {row["decision_note"] for row in (await rows(context)).values()} == {WHY}
    ids = [row["id"] for ref, row in (await rows(context)).items() if ref != "1"]
    assert (await log(context))[-1] == ("cancel:ok", {"delivery": number, "with_steps": ids})


async def test_a_refused_dossier_without_steps_is_cancelled_plainly(
    context: Context, nation: InMemoryConnector
) -> None:
    nation.refusals.append(Refusal(lambda _parcel: True, NO))
    await hand_over(context, dossier())
    await drain(context)
    await decide.cancel(context, OPERATOR, (await rows(context))["1"]["id"], WHY, "c")
    assert await standing(context) == ("idle", None)
    nation.refusals.clear()
    await hand_over(context, dossier(1, revision=2), step(1, 1))
    await drain(context)
    assert await states(context) == {"1": "cancelled", "2": "delivered", "s1": "delivered"}


async def test_a_newer_step_stands_for_a_dead_one(context: Context, nation: InMemoryConnector) -> None:
    await known_dossier(context, 1, 2)
    await hand_over(context, dossier(2), step(2, 1))
    await put_in(context, HoldReason.DEAD, s1="dead")
    found, other = await rows(context), await rows(context, 2)
    number, newer = found["s1"]["id"], found["s2"]["id"]
    for by, why in (
        (other["s1"]["id"], "other_dossier"),
        (10**6, "other_dossier"),
        (found["1"]["id"], "other_dossier"),
        (number, "not_newer"),
    ):
        with pytest.raises(NotDecidable) as caught:
            await decide.supersede(context, OPERATOR, number, by, WHY, "c")
        assert caught.value.members == {"why": why}
    await decide.supersede(context, OPERATOR, number, newer, WHY, "c")
    assert (await rows(context))["s1"]["situation"] == "superseded_by_decision"
    await drain(context)
    assert await states(context) == {"1": "delivered", "s1": "superseded", "s2": "delivered"}
    assert len(nation.steps(code())) == 1
    assert (await log(context))[-1] == ("supersede:ok", {"delivery": number, "by": newer})


async def test_delivered_says_a_person_and_the_lane_goes_on_when_no_doubt_is_left(
    context: Context, nation: InMemoryConnector
) -> None:
    await known_dossier(context, 1, 2, 3)
    await put_in(context, HoldReason.UNDECIDED, s1="unknown", s2="unknown")
    found = await rows(context)
    assert found["s1"]["situation"] == "undecided_unreachable"
    await decide.decide(context, OPERATOR, found["s1"]["id"], Decision.DELIVERED, WHY, "c")
    assert await standing(context) == ("held", "undecided")
    assert await deliver(context, PORTAL, "w") == 0
    await decide.decide(context, OPERATOR, found["s2"]["id"], Decision.CANCEL, WHY, "c")
    assert await standing(context) == ("ready", None)
    await drain(context)
    assert await states(context) == {"1": "delivered", "s1": "delivered", "s2": "cancelled", "s3": "delivered"}
    assert (await rows(context))["s1"]["situation"] == "delivered_by_decision"
    assert len(nation.steps(code())) == 1
    assert [outcome for outcome, _ in await log(context)] == ["decide delivered:ok", "decide cancel:ok"]


async def test_send_goes_without_asking_again_and_in_order(context: Context, nation: InMemoryConnector) -> None:
    await known_dossier(context, 1, 2)
    await put_in(context, HoldReason.UNDECIDED, s1="unknown")
    nation.probe_down = True
    number = (await rows(context))["s1"]["id"]
    await decide.decide(context, OPERATOR, number, Decision.SEND, WHY, "c")
    found = (await rows(context))["s1"]
    assert (found["state"], found["reason"], found["doubtful_since"]) == ("waiting", None, None)
    await drain(context)
    assert nation.probes == []
    assert await states(context) == {"1": "delivered", "s1": "delivered", "s2": "delivered"}
    assert ["Bước 1" in nation.steps(code())[0], "Bước 2" in nation.steps(code())[1]] == [True, True]
    found = (await rows(context))["s1"]
    assert found["situation"] == "delivered", "the nation took it; nobody needed to say so"
    assert found["decision_note"] == f"van-hanh: {WHY}"
    with pytest.raises(NotDecidable, match="nobody is in doubt"):
        await decide.decide(context, OPERATOR, number, Decision.SEND, WHY, "c")


async def test_a_snapshot_that_a_person_says_is_there_lets_its_steps_go(
    context: Context, nation: InMemoryConnector
) -> None:
    nation.lose_answer()
    await hand_over(context, dossier(), step(1, 1))
    await drain(context)
    await put_in(context, HoldReason.UNDECIDED, r="unknown")
    number = (await rows(context))["1"]["id"]
    with pytest.raises(NotDecidable, match="with_steps"):
        await decide.decide(context, OPERATOR, number, Decision.CANCEL, WHY, "c")
    await decide.decide(context, OPERATOR, number, Decision.DELIVERED, WHY, "c")
    assert (await lane(context))["known"]
    await drain(context)
    assert await states(context) == {"1": "delivered", "s1": "delivered"}
    assert [taken.kind for taken in nation.ledger] == ["insert", "step"]


async def test_an_undecided_lane_that_is_held_by_hand_too_stays_held(context: Context) -> None:
    await known_dossier(context, 1)
    await put_in(context, HoldReason.OPERATOR, s1="waiting")
    await decide.cancel(context, OPERATOR, (await rows(context))["s1"]["id"], WHY, "c")
    assert await standing(context) == (LaneState.HELD.value, HoldReason.OPERATOR.value)


async def test_two_decisions_at_once_end_in_one(context: Context) -> None:
    await known_dossier(context, 1)
    await put_in(context, HoldReason.UNDECIDED, s1="unknown")
    number = (await rows(context))["s1"]["id"]
    results = await asyncio.gather(
        *[decide.decide(context, OPERATOR, number, d, WHY, "c") for d in Decision], return_exceptions=True
    )
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, NotDecidable) for result in results) == 2


async def test_both_sides_of_a_snapshot_are_shown_and_what_differs(context: Context) -> None:
    await hand_over(context, dossier())
    await drain(context)
    await hand_over(context, dossier(1, revision=2, status="processing"))
    await put_in(context, HoldReason.UNDECIDED, **{"2": "unknown"})
    found = await sides.sides(context, OPERATOR, (await rows(context))["2"]["id"], "c")
    assert (found.source, found.knowledge, found.dossier_known, found.failure) == ("live", "lacks", True, None)
    assert [d.field for d in found.differences] == ["TrangThaiHoSo"]
    assert found.differences[0].ours != found.differences[0].theirs
    assert "ChuHoSo" in found.hidden
    assert "H'Bia" not in repr(found.ours) + repr(found.theirs)
    assert "003190123456" not in repr(found.ours) + repr(found.theirs)
    assert (await log(context))[-1][0] == "sides"
    same = await sides.sides(context, OPERATOR, (await rows(context))["1"]["id"], "c")
    assert (same.knowledge, same.differences) == ("holds", ())


async def test_both_sides_of_steps_say_which_are_held_and_in_which_order(
    context: Context, nation: InMemoryConnector
) -> None:
    await known_dossier(context, 1, 2)
    await drain(context)
    await hand_over(context, step(1, 3))
    number = (await rows(context))["s3"]["id"]
    found = await sides.sides(context, OPERATOR, number, "c")
    assert [(s.ref, s.place) for s in found.steps] == [("s1", 1), ("s2", 2), ("s3", None)]
    assert found.in_order
    assert found.knowledge == "lacks"
    nation._steps[code()].reverse()
    found = await sides.sides(context, OPERATOR, number, "c")
    assert [(s.ref, s.place) for s in found.steps] == [("s1", 2), ("s2", 1), ("s3", None)]
    assert found.in_order is False


async def test_without_a_live_answer_the_last_one_is_shown(
    context: Context, nation: InMemoryConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known_dossier(context, 1)
    number = (await rows(context))["s1"]["id"]
    nation.fail_probe(TryLater("http_503", "HTTP 503 003190123456"))
    found = await sides.sides(context, OPERATOR, number, "c")
    assert (found.source, found.theirs, found.failure) == ("none", None, "http_503 HTTP 503 ***")
    await _keep_probe(context, number)
    nation.fail_probe()
    found = await sides.sides(context, OPERATOR, number, "c")
    assert (found.source, found.knowledge, found.theirs_text) == ("stored", "lacks", '{"TIENDO":[…')
    assert found.at is not None

    async def bug(code: str, parcels: Sequence[Parcel]) -> Probed:
        del code, parcels
        message = "no such luck"
        raise RuntimeError(message)

    monkeypatch.setattr(nation, "probe", bug)
    found = await sides.sides(context, OPERATOR, number, "c")
    assert (found.source, found.failure) == ("stored", "fault of the connector: RuntimeError")
    with pytest.raises(UnknownDelivery):
        await sides.sides(context, OPERATOR, 10**6, "c")


async def test_a_look_ends_though_the_nation_hangs(
    context: Context, nation: InMemoryConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known_dossier(context, 1)
    monkeypatch.setattr(sides, "_LOOK_SECONDS", 0.05)
    nation.pause()
    found = await sides.sides(context, OPERATOR, (await rows(context))["s1"]["id"], "c")
    assert (found.source, found.failure) == ("none", "no answer within 0.05 s")


async def _keep_probe(context: Context, message_id: int) -> None:
    async def work(session: WriteSession) -> None:
        call: Row = {"id": "p-1", "target": "portal", "service": "probe", "worker": "w", "at": datetime.now(UTC)}
        call |= {"elapsed_ms": 1, "parcels": 1, "request": "", "answer": '{"TIENDO":[…'}
        await session.execute(insert(calls).values(call))
        attempt: Row = {"message_id": message_id, "call_id": "p-1", "outcome": "probe_lacks"}
        await session.execute(insert(attempts).values(attempt))

    await context.database.run(work)
