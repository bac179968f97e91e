"""Faults that change what an answer says: dresses, refusals, sessions, clocks, arrays, code tables."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.mock.support import ACCOUNT, FORWARD, PROVIDER, Clock, Portal, a_code, a_dossier, a_step


async def send(portal: Portal, *items: object, service: str = "DongBoHoSoMC") -> httpx.Response:
    """A push, whatever is answered."""
    body = {"session": portal.session, "madonvi": "H15", "service": service, "isUpdating": "False", "data": list(items)}
    return await portal.client.post(f"{FORWARD}/integration", json=body, headers={"dstcode": PROVIDER})


async def held(portal: Portal) -> list[str]:
    """The codes in the ledger."""
    return [line["dossier"] for line in await portal.ledger()]


@pytest.mark.asyncio
@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize(
    ("kind", "status", "part"),
    [
        ("truncated_json", 200, '{"error_code":"0"'),
        ("empty_body", 200, ""),
        ("html_200", 200, "<!DOCTYPE html>"),
        ("html", 200, "<!DOCTYPE html>"),
        ("unknown_code", 200, '{"error_code":"77","message":"Hệ thống bận"}'),
        ("http_429", 429, "{"),
        ("http_503", 503, "{"),
        ("status", 503, "{"),
    ],
)
async def test_an_answer_nobody_can_use_comes_before_or_after_applying(
    portal: Portal, kind: str, status: int, part: str, *, applied: bool
) -> None:
    await portal.arm(system="portal", kind=kind, applied=applied)
    response = await send(portal, a_dossier())
    assert response.status_code == status
    assert response.text.startswith(part) if part else response.content == b""
    assert "retry-after" not in response.headers
    assert await held(portal) == ([a_code()] if applied else [])
    if kind == "truncated_json":
        with pytest.raises(json.JSONDecodeError):
            response.json()


@pytest.mark.asyncio
@pytest.mark.parametrize(("kind", "status"), [("http_429_retry_after", 429), ("http_503_retry_after", 503)])
async def test_a_refusal_can_say_how_long_to_wait(portal: Portal, kind: str, status: int) -> None:
    await portal.arm(system="portal", kind=kind)
    await portal.arm(system="portal", kind=kind, retry_after_seconds=9)
    answers = [await send(portal), await send(portal)]
    waits = [(answer.status_code, answer.headers["retry-after"]) for answer in answers]
    assert waits == [(status, "2"), (status, "9")]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"kind": "code_00"}, {"error_code": "00", "message": "Đồng bộ hồ sơ thành công"}),
        ({"kind": "code_int"}, {"error_code": 0, "message": "Đồng bộ hồ sơ thành công"}),
        ({"kind": "code_missing"}, {"message": "Đồng bộ hồ sơ thành công"}),
        ({"kind": "json_in_string"}, {"message": '{"error_code":"0","message":"Đồng bộ hồ sơ thành công"}'}),
        (
            {"kind": "json_in_string", "shape": "string"},
            '{"error_code":"0","message":"Đồng bộ hồ sơ thành công"}',
        ),
    ],
)
async def test_the_true_answer_in_another_dress(portal: Portal, fault: dict[str, str], answer: object) -> None:
    await portal.arm(system="portal", **fault)
    assert (await send(portal, a_dossier())).json() == answer
    assert await held(portal) == [a_code()]


@pytest.mark.asyncio
async def test_a_refusal_keeps_its_code_in_every_dress(portal: Portal) -> None:
    await portal.insert(a_dossier())
    for kind, code in (("code_00", "3"), ("code_int", 3)):
        await portal.arm(system="portal", kind=kind)
        assert (await send(portal, a_dossier())).json()["error_code"] == code
    await portal.arm(system="portal", kind="code_00", applied=False)
    assert (await send(portal, a_dossier(2))).json()["error_code"] == "-1"
    assert await held(portal) == [a_code()]


@pytest.mark.asyncio
async def test_a_session_ends_in_mid_batch_for_good(portal: Portal) -> None:
    await portal.arm(system="portal", kind="session_expired", after_calls=2)
    codes = [(await portal.insert(a_dossier(serial)))["error_code"] for serial in range(5)]
    assert codes == ["0", "0", "2", "2", "2"]
    await portal.log_in()
    assert (await portal.insert(a_dossier(9)))["error_code"] == "0"
    assert await held(portal) == [a_code(0), a_code(1), a_code(9)]


@pytest.mark.asyncio
async def test_a_login_never_spends_the_end_of_a_session_or_a_wrong_unit(portal: Portal) -> None:
    await portal.arm(system="portal", kind="wrong_unit")
    await portal.log_in()
    answer = await portal.insert(a_dossier())
    assert (answer["error_code"], answer["message"]) == ("5", "madonvi không thuộc tài khoản này")
    assert (await portal.insert(a_dossier()))["error_code"] == "0"


@pytest.mark.asyncio
async def test_a_duplicate_is_told_as_500(portal: Portal) -> None:
    await portal.arm(system="portal", kind="duplicate_500", times=2)
    assert (await portal.look_up(a_code())) == []
    first, second = await send(portal, a_dossier()), await send(portal, a_dossier())
    assert (first.status_code, second.status_code) == (500, 500)
    assert "tồn tại" not in first.text
    assert second.json()["message"].endswith("đã tồn tại")
    assert await held(portal) == [a_code()]
    assert (await portal.update(a_dossier()))["error_code"] == "0"


@pytest.mark.asyncio
async def test_a_far_clock_is_in_the_date_and_ends_the_session(portal: Portal, clock: Clock) -> None:
    await portal.arm(system="portal", kind="clock_skew", service="login", skew_seconds=-7200, delay_ms=5000)
    response = await portal.client.post(f"{FORWARD}/login", json=ACCOUNT, headers={"dstcode": PROVIDER})
    assert parsedate_to_datetime(response.headers["date"]).timestamp() == clock.now - 7200
    portal.session = response.json()["session"]
    ordinary = await send(portal, a_dossier(1))
    assert ordinary.json()["error_code"] == "0"
    assert parsedate_to_datetime(ordinary.headers["date"]).timestamp() == clock.now
    clock.now += 6
    assert (await portal.insert(a_dossier(2)))["error_code"] == "2"


def the_bad_one() -> dict[str, Any]:
    """An item that no profile takes."""
    return a_dossier(2, TrangThaiHoSo="99")


@pytest.mark.asyncio
@pytest.mark.parametrize("by_code", [True, False])
@pytest.mark.parametrize(
    ("kind", "taken"), [("bad_item_whole", []), ("bad_item_rest_taken", [1, 3]), ("bad_item_per_item", [1, 3])]
)
async def test_one_bad_item_under_each_policy(portal: Portal, kind: str, taken: list[int], *, by_code: bool) -> None:
    await portal.arm(system="portal", kind=kind, **({"dossier": a_code(2)} if by_code else {}))
    if not by_code:
        # An array without a bad item does not spend the fault.
        assert (await portal.insert(a_dossier(9)))["error_code"] == "0"
    bad = a_dossier(2) if by_code else the_bad_one()
    answer = (await send(portal, a_dossier(1), bad, a_dossier(3))).json()
    code = "9" if by_code else "6"
    assert await held(portal) == ([] if by_code else [a_code(9)]) + [a_code(serial) for serial in taken]
    if kind == "bad_item_per_item":
        assert answer["error_code"] == "1"
        assert [(line["MaHoSo"], line["error_code"]) for line in answer["result"]] == [
            (a_code(1), "0"),
            (a_code(2), code),
            (a_code(3), "0"),
        ]
    else:
        assert answer["error_code"] == code
        assert a_code(2) not in answer["message"]
        assert "result" not in answer
    assert (await portal.client.get("/__admin/fired")).json()["by_kind"] == {kind: 1}


@pytest.mark.asyncio
async def test_steps_know_the_policies_too(portal: Portal) -> None:
    await portal.insert(a_dossier(1), a_dossier(2))
    await portal.arm(system="portal", kind="bad_item_per_item", service="CapNhatTienDoHoSoMC", dossier=a_code(2))
    answer = await portal.steps(a_step(1), a_step(2), a_step(1))
    assert [line["error_code"] for line in answer["result"]] == ["0", "9", "0"]
    assert await held(portal) == [a_code(1), a_code(2), a_code(1), a_code(1)]


@pytest.mark.asyncio
async def test_a_procedure_is_renamed_overnight(portal: Portal) -> None:
    await portal.insert(a_dossier(1))
    await portal.arm(system="portal", kind="code_table_changed", procedure="1.001193", renamed_to="1.901193")
    answer = await portal.insert(a_dossier(2))
    assert (answer["error_code"], answer["message"]) == ("6", "MaTTHC: thủ tục đã bị đóng trên Cổng")
    assert (await portal.insert(a_dossier(3, MaTTHC="1.901193")))["error_code"] == "0"
    assert (await portal.update(a_dossier(1)))["error_code"] == "0"
    listed = {line["MATTHC"] for line in (await portal.call("LayDanhSachTTHC", "share"))["result"]}
    assert "1.901193" in listed
    assert "1.001193" not in listed
    (old,) = (await portal.call("LayThuTuc", maTTHC="1.001193"))["result"]
    (new,) = (await portal.call("LayThuTuc", maTTHC="1.901193"))["result"]
    assert (old["TRANGTHAI"], new["MATTHC"], new["TENTTHC"]) == ("CLOSED", "1.901193", old["TENTTHC"])
    await portal.client.delete("/__admin/faults")
    assert (await portal.insert(a_dossier(2)))["error_code"] == "0"
    assert (await portal.insert(a_dossier(4, MaTTHC="1.901193")))["error_code"] == "6"


@pytest.mark.asyncio
async def test_a_procedure_is_closed_and_the_list_is_without_it(portal: Portal) -> None:
    await portal.arm(system="portal", kind="code_table_changed", procedure="1.001193")
    listed = {line["MATTHC"] for line in (await portal.call("LayDanhSachTTHC", "share"))["result"]}
    assert listed
    assert "1.001193" not in listed
    assert (await portal.insert(a_dossier()))["error_code"] == "6"
    assert await held(portal) == []
