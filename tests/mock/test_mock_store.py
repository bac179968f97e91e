"""The store of papers in the mock: the way in, the order of its checks, what is held, its faults."""

import base64
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pikepdf
import pytest
import pytest_asyncio

from mock_national.app import create_app
from mock_national.drop import ConnectionDropped
from mock_national.kinds import ALL, KINDS
from mock_national.settings import Settings
from tests.mock.papersupport import (
    ACCOUNT,
    BODY,
    CODE,
    OTHER_CODE,
    OWNER,
    PROVIDER_URL,
    Papers,
    a_file,
    a_held,
    a_question,
)
from tests.mock.support import PROVIDER, Clock, Portal, a_code, a_dossier, a_paper, in_process
from tests.publishing import Published, publishing

FILE = b"%PDF-1.4 \xfb\xff paper"


@pytest_asyncio.fixture
async def papers(settings: Settings) -> AsyncIterator[Papers]:
    async with in_process(create_app(settings)) as client:
        found = Papers(client)
        await found.log_in()
        yield found


def a_result(**changes: object) -> dict[str, object]:
    """A result as it is pushed."""
    return {
        "TenGiayTo": "Giấy khai sinh",
        "GiayToId": "77",
        "DuongDanTepTinKetQua": "https://h15.example/k/1",
        "MaGiayToKetQua": CODE,
        **changes,
    }


async def push(papers: Papers, serial: int = 1, /, *, update: bool = False, **changes: object) -> None:
    """Push a dossier to the portal of the same mock."""
    portal = Portal(papers.client)
    await portal.log_in()
    identities = [{"LoaiDinhDanh": "1", "SoDinhDanh": OWNER}]
    item = a_dossier(serial, **{"DinhDanhCHS": identities, **changes})
    answer = await (portal.update(item) if update else portal.insert(item))
    assert answer["error_code"] == "0", answer


async def test_what_was_loaded_is_listed_and_its_files_come_back(papers: Papers) -> None:
    loaded = await papers.load(
        a_held(name="Giấy khai sinh", files=[a_file(FILE), a_file(b"second", "hai.pdf")]),
        a_held(result_code=OTHER_CODE, number_symbol="", files=[]),
        a_held(owner="003190999999"),
    )
    assert loaded == {"papers": 3, "files": 3}
    first, second = await papers.listed()
    assert (first["MaKetQua"], first["TenGiayTo"], first["SoKyHieu"]) == (CODE, "Giấy khai sinh", "12/GKS")
    assert [file["TenTep"] for file in first["DanhSachTepDinhKem"]] == ["giay.pdf", "hai.pdf"]
    assert (second["SoKyHieu"], second["CoQuanChuQuan"], second["DanhSachTepDinhKem"]) == ("", BODY, [])
    response = await papers.file(first)
    assert response.headers["content-type"].startswith("text/plain")
    assert base64.b64decode(response.text, validate=True) == FILE
    assert base64.b64decode((await papers.file(first, 1)).text) == b"second"
    assert await papers.listed(SoDinhDanhChuSoHuu="003190000000") == []


async def test_a_file_may_come_as_a_json_text(settings: Settings) -> None:
    async with in_process(create_app(replace(settings, paper_file_shape="json"))) as client:
        papers = Papers(client)
        await papers.log_in()
        await papers.load(a_held(files=[a_file(FILE)]))
        (paper,) = await papers.listed()
        assert (await papers.file(paper)).json() == base64.b64encode(FILE).decode()


async def test_a_paper_without_files_gets_a_true_pdf(papers: Papers) -> None:
    await papers.load(a_held())
    (paper,) = await papers.listed()
    content = base64.b64decode((await papers.file(paper)).text)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.pages) == 1
        assert pdf.get_warnings() == []


