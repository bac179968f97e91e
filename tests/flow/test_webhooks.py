"""Telling others, the whole way: from what came of a delivery to a receiver that checks the signature."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import event, update

from app.domain.breaker import BreakerPolicy
from app.domain.delivery import PORTAL, DeliveryState, Destination, HoldReason, LaneState, Target
from app.domain.events import OFFERED_NEWS, SYSTEM_NEWS, EventKind, Phase
from app.domain.retry import Schedules
from app.store import outbox, webhooks
from app.store.session import Database, WriteSession
from app.store.tables import lanes
from app.usecases import events
from app.usecases.context import Context, DeliveryPolicy
from app.usecases.deliver import deliver
from app.usecases.events import DeliveryOutcome
from app.usecases.upkeep import tick
from app.usecases.webhooks import Endpoints, destinations
from connectors.base import Capacity, TryLater, Unknown
from connectors.http import HttpSettings, build_client
from connectors.testing import InMemoryConnector
from connectors.webhook import BookUnavailable, WebhookConnector
from tests.bounds import AMPLE_SECONDS
from tests.factories import NOW, ManualClock
from tests.receiver import Receiver, Reply, receiving
from tests.worlds import SCHEDULE, code, context_of, door, dossier_body, drain, hand_over, step, step_body

# Nothing here ends by a time-out: who keeps silent is let go, or its worker is lost.
HTTP = HttpSettings(
    connect_seconds=AMPLE_SECONDS,
    read_seconds=AMPLE_SECONDS,
    pool_seconds=AMPLE_SECONDS,
    total_seconds=AMPLE_SECONDS,
    tries_max=1,
)
WEBHOOKS = DeliveryPolicy(Schedules(SCHEDULE), lanes_per_claim=8, lease_seconds=100.0, call_seconds=40.0)
PORTALS = replace(WEBHOOKS, breaker=BreakerPolicy(calls_min=1, waits_seconds=(5.0,)), calls_in_flight=1)
MINE = ["delivery.delivered", "delivery.refused", "delivery.refused.ended", "delivery.dead", "delivery.undecided"]
SYSTEM = sorted(str(news) for news in SYSTEM_NEWS)
EVERYTHING = [str(news) for news in OFFERED_NEWS]
_ROUNDS_MAX = 50


@pytest.fixture
def nation() -> InMemoryConnector:
    return InMemoryConnector(capacity=Capacity(1, 1))


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture
async def context(clocked_database: Database, nation: InMemoryConnector) -> AsyncIterator[Context]:
    sender = WebhookConnector(Endpoints(clocked_database), build_client(HTTP), HTTP, plain_http=True)
    plain = context_of(clocked_database, nation, PORTALS)
    yield replace(
        plain,
        connectors={Target.PORTAL: nation, Target.WEBHOOK: sender},
        policies={**plain.policies, Target.WEBHOOK: WEBHOOKS},
    )
    await sender.aclose()


@pytest_asyncio.fixture
async def software(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    """The one-stop software: hands dossiers over, and may not operate."""
    async with door(context, ["intake"], webhook_plain_http=True) as client:
        yield client


@pytest_asyncio.fixture
async def operator(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context, ["operate", "read"], webhook_plain_http=True) as client:
        yield client


async def register(client: httpx.AsyncClient, url: str, kinds: list[str], **more: Any) -> dict[str, Any]:
    answer = await client.post("/v1/webhooks", json={"url": url, "kinds": kinds, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def put(client: httpx.AsyncClient, number: int = 1, **changes: Any) -> None:
    answer = await client.put(f"/v1/dossiers/{code(number)}", json=dossier_body(**changes))
    assert answer.status_code == 202, answer.text


async def bring_news(context: Context, worker: str = "w-1") -> int:
    """Deliver to every webhook until nothing is ready."""
    taken = 0
    for destination in await destinations(context):
        for _ in range(_ROUNDS_MAX):
            lanes_taken = await deliver(context, destination, worker)
            taken += lanes_taken
            if not lanes_taken:
                break
        else:
            pytest.fail(f"{destination.key} is never done")
    return taken


async def open_events(operator: httpx.AsyncClient) -> list[tuple[str, str]]:
    answer = await operator.get("/v1/events", params={"open": True})
    assert answer.status_code == 200, answer.text
    return [(event["kind"], event["subject"]) for event in answer.json()["items"]]


async def test_the_owner_is_told_of_what_came_of_its_dossiers(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, nation: InMemoryConnector
) -> None:
    made = await register(software, receiver.url, MINE)
    nation.refuse(code(2), code="6", message="MaTTHC: Nguyễn Văn Mẫu không có", field="MaTTHC")
    await put(software, 1)
    await put(software, 2)
    await drain(context)
    await bring_news(context)
    told = {news["data"]["dossier"]: news for news in receiver.verified(made["secret"])}
    assert {news["type"] for news in told.values()} == {"delivery.delivered", "delivery.refused"}
    refused = told[code(2)]
    assert refused["type"] == "delivery.refused"
    assert refused["data"]["answer_code"] == "6"
    assert refused["data"]["destination"] == "portal"
    # The nation's own words may quote a person, and the dossier does: none of it leaves.
    bodies = "".join(body for _, body in receiver.requests)
    for personal in ("Mẫu", "Niê", "003190123456", "Đăng ký khai sinh"):
        assert personal not in bodies
    assert refused["data"]["address"] == f"/v1/deliveries/{refused['data']['delivery']}"


async def test_nobody_hears_of_another_ones_dossiers(
    context: Context, software: httpx.AsyncClient, receiver: Receiver
) -> None:
    async with door(context, ["intake", "read"], webhook_plain_http=True) as stranger:
        await register(stranger, receiver.url, MINE)
    await put(software)
    await drain(context)
    assert await bring_news(context) == 0
    assert receiver.requests == []


async def test_only_the_types_asked_for_are_told(
    context: Context, software: httpx.AsyncClient, receiver: Receiver
) -> None:
    await register(software, receiver.url, ["delivery.refused"])
    await put(software)
    await drain(context)
    assert await bring_news(context) == 0


async def test_a_refusal_is_told_once_at_its_start_and_once_at_its_end(
    context: Context,
    software: httpx.AsyncClient,
    operator: httpx.AsyncClient,
    receiver: Receiver,
    nation: InMemoryConnector,
) -> None:
    made = await register(software, receiver.url, ["delivery.refused", "delivery.refused.ended"])
    nation.refuse(code(), code="6", message="MaTTHC", field="MaTTHC")
    await put(software)
    await drain(context)
    (kind, subject), *rest = await open_events(operator)
    assert (kind, rest) == ("refused", [])
    await events.check_backlog(context)
    assert await open_events(operator) == [(kind, subject)], "it lasts until somebody deals with it"
    nation.refusals.clear()
    await put(software, revision=2)
    await drain(context)
    for _ in range(2):
        await events.check_backlog(context)
    assert await open_events(operator) == []
    await bring_news(context)
    told = receiver.verified(made["secret"])
    assert [news["type"] for news in told] == ["delivery.refused", "delivery.refused.ended"]
    assert told[0]["data"]["event"] == told[1]["data"]["event"]
    assert told[1]["data"]["state"] == "superseded"


async def test_a_failed_try_comes_again_with_the_same_id(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, clock: ManualClock
) -> None:
    made = await register(software, receiver.url, MINE)
    receiver.script.extend([Reply(500), Reply(cuts=True)])
    await put(software)
    await drain(context)
    for _ in range(3):
        await bring_news(context)
        clock.advance(61)
        await tick(context)
    assert len(receiver.requests) == 3
    assert len(set(receiver.ids)) == 1
    assert len({body for _, body in receiver.requests}) == 1
    receiver.verified(made["secret"])
    assert await bring_news(context) == 0


async def test_news_of_one_dossier_comes_in_order(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, clock: ManualClock
) -> None:
    made = await register(software, receiver.url, MINE)
    await put(software)
    for place in (1, 2, 3):
        answer = await software.post(f"/v1/dossiers/{code()}/steps", json=step_body(place))
        assert answer.status_code == 202, answer.text
    await drain(context)
    receiver.script.append(Reply(503))
    await bring_news(context)
    assert len(receiver.requests) == 1, "what comes later does not overtake it"
    clock.advance(61)
    await tick(context)
    await bring_news(context)
    told = receiver.verified(made["secret"])[1:]
    assert [(news["data"]["kind"], news["data"]["ref"]) for news in told] == [
        ("dossier", "1"),
        ("step", "s1"),
        ("step", "s2"),
        ("step", "s3"),
    ]


async def test_a_dead_endpoint_delays_neither_the_nation_nor_other_endpoints(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, nation: InMemoryConnector
) -> None:
    async with receiving() as slow:
        await register(software, slow.url, MINE)
        made = await register(software, receiver.url, MINE)
        await put(software, 1)
        await drain(context)
        slow.script.extend([Reply(hangs=True)] * 8)
        first, second = await destinations(context)
        hanging = asyncio.ensure_future(deliver(context, first, "w-1"))
        await slow.arrived.wait()
        await put(software, 2)
        await drain(context)
        await deliver(context, second, "w-1")
        assert not hanging.done(), "all of this happened while the first endpoint kept silent"
        assert [line.dossier for line in nation.ledger] == [code(1), code(2)]
        assert sorted(news["data"]["dossier"] for news in receiver.verified(made["secret"])) == [code(1), code(2)]
        slow.let_go.set()
        await hanging


async def test_a_worker_that_was_lost_leaves_news_that_comes_again(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, clock: ManualClock
) -> None:
    made = await register(software, receiver.url, MINE)
    await put(software)
    await drain(context)
    (destination,) = await destinations(context)
    receiver.script.append(Reply(hangs=True))
    lost = asyncio.ensure_future(deliver(context, destination, "w-lost"))
    await receiver.arrived.wait()
    lost.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lost
    clock.advance(200)
    await tick(context)
    clock.advance(200)
    await tick(context)
    await bring_news(context)
    assert len(receiver.requests) == 2
    assert len(set(receiver.ids)) == 1
    receiver.verified(made["secret"])


async def test_an_outage_is_told_to_those_who_hear_of_the_system(
    context: Context,
    software: httpx.AsyncClient,
    operator: httpx.AsyncClient,
    receiver: Receiver,
    nation: InMemoryConnector,
    clock: ManualClock,
) -> None:
    made = await register(operator, receiver.url, SYSTEM, system_events=True)
    nation.script(TryLater("http_503", "HTTP 503"), times=3)
    await put(software)
    for _ in range(20):
        await drain(context)
        await bring_news(context)
        clock.advance(61)
        await tick(context)
        if nation.ledger and len(receiver.requests) == 4:
            break
        if nation.ledger:
            await put(software, len(nation.ledger) + 1)
    told = receiver.verified(made["secret"])
    assert [news["type"] for news in told] == ["breaker.opened", "target.down", "target.recovered", "breaker.closed"]
    assert {news["data"]["destination"] for news in told} == {"portal"}
    assert await open_events(operator) == []


async def test_what_stands_still_anywhere_is_told_to_operators_and_what_arrives_is_not(
    context: Context,
    software: httpx.AsyncClient,
    operator: httpx.AsyncClient,
    receiver: Receiver,
    nation: InMemoryConnector,
) -> None:
    made = await register(operator, receiver.url, EVERYTHING, system_events=True)
    nation.refuse(code(2), code="6", message="MaTTHC", field="MaTTHC")
    await put(software, 1)
    await put(software, 2)
    await drain(context)
    await bring_news(context)
    assert [news["type"] for news in receiver.verified(made["secret"])] == ["delivery.refused"]


async def test_an_old_backlog_is_told_once_and_its_end_once(
    context: Context,
    software: httpx.AsyncClient,
    operator: httpx.AsyncClient,
    receiver: Receiver,
    clock: ManualClock,
) -> None:
    made = await register(operator, receiver.url, SYSTEM, system_events=True)
    await put(software)
    clock.advance(3599)
    await events.check_backlog(context)
    assert await open_events(operator) == []
    clock.advance(2)
    await asyncio.gather(*(events.check_backlog(context) for _ in range(4)))
    assert await open_events(operator) == [("backlog_old", "portal")]
    await drain(context)
    await asyncio.gather(*(events.check_backlog(context) for _ in range(4)))
    assert await open_events(operator) == []
    await bring_news(context)
    told = receiver.verified(made["secret"])
    assert [news["type"] for news in told] == ["backlog.old", "backlog.recovered"]
    assert told[0]["data"]["oldest_seconds"] == 3601


async def test_held_work_is_no_old_backlog(
    context: Context, software: httpx.AsyncClient, operator: httpx.AsyncClient, clock: ManualClock
) -> None:
    await put(software)
    held = update(lanes).values(state=LaneState.HELD.value, hold_reason=HoldReason.OPERATOR.value)
    await context.database.run(lambda session: session.execute(held))
    clock.advance(7200)
    await events.check_backlog(context)
    assert await open_events(operator) == []


async def test_a_destination_that_a_person_holds_has_no_old_backlog(
    context: Context, software: httpx.AsyncClient, operator: httpx.AsyncClient, clock: ManualClock
) -> None:
    await put(software)
    answer = await operator.post("/v1/targets/portal/holds", json={"reason": "Cổng bảo trì"})
    clock.advance(7200)
    await events.check_backlog(context)
    assert await open_events(operator) == []
    await operator.post(f"{answer.json()['address']}/resume", json={})
    await events.check_backlog(context)
    assert await open_events(operator) == [("backlog_old", "portal")]


async def test_dead_letters_and_questions_are_events(
    context: Context,
    software: httpx.AsyncClient,
    operator: httpx.AsyncClient,
    nation: InMemoryConnector,
    clock: ManualClock,
) -> None:
    nation.raise_bug()
    await put(software, 1)
    await drain(context)
    assert [kind for kind, _ in await open_events(operator)] == ["dead_letter"]
    nation.script(Unknown("read_timeout"))
    nation.fail_probe(times=1000)
    await put(software, 2)
    for _ in range(8):
        await drain(context)
        clock.advance(14_400)
        await tick(context)
    assert "person_asked" in {kind for kind, _ in await open_events(operator)}


async def test_a_step_that_waits_for_a_dossier_that_nobody_will_send_is_an_event(
    context: Context, software: httpx.AsyncClient, operator: httpx.AsyncClient, nation: InMemoryConnector
) -> None:
    nation.refuse(lambda _: True, code="6", message="MaTTHC: không có")
    await put(software)
    await drain(context)
    taken = await operator.post("/v1/deliveries/1/cancel", json={"reason": "Nhập nhầm"})
    assert taken.status_code == 200, taken.text
    await events.check_backlog(context)
    assert await open_events(operator) == []
    await hand_over(context, step())
    await drain(context)
    for _ in range(2):
        await events.check_backlog(context)
        assert [kind for kind, _ in await open_events(operator)] == ["person_asked"]
    nation.refusals.clear()
    await put(software, revision=2)
    await drain(context)
    await events.check_backlog(context)
    assert await open_events(operator) == []
    assert [entry.kind for entry in nation.ledger] == ["insert", "step"]


async def test_what_becomes_of_news_breeds_no_news(
    context: Context,
    software: httpx.AsyncClient,
    operator: httpx.AsyncClient,
    receiver: Receiver,
    clock: ManualClock,
) -> None:
    async with receiving() as broken:
        await register(operator, receiver.url, EVERYTHING, system_events=True)
        await register(software, broken.url, MINE)
        broken.script.extend([Reply(500)] * 100)
        await put(software)
        await drain(context)
        for _ in range(8):
            await bring_news(context)
            clock.advance(61)
            await tick(context)
    assert [(kind, subject.partition(":")[0]) for kind, subject in await open_events(operator)] == [
        ("dead_letter", "delivery")
    ]
    assert receiver.requests == []


async def test_gone_ends_the_endpoint_and_cancels_what_waits_for_it(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, operator: httpx.AsyncClient
) -> None:
    made = await register(software, receiver.url, MINE)
    await put(software, 1)
    await drain(context)
    receiver.script.append(Reply(410))
    await bring_news(context)
    assert (await software.get("/v1/webhooks")).json()["items"] == []
    assert list(await destinations(context)) == []
    await put(software, 2)
    await drain(context)
    assert await bring_news(context) == 0
    assert len(receiver.requests) == 1
    assert await open_events(operator) == []
    assert (await software.delete(made["address"])).status_code == 404


async def test_an_ended_endpoint_gets_nothing_and_keeps_nothing_waiting(
    context: Context, software: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await register(software, receiver.url, MINE)
    await put(software)
    await drain(context)
    assert (await software.delete(made["address"])).status_code == 204
    assert await bring_news(context) == 0
    assert receiver.requests == []
    async with context.database.read() as session:
        rows = await session.rows(lanes.select().where(lanes.c.target == made["key"]))
        found = await webhooks.find(session, made["id"])
    assert [row.state for row in rows] == ["idle"]
    assert found is not None
    assert found.ended_at is not None


async def test_what_was_promised_while_the_endpoint_ended_is_refused_and_not_left_waiting(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, operator: httpx.AsyncClient
) -> None:
    made = await register(software, receiver.url, MINE)
    assert (await software.delete(made["address"])).status_code == 204

    async def late(session: WriteSession) -> None:
        now = await session.now()
        await outbox.put(session, [events.system_message(made["key"], "{}", "late", now)], now)

    await context.database.run(late)
    assert list(await destinations(context)) == [Destination(Target.WEBHOOK, made["id"])]
    assert await bring_news(context) == 1
    assert list(await destinations(context)) == []
    assert receiver.requests == []
    assert await open_events(operator) == []


async def test_a_test_message_goes_the_whole_way(
    context: Context, software: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await register(software, receiver.url, MINE)
    answer = await software.post(f"{made['address']}/test")
    assert answer.status_code == 202, answer.text
    await bring_news(context)
    (news,) = receiver.verified(made["secret"])
    assert (news["type"], news["data"]) == ("webhook.test", {"webhook": made["id"]})


async def test_the_secret_is_shown_once_and_lists_are_ones_own(
    context: Context, software: httpx.AsyncClient, operator: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await register(software, receiver.url, MINE)
    assert made["secret"].startswith("whsec_")
    (mine,) = (await software.get("/v1/webhooks")).json()["items"]
    assert mine == {name: value for name, value in made.items() if name != "secret"}
    assert [hook["id"] for hook in (await operator.get("/v1/webhooks")).json()["items"]] == [made["id"]]
    async with door(context, ["intake", "read"]) as stranger:
        assert (await stranger.get("/v1/webhooks")).json()["items"] == []
        assert (await stranger.delete(made["address"])).json()["type"] == "/problems/unknown-webhook"
        assert (await stranger.post(f"{made['address']}/test")).json()["type"] == "/problems/unknown-webhook"
    async with door(context, ["read"]) as reader:
        assert (await reader.get("/v1/webhooks")).json()["type"] == "/problems/forbidden"
    assert (await operator.delete(made["address"])).status_code == 204


@pytest.mark.parametrize(
    ("wanted", "slug", "pointer"),
    [
        ({"url": "http://motcua.example/x"}, "bad-webhook-address", "/url"),
        ({"url": "https://u:p@motcua.example/x"}, "bad-webhook-address", "/url"),
        ({"url": "https://169.254.169.254/x"}, "bad-webhook-address", "/url"),
        ({"url": "nowhere"}, "invalid-record", "/url"),
        ({"kinds": []}, "invalid-record", "/kinds"),
        ({"kinds": ["delivery.refused", "delivery.lost"]}, "unknown-code", "/kinds/1"),
        ({"kinds": ["webhook.test"]}, "unknown-code", "/kinds/0"),
        ({"kinds": ["target.down"]}, "invalid-record", "/system_events"),
        ({"system_events": True}, "forbidden", None),
    ],
)
async def test_what_cannot_be_registered(
    software: httpx.AsyncClient, wanted: dict[str, Any], slug: str, pointer: str | None
) -> None:
    body = {"url": "https://motcua.example/x", "kinds": ["delivery.refused"], **wanted}
    answer = await software.post("/v1/webhooks", json=body)
    problem = answer.json()
    assert problem["type"] == f"/problems/{slug}"
    if pointer is not None:
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]


async def test_this_machine_is_no_receiver_unless_it_is_said_so(context: Context, receiver: Receiver) -> None:
    async with door(context, ["intake"]) as client:
        answer = await client.post("/v1/webhooks", json={"url": receiver.url, "kinds": ["delivery.refused"]})
    assert answer.json()["type"] == "/problems/bad-webhook-address"


async def test_one_token_cannot_fill_the_book(software: httpx.AsyncClient, receiver: Receiver) -> None:
    for _ in range(20):
        await register(software, receiver.url, ["delivery.refused"])
    answer = await software.post("/v1/webhooks", json={"url": receiver.url, "kinds": ["delivery.refused"]})
    assert answer.json()["type"] == "/problems/invalid-record"


async def test_what_people_do_with_webhooks_is_on_record(
    context: Context, software: httpx.AsyncClient, receiver: Receiver
) -> None:
    made = await register(software, receiver.url, MINE)
    await software.post(f"{made['address']}/test")
    await software.delete(made["address"])
    async with door(context, ["admin"]) as auditor:
        answer = await auditor.get("/v1/audit", params={"kind": "operation", "actor": "test-intake"})
    assert made["secret"] not in answer.text
    entries = answer.json()["items"]
    assert [entry["outcome"] for entry in entries] == ["webhook:ended", "webhook:tried", "webhook:registered"]
    assert {entry["detail"]["webhook"] for entry in entries} == {made["id"]}


async def test_events_are_paged_and_say_what_happened_in_both_languages(
    context: Context, operator: httpx.AsyncClient
) -> None:
    async def work(session: WriteSession) -> None:
        now = await session.now()
        for number in range(3):
            await events.tell_transition(
                session,
                EventKind.CONTRACT_NEW,
                Phase.STARTED,
                subject=f"portal:TraCuu:{number}",
                target=PORTAL.key,
                detail={"shape": str(number)},
                now=now,
            )

    await context.database.run(work)
    first = (await operator.get("/v1/events", params={"limit": 2})).json()
    rest = (await operator.get(first["next"])).json()
    assert [item["detail"]["shape"] for item in [*first["items"], *rest["items"]]] == ["2", "1", "0"]
    assert rest["next"] is None
    assert first["items"][0]["meaning"]["vi"]
    assert (await operator.get("/v1/events", params={"kind": "nonsense"})).status_code == 422


async def test_a_decision_of_a_person_is_told_too(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, nation: InMemoryConnector
) -> None:
    made = await register(software, receiver.url, ["delivery.delivered"])
    await put(software)
    await drain(context)
    receiver.requests.clear()
    await bring_news(context)
    (news,) = receiver.verified(made["secret"])
    receiver.requests.clear()

    async def work(session: WriteSession) -> None:
        await events.tell_settled(session, [news["data"]["delivery"]], await session.now())

    await context.database.run(work)
    await bring_news(context)
    (again,) = receiver.verified(made["secret"])
    assert again["data"] == news["data"]
    assert nation.ledger


@pytest.mark.parametrize("kinds", [[], ["delivery.refused"]])
async def test_where_nobody_asked_to_be_told_it_costs_one_query(
    context: Context, software: httpx.AsyncClient, receiver: Receiver, kinds: list[str]
) -> None:
    if kinds:
        await register(software, receiver.url, kinds)
    arrived = [
        DeliveryOutcome(
            message_id=number,
            destination=PORTAL.key,
            kind="dossier",
            dossier_code=code(number),
            procedure_code="1.000110",
            unit_code="H15.50",
            ref="1",
            state=DeliveryState.DELIVERED,
            correlation_id="c-1",
        )
        for number in range(1, 201)
    ]
    statements: list[str] = []

    async def work(session: WriteSession) -> None:
        connection = session.connection.sync_connection
        event.listen(connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
        await events.tell_outcomes(session, [], NOW)
        await events.tell_outcomes(session, arrived, NOW)

    await context.database.run(work)
    (only,) = [statement for statement in statements if not statement.startswith("BEGIN")]
    assert "FROM webhooks" in only


async def test_a_database_that_is_away_says_nothing_about_an_endpoint() -> None:
    # A server that is not there: a file that cannot be opened leaves a thread of its driver behind.
    database = Database("postgresql://nobody@127.0.0.1:9/nothing", busy_seconds=1.0)
    try:
        with pytest.raises(BookUnavailable):
            await Endpoints(database).find(7)
    finally:
        await database.aclose()
