"""Sessions and accounts at the door: cookies, tokens of forms, who may do what, and the pages that need no script."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from app.domain.access import Role
from app.domain.audit import AuditKind
from app.main import create_app
from app.store.session import Database
from app.store.tables import audit
from app.usecases.context import Context
from tests.factories import ManualClock
from tests.people import CHOSEN, code_of, invited, people_context, settled
from tests.worlds import door, settings

OWN = {"Sec-Fetch-Site": "same-origin"}
_DAY = 86400.0


@dataclass
class House:
    """The door on a clocked database, over HTTP or over HTTPS."""

    context: Context
    clock: ManualClock

    def client(self, scheme: str = "http") -> httpx.AsyncClient:
        """A browser of its own."""
        app = create_app(settings(public_url=f"{scheme}://door.test", logins_per_minute=20), self.context)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://door.test")

    async def person(
        self, client: httpx.AsyncClient, name: str, *roles: Role, units: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """A new account whose holder is logged in; what it was told."""
        _, secret, _ = await settled(self.context, name, *roles, at=self.clock.now(), units=units)
        asked = {"account": name, "password": CHOSEN, "code": code_of(secret, self.clock.now())}
        answer = await client.post("/v1/sessions", json=asked)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        client.headers.update(OWN | {"X-CSRF-Token": told["csrf_token"]})
        return told | {"secret": secret}


@pytest.fixture
def house(clocked_database: Database, clock: ManualClock) -> House:
    return House(people_context(clocked_database), clock)


@pytest_asyncio.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as client:
        yield client


async def test_a_whole_first_login_by_the_api(house: House, client: httpx.AsyncClient) -> None:
    password = await invited(house.context, "an.nv", Role.OPERATOR)
    told = (await client.post("/v1/sessions", json={"account": "an.nv", "password": password})).json()
    assert (told["step"], told["roles"], told["kind"]) == ("change_password", ["operator"], "technical")
    client.headers.update(OWN | {"X-CSRF-Token": told["csrf_token"]})
    waits = await client.get("/v1/deliveries")
    assert (waits.status_code, waits.json()["type"], waits.json()["step"]) == (
        403, "/problems/login-step-needed", "change_password",
    )  # fmt: skip
    weak = await client.put("/v1/sessions/current/password", json={"old": password, "new": "matkhaudai"})
    assert weak.status_code == 422
    assert len(weak.json()["errors"]) == 3
    assert "matkhaudai" not in weak.text
    told = (await client.put("/v1/sessions/current/password", json={"old": password, "new": CHOSEN})).json()
    assert told["step"] == "enrol_second_factor"
    stale = await client.post("/v1/sessions/current/second-factor", json={"password": CHOSEN})
    assert stale.json()["type"] == "/problems/cross-site", "the token goes with the cookie"
    client.headers["X-CSRF-Token"] = told["csrf_token"]
    offer = (await client.post("/v1/sessions/current/second-factor", json={"password": CHOSEN})).json()
    assert offer["address"].startswith("otpauth://totp/LienThong:an.nv?")
    code = code_of(offer["secret"], house.clock.now())
    enrolled = (await client.put("/v1/sessions/current/second-factor", json={"code": code})).json()
    assert (len(enrolled["recovery_codes"]), enrolled["session"]["step"]) == (10, "none")
    client.headers["X-CSRF-Token"] = enrolled["session"]["csrf_token"]
    assert (await client.get("/v1/deliveries")).status_code == 200
    assert (await client.delete("/v1/sessions/current")).status_code == 204
    gone = await client.get("/v1/sessions/current")
    assert (gone.status_code, gone.headers["www-authenticate"]) == (401, "Bearer")
    async with house.context.database.read() as session:
        (left,) = await session.rows(select(audit.c.detail).where(audit.c.outcome == "logged_out"))
    assert json.loads(left.detail)["origin"] == {"address": "127.0.0.1", "auth": "session", "roles": ["operator"]}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_is_bound_to_this_host_and_never_shown_to_a_script(house: House, scheme: str) -> None:
    async with house.client(scheme) as client:
        password = await invited(house.context, "an.nv")
        answer = await client.post("/v1/sessions", json={"account": "an.nv", "password": password})
        name, _, rest = answer.headers["set-cookie"].partition("=")
        parts = {part.strip().lower() for part in rest.split(";")[1:]}
        assert {"httponly", "path=/", "samesite=strict"} <= parts
        assert not {part for part in parts if part.startswith(("domain", "expires", "max-age"))}
        assert (name, "secure" in parts) == (("__Host-lienthong", True) if scheme == "https" else ("lienthong", False))
        assert rest.partition(";")[0] not in answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_changes_something_must_come_from_our_own_pages_with_the_sessions_token(
    house: House, client: httpx.AsyncClient
) -> None:
    told = await house.person(client, "quan-tri", Role.ADMINISTRATOR)
    client.headers.pop("Sec-Fetch-Site")
    client.headers.pop("X-CSRF-Token")
    token = {"X-CSRF-Token": told["csrf_token"]}
    refused: list[dict[str, str]] = [
        {},
        token,
        OWN,
        OWN | {"X-CSRF-Token": "0" * 64},
        token | {"Sec-Fetch-Site": "cross-site"},
        token | {"Sec-Fetch-Site": "same-site"},
        token | {"Sec-Fetch-Site": "none"},
        token | {"Origin": "http://evil.test"},
        token | {"Origin": "null"},
        token | {"Origin": "http://["},
        token | OWN | {"Origin": "http://evil.test"},
    ]
    for headers in refused:
        answer = await client.post("/v1/accounts/quan-tri/unlock", headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/cross-site"), headers
    for headers in (token | OWN, token | {"Origin": "http://door.test"}, token | OWN | {"Origin": "http://door.test"}):
        answer = await client.post("/v1/accounts/quan-tri/unlock", headers=headers)
        assert answer.json()["type"] == "/problems/own-account", headers
    foreign = {"Sec-Fetch-Site": "cross-site"}
    asked = {"account": "quan-tri", "password": CHOSEN}
    assert (await client.post("/v1/sessions", json=asked, headers=foreign)).status_code == 403, "no login for another"
    assert (await client.get("/v1/accounts", headers=foreign)).status_code == 200, "what reads changes nothing"


async def test_administrators_keep_accounts_and_others_do_not(house: House, client: httpx.AsyncClient) -> None:
    await house.person(client, "quan-tri", Role.ADMINISTRATOR)
    body = {"name": "an.nv", "full_name": "Nguyễn Văn Mẫu", "roles": ["officer"], "units": ["H15.50"]}
    made = await client.post("/v1/accounts", json=body)
    assert made.status_code == 201
    account, password = made.json()["account"], made.json()["one_time_password"]
    assert (account["state"], account["kind"], account["second_factor"]) == ("invited", "operation", False)
    again = await client.post("/v1/accounts", json=body)
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/name")
    clash = await client.post("/v1/accounts", json=body | {"name": "binh.tv", "roles": ["officer", "approver"]})
    assert (clash.status_code, clash.json()["type"]) == (422, "/problems/roles-clash")
    rights = await client.put("/v1/accounts/an.nv/rights", json={"roles": ["auditor"], "units": []})
    assert (rights.json()["roles"], rights.json()["units"]) == (["auditor"], [])
    for _ in range(5):
        wrong = {"account": "an.nv", "password": "Wrong-pass-1"}
        assert (await client.post("/v1/sessions", json=wrong)).json()["type"] == "/problems/login-refused"
    assert (await client.get("/v1/accounts/an.nv")).json()["state"] == "locked"
    assert (await client.post("/v1/accounts/an.nv/unlock")).json()["state"] == "invited"
    disabled = (await client.post("/v1/accounts/an.nv/disable", json={"reason": "Nghỉ việc"})).json()
    assert (disabled["state"], disabled["disabled_reason"]) == ("disabled", "Nghỉ việc")
    assert (await client.post("/v1/accounts/an.nv/enable")).json()["state"] == "invited"
    reset = (await client.post("/v1/accounts/an.nv/reset", json={"second_factor": True})).json()
    assert reset["one_time_password"] != password
    house.clock.advance(1 * _DAY)
    async with house.client() as other:
        await house.person(other, "giam-sat", Role.AUDITOR)
        page = (await other.get("/v1/accounts", params={"limit": 2})).json()
        assert [item["name"] for item in page["items"]] == ["an.nv", "giam-sat"]
        assert [item["name"] for item in (await other.get(page["next"])).json()["items"]] == ["quan-tri"]
        idle = (await other.get("/v1/accounts", params={"idle_days": 1})).json()["items"]
        assert {item["name"]: item["idle_days"] for item in idle} == {"an.nv": 1, "quan-tri": 1}
        for answer in (await other.post("/v1/accounts", json=body), await other.post("/v1/accounts/an.nv/enable")):
            assert answer.json()["type"] == "/problems/forbidden"
        assert (await other.get("/v1/accounts/nobody")).status_code == 404
    async with door(house.context, ["admin"]) as software:
        assert (await software.get("/v1/accounts")).status_code == 200
        assert (await software.post("/v1/accounts", json=body)).status_code == 403, "people only"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_tries_from_one_address_are_bounded_whosever_name_it_is(client: httpx.AsyncClient) -> None:
    answers = [await client.post("/v1/sessions", json={"account": f"nobody-{n}", "password": "x"}) for n in range(22)]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    led = await client.post("/login", data={"account": "an.nv", "password": "x"}, headers=OWN)
    assert (led.status_code, led.headers["location"]) == (303, "/login?full=1")
    page = await client.get(led.headers["location"])
    assert (page.status_code, "Quá nhiều lần thử" in page.text) == (429, True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("body", "refused"), [(b"{", 400), (b'{"account": 1}', 422), (b"{}", 422)])
async def test_tries_that_nobody_can_read_are_bounded_too(
    house: House, client: httpx.AsyncClient, body: bytes, refused: int
) -> None:
    headers = {"Content-Type": "application/json"}
    answers = [await client.post("/v1/sessions", content=body, headers=headers) for _ in range(23)]
    assert [answer.status_code for answer in answers] == [refused] * 20 + [429] * 3
    async with house.context.database.read() as session:
        entries = await session.rows(select(audit.c.outcome).where(audit.c.kind == AuditKind.REFUSED.value))
    assert len(entries) == 21, "a flood is told once"


def _token_in(page: httpx.Response) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    return found[1]


async def test_a_whole_first_login_by_pages_without_a_script(house: House, client: httpx.AsyncClient) -> None:
    client.headers.update(OWN)
    stranger = await client.get("/")
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/login")
    password = await invited(house.context, "an.nv", Role.OFFICER)
    form = await client.get("/login")
    assert "<script" not in form.text
    assert "unsafe" not in form.headers["content-security-policy"]
    assert form.headers["referrer-policy"] == "same-origin"
    wrong = await client.post("/login", data={"account": "an.nv", "password": "<b>Wrong"})
    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text
    assert 'value="an.nv"' in wrong.text
    assert "Wrong" not in wrong.text
    foreign = await client.post(
        "/login", data={"account": "an.nv", "password": password}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (foreign.status_code, "set-cookie" in foreign.headers) == (303, False)
    entered = await client.post("/login", data={"account": "an.nv", "password": password})
    assert (entered.status_code, entered.headers["location"]) == (303, "/account/password")
    for path in ("/", "/account"):
        assert (await client.get(path)).status_code == 303
    page = await client.get("/account/password")
    new = {"old": password, "new": CHOSEN, "again": CHOSEN, "csrf": _token_in(page)}
    unlike = await client.post("/account/password", data=new | {"again": "x"})
    assert (unlike.status_code, "không giống nhau" in unlike.text) == (422, True)
    weak = await client.post("/account/password", data=new | {"new": "ngan", "again": "ngan"})
    assert (weak.status_code, "Ít nhất 8 ký tự" in weak.text, "Thiếu chữ số" in weak.text) == (422, True, True)
    forged = await client.post("/account/password", data=new | {"csrf": "0" * 64})
    assert (forged.status_code, forged.headers["location"]) == (303, "/account")
    changed = await client.post("/account/password", data=new)
    assert changed.headers["location"] == "/account/second-factor"
    token = _token_in(await client.get("/account/second-factor"))
    refused = await client.post("/account/second-factor/offer", data={"password": "Wrong-1-pass", "csrf": token})
    assert (refused.status_code, "không đúng" in refused.text) == (403, True)
    offered = await client.post("/account/second-factor/offer", data={"password": CHOSEN, "csrf": token})
    secret = re.search(r"<code>([A-Z2-7 ]{39})</code>", offered.text)
    assert secret is not None
    late = await client.post("/account/second-factor", data={"code": "000000", "csrf": token})
    assert (late.status_code, secret[1] in late.text) == (422, False)
    code = code_of(secret[1], house.clock.now())
    enrolled = await client.post("/account/second-factor", data={"code": code, "csrf": token})
    assert len(re.findall(r"<li><code>[A-Z2-7-]{19}</code>", enrolled.text)) == 10
    assert (await client.get("/")).status_code == 200
    account = await client.get("/account")
    assert "Cán bộ nghiệp vụ" in account.text
    token = _token_in(account)
    fresh = await client.post("/account/recovery-codes", data={"password": CHOSEN, "csrf": token})
    assert len(re.findall(r"<li><code>[A-Z2-7-]{19}</code>", fresh.text)) == 10
    left = await client.post("/logout", data={"csrf": token})
    assert (left.status_code, left.headers["location"]) == (303, "/login")
    assert (await client.get("/account")).headers["location"] == "/login"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_who_may_not_see_the_figures_is_led_to_their_own_account(house: House) -> None:
    communes = frozenset({"H15.50"})
    for name, role, units in (("quan-tri", Role.ADMINISTRATOR, frozenset[str]()), ("an.nv", Role.OFFICER, communes)):
        async with house.client() as client:
            client.headers.update(OWN)
            await house.person(client, name, role, units=units)
            answer = await client.get("/")
            assert (answer.status_code, answer.headers["location"]) == (303, "/account")
            assert 'href="/"' not in (await client.get("/account")).text.partition("<main")[2]