async def test_codes_and_symbols_narrow_the_list(papers: Papers) -> None:
    await papers.load(a_held(), a_held(number_symbol="13/GKS"), a_held(result_code=OTHER_CODE))

    async def count(*wanted: tuple[str, str | None]) -> int:
        items = [{"MaKetQua": code} | ({} if symbol is None else {"SoKyHieu": symbol}) for code, symbol in wanted]
        return len(await papers.listed(DanhSachDanhMucKetQua=items))

    assert await count() == 3
    assert await count((CODE, None)) == await count((CODE, "")) == 2
    assert await count((CODE, "13/GKS")) == 1
    assert await count((CODE, "14/GKS")) == 0
    assert await count((CODE, "13/GKS"), (OTHER_CODE, None)) == 2


async def test_loading_again_replaces_the_same_paper_and_its_files(papers: Papers) -> None:
    await papers.load(a_held(files=[a_file(b"old")]), a_held(number_symbol="13/GKS"))
    (old,) = [paper for paper in await papers.listed() if paper["SoKyHieu"] == "12/GKS"]
    await papers.load(a_held(files=[a_file(b"new")]))
    listed = {paper["SoKyHieu"]: paper for paper in await papers.listed()}
    assert len(listed) == 2
    assert base64.b64decode((await papers.file(listed["12/GKS"])).text) == b"new"
    assert (await papers.file(old)).json()["errorCode"] == "4"


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"SoDinhDanhChuSoHuu": None}, "-3", "SoDinhDanhChuSoHuu"),
        ({"SoDinhDanhChuSoHuu": "abc"}, "-3", "SoDinhDanhChuSoHuu"),
        ({"HoTenNguoiYeuCau": " "}, "-3", "HoTenNguoiYeuCau"),
        ({"SoDinhDanhNguoiYeuCau": ""}, "-3", "SoDinhDanhNguoiYeuCau"),
        ({"KenhThucHien": "3"}, "6", "KenhThucHien"),
        ({"KenhThucHien": None}, "-3", "KenhThucHien"),
        ({"MaThuTuc": "9.999999"}, "6", "MaThuTuc"),
        ({"DanhSachDanhMucKetQua": None}, "-3", "DanhSachDanhMucKetQua"),
        ({"DanhSachDanhMucKetQua": [{"MaKetQua": "KQ.X"}]}, "6", "DanhSachDanhMucKetQua.MaKetQua"),
        ({"DanhSachDanhMucKetQua": [{}]}, "-3", "DanhSachDanhMucKetQua.MaKetQua"),
        ({"MaHoSo": "1"}, "-3", "MaHoSo"),
        ({"KenhThucHien": "2"}, "7", "SoDinhDanhNguoiYeuCau"),
        # the first thing wrong is told: the owner before the channel, the channel before the codes
        ({"SoDinhDanhChuSoHuu": "", "KenhThucHien": "3"}, "-3", "SoDinhDanhChuSoHuu"),
        ({"KenhThucHien": "3", "DanhSachDanhMucKetQua": [{"MaKetQua": "KQ.X"}]}, "6", "KenhThucHien"),
    ],
)
async def test_a_wrong_question_is_refused_by_its_field(
    papers: Papers, changes: dict[str, object], code: str, named: str
) -> None:
    await papers.load(a_held())
    answer = await papers.ask(**changes)
    assert (answer["errorCode"], answer["message"].partition(": ")[0]) == (code, named)
    assert "result" not in answer


async def test_a_citizen_asks_for_their_own(papers: Papers) -> None:
    await papers.load(a_held())
    assert len(await papers.listed(KenhThucHien="2", SoDinhDanhNguoiYeuCau=OWNER)) == 1


async def test_the_way_in_is_checked_in_its_order(papers: Papers, clock: Clock) -> None:
    wrong = a_question(KenhThucHien="3")
    nowhere = await papers.post("papers", wrong, dstcode=PROVIDER, providerurl="https://elsewhere.example")
    assert nowhere.status_code == 404
    assert (await papers.post("papers", wrong, dstcode="x", providerurl=PROVIDER_URL)).status_code == 404
    assert (await papers.post("papers/none", wrong)).status_code == 404
    assert (await papers.post("papers", [])).json()["errorCode"] == "-1"
    good = papers.headers
    for headers in ({}, {**good, "Authorization": "Basic x"}, {**good, "Authorization": "Bearer x"}):
        papers.headers = headers
        response = await papers.post("papers", wrong)
        assert (response.status_code, response.json()["errorCode"]) == (401, "2")
    papers.headers = {**good, "madonvi": "H16"}
    assert (await papers.post("papers", wrong)).json()["errorCode"] == "5"
    papers.headers = good
    assert (await papers.post("papers", wrong)).json()["errorCode"] == "6"
    clock.now += 601
    assert (await papers.post("papers", a_question())).status_code == 401


