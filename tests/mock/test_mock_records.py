"""Service 037: whose record comes back, in which dress, and what the planted numbers make of it."""

import json
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from mock_national.app import create_app
from mock_national.people import Person, generate
from mock_national.settings import Settings
from mock_national.tables import rows
from tests.mock.support import READ, SHARE, Population, in_process

PEOPLE = generate(count=200)
CHILD = next(p for p in PEOPLE if p.father and p.father.number_12 and p.mother and p.mother.number_12)
RENEWED = next(p for p in PEOPLE if p.old_number and p.birth_date)
OLD = next(p for p in PEOPLE if p.number_9)
NS = "{http://www.mic.gov.vn/dancu/1.0}"


def planted(ending: str) -> Person:
    return next(p for p in PEOPLE if p.ending == ending)


def citizen(text: bytes | str) -> Element | None:
    """The one citizen of the collection, or None."""
    body = fromstring(text).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
    assert body is not None
    collection = body.find(f"{NS}CongdanCollection")
    assert collection is not None
    found = list(collection)
    assert collection.get("SoCongDan") == str(len(found))
    assert collection.get("ThoiDiemDuLieu", "").endswith("+07:00")
    return found[0] if found else None


def flat(element: Element | None) -> dict[str, str]:
    """Texts by path below the citizen."""
    assert element is not None
    found: dict[str, str] = {}

    def walk(part: Element, path: str) -> None:
        for child in part:
            name = f"{path}{child.tag.removeprefix(NS)}"
            found[name] = child.text or ""
            walk(child, name + "/")

    walk(element, "")
    return found


async def record(population: Population, person: Person) -> dict[str, str]:
    response = await population.read(person)
    assert response.status_code == 200
    return flat(citizen(response.content))


@pytest.mark.asyncio
async def test_a_true_question_gives_the_whole_record(population: Population) -> None:
    found = await record(population, CHILD)
    assert CHILD.father
    assert CHILD.head
    assert {name.partition("/")[0] for name in found} <= {
        *("SoDinhDanh", "SoCMND", "HoVaTen", "GioiTinh", "DanToc", "TonGiao", "TinhTrangHonNhan", "NhomMau"),
        *("NgayThangNamSinh", "NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai", "QuocTich"),
        *("Cha", "Me", "VoChong", "NguoiDaiDien", "ChuHo", "SoSoHoKhau"),
    }
    wanted = {
        "SoDinhDanh": CHILD.number_12,
        "HoVaTen/Ho": "",
        "HoVaTen/ChuDem": "",
        "HoVaTen/Ten": CHILD.full_name.upper(),
        "GioiTinh": CHILD.sex,
        "NgayThangNamSinh/Nam": CHILD.birth_year,
        "ThuongTru/MaPhuongXa": CHILD.permanent_address.ward_code,
        "Cha/HoVaTen": CHILD.father.full_name.upper(),
        "Cha/SoDinhDanh": CHILD.father.number_12,
        "ChuHo/QuanHe": "X-CON",
        "ChuHo/SoDinhDanh": CHILD.head.number_12,
    }
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.asyncio
async def test_both_numbers_of_a_person_lead_to_the_record(population: Population) -> None:
    by_old = population.question(RENEWED.old_number, RENEWED.full_name, RENEWED.birth_date)
    by_old.service = "037"
    found = flat(citizen((await population.send(by_old.soap(), path=READ)).content))
    assert (found["SoDinhDanh"], found["SoCMND"]) == (RENEWED.number_12, RENEWED.old_number)
    found = await record(population, OLD)
    assert (found["SoDinhDanh"], found["SoCMND"]) == ("", OLD.number_9)


@pytest.mark.asyncio
async def test_nobody_and_one_of_three_wrong_look_the_same(population: Population, settings: Settings) -> None:
    wrong: list[dict[str, str]] = [{"name": "AI ĐÓ"}, {"birth": "1901"}, {"number": "003099999899"}]
    for changes in wrong:
        question = population.about(CHILD, service="037", **changes)
        assert citizen((await population.send(question.soap(), path=READ)).content) is None
    chosen = replace(settings, database=":memory:", record_not_found="none")
    async with in_process(create_app(chosen)) as client:
        other = Population(client)
        await other.log_in()
        question = other.about(CHILD, service="037", name="AI ĐÓ")
        response = await other.send(question.soap(), path=READ)
        assert (response.status_code, len(fromstring(response.content)[0])) == (200, 0)


