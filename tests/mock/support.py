"""What the tests of the mock share: a portal client, a population client, sample items, a real process."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import httpx
from starlette.applications import Starlette

from mock_national.persons import Person
from tests.bounds import AMPLE_SECONDS

PROVIDER = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
FORWARD = "/XrdAdapter/RestService/forward/mapi"
ACCOUNT = {"username": "000.00.00.H15", "password": "mock-only-password"}
LGSP = base64.b64encode(
    b'{"AccessKey":"mock-access-key","SecretKey":"mock-secret-key","AppName":"mock-one-stop",'
    b'"PartnerCode":"H15","PartnerCodeCus":"000.00.00.H15"}'
).decode()
VERIFY = "/csdldc/XacThucThongTinCongDan"
READ = "/csdldc/TraCuuThongTinCongDan"
WRAPPER = "/apiCSDLDanCu/XacThucThongTinCongDan"
SHARE = "/apiCSDLDanCu/ChiaSeThongTinCongDan"
OPERATIONS = {"037": "TraCuuThongTinCongDan"}

Item = dict[str, Any]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        """Stand at a fixed moment."""
        self.now = 1_780_000_000.0

    def __call__(self) -> float:
        """Unix time in seconds."""
        return self.now


def a_code(serial: int = 1) -> str:
    """A dossier code of the sample unit."""
    return f"000.00.16.H15-260701-{serial:04d}"


def a_dossier(serial: int = 1, /, **changes: object) -> Item:
    """A dossier that the v2 profile takes; a change to None takes the field out."""
    item: Item = {
        "MaHoSo": a_code(serial),
        "MaTTHC": "1.001193",
        "TenTTHC": "Thủ tục đăng ký khai sinh",
        "MaLinhVuc": "G15-TP07",
        "TenLinhVuc": "Hộ tịch",
        "KenhThucHien": "2",
        "ChuHoSo": "Người Bịa Đặt",
        "LoaiDoiTuong": "1",
        "TrichYeuHoSo": "Đăng ký khai sinh",
        "NgayNopHoSo": "20260701080000",
        "NgayTiepNhan": "20260701081500",
        "TrangThaiHoSo": "2",
        "HinhThuc": "0",
        "DonViXuLy": "UBND phường",
        "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": "1",
        "TaiKhoanDuocXacThucVoiVNeID": "1",
        "DuocThanhToanTrucTuyen": "0",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "003099000001"}],
        "DSKetNoiCSDL": [],
        "TaiLieuNop": [a_paper()],
        "DanhSachGiayToKetQua": [{"TenGiayTo": "Giấy khai sinh", "DuongDanTepTinKetQua": "https://h15.example/k/1"}],
        "DanhSachLePhi": [
            {"TenPhiLePhi": "Lệ phí", "MaPhiLePhi": "1", "HinhThucThu": "1", "Gia": "0", "LoaiPhiLePhi": "1"}
        ],
    }
    item.update(changes)
    return {name: value for name, value in item.items() if value is not None}


def a_paper(**changes: object) -> Item:
    """A submitted paper that both profiles take."""
    return {
        "TepDinhKemId": "1",
        "TenTepDinhKem": "to-khai.pdf",
        "IsDeleted": "False",
        "MaThanhPhanHoSo": "",
        "DuongDanTaiTepTin": "https://h15.example/t/1",
        **changes,
    }


def a_step(serial: int = 1, /, **changes: object) -> Item:
    """A step of the sample dossier."""
    return {
        "MaHoSo": a_code(serial),
        "NguoiXuLy": "Cán bộ một cửa",
        "ThoiDiemXuLy": "20260701090000",
        "NoiDungXuLy": "Xử lý",
        "TrangThai": "4",
        **changes,
    }


class Portal:
    """Speaks to the portal as a province does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Not logged in yet."""
        self.client = client
        self.session = ""

    async def log_in(self) -> None:
        """Open a session with the configured account."""
        answer = await self.post("login", ACCOUNT)
        assert answer["error_code"] in {"0", "00", 0}
        self.session = answer["session"]

    async def post(self, path: str, body: object) -> Item:
        """Any body to one of the adapter's paths."""
        response = await self.client.post(f"{FORWARD}/{path}", json=body, headers={"dstcode": PROVIDER})
        assert response.status_code == 200
        answer: Item = response.json()
        return answer

    async def call(self, service: str, path: str = "integration", **keys: object) -> Item:
        """A service call in the open session."""
        body = {"session": self.session, "madonvi": "H15", "service": service, **keys}
        return await self.post(path, body)

    async def insert(self, *items: object) -> Item:
        """DongBoHoSoMC, new dossiers."""
        return await self.call("DongBoHoSoMC", isUpdating="False", data=list(items))

    async def update(self, *items: object) -> Item:
        """DongBoHoSoMC, known dossiers."""
        return await self.call("DongBoHoSoMC", isUpdating="True", data=list(items))

    async def steps(self, *items: object) -> Item:
        """CapNhatTienDoHoSoMC."""
        return await self.call("CapNhatTienDoHoSoMC", data=list(items))

    async def look_up(self, code: str) -> list[Item]:
        """TraCuuHoSo: what the portal holds under a code."""
        answer = await self.call("TraCuuHoSo", mahoso=code)
        result: list[Item] = answer["result"]
        return result

    async def ledger(self) -> list[Item]:
        """All lines of the ledger."""
        response = await self.client.get("/__admin/ledger")
        return [json.loads(line) for line in response.text.splitlines()]

    async def arm(self, **fault: object) -> None:
        """Arm a fault by the admin API."""
        response = await self.client.post("/__admin/faults", json=fault)
        assert response.status_code == 201, response.text


