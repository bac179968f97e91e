"""The way in: adapter, login, session, unit, service."""

from dataclasses import replace

import httpx
import pytest

from mock_national.app import create_app
from mock_national.settings import AnswerStyle, Settings
from tests.mock.support import ACCOUNT, FORWARD, PROVIDER, Clock, Portal, a_code, a_dossier, in_process


@pytest.mark.asyncio
@pytest.mark.parametrize("adapter", ["XrdAdapter", "VXPAdapter"])
async def test_login_gives_a_session_with_the_provider_in_query_or_header(portal: Portal, adapter: str) -> None:
    path = f"/{adapter}/RestService/forward/mapi/login"
    by_header = await portal.client.post(path, json=ACCOUNT, headers={"dstcode": PROVIDER})
    by_query = await portal.client.post(path, json=ACCOUNT, params={"dstcode": PROVIDER})
    for response in (by_header, by_query):
        assert response.status_code == 200
        assert response.json()["error_code"] == "0"
        assert response.json()["session"]


@pytest.mark.asyncio
@pytest.mark.parametrize("provider", [None, "VN:GOV:000.00.00.G22:other"])
async def test_an_unknown_provider_is_an_adapter_error(portal: Portal, provider: str | None) -> None:
    headers = {"dstcode": provider} if provider else {}
    response = await portal.client.post(f"{FORWARD}/login", json=ACCOUNT, headers=headers)
    assert response.status_code == 404
    assert response.json()["type"] == "Server.ClientProxy.UnknownMember"


@pytest.mark.asyncio
async def test_an_unknown_provider_path_is_an_adapter_error(portal: Portal) -> None:
    response = await portal.client.post(f"{FORWARD}/elsewhere", json={}, headers={"dstcode": PROVIDER})
    assert response.status_code == 404
    assert response.json()["type"] == "Server.ClientProxy.UnknownMember"


@pytest.mark.asyncio
async def test_an_unknown_path_is_404_in_json(portal: Portal) -> None:
    response = await portal.client.get("/nowhere")
    assert response.status_code == 404
    assert response.json() == {"error": "Not Found"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        {"username": "000.00.00.H15", "password": "wrong"},
        {"username": "000.00.00.H99", "password": "mock-only-password"},
        {"username": "000.00.00.H15", "password": "mật khẩu"},
        {"username": ["000.00.00.H15"], "password": None},
        {},
    ],
)
async def test_a_bad_login_is_refused(portal: Portal, body: dict[str, object]) -> None:
    answer = await portal.post("login", body)
    assert answer["error_code"] == "1"
    assert answer["session"] == ""


@pytest.mark.asyncio
@pytest.mark.parametrize("session", ["", "made-up", None, 7])
async def test_a_service_needs_a_session(portal: Portal, session: object) -> None:
    answer = await portal.call("TraCuuHoSo", session=session, mahoso=a_code())
    assert answer["error_code"] == "2"
    assert "phiên làm việc" in answer["message"]


@pytest.mark.asyncio
async def test_a_session_ends_after_its_life(portal: Portal, clock: Clock) -> None:
    clock.now += 599
    assert (await portal.call("TraCuuHoSo", mahoso=a_code()))["error_code"] == "0"
    clock.now += 1
    assert (await portal.call("TraCuuHoSo", mahoso=a_code()))["error_code"] == "2"


@pytest.mark.asyncio
async def test_a_session_outlives_a_restart_of_the_mock(settings: Settings) -> None:
    async with in_process(create_app(settings)) as client:
        first = Portal(client)
        await first.log_in()
    async with in_process(create_app(settings)) as client:
        second = Portal(client)
        second.session = first.session
        assert await second.look_up(a_code()) == []


@pytest.mark.asyncio
@pytest.mark.parametrize("unit", ["H16", "", None, ["H15"]])
async def test_a_unit_that_is_not_the_accounts_is_refused(portal: Portal, unit: object) -> None:
    answer = await portal.call("TraCuuHoSo", madonvi=unit, mahoso=a_code())
    assert answer["error_code"] == "5"
    assert "madonvi" in answer["message"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("service", "path"), [("KhongCo", "integration"), ("DongBoHoSoMC", "share"), ("LayDanhSachTTHC", "integration")]
)
async def test_a_service_that_is_not_at_this_endpoint_is_refused(portal: Portal, service: str, path: str) -> None:
    assert (await portal.call(service, path))["error_code"] == "-1"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b'{"a":NaN}', b'{"a":"\\ud800"}', b"\xff\xfe", b"[" * 100_000]
)
async def test_an_unreadable_request_is_refused(portal: Portal, raw: bytes) -> None:
    response = await portal.client.post(f"{FORWARD}/integration", content=raw, headers={"dstcode": PROVIDER})
    assert response.status_code == 200
    assert response.json()["error_code"] == "-1"


@pytest.mark.asyncio
@pytest.mark.parametrize(("style", "written"), [("0", "0"), ("00", "00"), ("int", 0)])
async def test_success_is_written_as_chosen(settings: Settings, style: AnswerStyle, written: object) -> None:
    chosen = replace(settings, answer_style=style)
    async with in_process(create_app(chosen)) as client:
        portal = Portal(client)
        await portal.log_in()
        answer = await portal.insert(a_dossier())
        assert answer["error_code"] == written
        assert "thành công" in answer["message"]
        assert (await portal.insert(a_dossier()))["error_code"] == "3"


@pytest.mark.asyncio
async def test_catalogues_are_read_from_the_share_endpoint(portal: Portal) -> None:
    procedures = (await portal.call("LayDanhSachTTHC", "share"))["result"]
    codes = {row["MATTHC"] for row in procedures}
    assert "1.001193" in codes
    assert "1.000419" not in codes
    fields = (await portal.call("LayDanhMucLinhVuc", "share"))["result"]
    assert {"MALINHVUC": "G15-TP07", "TENLINHVUC": "Hộ tịch", "MANGANH": "G15"} in fields
    agencies = (await portal.call("LayDanhMucCoQuan", "share"))["result"]
    assert any(row["MADONVI"] == "H15" for row in agencies)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["share", "integration"])
async def test_a_procedure_is_read_by_its_code(portal: Portal, path: str) -> None:
    (found,) = (await portal.call("LayThuTuc", path, maTTHC="1.001193"))["result"]
    assert found["TENTTHC"] == "Thủ tục đăng ký khai sinh"
    assert found["LINHVUCTHUCHIEN"] == [{"MALINHVUC": "G15-TP07", "TENLINHVUC": "Hộ tịch"}]
    assert found["THANHPHANHOSO"][0]["GIAYTO"][0]["MAGIAYTO"]
    assert (await portal.call("LayThuTuc", path, maTTHC="9.999999"))["result"] == []
    assert (await portal.call("LayThuTuc", path))["error_code"] == "-3"


@pytest.mark.asyncio
async def test_the_admin_api_can_be_off(settings: Settings) -> None:
    async with in_process(create_app(replace(settings, admin=False))) as client:
        assert (await client.get("/__admin/state")).status_code == 404
        assert (await client.get("/")).status_code == 200


@pytest.mark.asyncio
async def test_an_oversized_body_is_refused(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_national.wire.BODY_BYTES_MAX", 10)
    response: httpx.Response = await portal.client.post(
        f"{FORWARD}/login", content=b"x" * 11, headers={"dstcode": PROVIDER}
    )
    assert response.status_code == 413
