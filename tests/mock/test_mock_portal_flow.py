"""Insert, update, steps, arrays, look-up, ledger, record of calls, pages."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mock_national.calls import Call, CallLog
from mock_national.store import Store
from tests.mock.support import Portal, a_code, a_dossier, a_step

A_CALL = Call(
    at="2026-07-01T00:00:00.000Z",
    system="portal",
    path="/",
    service="",
    items=0,
    error_code="0",
    http_status=200,
    duration_ms=0.1,
    fault="",
    request="",
    answer="",
)


@pytest.mark.asyncio
async def test_a_second_insert_says_that_the_dossier_exists(portal: Portal) -> None:
    await portal.insert(a_dossier())
    answer = await portal.insert(a_dossier())
    assert answer["error_code"] == "3"
    assert answer["message"].endswith("đã tồn tại")


@pytest.mark.asyncio
async def test_updates_and_steps_need_a_known_dossier(portal: Portal) -> None:
    for answer in (await portal.update(a_dossier()), await portal.steps(a_step())):
        assert answer["error_code"] == "4"
        assert answer["message"].endswith("không tồn tại")


@pytest.mark.asyncio
async def test_an_update_replaces_the_dossier(portal: Portal) -> None:
    await portal.insert(a_dossier(GhiChu="cũ"))
    assert (await portal.update(a_dossier(TrangThaiHoSo="4")))["error_code"] == "0"
    (held,) = await portal.look_up(a_code())
    assert held["TRANGTHAIHOSO"] == "4"
    assert "GHICHU" not in held


@pytest.mark.asyncio
async def test_a_look_up_gives_upper_case_names_and_the_steps_in_order(portal: Portal) -> None:
    assert await portal.look_up(a_code()) == []
    await portal.insert(a_dossier())
    await portal.steps(a_step(NoiDungXuLy="một"), a_step(NoiDungXuLy="hai"))
    await portal.steps(a_step(NoiDungXuLy="hai"))
    (held,) = await portal.look_up(a_code())
    steps = held.pop("TIENDO")
    assert [step["NOIDUNGXULY"] for step in steps] == ["một", "hai", "hai"]
    assert steps[0]["MAHOSO"] == a_code()
    assert held == {name.upper(): value for name, value in a_dossier().items()}
    assert (await portal.call("TraCuuHoSo"))["error_code"] == "-3"


@pytest.mark.asyncio
async def test_one_wrong_item_refuses_the_whole_array_without_naming_it(portal: Portal) -> None:
    await portal.insert(a_dossier(1))
    answer = await portal.insert(a_dossier(2), a_dossier(3, MaTTHC="9.999999"), a_dossier(4, TrangThaiHoSo=""))
    assert answer == {"error_code": "6", "message": "MaTTHC: không có trong danh mục"}
    assert (await portal.insert(a_dossier(2), a_dossier(1)))["error_code"] == "3"
    assert (await portal.insert(a_dossier(2), a_dossier(2)))["error_code"] == "3"
    assert (await portal.update(a_dossier(1), a_dossier(2)))["error_code"] == "4"
    assert (await portal.steps(a_step(1), a_step(2)))["error_code"] == "4"
    assert [line["dossier"] for line in await portal.ledger()] == [a_code(1)]


@pytest.mark.asyncio
@pytest.mark.parametrize(("data", "code"), [({}, "-1"), (None, "-1"), ("[]", "-1"), ([], "-3"), (["x"], "-3")])
async def test_data_must_be_an_array_of_objects(portal: Portal, data: object, code: str) -> None:
    assert (await portal.call("CapNhatTienDoHoSoMC", data=data))["error_code"] == code


@pytest.mark.asyncio
async def test_an_array_may_hold_a_thousand_items(portal: Portal) -> None:
    items = [a_dossier(serial) for serial in range(1001)]
    assert (await portal.insert(*items))["error_code"] == "-3"
    assert (await portal.insert(*items[:1000]))["error_code"] == "0"
    ledger = await portal.ledger()
    assert [line["dossier"] for line in ledger] == [a_code(serial) for serial in range(1000)]


@pytest.mark.asyncio
@pytest.mark.parametrize("updating", ["true", True, None, "", ["True"]])
async def test_the_updating_flag_is_written_in_full(portal: Portal, updating: object) -> None:
    answer = await portal.call("DongBoHoSoMC", isUpdating=updating, data=[a_dossier()])
    assert answer["error_code"] == "-1"


@pytest.mark.asyncio
async def test_the_ledger_tells_everything_applied_in_order(portal: Portal) -> None:
    await portal.insert(a_dossier(1), a_dossier(2))
    await portal.steps(a_step(2), a_step(1))
    await portal.update(a_dossier(2, TrangThaiHoSo="4"))
    ledger = await portal.ledger()
    assert [(line["seq"], line["kind"], line["dossier"]) for line in ledger] == [
        (1, "insert", a_code(1)),
        (2, "insert", a_code(2)),
        (3, "step", a_code(2)),
        (4, "step", a_code(1)),
        (5, "update", a_code(2)),
    ]
    assert ledger[0]["data"] == a_dossier(1)
    assert ledger[2]["data"] == a_step(2)
    assert ledger[0]["at"].endswith("Z")


@pytest.mark.asyncio
async def test_calls_are_recorded_without_secrets(portal: Portal) -> None:
    await portal.insert(a_dossier(), a_dossier(MaTTHC=""))
    calls = (await portal.client.get("/__admin/calls?limit=2")).json()["calls"]
    assert [call["service"] for call in calls] == ["DongBoHoSoMC", "login"]
    assert (calls[0]["items"], calls[0]["error_code"], calls[0]["http_status"]) == (2, "-3", 200)
    assert portal.session not in json.dumps(calls[0])
    assert "mock-only-password" not in calls[1]["request"]
    await portal.insert(a_dossier(GhiChu="x" * 500, ThongTinKhac="y" * 1000, TrichYeuHoSo="z" * 1000), a_dossier(2))
    (call,) = (await portal.client.get("/__admin/calls?limit=1")).json()["calls"]
    assert len(call["request"]) <= 4000


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "undone.sqlite3"))
    log = CallLog(store.connection)

    def fail_halfway() -> None:
        with store.transaction():
            log.add(A_CALL)
            raise LookupError

    with pytest.raises(LookupError):
        fail_halfway()
    assert log.newest(1) == []
    store.close()


def test_only_the_newest_calls_are_kept(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "calls.sqlite3"))
    log = CallLog(store.connection)
    with store.transaction():
        for number in range(2600):
            log.add(replace(A_CALL, items=number))
    assert [call["items"] for call in log.newest(2000)] == list(range(2599, 599, -1))
    assert 2000 <= store.connection.execute("SELECT count(*) FROM calls").fetchone()[0] < 2500
    store.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("query", ["limit=x", "limit=2001", "limit=-1", "limit=²", "limit=99999999999999999999"])
async def test_a_wrong_limit_is_refused(portal: Portal, query: str) -> None:
    assert (await portal.client.get(f"/__admin/calls?{query}")).status_code == 400


@pytest.mark.asyncio
async def test_state_and_dossier_are_shown_and_a_reset_forgets(portal: Portal) -> None:
    await portal.insert(a_dossier())
    await portal.steps(a_step())
    state = (await portal.client.get("/__admin/state")).json()
    assert state["counts"]["statuses"] == {"2": 1}
    assert (state["counts"]["inserts"], state["counts"]["steps"], state["counts"]["people"]) == (1, 1, 200)
    assert state["settings"]["profile"] == "v2"
    shown = (await portal.client.get(f"/__admin/dossiers/{a_code()}")).json()
    assert shown == {"dossier": a_dossier(), "steps": [a_step()]}
    assert (await portal.client.post("/__admin/reset")).json() == {"reset": True}
    assert (await portal.client.get(f"/__admin/dossiers/{a_code()}")).status_code == 404
    assert await portal.ledger() == []
    await portal.log_in()
    await portal.insert(a_dossier())
    assert (await portal.ledger())[0]["seq"] == 1


@pytest.mark.asyncio
async def test_the_pages_show_what_is_held(portal: Portal) -> None:
    empty = await portal.client.get("/")
    assert "Chưa có hồ sơ nào" in empty.text
    await portal.insert(a_dossier(GhiChu="<script>alert(1)</script>"))
    await portal.steps(a_step(NoiDungXuLy="<b>"))
    await portal.arm(system="portal", kind="status")
    overview = await portal.client.get("/")
    assert a_code() in overview.text
    assert "CapNhatTienDoHoSoMC" in overview.text
    page = await portal.client.get(f"/dossiers/{a_code()}")
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text
    assert "&lt;b&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await portal.client.get("/dossiers/none")).status_code == 404
    assert (await portal.client.get("/static/mock.css")).headers["content-type"].startswith("text/css")
