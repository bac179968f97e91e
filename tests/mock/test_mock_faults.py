"""Armed faults inside the process."""

import asyncio
import time

import pytest

from mock_national.drop import ConnectionDropped
from mock_national.faults import FaultBook
from tests.mock.support import FORWARD, PROVIDER, Portal, a_code, a_dossier, a_step


@pytest.mark.asyncio
async def test_a_status_fault_applies_nothing(portal: Portal) -> None:
    await portal.arm(system="portal", kind="status", status=429, retry_after_seconds=7)
    body = {"session": portal.session, "madonvi": "H15", "service": "DongBoHoSoMC"}
    push = {**body, "isUpdating": "False", "data": [a_dossier()]}
    response = await portal.client.post(f"{FORWARD}/integration", json=push, headers={"dstcode": PROVIDER})
    assert response.status_code == 429
    assert response.headers["retry-after"] == "7"
    assert await portal.ledger() == []
    assert (await portal.insert(a_dossier()))["error_code"] == "0"


@pytest.mark.asyncio
async def test_an_html_fault_answers_a_page_with_status_200(portal: Portal) -> None:
    await portal.arm(system="portal", service="login", kind="html")
    response = await portal.client.post(f"{FORWARD}/login", json={}, headers={"dstcode": PROVIDER})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.asyncio
async def test_a_fault_waits_for_its_service_and_dossier(portal: Portal) -> None:
    await portal.arm(system="portal", service="CapNhatTienDoHoSoMC", dossier=a_code(2), kind="lost_answer", times=2)
    await portal.insert(a_dossier(1), a_dossier(2))
    assert (await portal.steps(a_step(1)))["error_code"] == "0"
    with pytest.raises(ConnectionDropped):
        await portal.steps(a_step(1), a_step(2))
    (fault,) = (await portal.client.get("/__admin/faults")).json()["faults"]
    assert (fault["left"], fault["fired"]) == (1, 1)
    assert [line["dossier"] for line in await portal.ledger()][-2:] == [a_code(1), a_code(2)]
    (call,) = (await portal.client.get("/__admin/calls?limit=1")).json()["calls"]
    assert (call["http_status"], call["fault"]) == (0, "lost_answer")
    await portal.client.delete("/__admin/faults")
    assert (await portal.steps(a_step(2)))["error_code"] == "0"


@pytest.mark.asyncio
async def test_a_look_up_can_fail_for_one_dossier(portal: Portal) -> None:
    await portal.arm(system="portal", service="TraCuuHoSo", dossier=a_code(2), kind="reset")
    assert await portal.look_up(a_code(1)) == []
    with pytest.raises(ConnectionDropped):
        await portal.look_up(a_code(2))


@pytest.mark.asyncio
async def test_a_reset_fault_applies_nothing(portal: Portal) -> None:
    await portal.arm(system="portal", kind="reset")
    with pytest.raises(ConnectionDropped):
        await portal.insert(a_dossier())
    assert await portal.ledger() == []


@pytest.mark.asyncio
async def test_a_delay_holds_the_call_back_and_then_goes_on(portal: Portal) -> None:
    await portal.arm(system="portal", kind="delay", delay_ms=60)
    started = time.monotonic()
    assert (await portal.insert(a_dossier()))["error_code"] == "0"
    assert time.monotonic() - started >= 0.06


@pytest.mark.asyncio
async def test_a_hang_never_answers(portal: Portal) -> None:
    await portal.arm(system="portal", kind="hang")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(portal.insert(a_dossier()), 0.1)
    assert await portal.ledger() == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"system": "moon", "kind": "html"}, "system"),
        ({"system": "portal", "kind": "fire"}, "kind"),
        ({"system": "portal", "kind": "status", "status": 99}, "status"),
        ({"system": "portal", "kind": "status", "times": 0}, "times"),
        ({"system": "portal", "kind": "delay", "delay_ms": True}, "delay_ms"),
        ({"system": "portal", "kind": "status", "retry_after_seconds": -1}, "retry_after_seconds"),
        ({"system": "portal", "kind": "html", "service": 1}, "service"),
        ({"system": "portal", "kind": "html", "when": "now"}, "when"),
    ],
)
async def test_a_badly_described_fault_is_refused(portal: Portal, wanted: dict[str, object], named: str) -> None:
    response = await portal.client.post("/__admin/faults", json=wanted)
    assert response.status_code == 400
    assert response.json()["error"].startswith(f"{named}: ")
    assert (await portal.client.post("/__admin/faults", content=b"[")).status_code == 400


def test_faults_fire_in_the_order_they_were_armed() -> None:
    book = FaultBook()
    book.arm({"system": "portal", "kind": "html"})
    book.arm({"system": "portal", "kind": "hang", "times": 2})
    fired = [book.take("portal", "any", ()) for _ in range(4)]
    assert [fault.kind if fault else None for fault in fired] == ["html", "hang", "hang", None]
    assert book.take("population", "any", ()) is None
