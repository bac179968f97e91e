"""Worlds with documents: a context with a vault, an examiner and the shipped fakes; papers to hand over.

``QuickExaminer`` believes what a paper says of itself; ``TrueExaminer`` opens it and judges its real signatures, in
this process: what a child process adds has tests of its own.
"""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import httpx
from fastapi import FastAPI
from sqlalchemy import select, text

from app.api import document_shapes
from app.demo.authority import Authority
from app.demo.signing import Signing, simple_pdf
from app.domain.access import Scope
from app.domain.documents import (
    MEDIA_TYPES,
    FileFault,
    FileKind,
    Judged,
    Role,
    Signature,
    SignerKind,
    Verdict,
)
from app.main import create_app
from app.papers import Examined, FileRefused, Limits
from app.papers.examine import examine
from app.papers.signatures import judge
from app.papers.trust import Trust, load_trust
from app.store.session import Database
from app.store.tables import messages
from app.usecases import keep_document, tokens
from app.usecases.context import Context, Examiner, Files, PaperPolicy
from app.usecases.health import Doctor
from app.usecases.publish import publish
from app.vault import LocalVault, Vault
from connectors.base import Connector
from connectors.testing_documents import FakeNationalStore, FakeProber, FakeScanner
from schemas.documents import DocumentIn
from tests.factories import NOW
from tests.worlds import CALLER, code, context_of, settings

PROCEDURE = "1.000110"
RESULT = "KQ.G15.000031"
COMPONENT, OTHER_COMPONENT = "000.00.00.G15-KQ003316", "000.00.00.G15-KQ002906"
PUBLIC = "https://giayto.h15.example"
JUDGED_BY: dict[str, object] = {"fingerprint": "f" * 64}
NUMBER = "003190123456"
OWNER = {"kind": "personal_number", "number": NUMBER}
_STARTS = {b"%PDF": FileKind.PDF, b"<xml": FileKind.XML, b"\x89PNG": FileKind.PNG}


def paper(words: str = "a", verdict: str = "VALID") -> bytes:
    """A paper that the quick examiner takes, and whose signatures it calls so."""
    return f"%PDF-1.7\n{verdict}\n{words}\n".encode()


