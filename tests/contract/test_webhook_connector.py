"""The webhook connector against a real receiver that checks signatures with the public library."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
import pytest_asyncio
from standardwebhooks import Webhook, WebhookVerificationError

from connectors.base import Accepted, Connector, Kind, Knowledge, Outcome, Parcel, Rejected, TryLater
from connectors.http import HttpSettings, build_client
from connectors.webhook import HTTP, BookUnavailable, Endpoint, WebhookConnector, message_id, url_fault
from tests.bounds import AMPLE_SECONDS, BRIEF_SECONDS
from tests.receiver import Receiver, Reply, receiving

SECRET = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
PATIENT = HttpSettings(
    connect_seconds=AMPLE_SECONDS,
    read_seconds=AMPLE_SECONDS,
    write_seconds=AMPLE_SECONDS,
    pool_seconds=AMPLE_SECONDS,
    total_seconds=AMPLE_SECONDS,
    tries_max=1,
)
#: For an answer that never comes: the time runs only once the message is on the wire.
HASTY = replace(PATIENT, read_seconds=BRIEF_SECONDS)
Transport = Literal["aiohttp", "httpx"]
MADE = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
NEWS = '{"type":"delivery.delivered","timestamp":"2026-07-01T01:00:00Z","data":{"dossier":"H15.16-260701-0001"}}'


class Book:
    """A book of endpoints in memory."""

    def __init__(self, **pages: Endpoint) -> None:
        self.pages = {int(name[1:]): endpoint for name, endpoint in pages.items()}
        self.away = False

    async def find(self, endpoint_id: int) -> Endpoint | None:
        if self.away:
            message = "the database is out of reach"
            raise BookUnavailable(message)
        return self.pages.get(endpoint_id)


def parcel(number: int = 1, destination: str = "webhook:7") -> Parcel:
    return Parcel(number, Kind.EVENT, "H15.16-260701-0001", NEWS, False, "c-1", destination, MADE)  # noqa: FBT003


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
def book(receiver: Receiver) -> Book:
    return Book(n7=Endpoint(receiver.url, SECRET))


@asynccontextmanager
async def connecting(book: Book, http: HttpSettings) -> AsyncIterator[WebhookConnector]:
    """A connector that may speak plain HTTP, as long as the block."""
    connector = WebhookConnector(book, build_client(http), http, plain_http=True)
    yield connector
    await connector.aclose()


@pytest.fixture(params=["aiohttp", "httpx"])
def transport(request: pytest.FixtureRequest) -> Transport:
    chosen: Transport = request.param
    return chosen


@pytest_asyncio.fixture
async def connector(transport: Transport, book: Book) -> AsyncIterator[WebhookConnector]:
    async with connecting(book, replace(PATIENT, transport=transport)) as connector:
        yield connector


async def alone(connector: Connector, one: Parcel | None = None) -> Outcome:
    sent = await connector.send([one or parcel()])
    assert len(sent.outcomes) == 1
    assert not sent.array_refused
    return sent.outcomes[0]


async def test_a_message_arrives_and_the_public_library_believes_it(
    connector: WebhookConnector, receiver: Receiver
) -> None:
    sent = await connector.send([parcel()])
    assert sent.outcomes == (Accepted("204", "HTTP 204"),)
    (headers, body), (payload,) = receiver.requests[0], receiver.verified(SECRET)
    assert body == NEWS
    assert payload["type"] == "delivery.delivered"
    assert headers["content-type"].startswith("application/json")
    assert (sent.exchange.service, sent.exchange.http_status, sent.exchange.request) == ("webhook", 204, NEWS)
    for secret in (SECRET, headers["webhook-signature"]):
        assert secret not in sent.exchange.request + sent.exchange.answer


async def test_a_wrong_secret_and_a_changed_body_are_not_believed(
    connector: WebhookConnector, receiver: Receiver
) -> None:
    await alone(connector)
    headers, body = receiver.requests[0]
    other = f"whsec_{base64.b64encode(bytes(32)).decode()}"
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace("delivered", "refused"), headers)


async def test_the_id_is_the_same_at_every_try_and_another_for_another_message(
    connector: WebhookConnector, receiver: Receiver
) -> None:
    receiver.script.append(Reply(500))
    assert await alone(connector) == TryLater("endpoint_away", "HTTP 500")
    assert isinstance(await alone(connector), Accepted)
    await alone(connector, parcel(2))
    first, again, other = receiver.ids
    assert first == again == message_id(parcel())
    assert other != first
    restored = replace(parcel(), created_at=MADE + timedelta(microseconds=1))
    assert message_id(restored) != first
    receiver.verified(SECRET)


async def test_the_time_in_the_header_is_that_of_the_try(book: Book, receiver: Receiver) -> None:
    at = [datetime.now(UTC)]
    connector = WebhookConnector(book, build_client(PATIENT), PATIENT, plain_http=True, now=lambda: at[0])
    await alone(connector)
    at[0] += timedelta(seconds=90)
    await alone(connector)
    await connector.aclose()
    first, second = (int(headers["webhook-timestamp"]) for headers, _ in receiver.requests)
    assert second - first == 90
    receiver.verified(SECRET)


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(200, body="ok"), Accepted("200", "HTTP 200")),
        (Reply(202), Accepted("202", "HTTP 202")),
        (Reply(410), Rejected("http_410", "HTTP 410: the endpoint wants no more news")),
        (Reply(400), TryLater("endpoint_refused", "HTTP 400")),
        (Reply(401), TryLater("endpoint_refused", "HTTP 401")),
        (Reply(404), TryLater("endpoint_refused", "HTTP 404")),
        (Reply(408), TryLater("endpoint_away", "HTTP 408")),
        (Reply(425), TryLater("endpoint_away", "HTTP 425")),
        (Reply(429, {"Retry-After": "7"}), TryLater("http_429", "HTTP 429", 7.0)),
        (Reply(429, {"Retry-After": "soon"}), TryLater("http_429", "HTTP 429")),
        (Reply(503, {"Retry-After": "999999999"}), TryLater("http_503", "HTTP 503", 86400.0)),
        (Reply(503, {"Retry-After": "Wed, 01 Jul 2020 00:00:00 GMT"}), TryLater("http_503", "HTTP 503", 0.0)),
        (Reply(502), TryLater("endpoint_away", "HTTP 502")),
    ],
)
async def test_what_an_answer_means(
    connector: WebhookConnector, receiver: Receiver, reply: Reply, outcome: Outcome
) -> None:
    receiver.script.append(reply)
    assert await alone(connector) == outcome
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("reply", [Reply(hangs=True), Reply(cuts=True)])
async def test_a_lost_answer_is_no_doubt_it_is_sent_again(
    connector: WebhookConnector, transport: Transport, receiver: Receiver, book: Book, reply: Reply
) -> None:
    receiver.script.append(reply)
    async with connecting(book, replace(HASTY if reply.hangs else PATIENT, transport=transport)) as first:
        outcome = await alone(first)
    assert isinstance(outcome, TryLater)
    assert outcome.reason == "endpoint_away"
    async with asyncio.timeout(AMPLE_SECONDS):
        await receiver.arrived.wait()
    assert isinstance(await alone(connector), Accepted)
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


async def test_nobody_listens(connector: WebhookConnector, book: Book) -> None:
    async with receiving() as gone:
        book.pages[8] = Endpoint(gone.url, SECRET)
    outcome = await alone(connector, parcel(destination="webhook:8"))
    assert isinstance(outcome, TryLater)
    assert outcome.reason == "not_sent"


async def test_a_redirect_is_not_followed(connector: WebhookConnector, receiver: Receiver, book: Book) -> None:
    async with receiving() as elsewhere:
        receiver.script.append(Reply(307, {"Location": elsewhere.url}))
        assert await alone(connector) == TryLater("endpoint_refused", "HTTP 307")
        assert elsewhere.requests == []
    assert book.pages


async def test_an_endpoint_that_is_gone_is_told_nothing(
    connector: WebhookConnector, receiver: Receiver, book: Book
) -> None:
    book.pages.clear()
    assert await alone(connector) == Rejected("endpoint_gone", "this endpoint was removed")
    assert receiver.requests == []


async def test_while_nobody_can_tell_where_it_listens_nothing_is_lost(
    connector: WebhookConnector, receiver: Receiver, book: Book
) -> None:
    book.away = True
    assert await alone(connector) == TryLater("not_sent", "the database is out of reach")
    assert receiver.requests == []
    book.away = False
    assert isinstance(await alone(connector), Accepted)


async def test_a_name_that_leads_elsewhere_by_now_is_not_called(book: Book, receiver: Receiver) -> None:
    async def rebound(_host: str, _port: int) -> Sequence[str]:
        return ["203.0.113.9", "169.254.169.254"]

    book.pages[7] = Endpoint("https://motcua.example/hook", SECRET)
    connector = WebhookConnector(book, build_client(PATIENT), PATIENT, resolver=rebound)
    outcome = await alone(connector)
    await connector.aclose()
    assert isinstance(outcome, TryLater)
    assert outcome.reason == "endpoint_refused"
    assert "169.254.169.254" in outcome.message
    assert receiver.requests == []


async def test_a_row_that_somebody_changed_by_hand_is_judged_again(book: Book, receiver: Receiver) -> None:
    connector = WebhookConnector(book, build_client(PATIENT), PATIENT)
    outcome = await alone(connector)
    await connector.aclose()
    assert outcome == TryLater("endpoint_refused", "it must begin with https://")
    assert receiver.requests == []


async def test_it_keeps_to_what_a_connector_is(connector: WebhookConnector, receiver: Receiver) -> None:
    as_any: Connector = connector
    assert as_any.capacity.of(Kind.EVENT) == 1
    assert as_any.envelope(parcel(1)) != as_any.envelope(parcel(2))
    assert as_any.envelope(parcel(1)) != as_any.envelope(parcel(1, "webhook:8"))
    probed = await as_any.probe("H15.16-260701-0001", [parcel(1), parcel(2)])
    assert (probed.knowledge, probed.dossier_known) == ((Knowledge.LACKS,) * 2, None)
    assert (await as_any.check()).reachable
    sent = await as_any.send([parcel(1), parcel(2)])
    assert [type(outcome) for outcome in sent.outcomes] == [Accepted, Accepted]
    assert len(sent.earlier) == 1
    assert len(receiver.requests) == 2


def test_a_call_is_bounded() -> None:
    assert (HTTP.connect_seconds, HTTP.total_seconds, HTTP.tries_max) == (5.0, 15.0, 1)


@pytest.mark.parametrize(
    "url",
    [
        "https://motcua.example/hook",
        "https://motcua.example:8443/hook?x=1",
        "https://10.1.2.3/hook",
        "https://[2001:db8::1]/hook",
    ],
)
def test_addresses_that_are_fine(url: str) -> None:
    assert url_fault(url, plain_http=False) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://motcua.example/hook",
        "http://10.1.2.3/hook",
        "ftp://motcua.example/hook",
        "https:///hook",
        "https://user:pass@motcua.example/hook",
        "https://user@motcua.example/hook",
        "https://motcua.example/hook#part",
        "https://motcua.example:99999/hook",
        "https://[::1/hook",
        "https://localhost/hook",
        "https://a.localhost./hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://0.0.0.0/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:169.254.169.254]/",
        "https://[fe80::1%25eth0]/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
        "https://metadata.google.internal/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://169.254.43518/",
        "https://224.0.0.1/",
    ],
)
def test_addresses_that_are_refused(url: str) -> None:
    assert url_fault(url, plain_http=False) is not None


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("http://127.0.0.1:8123/hook", True),
        ("http://localhost:8123/hook", True),
        ("http://192.168.1.5/hook", True),
        ("http://[::1]:8123/hook", True),
        ("https://127.0.0.1/hook", True),
        ("http://8.8.8.8/hook", False),
        ("http://motcua.example/hook", False),
        ("http://169.254.169.254/", False),
        ("http://u:p@127.0.0.1/", False),
    ],
)
def test_plain_http_is_for_near_addresses_only(url: str, fine: bool) -> None:  # noqa: FBT001 - a table
    assert (url_fault(url, plain_http=True) is None) is fine