async def test_dstcode_may_be_a_header_and_the_adapter_has_two_names(papers: Papers) -> None:
    headers = papers.headers | {"dstcode": PROVIDER}
    for adapter in ("XrdAdapter", "VXPAdapter"):
        url = f"/{adapter}/RestService/forward/bndp/public/v1/papers"
        response = await papers.client.post(
            url, json=a_question(), headers=headers, params={"providerurl": PROVIDER_URL}
        )
        assert response.json()["errorCode"] == "0"


async def test_a_wrong_password_opens_nothing_and_a_portal_session_neither(papers: Papers) -> None:
    for body in ({**ACCOUNT, "password": "x"}, {"username": "x", "password": "x"}, {}, {**ACCOUNT, "password": 1}):
        answer = (await papers.post("login", body)).json()
        assert (answer["errorCode"], "accessToken" in answer) == ("1", False)
    portal = Portal(papers.client)
    await portal.log_in()
    papers.headers["Authorization"] = f"Bearer {portal.session}"
    assert (await papers.post("papers", a_question())).status_code == 401


async def test_the_record_of_calls_holds_no_name_no_number_and_no_file(papers: Papers) -> None:
    await papers.load(a_held(name="Giấy của Người Bịa", files=[a_file(FILE * 20)]))
    (paper,) = await papers.listed()
    await papers.file(paper)
    calls = (await papers.client.get("/__admin/calls")).json()["calls"]
    assert [(call["system"], call["service"], call["items"]) for call in calls] == [
        ("papers", "file", 1),
        ("papers", "list", 1),
        ("papers", "login", 0),
    ]
    kept = "".join(call["request"] + call["answer"] for call in calls)
    token = papers.headers["Authorization"].removeprefix("Bearer ")
    for secret in (OWNER, "Bịa", "mock-only-papers", token, base64.b64encode(FILE * 20).decode()[:40]):
        assert secret not in kept


async def test_a_pushed_result_is_listed_and_its_file_comes_from_its_link(papers: Papers) -> None:
    async with publishing() as publisher:
        url = publisher.publish("k", Published(FILE))
        await push(papers, DanhSachGiayToKetQua=[a_result(DuongDanTepTinKetQua=url), a_result(MaGiayToKetQua="")])
        (paper,) = await papers.listed(DanhSachDanhMucKetQua=[{"MaKetQua": CODE}])
        assert (paper["TenGiayTo"], paper["SoKyHieu"], paper["CoQuanChuQuan"]) == ("Giấy khai sinh", "", "UBND phường")
        assert base64.b64decode((await papers.file(paper)).text) == FILE
        assert publisher.asked["k"] == 1
        body = {"CoQuanChuQuan": "Nơi khác", "DuongDan": paper["DanhSachTepDinhKem"][0]["DuongDan"]}
        assert (await papers.post("papers/file", body)).json()["errorCode"] == "4"
        papers.headers, good = {}, papers.headers
        assert (await papers.file(paper)).status_code == 401
        papers.headers = good
        assert publisher.asked["k"] == 1
        del publisher.files["k"]
        assert (await papers.file(paper)).json()["errorCode"] == "8"
    assert (await papers.file(paper)).json()["errorCode"] == "8"


