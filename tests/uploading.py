"""Uploads to real processes: papers as a scanner makes them, and senders that never give up."""

import asyncio
import hashlib
import io
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport
from PIL import Image

from app.demo.signing import assembled, simple_pdf
from tests.doors import Door
from tests.papers_world import metadata, sha256_of
from tests.worlds import code, dossier_body

_WIDTH, _HEIGHT = 1654, 2339
_LOOK_SECONDS = 0.02
_BLOCK_BYTES = 256 * 1024
_BUSY_SECONDS = 0.2
_TUS_TYPE = "application/offset+octet-stream"
_BOUNDARY = "a-boundary-that-no-paper-holds"
_TIMEOUT = httpx.Timeout(600.0)


@dataclass(frozen=True)
class Paper:
    """A file to hand over, and the dossier that it belongs to."""

    seed: str
    content: bytes = field(repr=False)
    dossier: str

    @cached_property
    def sha256(self) -> str:
        """What it hashes to."""
        return sha256_of(self.content)

    @property
    def said(self) -> dict[str, Any]:
        """What is said of it."""
        return metadata("component", title=f"Thành phần {self.seed}", file_name=f"{self.seed}.pdf", sha256=self.sha256)


def picture(seed: str, width: int = _WIDTH, height: int = _HEIGHT) -> bytes:
    """A page as a scanner gives it, a JPEG of grey noise; 2.1 MB at 200 dots an inch."""
    grey = Image.frombytes("L", (width, height), random.Random(seed).randbytes(width * height))  # noqa: S311 - a picture
    out = io.BytesIO()
    grey.save(out, "JPEG", quality=75)
    return out.getvalue()


def scan(seed: str, pages: int = 1, *, width: int = _WIDTH, height: int = _HEIGHT) -> bytes:
    """A PDF of scanned pages that all look alike; another one for another seed."""
    jpeg = picture(seed, width, height)
    kids = b" ".join(b"%d 0 R" % (3 + 3 * page) for page in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
    ]
    drawn = b"q 595 0 0 842 0 0 cm /Im Do Q"
    for page in range(pages):
        first = 3 + 3 * page
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /XObject << /Im %d 0 R >> >> >>" % (first + 1, first + 2),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
            b" /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream" % (width, height, len(jpeg), jpeg),
        ]
    return assembled(objects, hashlib.sha256(seed.encode()).hexdigest()[:32].encode())


def small(seed: str) -> bytes:
    """A PDF of one page and some 700 bytes."""
    return simple_pdf(["A scanned paper"], seed)


def _part_head(names: str) -> bytes:
    return f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {names}\r\n\r\n".encode()


async def _blocks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _BLOCK_BYTES):
        yield body[start : start + _BLOCK_BYTES]