@pytest.mark.asyncio
@pytest.mark.parametrize("shape", ["plain", "structured", "bare", "unprefixed"])
async def test_the_record_has_several_dresses(settings: Settings, shape: Any) -> None:
    async with in_process(create_app(replace(settings, record_shape=shape))) as client:
        population = Population(client)
        await population.log_in()
        text = (await population.read(CHILD)).text
        root = fromstring(text)
        assert root.tag.rpartition("}")[2] == ("Body" if shape == "bare" else "Envelope")
        assert ("<CongDan>" in text) == (shape == "unprefixed")
        found = flat(root.find(f".//{NS}CongDan"))
        assert CHILD.father
        words = CHILD.father.full_name.upper().split()
        if shape == "structured":
            assert (found["Cha/HoVaTen/Ho"], found["Cha/HoVaTen/Ten"]) == (words[0], words[-1])
        else:
            assert found["Cha/HoVaTen"] == " ".join(words)
        assert found["HoVaTen/Ten"] == CHILD.full_name.upper()


@pytest.mark.asyncio
async def test_the_sharing_address_of_the_wrapper_serves_both(population: Population) -> None:
    async def share(service: str) -> dict[str, str]:
        body = population.about(CHILD, service=service).json()
        answer: dict[str, str] = (await population.client.post(SHARE, json=body)).json()
        return answer

    answer = await share("037")
    assert answer["error_code"] == "0"
    assert flat(citizen(answer["message"]))["SoDinhDanh"] == CHILD.number_12
    assert fromstring((await share("003"))["message"]).findtext(f".//{NS}SoLuongCongDan") == "1"
    assert (await share("999"))["error_code"] == "01"


@pytest.mark.asyncio
async def test_the_record_of_another_person_comes_back(population: Population) -> None:
    person = planted("906")
    assert (await record(population, person))["SoDinhDanh"] not in {person.number_12, ""}
    truth = await population.ask(population.about(person))
    assert fromstring(truth.content).findtext(f".//{NS}SoLuongCongDan") == "1"
    stranger = population.about(person, service="037", name="AI ĐÓ")
    assert citizen((await population.send(stranger.soap(), path=READ)).content) is None


@pytest.mark.asyncio
async def test_a_sparse_record_still_says_whose_it_is(population: Population) -> None:
    person = planted("907")
    found = await record(population, person)
    assert (found["SoDinhDanh"], found["HoVaTen/Ten"]) == (person.number_12, person.full_name.upper())
    said = {name for name, value in found.items() if value}
    assert said == {"SoDinhDanh", "HoVaTen/Ten", "NgayThangNamSinh/Nam", "NgayThangNamSinh/NgayThangNam"}
    assert "TonGiao" not in found


@pytest.mark.asyncio
async def test_planted_people_have_planted_records(population: Population) -> None:
    year_only = await record(population, planted("908"))
    assert year_only["NgayThangNamSinh/Nam"] == planted("908").birth_year
    assert year_only["NgayThangNamSinh/NgayThangNam"] == ""
    structured = await record(population, planted("909"))
    assert structured["Cha/HoVaTen/Ten"]
    moved = await record(population, planted("910"))
    assert moved["ThuongTru/MaPhuongXa"] not in {row["code"] for row in rows("wards")}
    assert moved["ThuongTru/MaQuanHuyen"]
    assert "TỈNH ĐẮK LẮK" in moved["ThuongTru/ChiTiet"]
    dead = await record(population, planted("911"))
    assert dead["HoVaTen/Ten"] == planted("911").full_name.upper()


@pytest.mark.asyncio
async def test_the_broken_endings_break_this_service_too(population: Population) -> None:
    answers: dict[str, httpx.Response] = {
        ending: await population.read(planted(ending)) for ending in ("902", "903", "904", "905")
    }
    assert answers["902"].headers["content-type"].startswith("text/html")
    assert (answers["903"].status_code, answers["903"].content) == (200, b"")
    assert (answers["904"].status_code, "Fault" in answers["904"].text) == (500, True)
    assert "</soapenv:Envelope>" not in answers["905"].text


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["duplicate_500", "code_table_changed", "truncated_json", "wrong_unit"])
async def test_armed_faults_reach_this_service(population: Population, kind: str) -> None:
    fault = {"system": "population", "service": "TraCuuThongTinCongDan", "kind": kind}
    assert (await population.client.post("/__admin/faults", json=fault)).status_code == 201
    assert (await population.ask(population.about(CHILD))).status_code == 200
    response = await population.read(CHILD)
    wanted = {"duplicate_500": 500, "code_table_changed": 400, "truncated_json": 200, "wrong_unit": 403}
    assert response.status_code == wanted[kind]
    assert "CongDan>" not in response.text


@pytest.mark.asyncio
async def test_no_record_stands_in_the_record_of_calls(population: Population) -> None:
    body = population.about(CHILD, service="037").json()
    await population.read(CHILD)
    await population.client.post(SHARE, json=body)
    text = json.dumps((await population.client.get("/__admin/calls")).json(), ensure_ascii=False)
    assert "TraCuuThongTinCongDan" in text
    for value in (CHILD.number_12, CHILD.full_name, CHILD.full_name.upper(), CHILD.birth_year + "</"):
        assert value not in text
