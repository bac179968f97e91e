"""The REST door: what is taken, what is refused and how, and that each answer stays the same."""

import unicodedata
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from app.store.session import Database
from app.usecases.context import Context
from tests.worlds import code, context_of, door, dossier_body, drain, hand_over, step_body
from tests.worlds import dossier as dossier_record
from tests.worlds import step as step_record


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    return context_of(database)


@pytest_asyncio.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    async with door(context) as client:
        yield client


async def put(client: httpx.AsyncClient, **changes: object) -> httpx.Response:
    return await client.put(f"/v1/dossiers/{code()}", json=dossier_body(**changes))


def problem(response: httpx.Response, status: int, slug: str) -> dict[str, object]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = response.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["detail"]
    assert body["advice"]
    assert body["advice_en"]
    return body


async def test_a_dossier_is_taken_and_the_same_again_gets_the_same_answer(client: httpx.AsyncClient) -> None:
    first = await put(client)
    again = await put(client)
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    assert first.json()["address"] == f"/v1/dossiers/{code()}"


async def test_an_older_revision_is_refused_and_told_which_one_is_held(client: httpx.AsyncClient) -> None:
    await put(client, revision=5)
    body = problem(await put(client, revision=4), 409, "stale-revision")
    assert body["held_revision"] == 5


async def test_the_same_revision_with_other_content_is_refused(client: httpx.AsyncClient) -> None:
    await put(client)
    problem(await put(client, summary="Khác"), 409, "revision-conflict")


async def test_an_illegal_status_move_names_its_table(client: httpx.AsyncClient) -> None:
    await put(client)
    response = await put(client, revision=2, status="returned", finished_at="2026-07-02T08:00:00+07:00",
                         returned_at="2026-07-02T09:00:00+07:00")  # fmt: skip
    body = problem(response, 409, "illegal-status-move")
    assert body["errors"] == [
        {"pointer": "/status", "detail": "status 'returned' cannot follow 'received'", "table": "status moves"}
    ]


@pytest.mark.parametrize(
    ("changes", "pointer", "table"),
    [
        ({"procedure": {"code": "1.999999"}}, "/procedure/code", "procedures"),
        ({"receiving_unit": "H15.999"}, "/receiving_unit", "units"),
        (
            {"results": [{"name": "x", "result_code": "KQ.G99.000001", "url": "https://tep.example/1"}]},
            "/results/0/result_code",
            "results",
        ),
        (
            {"procedure": {"code": "1.000110", "field_code": "G13-TN02"}},
            "/procedure/field_code",
            "procedures.field_code",
        ),
    ],
)
async def test_an_unknown_code_names_the_table_it_misses(
    client: httpx.AsyncClient, changes: dict[str, object], pointer: str, table: str
) -> None:
    body = problem(await put(client, **changes), 422, "unknown-code")
    assert [(fault["pointer"], fault["table"]) for fault in body["errors"]] == [(pointer, table)]  # type: ignore[attr-defined]


async def test_all_unknown_codes_are_named_at_once(client: httpx.AsyncClient) -> None:
    body = problem(await put(client, procedure={"code": "1.999999"}, receiving_unit="H15.999"), 422, "unknown-code")
    assert len(body["errors"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"received_at": "2026-07-01T08:05:00"}, "/received_at"),
        ({"received_at": "9999-12-31T23:59:59Z"}, "/received_at"),
        ({"due_at": "0001-01-01T00:00:00Z"}, "/due_at"),
        ({"surprise": 1}, "/surprise"),
        ({"revision": 0}, "/revision"),
        ({"summary": "  "}, "/summary"),
        ({"applicant": {"kind": "citizen", "full_name": "A", "identities": []}}, "/applicant"),
        ({"status": "refused", "refused_at": "2026-07-01T10:00:00+07:00"}, ""),
    ],
)
async def test_a_wrong_shape_names_the_field(
    client: httpx.AsyncClient, changes: dict[str, object], pointer: str
) -> None:
    body = problem(await put(client, **changes), 422, "invalid-record")
    assert body["errors"][0]["pointer"] == pointer  # type: ignore[index]


async def test_broken_json_is_told_apart_from_a_wrong_shape(client: httpx.AsyncClient) -> None:
    response = await client.put(
        f"/v1/dossiers/{code()}", content=b'{"revision": ', headers={"Content-Type": "application/json"}
    )
    problem(response, 400, "unreadable-line")


async def test_a_code_of_the_wrong_form_is_refused(client: httpx.AsyncClient) -> None:
    problem(await client.put("/v1/dossiers/H15-1", json=dossier_body()), 422, "invalid-dossier-code")