@dataclass
class Scanners:
    """One-stop software with many scanners: hands papers over until each was answered, whatever happens meanwhile."""

    door: Door
    client: httpx.AsyncClient
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    trouble: Counter[str] = field(default_factory=Counter)
    answered: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hand_over_dossiers(self, count: int) -> None:
        """Dossiers 1 to ``count``."""
        for number in range(1, count + 1):
            answer = await self.client.put(f"/v1/dossiers/{code(number)}", json=dossier_body())
            assert answer.is_success, answer.text

    async def hand_over(self, paper: Paper, *, pieces: int = 0) -> None:
        """Hand over as a form, or in so many pieces, until it is kept."""
        began = asyncio.get_running_loop().time()
        kept = await (self._in_pieces(paper, pieces) if pieces else self._as_form(paper))
        assert kept["sha256"] == paper.sha256
        async with self.answered:
            assert paper.sha256 not in self.kept
            self.kept[paper.sha256] = kept
            self.seconds.append(asyncio.get_running_loop().time() - began)
            self.answered.notify_all()

    async def await_more(self, count: int) -> None:
        """Wait until so many more are kept."""
        wanted = len(self.kept) + count
        async with self.answered:
            await self.answered.wait_for(lambda: len(self.kept) >= wanted)

    async def _as_form(self, paper: Paper) -> dict[str, Any]:
        body = b"".join(
            (
                _part_head('name="metadata"'),
                json.dumps(paper.said, ensure_ascii=False).encode(),
                b"\r\n",
                _part_head(f'name="file"; filename="{paper.seed}.pdf"'),
                paper.content,
                f"\r\n--{_BOUNDARY}--\r\n".encode(),
            )
        )
        headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        answer = await self._until_answered("POST", f"/v1/dossiers/{paper.dossier}/documents", body, headers)
        assert answer.status_code in {200, 201}, answer.text
        kept: dict[str, Any] = answer.json()
        return kept

    async def _in_pieces(self, paper: Paper, pieces: int) -> dict[str, Any]:
        while True:
            length = {"Upload-Length": str(len(paper.content))}
            begun = await self._until_answered("POST", "/v1/uploads", b"", length)
            address = begun.json()["address"]
            if await self._sent(paper, address, -(-len(paper.content) // pieces)):
                return await self._finished(paper, address)
            await self._until_answered("DELETE", address)

    async def _sent(self, paper: Paper, address: str, piece_bytes: int) -> bool:
        """Send what is not there yet; False when somebody who is dead is still taken for the sender."""
        while True:
            head = await self._until_answered("HEAD", address)
            assert head.status_code == httpx.codes.OK
            offset = int(head.headers["Upload-Offset"])
            if offset == len(paper.content):
                return True
            headers = {"Upload-Offset": str(offset), "Content-Type": _TUS_TYPE}
            piece = paper.content[offset : offset + piece_bytes]
            answer = await self._until_answered("PATCH", address, piece, headers)
            if answer.status_code == httpx.codes.CONFLICT and "Retry-After" in answer.headers:
                self.trouble["dead sender"] += 1
                return False
            assert answer.status_code in {204, 409}, answer.text

    async def _finished(self, paper: Paper, address: str) -> dict[str, Any]:
        said = paper.said | {"upload_id": address.rpartition("/")[2]}
        headers = {"Content-Type": "application/json"}
        body = json.dumps(said, ensure_ascii=False).encode()
        answer = await self._until_answered("POST", f"/v1/dossiers/{paper.dossier}/documents", body, headers)
        assert answer.status_code in {200, 201}, answer.text
        kept: dict[str, Any] = answer.json()
        return kept

    async def _until_answered(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """The first answer that is not 429 or 5xx; the same request again until then."""
        while True:
            await self.door.up.wait()
            try:
                known = {"Content-Length": str(len(body))} | (headers or {})
                answer = await self.client.request(method, path, content=_blocks(body), headers=known)
            except httpx.TransportError as error:
                self.trouble[type(error).__name__] += 1
                # The door may die a moment before it is said to be down.
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR and answer.status_code != 429:
                return answer
            self.trouble[str(answer.status_code)] += 1
            await asyncio.sleep(float(answer.headers.get("Retry-After", _BUSY_SECONDS)))

    async def lost(self, papers: Sequence[Paper]) -> list[str]:
        """What is wrong with what was kept: papers that are not there once, as they were handed over."""
        wrong = []
        held: Counter[tuple[str, str]] = Counter()
        for dossier in sorted({paper.dossier for paper in papers}):
            answer = await self.client.get(f"/v1/dossiers/{dossier}/documents")
            held.update((dossier, item["sha256"]) for item in answer.json()["items"])
        for paper in papers:
            if held.pop((paper.dossier, paper.sha256), 0) != 1:
                wrong.append(f"{paper.seed}: not there exactly once")
            elif await self.read(f"{self.kept[paper.sha256]['address']}/file") != paper.sha256:
                wrong.append(f"{paper.seed}: other bytes")
        return wrong + [f"{sha256}: nobody handed it over" for _, sha256 in held]

    async def read(self, path: str, headers: Mapping[str, str] | None = None) -> str:
        """What the bytes at an address hash to."""
        found = hashlib.sha256()
        async with self.client.stream("GET", path, headers=headers) as answer:
            assert answer.is_success, await answer.aread()
            async for block in answer.aiter_bytes():
                found.update(block)
        return found.hexdigest()


@asynccontextmanager
async def scanners(door: Door, token: str, connections: int = 20) -> AsyncIterator[Scanners]:
    """Scanners with a token for a door."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    client = httpx.AsyncClient(
        base_url=door.url,
        headers={"Authorization": f"Bearer {token}"},
        transport=AiohttpTransport(limits=limits),
        timeout=_TIMEOUT,
        trust_env=False,
    )
    async with client:
        yield Scanners(door, client)