@dataclass
class Question:
    """One question to the population database; a change of `order` or `extra` makes it wrong."""

    number: str
    name: str
    birth: str
    request_id: str
    procedure: str = "1.001193"
    officer: str = "canbo01"
    service: str = "003"
    extra: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    operation: str | None = None

    def soap(self) -> str:
        """The SOAP envelope."""
        number_name = "SoDinhDanh" if len(self.number) == 12 else "SoCMND"
        birth_name = "Nam" if len(self.birth) == 4 else "NgayThangNam"
        values = {
            "MaYeuCau": self.request_id,
            "MaDVC": self.procedure,
            "MaTichHop": self.service,
            "MaCanBo": self.officer,
            number_name: self.number,
            "HoVaTen": self.name,
            **self.fields,
        }
        operation = OPERATIONS.get(self.service, "XacThucThongTinCongDan") if self.operation is None else self.operation
        inner = "".join(f"<d:{name}>{escape(value)}</d:{name}>" for name, value in values.items())
        birth = f"<d:NgayThangNamSinh><d:{birth_name}>{self.birth}</d:{birth_name}></d:NgayThangNamSinh>"
        return (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:d="http://dancuquocgia.bca">'
            f"<e:Header/><e:Body><d:{operation}>{inner}{birth}{self.extra}</d:{operation}>"
            "</e:Body></e:Envelope>"
        )

    def json(self) -> dict[str, str]:
        """The body of the JSON wrapper."""
        return {
            "HoVaTen": self.name,
            "SoDinhDanh": self.number if len(self.number) == 12 else "",
            "SoCMND": self.number if len(self.number) == 9 else "",
            "NgayThangNam": self.birth if len(self.birth) != 4 else "",
            "Nam": self.birth if len(self.birth) == 4 else "",
            "MaTichHop": self.service,
            "MaDVC": self.procedure,
            "MaCanBo": self.officer,
            "MaYeuCau": self.request_id,
        }


class Population:
    """Speaks to the population database as a province does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """Without a token yet."""
        self.client = client
        self.token = ""
        self._asked = 0

    async def log_in(self) -> None:
        """Fetch a bearer token."""
        response = await self.client.post(
            "/oauth2/token", data={"grant_type": "client_credentials"}, headers={"lgspaccesstoken": LGSP}
        )
        assert response.status_code == 200
        self.token = response.json()["access_token"]

    def question(self, number: str, name: str, birth: str) -> Question:
        """A question with a request id of its own."""
        self._asked += 1
        return Question(number, name, birth, f"H15-{self._asked}")

    def about(self, person: Person, **changes: Any) -> Question:
        """A true question about an invented person, but for the changes."""
        birth = person.birth_date or person.birth_year
        return replace(self.question(person.number, person.full_name, birth), **changes)

    async def ask(self, question: Question) -> httpx.Response:
        """Service 003 by way A, with the key of the officer in the question."""
        return await self.send(question.soap(), question.officer)

    async def read(self, person: Person) -> httpx.Response:
        """Service 037 by way A, about an invented person."""
        return await self.send(self.about(person, service="037").soap(), path=READ)

    async def send(self, body: str, officer: str = "canbo01", path: str = VERIFY) -> httpx.Response:
        """Any body by way A."""
        key = base64.b64encode(f"{officer}:mock-{officer}".encode()).decode()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "lgspaccesstoken": LGSP,
            "AuthHash": key,
            "Content-Type": "text/xml; charset=utf-8",
        }
        return await self.client.post(path, content=body.encode(), headers=headers)


@asynccontextmanager
async def in_process(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls the app without a socket; the store is closed at the end."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock") as client:
        yield client
    app.state.store.close()


async def come_to_fire(client: httpx.AsyncClient, times: int = 1) -> None:
    """Wait until faults have fired so often: the mock has begun with the calls that they are for."""
    async with asyncio.timeout(AMPLE_SECONDS):
        while sum((await client.get("/__admin/fired")).json()["by_kind"].values()) < times:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)


@dataclass
class Running:
    """A mock in its own process."""

    process: asyncio.subprocess.Process
    url: str

    def client(self) -> httpx.AsyncClient:
        """A client that has all the time of a busy machine."""
        return httpx.AsyncClient(base_url=self.url, timeout=AMPLE_SECONDS)

    async def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def running(database: Path, *options: str) -> AsyncIterator[Running]:
    """Start a mock on a free port; it is killed at the end when it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mock_national",
        "--port",
        "0",
        "--database",
        str(database),
        "--people-count",
        "200",
        *options,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), AMPLE_SECONDS)
        yield Running(process, json.loads(line)["listening"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