async def test_a_body_larger_than_a_record_may_be_is_refused(context: Context) -> None:
    async with door(context, record_bytes_max=10_000) as client:
        problem(await put(client, summary="x" * 20_000), 413, "too-large")


async def test_a_step_is_taken_once(client: httpx.AsyncClient) -> None:
    await put(client)
    address = f"/v1/dossiers/{code()}/steps"
    first = await client.post(address, json=step_body())
    again = await client.post(address, json=step_body())
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json()
    problem(await client.post(address, json=step_body(content="Khác")), 409, "step-conflict")
    problem(await client.post(address, json=step_body(step_id="s9")), 409, "duplicate-step")
    early = step_body(2, processed_at="2026-07-01T08:59:00+07:00")
    problem(await client.post(address, json=early), 409, "step-out-of-order")
    assert (await client.get(f"/v1/dossiers/{code()}")).json()["steps"] == 1


async def test_a_step_of_an_unknown_dossier_is_refused(client: httpx.AsyncClient) -> None:
    problem(await client.post(f"/v1/dossiers/{code(9)}/steps", json=step_body()), 404, "unknown-dossier")


async def test_names_in_other_unicode_forms_are_the_same_record(client: httpx.AsyncClient) -> None:
    composed = "Nguyễn Thị Thủy"
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    body = dossier_body()
    first = await put(client, applicant=body["applicant"] | {"full_name": composed})
    again = await put(client, applicant=body["applicant"] | {"full_name": decomposed})
    assert first.json() == again.json()


async def test_where_a_dossier_stands(client: httpx.AsyncClient, context: Context) -> None:
    await put(client)
    await client.post(f"/v1/dossiers/{code()}/steps", json=step_body())
    before = (await client.get(f"/v1/dossiers/{code()}")).json()
    assert [d["state"] for d in before["deliveries"]] == ["waiting", "waiting"]
    await drain(context)
    after = (await client.get(f"/v1/dossiers/{code()}")).json()
    assert after["facts"]["summary"] == "Đăng ký khai sinh"
    assert after["rule_set"] == "one-stop-2025-367"
    (target,) = after["targets"]
    assert target["known_to_the_nation"]
    assert target["lane_state"] == "idle"
    assert [d["state"] for d in after["deliveries"]] == ["delivered", "delivered"]
    problem(await client.get(f"/v1/dossiers/{code(7)}"), 404, "unknown-dossier")


async def test_deliveries_are_paged_and_filtered(client: httpx.AsyncClient, context: Context) -> None:
    await hand_over(context, *[dossier_record(n) for n in range(1, 8)])
    seen: list[int] = []
    address: str | None = "/v1/deliveries?limit=3&state=waiting"
    while address:
        page = (await client.get(address)).json()
        seen += [item["id"] for item in page["items"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)
    one = (await client.get("/v1/deliveries", params={"dossier": code(3)})).json()["items"]
    assert [item["dossier"] for item in one] == [code(3)]
    assert (await client.get("/v1/deliveries", params={"unit": "H15"})).json()["items"] == []
    problem(await client.get("/v1/deliveries", params={"since": "2026-07-01T00:00:00"}), 422, "invalid-record")
    problem(await client.get("/v1/deliveries", params={"limit": 0}), 422, "invalid-record")


async def test_a_delivery_shows_its_attempts(client: httpx.AsyncClient, context: Context) -> None:
    await hand_over(context, dossier_record())
    await drain(context)
    (item,) = (await client.get("/v1/deliveries")).json()["items"]
    detail = (await client.get(item["address"])).json()
    assert [attempt["outcome"] for attempt in detail["tries"]] == ["accepted"]
    assert detail["tries"][0]["parcels"] == 1
    problem(await client.get("/v1/deliveries/999"), 404, "unknown-delivery")
    problem(await client.post("/v1/deliveries/999/retry"), 404, "unknown-delivery")
    problem(await client.post(f"{item['address']}/retry"), 409, "not-retriable")


async def test_the_summary_is_what_the_rows_say(client: httpx.AsyncClient, context: Context) -> None:
    await hand_over(context, dossier_record(1), step_record(1), dossier_record(2))
    before = (await client.get("/v1/sync/summary")).json()
    assert before["received"] == {"dossiers": 2, "steps": 1}
    assert before["known_to_the_nation"] == {"dossiers": 0, "steps": 0}
    assert sum(before["waiting_by_age"].values()) == 3
    await drain(context)
    after = (await client.get("/v1/sync/summary")).json()
    assert after["known_to_the_nation"] == {"dossiers": 2, "steps": 1}
    assert after["by_unit"] == [{"code": "H15.50", "received": 2, "known": 2, "waiting": 0, "refused": 0, "dead": 0}]


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("read", "PUT", f"/v1/dossiers/{code()}"),
        ("read", "POST", f"/v1/dossiers/{code()}/steps"),
        ("read", "POST", "/v1/intake"),
        ("read", "POST", "/v1/persons/verify"),
        ("intake", "GET", f"/v1/dossiers/{code()}"),
        ("intake", "GET", "/v1/deliveries"),
        ("intake", "GET", "/v1/sync/summary"),
        ("read", "POST", "/v1/deliveries/1/retry"),
        ("operate", "GET", "/v1/audit"),
    ],
)
async def test_a_token_opens_only_its_own_doors(context: Context, scope: str, method: str, path: str) -> None:
    body = {"PUT": dossier_body(), "POST": step_body()}.get(method)
    async with door(context, [scope]) as client:
        problem(await client.request(method, path, json=body), 403, "forbidden")
        nobody = await client.request(method, path, json=body, headers={"Authorization": ""})
        problem(nobody, 401, "unauthenticated")
        assert nobody.headers["www-authenticate"] == "Bearer"
        stranger = await client.request(method, path, json=body, headers={"Authorization": "Bearer lt_guess"})
        problem(stranger, 401, "unauthenticated")