async def test_what_is_pushed_again_is_listed_as_it_is_now(papers: Papers) -> None:
    await push(papers, DanhSachGiayToKetQua=[a_result(), a_result(MaGiayToKetQua=OTHER_CODE)])
    assert [paper["MaKetQua"] for paper in await papers.listed()] == [CODE, OTHER_CODE]
    await push(papers, update=True, DanhSachGiayToKetQua=[a_result(TenGiayTo="Bản mới")])
    assert [paper["TenGiayTo"] for paper in await papers.listed()] == ["Bản mới"]
    other = [{"LoaiDinhDanh": "1", "SoDinhDanh": "003190777777"}]
    await push(papers, update=True, DanhSachGiayToKetQua=[a_result()], DinhDanhCHS=other)
    assert await papers.listed() == []
    assert len(await papers.listed(SoDinhDanhChuSoHuu="003190777777")) == 1
    # a component is no paper of the store
    await push(papers, 2, DanhSachGiayToKetQua=[], TaiLieuNop=[a_paper()])
    assert await papers.listed() == []


async def test_a_reset_forgets_papers_sessions_and_links(papers: Papers) -> None:
    await papers.load(a_held())
    await push(papers, DanhSachGiayToKetQua=[a_result()])
    assert len(await papers.listed()) == 2
    await papers.client.post("/__admin/reset")
    assert (await papers.post("papers", a_question())).status_code == 401
    await papers.log_in()
    assert await papers.listed() == []
    # the ledger begins at 1 again, and so does its reading
    await push(papers, DanhSachGiayToKetQua=[a_result()])
    assert len(await papers.listed()) == 1


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (7, "paper"),
        (a_held(owner="12"), "owner"),
        (a_held(result_code="KQ.X"), "result_code"),
        (a_held(issuing_body=""), "issuing_body"),
        (a_held(number_symbol=1), "number_symbol"),
        (a_held(name=""), "name"),
        (a_held(files="x"), "files"),
        (a_held(files=[{"name": "a", "content": "?"}]), "files"),
        (a_held(files=[{"name": "", "content": "QQ=="}]), "name"),
        (a_held(colour="red"), "colour"),
    ],
)
async def test_a_wrong_paper_is_refused_by_its_key_and_nothing_is_loaded(
    papers: Papers, item: object, named: str
) -> None:
    response = await papers.client.put("/__admin/papers", json={"papers": [a_held(), item]})
    assert response.status_code == 400
    assert response.json()["error"].startswith(f"papers[2].{named}: ")
    assert (await papers.client.get("/__admin/papers")).json() == {"papers": []}
    bodies: list[dict[str, object]] = [{}, {"papers": {}}, {"papers": [], "more": 1}]
    for body in bodies:
        assert (await papers.client.put("/__admin/papers", json=body)).status_code == 400


async def test_the_admin_api_and_the_page_show_what_is_held(papers: Papers) -> None:
    await papers.load(a_held(name="<b>Giấy</b>", files=[a_file(FILE)]), a_held(owner="003190999999"))
    (shown,) = (await papers.client.get("/__admin/papers", params={"owner": OWNER})).json()["papers"]
    assert (shown["name"], shown["files"][0]["size"]) == ("<b>Giấy</b>", len(FILE))
    assert len((await papers.client.get("/__admin/papers")).json()["papers"]) == 2
    await push(papers, DanhSachGiayToKetQua=[a_result()])
    page = (await papers.client.get("/papers")).text
    assert "&lt;b&gt;Giấy" in page
    assert "https://h15.example/k/1" in page
    assert a_code() in page
    assert 'href="/papers"' in (await papers.client.get("/")).text
    counts = (await papers.client.get("/__admin/state")).json()["counts"]
    assert (counts["papers"], counts["paper_files"]) == (2, 2)


