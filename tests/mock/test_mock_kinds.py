"""The catalogue of faults: how each kind is described, chosen and counted."""

from typing import Any

import pytest

from mock_national.faults import Asked, FaultBook, read_fault
from mock_national.kinds import KINDS, UNTIL_CLEARED
from tests.mock.support import Clock, Portal, a_code, a_dossier

WANTED = [
    "slow_accept",
    "slow_body",
    "drip",
    "hang",
    "connection_refused",
    "reset_before",
    "reset_during",
    "reset_after",
    "lost_answer",
    "truncated_json",
    "empty_body",
    "html_200",
    "json_in_string",
    "code_00",
    "code_int",
    "code_missing",
    "unknown_code",
    "session_expired",
    "wrong_unit",
    "duplicate_500",
    "http_429",
    "http_429_retry_after",
    "http_503",
    "http_503_retry_after",
    "clock_skew",
    "bad_item_whole",
    "bad_item_rest_taken",
    "bad_item_per_item",
    "maintenance",
    "code_table_changed",
    "status",
    "html",
    "reset",
    "delay",
]


def test_every_kind_exists() -> None:
    assert set(KINDS) == set(WANTED)


@pytest.mark.parametrize("kind", WANTED)
def test_every_kind_can_be_armed_with_nothing_but_its_system(kind: str) -> None:
    fault = read_fault({"system": "portal", "kind": kind}, 1, 0)
    assert fault.applied is KINDS[kind].applied
    assert fault.left == (UNTIL_CLEARED if KINDS[kind].lasts else 1)


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"kind": "bad_item_whole", "system": "population"}, "kind"),
        ({"kind": "lost_answer", "applied": False}, "applied"),
        ({"kind": "reset_before", "applied": True}, "applied"),
        ({"kind": "hang", "applied": 1}, "applied"),
        ({"kind": "hang", "probability": 1.5}, "probability"),
        ({"kind": "hang", "probability": True}, "probability"),
        ({"kind": "hang", "seed": -1}, "seed"),
        ({"kind": "hang", "after_calls": -1}, "after_calls"),
        ({"kind": "maintenance", "from": "22:00"}, "from"),
        ({"kind": "maintenance", "from": "22h", "to": "06:00"}, "from"),
        ({"kind": "json_in_string", "shape": "round"}, "shape"),
        ({"kind": "clock_skew", "skew_seconds": "far"}, "skew_seconds"),
    ],
)
def test_a_wrong_key_is_named(wanted: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}: "):
        read_fault({"system": "portal", **wanted}, 1, 0)


def picked(seed: int, **more: object) -> list[int]:
    """Which of 200 calls fail."""
    book = FaultBook()
    book.arm({"system": "portal", "kind": "http_503", "probability": 0.3, "seed": seed, **more})
    return [call for call in range(200) if book.take("portal", "DongBoHoSoMC", ())]


def test_a_seeded_probability_picks_the_same_calls_again() -> None:
    assert picked(7) == picked(7)
    assert picked(7) != picked(8)
    assert 40 <= len(picked(7)) <= 80
    assert len(picked(7, times=5)) == 5
    assert picked(7, times=5) == picked(7)[:5]


def test_calls_of_other_services_do_not_move_the_draws() -> None:
    book = FaultBook()
    book.arm({"system": "portal", "kind": "http_503", "probability": 0.3, "seed": 7, "service": "DongBoHoSoMC"})
    hit = []
    for call in range(200):
        book.take("portal", "TraCuuHoSo", ())
        if book.take("portal", "DongBoHoSoMC", ()):
            hit.append(call)
    assert hit == picked(7)


def test_calls_pass_before_a_fault_that_comes_later() -> None:
    book = FaultBook()
    book.arm({"system": "portal", "kind": "html", "after_calls": 2, "times": 2})
    fired = [book.take("portal", "login", ()) is not None for _ in range(6)]
    assert fired == [False, False, True, True, False, False]


@pytest.mark.parametrize(
    ("hour", "is_open"), [("21:59", False), ("22:00", True), ("23:59", True), ("05:59", True), ("06:00", False)]
)
def test_a_window_over_midnight_is_read_in_viet_nam(hour: str, *, is_open: bool) -> None:
    hours, minutes = map(int, hour.split(":"))
    now = 1_780_012_800.0 // 86_400 * 86_400 + (hours - 7) * 3600 + minutes * 60
    fault = read_fault({"system": "portal", "kind": "maintenance", "from": "22:00", "to": "06:00"}, 1, 0)
    assert fault.fits(Asked("portal", ""), now) is is_open
    day = read_fault({"system": "portal", "kind": "maintenance", "from": "06:00", "to": "22:00"}, 1, 0)
    assert day.fits(Asked("portal", ""), now) is not is_open


@pytest.mark.asyncio
async def test_the_totals_outlive_a_clearing_but_not_a_reset(portal: Portal) -> None:
    async def totals() -> dict[str, Any]:
        answer: dict[str, Any] = (await portal.client.get("/__admin/fired")).json()
        return answer

    await portal.arm(system="portal", kind="code_00", times=3)
    await portal.insert(a_dossier(1))
    await portal.insert(a_dossier(2))
    (fault,) = (await portal.client.get("/__admin/faults")).json()["faults"]
    assert (fault["fired"], fault["left"]) == (2, 1)
    await portal.client.delete("/__admin/faults")
    assert await totals() == {"by_kind": {"code_00": 2}}
    await portal.client.post("/__admin/reset")
    assert await totals() == {"by_kind": {}}


@pytest.mark.asyncio
async def test_a_maintenance_window_ends_by_the_clock(portal: Portal, clock: Clock) -> None:
    await portal.arm(system="portal", kind="maintenance", delay_ms=60_000)
    response = await portal.client.post("/XrdAdapter/RestService/forward/mapi/login", json={})
    assert (response.status_code, response.headers["content-type"]) == (503, "text/html; charset=utf-8")
    clock.now += 61
    assert (await portal.insert(a_dossier()))["error_code"] == "0"
    assert [line["dossier"] for line in await portal.ledger()] == [a_code()]