async def test_a_correlation_id_goes_from_the_door_to_the_delivery(client: httpx.AsyncClient) -> None:
    await client.put(f"/v1/dossiers/{code()}", json=dossier_body(), headers={"X-Correlation-ID": "from-one-stop-1"})
    (item,) = (await client.get("/v1/deliveries")).json()["items"]
    assert item["correlation_id"] == "from-one-stop-1"
    answer = await client.get("/v1/deliveries", headers={"X-Correlation-ID": "bad id\t"})
    assert answer.headers["x-correlation-id"] != "bad id\t"


async def test_unknown_addresses_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/nothing"), 404, "not-found")
    assert (await client.delete("/v1/deliveries")).status_code == 405


async def test_health_and_metrics_need_no_token(client: httpx.AsyncClient, context: Context) -> None:
    await hand_over(context, dossier_record())
    bare = {"Authorization": ""}
    assert (await client.get("/health/live", headers=bare)).json() == {"live": True}
    ready = await client.get("/health/ready", headers=bare)
    assert ready.status_code == 200
    assert ready.json()["dependencies"]["database"]["ok"]
    metrics = (await client.get("/metrics", headers=bare)).text
    assert 'lienthong_messages{state="waiting",target="portal"} 1.0' in metrics


async def test_every_operation_is_described_with_examples(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    for path, verbs in document["paths"].items():
        for method, operation in verbs.items():
            answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            media = [m for answer in answers for m in answer.get("content", {}).values()]
            # What answers HEAD, and 204, has no body.
            assert media or path == "/" or method == "head" or set(operation["responses"]) & {"204"}, (method, path)
            assert all("example" in m or "examples" in m for m in media) or path == "/", (method, path)
            if "requestBody" in operation:
                bodies = operation["requestBody"]["content"].values()
                assert all("example" in body or "examples" in body for body in bodies), (method, path)
    page = await client.get("/docs", headers={"Authorization": ""})
    assert page.status_code == 200
    assert "/v1/dossiers/{code}/steps" in page.text
    assert "//" not in page.text.replace("https://", "").replace("http://", "") or "cdn" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/dossiers/H15%00",
        "/v1/deliveries?dossier=%00",
        "/v1/deliveries?unit=a%00b",
        "/v1/audit?actor=%00",
        "/v1/deliveries?before=99999999999999999999999",
        "/v1/deliveries/99999999999999999999999",
    ],
)
async def test_odd_addresses_are_refused_and_break_nothing(client: httpx.AsyncClient, path: str) -> None:
    problem(await client.get(path), 422, "invalid-record")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"revision": 1e999}',
        b'{"revision": ' + b"9" * 500 + b"}",
        b"[" * 100_000,
        b'{"summary": "\\ud800"}',
        b'{"summary": "\\u0000"}',
    ],
)
async def test_odd_bodies_are_refused_and_break_nothing(client: httpx.AsyncClient, body: bytes) -> None:
    for method, path in (("PUT", f"/v1/dossiers/{code()}"), ("POST", "/v1/persons/verify")):
        answer = await client.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    lines = await client.post("/v1/intake", content=body + b"\n" + b'{"type":"step","dossier":"H\\u0000"}')
    assert lines.status_code == 200
    assert '"taken":true' not in lines.text