OF_THE_STORE = sorted(kind for kind, rules in KINDS.items() if rules.systems == ALL)
CUT = {"reset", "lost_answer", "reset_before", "reset_after", "connection_refused", "reset_during"}
SAME = {"delay", "slow_accept", "slow_body", "drip", "clock_skew"}
ANSWERS = {
    "code_00": '{"errorCode":"00",',
    "code_int": '{"errorCode":0,',
    "code_missing": '{"message":',
    "json_in_string": '{"message":"{\\"errorCode\\":\\"0\\"',
    "unknown_code": '{"errorCode":"77",',
    "truncated_json": '{"errorCode":"0",',
    "empty_body": "",
    "html": "<!DOCTYPE html>",
    "html_200": "<!DOCTYPE html>",
    "session_expired": '{"errorCode":"2",',
    "wrong_unit": '{"errorCode":"5",',
}
STATUSES = {"status": 503, "maintenance": 503, "session_expired": 401}


@pytest.mark.parametrize("kind", [kind for kind in OF_THE_STORE if kind != "hang"])
async def test_every_fault_that_makes_sense_here_works_here(papers: Papers, kind: str) -> None:
    await papers.load(a_held())
    await papers.arm(kind=kind, service="list" if kind != "maintenance" else None, delay_ms=1)
    if kind in CUT:
        with pytest.raises(ConnectionDropped):
            await papers.ask()
        return
    response = await papers.post("papers", a_question())
    status = int(kind[5:8]) if kind.startswith("http_") else STATUSES.get(kind, 200)
    assert response.status_code == status
    assert ("retry-after" in response.headers) is kind.endswith("retry_after")
    expected = ANSWERS.get(kind)
    if kind in SAME:
        assert len(response.json()["result"]["DanhSachGiayToKetQua"]) == 1
    elif expected is not None:
        assert response.text.startswith(expected) if expected else response.text == ""
    assert (await papers.client.get("/__admin/fired")).json()["by_kind"] == {kind: 1}


@pytest.mark.parametrize("kind", ["truncated_json", "unknown_code", "code_int", "json_in_string"])
async def test_an_answer_that_was_not_asked_for_is_of_the_same_family(papers: Papers, kind: str) -> None:
    await papers.arm(kind=kind, service="list", applied=False)
    assert '"errorCode' in (await papers.post("papers", a_question())).text.replace("\\", "")


@pytest.mark.parametrize("kind", ["duplicate_500", "code_table_changed", "bad_item_whole"])
async def test_faults_of_pushing_make_no_sense_here(papers: Papers, kind: str) -> None:
    response = await papers.client.post("/__admin/faults", json={"system": "papers", "kind": kind})
    assert response.status_code == 400
    assert "makes no sense" in response.json()["error"]


async def test_a_fault_waits_for_its_owner_its_service_and_its_system(papers: Papers) -> None:
    await papers.load(a_held(files=[a_file(FILE)]))
    (paper,) = await papers.listed()
    await papers.arm(kind="http_503", dossier="003190999999")
    await papers.arm(kind="unknown_code", service="file")
    await push(papers)
    assert len(await papers.listed()) == 1
    assert (await papers.post("papers", a_question(SoDinhDanhChuSoHuu="003190999999"))).status_code == 503
    assert (await papers.file(paper)).json()["errorCode"] == "77"
    assert base64.b64decode((await papers.file(paper)).text) == FILE


async def test_code_dresses_leave_a_bare_file_as_it_is(papers: Papers) -> None:
    await papers.load(a_held(files=[a_file(FILE)]))
    (paper,) = await papers.listed()
    for kind in ("code_00", "code_missing"):
        await papers.arm(kind=kind, service="file")
        assert base64.b64decode((await papers.file(paper)).text) == FILE
    await papers.arm(kind="json_in_string", service="file")
    assert (await papers.file(paper)).json() == {"message": base64.b64encode(FILE).decode()}


async def test_a_far_clock_ends_the_session_that_it_gave(papers: Papers, clock: Clock) -> None:
    await papers.arm(kind="clock_skew", service="login", skew_seconds=-7200, delay_ms=5000)
    response = await papers.post("login", ACCOUNT)
    assert parsedate_to_datetime(response.headers["date"]).timestamp() == clock.now - 7200
    papers.headers["Authorization"] = f"Bearer {response.json()['accessToken']}"
    assert await papers.listed() == []
    clock.now += 6
    assert (await papers.post("papers", a_question())).status_code == 401
