"""A client that does what the nightly job of the field does: blind resends, and no question asked.

It takes records at the same doors as the gateway and pushes them to the portal, one by one and in order. A call
without a readable answer is made again; "already exists" becomes an update; after its tries it gives up and goes on.
"""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import httpx

from tests.bounds import AMPLE_SECONDS

PROVIDER: Final = "VN:GOV:000.00.00.G22:vpcpdvcprovider"
TRIES: Final = 5
#: How long it waits for an answer that the mock keeps back. Nothing else is late, however busy the machine is.
TIME_OUT_SECONDS: Final = 1.0
SLOW: Final = frozenset({"slow_accept", "slow_body", "drip", "hang"})
STATUS: Final = {"received": "2", "processing": "4"}
VIETNAM: Final = timezone(timedelta(hours=7))

Json = dict[str, Any]


@dataclass(slots=True)
class Job:
    """The job and what it believes; ``deliveries`` is what it shows."""

    http: httpx.Client
    faults_url: str
    deliveries: list[Json] = field(default_factory=list)
    waiting: "queue.Queue[tuple[Json, Json] | None]" = field(default_factory=queue.Queue)

    def take(self, kind: str, code: str, record: Json) -> None:
        """Put it on the pile."""
        ref = str(record["revision"] if kind == "dossier" else record["step_id"])
        delivery = {"kind": kind, "dossier": code, "ref": ref, "state": "waiting", "reason": None, "attempts": 0}
        self.deliveries.append(delivery)
        self.waiting.put((delivery, dossier_item(code, record) if kind == "dossier" else step_item(code, record)))

    def work(self) -> None:
        """Push until None comes."""
        while (found := self.waiting.get()) is not None:
            delivery, item = found
            if delivery["kind"] == "step":
                self._push(delivery, "CapNhatTienDoHoSoMC", item)
            elif "đã tồn tại" in self._push(delivery, "DongBoHoSoMC", item, isUpdating="False"):
                self._push(delivery, "DongBoHoSoMC", item, isUpdating="True")

    def _push(self, delivery: Json, service: str, item: Json, **more: str) -> str:
        """Send until something is said; the portal's words."""
        for _ in range(TRIES):
            delivery["attempts"] += 1
            try:
                answer = self._call("integration", service=service, madonvi="H15", data=[item], **more)
                good, words = answer["error_code"] == "0", str(answer["message"])
            except (httpx.HTTPError, ValueError, KeyError) as error:
                delivery["reason"] = repr(error)
                continue
            delivery["state"] = "delivered" if good else "rejected"
            delivery["reason"] = words
            return words
        delivery["state"] = "dead"
        return ""

    def _call(self, path: str, **body: object) -> Json:
        if path != "login":
            account = {"username": "000.00.00.H15", "password": "mock-only-password"}
            body["session"] = self._call("login", **account)["session"]
        time_out = TIME_OUT_SECONDS if self._is_kept_waiting(body.get("service")) else AMPLE_SECONDS
        answer = self.http.post(path, params={"dstcode": PROVIDER}, json=body, timeout=time_out)
        found: Json = answer.json()
        return found

    def _is_kept_waiting(self, service: object) -> bool:
        """Whether the mock is about to keep a call of this service waiting."""
        faults: list[Json] = self.http.get(self.faults_url).json()["faults"]
        return any(fault["left"] and fault["kind"] in SLOW and fault["service"] in {None, service} for fault in faults)


def dossier_item(code: str, record: Json) -> Json:
    """The dossier as the portal takes it."""
    return {
        "MaHoSo": code,
        "MaTTHC": record["procedure"]["code"],
        "TenTTHC": "Thủ tục đăng ký khai sinh",
        "MaLinhVuc": "G15-TP07",
        "TenLinhVuc": "Hộ tịch",
        "KenhThucHien": "2",
        "ChuHoSo": record["applicant"]["full_name"],
        "LoaiDoiTuong": "1",
        "TrichYeuHoSo": record["summary"],
        "NgayNopHoSo": stamp(record["submitted_at"]),
        "NgayTiepNhan": stamp(record["received_at"]),
        "NgayHenTra": stamp(record["due_at"]),
        "TrangThaiHoSo": STATUS[record["status"]],
        "HinhThuc": "0",
        "DonViXuLy": record["receiving_unit"],
        "NoiNopHoSo": "2",
        "HoSoCoThanhPhanSoHoa": "0",
        "TaiKhoanDuocXacThucVoiVNeID": "0",
        "DuocThanhToanTrucTuyen": "0",
        "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": record["applicant"]["identities"][0]["number"]}],
        "DSKetNoiCSDL": [],
    }


def step_item(code: str, record: Json) -> Json:
    """The step as the portal takes it."""
    return {
        "MaHoSo": code,
        "NguoiXuLy": record["officer_name"],
        "NoiDungXuLy": record["content"],
        "ThoiDiemXuLy": stamp(record["processed_at"]),
        "TrangThai": STATUS[record["status"]],
    }


def stamp(value: str) -> str:
    """``yyyyMMddHHmmss`` in Viet Nam."""
    return datetime.fromisoformat(value).astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")


@contextmanager
def naive_client(mock_url: str) -> Iterator[str]:
    """Run the job with its door; gives the door's address."""
    forward = f"{mock_url}/XrdAdapter/RestService/forward/mapi/"
    with httpx.Client(base_url=forward, timeout=AMPLE_SECONDS, trust_env=False) as http:
        job = Job(http, f"{mock_url}/__admin/faults")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _door(job))
        threads = [threading.Thread(target=work, daemon=True) for work in (job.work, server.serve_forever)]
        for thread in threads:
            thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            job.waiting.put(None)
            server.shutdown()
            server.server_close()
            for thread in threads:
                thread.join()


def _door(job: Job) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            job.take("dossier", self._code(), self._body())
            self._answer(202, {})

        def do_POST(self) -> None:
            job.take("step", self._code(), self._body())
            self._answer(202, {})

        def do_GET(self) -> None:
            wanted = parse_qs(urlsplit(self.path).query)["dossier"]
            self._answer(200, {"items": [d for d in job.deliveries if d["dossier"] in wanted], "next": None})

        def log_message(self, *_: object) -> None:
            pass

        def _code(self) -> str:
            return unquote(urlsplit(self.path).path.split("/")[3])

        def _body(self) -> Json:
            found: Json = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            return found

        def _answer(self, status: int, answer: Json) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Door