def sha256_of(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def signature(verdict: Verdict = Verdict.VALID, kind: SignerKind = SignerKind.PERSON) -> Signature:
    """One signature."""
    return Signature(
        field="Signature1",
        signer="Nguyễn Văn Mẫu",
        agency=None,
        kind=kind,
        verdict=verdict,
        reason="said so",
        signed_at=NOW,
        time_stamped=False,
        time_stamp_by=None,
        covers_whole_file=True,
        later_changes=None,
        certificate_sha256="0" * 64,
        issuer="CA Mẫu",
        valid_from=NOW,
        valid_to=NOW,
        revocation="unchecked",
    )


@dataclass
class QuickExaminer:
    """Reads kind, fault and verdict from a paper's own words. ``changed`` says what a verdict has become since."""

    changed: dict[str, str] = field(default_factory=dict)
    examined: int = 0
    error: Exception | None = None

    async def examine(self, file: BinaryIO, role: Role, at: datetime) -> tuple[Examined, Judged]:
        """As in ``Examiner``; a paper that begins with ``REFUSE`` names its fault."""
        self.examined += 1
        content = file.read()
        if content.startswith(b"REFUSE "):
            raise FileRefused(FileFault(content.split()[1].decode()), "it says so itself")
        kind = _STARTS.get(content[:4])
        if kind is None:
            raise FileRefused(FileFault.UNKNOWN_TYPE, "no kind of file that is known")
        if role is Role.RESULT and kind is FileKind.PNG:
            raise FileRefused(FileFault.TYPE_NOT_ALLOWED, "a picture is no result")
        found = Examined(kind, MEDIA_TYPES[kind], 1, len(content))
        file.seek(0)
        return found, await self.judge(file, at) if kind is FileKind.PDF else Judged()

    async def judge(self, file: BinaryIO, at: datetime) -> Judged:
        """As in ``Examiner``."""
        assert at.tzinfo is not None
        if self.error is not None:
            raise self.error
        file.seek(0)
        said = file.read().split()[1].decode()
        match self.changed.get(said, said):
            case "UNSIGNED":
                return Judged((), JUDGED_BY)
            case "INCOMPLETE":
                return Judged((signature(),), JUDGED_BY)
            case verdict:
                return Judged((signature(Verdict(verdict)), signature(kind=SignerKind.AGENCY)), JUDGED_BY)

    async def aclose(self) -> None:
        """Hold nothing open."""


@dataclass
class TrueExaminer:
    """Opens papers and judges their signatures as the bench does."""

    trust: Trust

    async def examine(self, file: BinaryIO, role: Role, at: datetime) -> tuple[Examined, Judged]:
        """As in ``Examiner``."""
        found = await asyncio.to_thread(examine, file, Limits(), role)
        return found, await self.judge(file, at) if found.kind is FileKind.PDF else Judged()

    async def judge(self, file: BinaryIO, at: datetime) -> Judged:
        """As in ``Examiner``."""
        file.seek(0)
        return Judged(await asyncio.to_thread(judge, file, self.trust, at), self.trust.described())

    async def aclose(self) -> None:
        """Hold nothing open."""


@cache
def authority() -> Authority:
    """The throw-away authority of the session."""
    return Authority.make(NOW)


@cache
def samples() -> dict[str, bytes]:
    """One really signed paper for each verdict; made once, outside of any loop."""
    return Signing(authority()).samples()


@cache
def trust(*, is_ours: bool = True) -> Trust:
    """Trust in the authority; or in another one, which trusts nobody of ours."""
    chosen = authority() if is_ours else Authority.make(NOW)
    with tempfile.TemporaryDirectory() as folder:
        return load_trust(chosen.write_trust(Path(folder)))


def plain_pdf(seed: str) -> bytes:
    """A real PDF without a signature."""
    return simple_pdf(["A scanned paper"], seed)


@cache
def _app() -> FastAPI:
    """One application for all tests: making it costs more than most of them."""
    return create_app(settings(), context_of(Database("sqlite:///unused.sqlite3")))


@asynccontextmanager
async def door(context: Context, scopes: Iterable[str] = tuple(Scope)) -> AsyncIterator[httpx.AsyncClient]:
    """As ``tests.worlds.door``, on the one application; doors that are open side by side share a context."""
    wanted = frozenset(Scope(scope) for scope in scopes)
    name = f"test-{'-'.join(sorted(wanted))}"
    token = await tokens.create(context, name=name, agency="H15", scopes=wanted, by="test")
    app = _app()
    app.state.context, app.state.doctor = context, Doctor(context)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test", headers=headers) as client:
        yield client


@dataclass
class World:
    """A context with a document store, and hands on all that is around it."""

    context: Context
    root: Path
    vault: Vault
    examiner: Examiner
    prober: FakeProber
    scanner: FakeScanner
    store: FakeNationalStore

    @property
    def quick(self) -> QuickExaminer:
        """The quick examiner."""
        assert isinstance(self.examiner, QuickExaminer)
        return self.examiner

    def objects(self) -> list[str]:
        """Hashes of what lies in the vault."""
        return sorted(path.name for path in (self.root / "objects").rglob("*") if path.is_file())

    def damage(self, sha256: str) -> None:
        """Change a byte of an object behind the vault's back."""
        path = self.root / "objects" / sha256[:2] / sha256[2:4] / sha256
        path.chmod(0o640)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(bytes(content))

    async def publish(self) -> int:
        """Try the links whose turn it is."""
        return await publish(self.context, "w-1")

    async def newest(self, number: int = 1) -> dict[str, Any]:
        """The newest promise of a dossier, as it would go over the wire."""
        wanted = select(messages.c.payload).where(
            messages.c.dossier_code == code(number), messages.c.kind == "dossier", messages.c.target == "portal"
        )
        async with self.context.database.read() as session:
            rows = await session.rows(wanted.order_by(messages.c.id.desc()).limit(1))
        found: dict[str, Any] = json.loads(rows[0][0])
        return found

    async def promises(self, number: int = 1) -> int:
        """How many promises there are of a dossier."""
        wanted = select(messages.c.id).where(messages.c.dossier_code == code(number), messages.c.kind == "dossier")
        async with self.context.database.read() as session:
            return len(await session.rows(wanted))

    async def rows(self, statement: str, **parameters: object) -> list[Any]:
        """What the database says to a question in SQL."""
        async with self.context.database.read() as session:
            return list(await session.rows(text(statement), dict(parameters)))


def make(
    database: Database,
    root: Path,
    *,
    examiner: Examiner | None = None,
    vault: Vault | None = None,
    connector: Connector | None = None,
    scanned: bool = False,
    national: bool = True,
    **policy: Any,
) -> World:
    """A world on a database; ``policy`` are fields of ``PaperPolicy``."""
    world = World(
        context=None,  # type: ignore[arg-type]
        root=root,
        vault=vault or LocalVault(root),
        examiner=examiner or QuickExaminer(),
        prober=FakeProber(),
        scanner=FakeScanner(),
        store=FakeNationalStore(),
    )
    files = Files(
        vault=world.vault,
        examiner=world.examiner,
        prober=world.prober,
        scanner=world.scanner if scanned else None,
        national_store=world.store if national else None,
    )
    world.context = context_of(database, connector, files=files, papers=PaperPolicy(public_url=PUBLIC, **policy))
    return world


def metadata(role: str = "result", **changes: Any) -> dict[str, Any]:
    """What is said of a result or a component; ``None`` leaves a field out."""
    said: dict[str, Any] = {
        "role": role,
        "code": RESULT if role == "result" else COMPONENT,
        "title": "Giấy khai sinh" if role == "result" else "Tờ khai đăng ký khai sinh",
        "number_symbol": "215/2026",
        "issuing_body": "UBND phường Buôn Ma Thuột",
        "issued_on": "2026-07-02",
        "scope": "Toàn quốc",
        "source": "electronic",
        "owner": OWNER,
        "owner_name": "H'Bia Niê",
    }
    if role == "component":
        said |= {"source": "scanned", "digitised_by": "Trần Thị Mẫu", "number_symbol": None}
    return {name: value for name, value in (said | changes).items() if value is not None}


def form(said: dict[str, Any], content: bytes, name: str = "giay-to.pdf") -> list[tuple[str, Any]]:
    """The parts of a form, for ``httpx``."""
    return [
        ("metadata", (None, json.dumps(said, ensure_ascii=False), "application/json")),
        ("file", (name, content, "application/pdf")),
    ]


async def post(
    client: httpx.AsyncClient, said: dict[str, Any], content: bytes, number: int = 1, name: str = "giay-to.pdf"
) -> httpx.Response:
    """Hand a document over."""
    return await client.post(f"/v1/dossiers/{code(number)}/documents", files=form(said, content, name))


async def give(
    client: httpx.AsyncClient, said: dict[str, Any], content: bytes, number: int = 1, name: str = "giay-to.pdf"
) -> dict[str, Any]:
    """Hand a document over that must be kept."""
    answer = await post(client, said, content, number, name)
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


async def keep(world: World, said: dict[str, Any], content: bytes, number: int = 1) -> dict[str, Any]:
    """Hand a document over without a door; it is given as the door shows it."""
    facts = keep_document.facts_of(DocumentIn.model_validate_json(json.dumps(said)), "giay-to.pdf")
    with world.vault.scratch() as scratch:
        await scratch.write(content)
        row, _ = await keep_document.keep(world.context, CALLER, code(number), facts, scratch, "c-test")
    return document_shapes.document(world.context, row).model_dump(mode="json")


def path_of(document: dict[str, Any]) -> str:
    """Where a document's link leads on this door."""
    url: str = document["link"]["url"]
    assert url.startswith(f"{PUBLIC}/files/")
    return url.removeprefix(PUBLIC)


async def chunks_of(content: bytes, size: int) -> AsyncIterator[bytes]:
    """Bytes, some at a time."""
    for start in range(0, len(content), size):
        yield content[start : start + size]
