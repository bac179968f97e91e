"""Promises, lanes and fences: nothing is lost, nothing overtakes, nobody writes who came too late."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.domain.delivery import DeliveryState, HoldReason
from app.store import outbox
from app.store.outbox import Release, Settlement
from app.store.session import Database, WriteSession
from app.store.tables import attempts, calls
from tests.factories import (
    NOW,
    attempt_row,
    call_row,
    dossier_code,
    snapshot_message,
    step_message,
)
from tests.store.lanework import (
    claim,
    end_as,
    finish,
    hold,
    insert_rows,
    lane_of,
    load,
    mark,
    message_rows,
    promote,
    put,
    rescue,
    revive,
    states,
)

D = DeliveryState


async def test_a_promise_waits_in_a_ready_lane(database: Database) -> None:
    message = snapshot_message()
    await put(database, message)
    [row] = await message_rows(database)
    assert {name: row[name] for name in ("kind", "ref", "payload", "payload_hash", "state", "settled_at")} == {
        "kind": "dossier",
        "ref": "1",
        "payload": message.payload,
        "payload_hash": message.payload_hash,
        "state": "waiting",
        "settled_at": None,
    }
    lane = await lane_of(database)
    assert (lane["state"], lane["known"], lane["fence"], lane["due_at"]) == ("ready", False, 1, message.due_at)


async def test_no_promise_writes_nothing(database: Database) -> None:
    await put(database)
    assert await states(database) == []


async def test_messages_of_a_lane_are_loaded_in_the_order_of_their_promise(database: Database) -> None:
    await put(database, step_message(step_id="b"), snapshot_message(), step_message(step_id="a"))
    await put(database, step_message(step_id="c"))
    [lane] = await claim(database)
    assert [m.ref for m in await load(database, lane)] == ["b", "1", "a", "c"]


async def test_lanes_are_loaded_apart_each_in_its_order(database: Database) -> None:
    one, two = dossier_code(1), dossier_code(2)
    for step_id in ("1", "2", "3"):
        await put(database, step_message(two, step_id=step_id), step_message(one, step_id=step_id))
    claimed = await claim(database)
    loaded = await load(database, *claimed)
    for code in (one, two):
        assert [m.ref for m in loaded if m.dossier_code == code] == ["1", "2", "3"]
    assert [m.lane_id for m in loaded] == sorted(m.lane_id for m in loaded)


async def test_the_most_urgent_lane_goes_first(database: Database) -> None:
    for serial, days in ((1, 9), (2, 3), (3, 6)):
        await put(database, snapshot_message(dossier_code(serial), due_at=NOW + timedelta(days=days)))
    order = [(await claim(database, limit=1))[0].dossier_code for _ in range(3)]
    assert order == [dossier_code(2), dossier_code(3), dossier_code(1)]
    assert await claim(database, limit=1) == []


async def test_a_new_message_brings_the_new_deadline(database: Database) -> None:
    await put(database, snapshot_message(due_at=NOW + timedelta(days=9)))
    await put(database, step_message(due_at=NOW + timedelta(days=2)))
    assert (await lane_of(database))["due_at"] == NOW + timedelta(days=2)


async def test_a_claim_takes_a_lease_and_raises_the_fence(database: Database) -> None:
    await put(database, snapshot_message())
    [claimed] = await claim(database, lease_seconds=90, worker="w-7")
    assert (claimed.fence, claimed.known, claimed.attempts, claimed.failing_since) == (2, False, 0, None)
    lane = await lane_of(database)
    assert (lane["state"], lane["worker"], lane["lease_until"]) == ("leased", "w-7", NOW + timedelta(seconds=90))
    assert await claim(database) == []


async def test_per_lane_bounds_steps_but_never_hides_a_snapshot(database: Database) -> None:
    await put(database, *(step_message(step_id=str(n)) for n in range(5)))
    await put(database, snapshot_message())
    [lane] = await claim(database)
    assert [m.ref for m in await load(database, lane, per_lane=2)] == ["0", "1", "1"]
    assert [m.kind for m in await load(database, lane, per_lane=2)] == ["step", "step", "dossier"]


async def test_only_what_is_pending_is_loaded(database: Database) -> None:
    await put(database, *(step_message(step_id=state.value) for state in D))
    for row, state in zip(await message_rows(database), D, strict=True):
        await mark(database, [row["id"]], state)
    [lane] = await claim(database)
    assert [m.state for m in await load(database, lane)] == [D.WAITING, D.SENDING, D.UNKNOWN]


@pytest.mark.parametrize("held", [D.WAITING, D.REJECTED, D.DEAD])
async def test_a_newer_snapshot_supersedes_what_did_not_arrive(database: Database, held: DeliveryState) -> None:
    await put(database, snapshot_message(), step_message())
    first, step = await message_rows(database)
    await mark(database, [first["id"], step["id"]], held)
    await put(database, snapshot_message(revision=2), at=NOW + timedelta(hours=1))
    assert await states(database) == [("1", "superseded"), ("s-1", held.value), ("2", "waiting")]
    assert (await message_rows(database))[0]["settled_at"] == NOW + timedelta(hours=1)


@pytest.mark.parametrize("held", [D.SENDING, D.UNKNOWN, D.DELIVERED])
async def test_a_newer_snapshot_leaves_alone_what_is_or_may_be_out(database: Database, held: DeliveryState) -> None:
    await put(database, snapshot_message())
    [first] = await message_rows(database)
    await mark(database, [first["id"]], held)
    await put(database, snapshot_message(revision=2))
    assert await states(database) == [("1", held.value), ("2", "waiting")]


async def test_of_several_snapshots_in_one_put_the_last_goes(database: Database) -> None:
    other = dossier_code(2)
    await put(
        database,
        snapshot_message(revision=1),
        step_message(step_id="s-1"),
        snapshot_message(other, revision=7),
        snapshot_message(revision=2),
        step_message(step_id="s-2"),
    )
    assert await states(database) == [
        ("1", "superseded"),
        ("s-1", "waiting"),
        ("7", "waiting"),
        ("2", "waiting"),
        ("s-2", "waiting"),
    ]
    assert (await message_rows(database))[0]["settled_at"] == NOW


async def test_a_lane_with_nothing_left_is_idle_and_wakes_on_a_message(database: Database) -> None:
    await put(database, snapshot_message())
    [lane] = await claim(database)
    await end_as(database, lane, D.DELIVERED, known=True)
    row = await lane_of(database)
    assert (row["state"], row["known"], row["worker"], row["lease_until"]) == ("idle", True, None, None)
    assert await claim(database) == []
    await put(database, step_message())
    [again] = await claim(database)
    assert (again.id, again.fence, again.known) == (lane.id, lane.fence + 1, True)


async def test_a_message_that_comes_while_the_lane_is_out_is_not_lost(database: Database) -> None:
    await put(database, snapshot_message())
    [lane] = await claim(database)
    [sent] = await load(database, lane)
    await put(database, step_message())
    assert (await lane_of(database))["state"] == "leased"
    await finish(
        database,
        [Settlement(sent.id, lane.id, D.DELIVERED, tried=True)],
        [Release(lane.id, lane.fence, known=True, next_at=None)],
    )
    assert (await lane_of(database))["state"] == "ready"
    [again] = await claim(database)
    assert [m.ref for m in await load(database, again)] == ["s-1"]


async def test_a_snapshot_that_comes_while_its_elder_is_refused_goes_next(database: Database) -> None:
    await put(database, snapshot_message())
    [lane] = await claim(database)
    [sent] = await load(database, lane)
    await mark(database, [sent.id], D.SENDING)
    await put(database, snapshot_message(revision=2))
    await finish(
        database,
        [Settlement(sent.id, lane.id, D.REJECTED, tried=True)],
        [Release(lane.id, lane.fence, known=False, hold=HoldReason.REFUSED)],
    )
    row = await lane_of(database)
    assert (row["state"], row["hold_reason"]) == ("ready", None)
    [again] = await claim(database)
    assert [m.ref for m in await load(database, again)] == ["2"]


@pytest.mark.parametrize("reason", [HoldReason.DEAD, HoldReason.OPERATOR])
async def test_a_hold_that_a_person_must_lift_stands_against_a_snapshot_that_came_meanwhile(
    database: Database, reason: HoldReason
) -> None:
    await put(database, snapshot_message(), step_message())
    [lane] = await claim(database)
    sent, step = await load(database, lane)
    await put(database, snapshot_message(revision=2))
    came_of_it = [Settlement(sent.id, lane.id, D.DELIVERED, tried=True)]
    if reason is HoldReason.DEAD:
        came_of_it.append(Settlement(step.id, lane.id, D.DEAD, tried=True))
    await finish(database, came_of_it, [Release(lane.id, lane.fence, known=True, hold=reason)])
    row = await lane_of(database)
    assert (row["state"], row["hold_reason"]) == ("held", reason.value)


async def test_a_refused_dossier_holds_its_steps_back(database: Database) -> None:
    await put(database, snapshot_message(), step_message())
    [lane] = await claim(database)
    sent, _step = await load(database, lane)
    await finish(
        database,
        [Settlement(sent.id, lane.id, D.REJECTED, tried=True)],
        [Release(lane.id, lane.fence, known=False, hold=HoldReason.REFUSED)],
    )
    row = await lane_of(database)
    assert (row["state"], row["hold_reason"]) == ("held", "refused")
    assert await claim(database) == []


async def test_settling_writes_the_answer_and_counts_only_what_was_tried(database: Database) -> None:
    await put(database, *(step_message(step_id=str(n)) for n in range(3)))
    [lane] = await claim(database)
    refused, later, untouched = await load(database, lane)
    await finish(
        database,
        [
            Settlement(
                refused.id, lane.id, D.REJECTED, tried=True, reason="refused", code="-5", message="x", field="f"
            ),
            Settlement(later.id, lane.id, D.WAITING, tried=True, reason="busy"),
            Settlement(untouched.id, lane.id, D.WAITING, tried=False),
        ],
        [Release(lane.id, lane.fence, known=False)],
        at=NOW + timedelta(seconds=5),
    )
    rows = await message_rows(database)
    assert [row["attempts"] for row in rows] == [1, 1, 0]
    assert [row["settled_at"] for row in rows] == [NOW + timedelta(seconds=5), None, None]
    assert [row["reason"] for row in rows] == ["refused", "busy", None]
    first = rows[0]
    assert (first["answer_code"], first["answer_message"], first["answer_field"]) == ("-5", "x", "f")


async def test_marking_sets_an_end_only_for_what_is_superseded(database: Database) -> None:
    await put(database, step_message(step_id="a"), step_message(step_id="b"))
    first, second = await message_rows(database)
    await mark(database, [first["id"]], D.SENDING)
    await mark(database, [second["id"]], D.SUPERSEDED)
    await mark(database, [], D.DEAD)
    rows = await message_rows(database)
    assert [(row["state"], row["settled_at"]) for row in rows] == [("sending", None), ("superseded", NOW)]


async def test_a_failed_lane_waits_for_its_time(database: Database) -> None:
    await put(database, snapshot_message())
    [lane] = await claim(database)
    at = NOW + timedelta(minutes=5)
    await finish(database, [], [Release(lane.id, lane.fence, known=False, attempts=1, failing_since=NOW, next_at=at)])
    row = await lane_of(database)
    assert (row["state"], row["next_at"], row["attempts"], row["failing_since"]) == ("scheduled", at, 1, NOW)
    assert await claim(database, at=at) == []
    assert await promote(database, at - timedelta(microseconds=1)) == 0
    assert await promote(database, at) == 1
    row = await lane_of(database)
    assert (row["state"], row["next_at"]) == ("ready", None)
    [again] = await claim(database, at=at)
    assert (again.attempts, again.failing_since) == (1, NOW)


async def test_a_lane_with_nothing_to_send_is_not_scheduled(database: Database) -> None:
    await put(database, snapshot_message())
    [lane] = await claim(database)
    [sent] = await load(database, lane)
    await finish(
        database,
        [Settlement(sent.id, lane.id, D.DELIVERED, tried=True)],
        [Release(lane.id, lane.fence, known=True, next_at=NOW + timedelta(minutes=5))],
    )
    row = await lane_of(database)
    assert (row["state"], row["next_at"]) == ("idle", None)


async def test_promotion_goes_in_the_order_of_time_and_in_bounds(database: Database) -> None:
    for serial in (1, 2, 3):
        await put(database, snapshot_message(dossier_code(serial)))
    claimed = {lane.dossier_code: lane for lane in await claim(database)}
    for serial, minutes in ((1, 3), (2, 1), (3, 2)):
        lane = claimed[dossier_code(serial)]
        at = NOW + timedelta(minutes=minutes)
        await finish(database, [], [Release(lane.id, lane.fence, known=False, next_at=at)])
    assert await promote(database, NOW + timedelta(hours=1), limit=2) == 2
    found = {serial: (await lane_of(database, dossier_code(serial)))["state"] for serial in (1, 2, 3)}
    assert found == {1: "scheduled", 2: "ready", 3: "ready"}


async def test_a_new_message_does_not_wake_a_lane_that_waits_for_its_time(database: Database) -> None:
    await put(database, snapshot_message())
    [lane] = await claim(database)
    at = NOW + timedelta(minutes=5)
    await finish(database, [], [Release(lane.id, lane.fence, known=False, attempts=1, next_at=at)])
    await put(database, snapshot_message(revision=2))
    row = await lane_of(database)
    assert (row["state"], row["next_at"]) == ("scheduled", at)


@pytest.mark.parametrize(
    ("reason", "snapshot_wakes"),
    # What was dead here is a snapshot, and a newer one takes its place; flow tests show that a dead step holds on.
    [(HoldReason.REFUSED, True), (HoldReason.DEAD, True), (HoldReason.OPERATOR, False)],
)
async def test_what_wakes_a_held_lane(database: Database, reason: HoldReason, *, snapshot_wakes: bool) -> None:
    await put(database, snapshot_message())
    [lane] = await claim(database)
    await hold(database, lane, reason)
    await put(database, step_message())
    assert (await lane_of(database))["state"] == "held"
    await put(database, snapshot_message(revision=2))
    row = await lane_of(database)
    assert (row["state"], row["hold_reason"]) == (("ready", None) if snapshot_wakes else ("held", reason.value))


async def test_a_late_worker_changes_nothing(database: Database) -> None:
    await put(database, snapshot_message())
    [late] = await claim(database, worker="late", lease_seconds=30)
    [message] = await load(database, late)
    await mark(database, [message.id], D.SENDING)
    after = NOW + timedelta(seconds=31)
    assert await rescue(database, after) == 1
    [current] = await claim(database, at=after, worker="current")
    assert current.fence > late.fence
    before = await lane_of(database), await message_rows(database)
    settlement = Settlement(message.id, late.id, D.DELIVERED, tried=True)
    assert await finish(database, [settlement], [Release(late.id, late.fence, known=True)]) == set()
    assert (await lane_of(database), await message_rows(database)) == before
    assert await finish(database, [settlement], [Release(current.id, current.fence, known=True)]) == {current.id}
    assert await states(database) == [("1", "delivered")]


async def test_a_rescued_lane_is_nobodys_until_it_is_claimed(database: Database) -> None:
    await put(database, snapshot_message())
    [late] = await claim(database, lease_seconds=30)
    await rescue(database, NOW + timedelta(seconds=31))
    # Not even the fence that the rescue wrote opens it.
    for fence in (late.fence, late.fence + 1):
        assert await finish(database, [], [Release(late.id, fence, known=True)]) == set()
    assert (await lane_of(database))["known"] is False


async def test_rescue_makes_doubtful_what_was_out_and_counts_the_round(database: Database) -> None:
    await put(database, step_message(step_id="out"), step_message(step_id="not yet"))
    [lane] = await claim(database, lease_seconds=30)
    out, _ = await load(database, lane)
    await mark(database, [out.id], D.SENDING)
    assert await rescue(database, NOW + timedelta(seconds=30)) == 0
    first = NOW + timedelta(seconds=31)
    assert await rescue(database, first) == 1
    rows = await message_rows(database)
    assert [(row["state"], row["reason"]) for row in rows] == [("unknown", "worker_lost"), ("waiting", None)]
    row = await lane_of(database)
    assert (row["state"], row["attempts"], row["failing_since"], row["lease_until"], row["worker"]) == (
        "ready", 1, first, None, None,
    )  # fmt: skip
    await claim(database, at=first, lease_seconds=30)
    assert await rescue(database, first + timedelta(seconds=31)) == 1
    row = await lane_of(database)
    assert (row["attempts"], row["failing_since"]) == (2, first)


async def test_rescue_goes_in_bounds_the_longest_lost_first(database: Database) -> None:
    await put(database, snapshot_message(dossier_code(1)))
    await claim(database, lease_seconds=20)
    await put(database, snapshot_message(dossier_code(2)))
    await claim(database, lease_seconds=10)
    assert await rescue(database, NOW + timedelta(minutes=1), limit=1) == 1
    assert (await lane_of(database, dossier_code(2)))["state"] == "ready"
    assert (await lane_of(database, dossier_code(1)))["state"] == "leased"


async def test_what_went_over_the_wire_is_kept(database: Database) -> None:
    await put(database, snapshot_message())
    [message] = await message_rows(database)

    async def work(session: WriteSession) -> None:
        await outbox.keep_attempts(session, [], [])
        await outbox.keep_attempts(session, [call_row()], [attempt_row(message["id"])])

    await database.run(work)
    async with database.read() as session:
        assert [row.id for row in await session.rows(calls.select())] == ["call-1"]
        assert [row.message_id for row in await session.rows(attempts.select())] == [message["id"]]


@pytest.mark.parametrize("end", [D.REJECTED, D.DEAD])
async def test_reviving_an_ended_delivery_asks_before_it_sends(database: Database, end: DeliveryState) -> None:
    await put(database, step_message())
    [lane] = await claim(database)
    await end_as(database, lane, end, hold=HoldReason.DEAD)
    [message] = await message_rows(database)
    assert message["settled_at"] is not None
    assert await revive(database, message["id"]) == "ok"
    [message] = await message_rows(database)
    assert (message["state"], message["settled_at"]) == ("unknown", None)
    row = await lane_of(database)
    assert (row["state"], row["hold_reason"], row["attempts"], row["failing_since"]) == ("ready", None, 0, None)


@pytest.mark.parametrize("pending", [D.WAITING, D.UNKNOWN])
async def test_reviving_a_pending_delivery_only_wakes_its_lane(database: Database, pending: DeliveryState) -> None:
    await put(database, step_message())
    [lane] = await claim(database)
    [message] = await load(database, lane)
    await mark(database, [message.id], pending)
    again = Release(lane.id, lane.fence, known=True, attempts=3, failing_since=NOW, next_at=NOW + timedelta(hours=1))
    await finish(database, [], [again])
    assert await revive(database, message.id) == "ok"
    assert await states(database) == [("s-1", pending.value)]
    row = await lane_of(database)
    assert (row["state"], row["next_at"], row["attempts"], row["failing_since"]) == ("ready", None, 0, None)


async def test_reviving_in_a_lane_that_is_out_leaves_the_lease_alone(database: Database) -> None:
    await put(database, step_message(step_id="a"), step_message(step_id="b"))
    first, _ = await message_rows(database)
    await mark(database, [first["id"]], D.REJECTED)
    [lane] = await claim(database)
    assert await revive(database, first["id"]) == "ok"
    row = await lane_of(database)
    assert (row["state"], row["fence"], row["worker"]) == ("leased", lane.fence, "w-1")
    await finish(database, [], [Release(lane.id, lane.fence, known=True)])
    assert (await lane_of(database))["state"] == "ready"


@pytest.mark.parametrize("end", [D.SENDING, D.DELIVERED, D.SUPERSEDED])
async def test_what_is_out_or_over_cannot_be_revived(database: Database, end: DeliveryState) -> None:
    await put(database, step_message())
    [message] = await message_rows(database)
    await mark(database, [message["id"]], end)
    assert await revive(database, message["id"]) == "settled"
    assert await states(database) == [("s-1", end.value)]


async def test_a_delivery_that_never_was_cannot_be_revived(database: Database) -> None:
    assert await revive(database, 404) == "missing"


async def test_a_step_that_a_later_one_overtook_is_not_sent_any_more(database: Database) -> None:
    await put(database, step_message(step_id="a"), snapshot_message(), step_message(step_id="b"))
    first, snapshot, second = await message_rows(database)
    await mark(database, [first["id"]], D.REJECTED)
    await mark(database, [snapshot["id"]], D.DELIVERED)
    # A later snapshot does not overtake a step, nor does a step of another dossier.
    other = dossier_code(2)
    await put(database, step_message(other))
    await mark(database, [(await message_rows(database))[-1]["id"]], D.DELIVERED)
    assert await revive(database, first["id"]) == "ok"
    await mark(database, [first["id"]], D.REJECTED)
    await mark(database, [second["id"]], D.DELIVERED)
    assert await revive(database, first["id"]) == "overtaken"
    assert (await states(database))[0] == ("a", "rejected")


async def test_an_attempt_at_no_message_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        await insert_rows(database, (attempts, [attempt_row(404)]))
