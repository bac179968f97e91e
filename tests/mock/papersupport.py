"""A client of the mock's store of papers, as a province would write it."""

import base64
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.mock.support import PROVIDER, Item

PAPERS = "/XrdAdapter/RestService/forward/bndp/public/v1"
PROVIDER_URL = "https://apigiaytocanhan.dichvucong.gov.vn"
ACCOUNT = {"username": "000.00.00.H15", "password": "mock-only-papers"}
OWNER, CODE, OTHER_CODE = "003190123456", "KQ.G15.000031", "KQ.G15.000002"
BODY = "UBND phường Mẫu"
WHERE = {"dstcode": PROVIDER, "providerurl": PROVIDER_URL}


def a_held(**changes: object) -> Item:
    """A paper as the admin API loads it."""
    return {"owner": OWNER, "result_code": CODE, "issuing_body": BODY, "number_symbol": "12/GKS", **changes}


def a_file(content: bytes, name: str = "giay.pdf") -> dict[str, str]:
    """A file of such a paper."""
    return {"name": name, "content": base64.b64encode(content).decode()}


def a_question(**changes: object) -> Item:
    """A question that the store answers; a change to None takes the field out."""
    item: Item = {
        "SoDinhDanhChuSoHuu": OWNER,
        "HoTenNguoiYeuCau": "Cán bộ Bịa",
        "SoDinhDanhNguoiYeuCau": "003180000001",
        "KenhThucHien": "1",
        "MaThuTuc": "1.001193",
        "DanhSachDanhMucKetQua": [],
        **changes,
    }
    return {name: value for name, value in item.items() if value is not None}


@dataclass
class Papers:
    """Speaks to the store of papers; ``headers`` carry the session and the unit."""

    client: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def post(self, path: str, body: object, **where: str) -> httpx.Response:
        """Any body to one of the store's paths."""
        return await self.client.post(f"{PAPERS}/{path}", json=body, headers=self.headers, params=where or WHERE)

    async def log_in(self) -> None:
        """Open a session."""
        answer = (await self.post("login", ACCOUNT)).json()
        assert answer["errorCode"] == "0"
        self.headers = {"Authorization": f"Bearer {answer['accessToken']}", "madonvi": "H15"}

    async def load(self, *papers: Item) -> Item:
        """Load papers by the admin API."""
        response = await self.client.put("/__admin/papers", json={"papers": list(papers)})
        assert response.status_code == 200, response.text
        found: Item = response.json()
        return found

    async def ask(self, **changes: object) -> Item:
        """The list's answer."""
        found: Item = (await self.post("papers", a_question(**changes))).json()
        return found

    async def listed(self, **changes: object) -> list[Item]:
        """The papers of a list that was answered."""
        answer = await self.ask(**changes)
        assert answer["errorCode"] == "0", answer
        found: list[Item] = answer["result"]["DanhSachGiayToKetQua"]
        return found

    async def file(self, paper: Item, place: int = 0) -> httpx.Response:
        """A file of a listed paper."""
        path = paper["DanhSachTepDinhKem"][place]["DuongDan"]
        return await self.post("papers/file", {"CoQuanChuQuan": paper["CoQuanChuQuan"], "DuongDan": path})

    async def arm(self, **fault: Any) -> None:
        """Arm a fault of this system."""
        response = await self.client.post("/__admin/faults", json={"system": "papers", **fault})
        assert response.status_code == 201, response.text
