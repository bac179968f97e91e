"""Drive every door of a gateway whose settings and records hold planted words, and write down all that came out.

Run as a process of its own, so that logs are what a real process writes: ``python -m tests.fuzz.planted_drive FOLDER``.
"""

import asyncio
import base64
import contextlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import observability, tracing
from app.config import load_settings
from app.domain.access import Scope
from app.domain.delivery import PORTAL, Destination, Target
from app.main import create_app
from app.usecases import clients, tokens
from app.usecases.context import Context
from app.usecases.deliver import deliver
from app.usecases.sequence_log import sequence
from app.wiring import build_context, close_context
from tests.fuzz import planted
from tests.papers_world import COMPONENT, RESULT, form, metadata, plain_pdf
from tests.worlds import code, dossier_body, step_body

IDENTITY = {"kind": "personal_number", "number": planted.NUMBER}
_ASKED = {"unit": "H15.50", "officer": "canbo01", "dossier": code(1)}
_SESSION = "gieo-far-session-7f3a"
_SHOWN = (
    "/metrics", "/openapi.json", "/docs", "/v1/deliveries", "/v1/targets", "/v1/events", "/v1/audit", "/v1/contracts",
    "/v1/webhooks", "/v1/persons/queries", "/health/ready", "/v1/sync/summary", "/v1/log", "/log/checkpoint",
)  # fmt: skip


@dataclass
class FarSide:
    """Answers every call with what it was sent, as a careless system does in its error texts."""

    port: int = 0
    calls: list[str] = field(default_factory=list)
    logins: int = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            size = next((line for line in head.lower().split("\r\n") if line.startswith("content-length:")), ":0")
            body = (await reader.readexactly(int(size.partition(":")[2]))).decode()
            self.calls.append(head + body)
            answer = self._answer(head, body).encode()
            status = "200 OK" if b'"error_code"' in answer or b"access_token" in answer else "500 Broken"
            reply = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n"
            writer.write(f"{reply}Connection: close\r\n\r\n".encode() + answer)
            await writer.drain()
        writer.close()

    def _answer(self, head: str, body: str) -> str:
        told = f"{head}{body}"
        count = len(self.calls)
        if "mapi/login" in head or "v1/login" in head:
            # Refused at first with the password in the text, then let in.
            self.logins += 1
            refused = {"error_code": "9", "message": f"sai mật khẩu: {told}"}
            return json.dumps(
                refused if self.logins == 1 else {"error_code": "0", "message": "ok", "session": _SESSION}
            )
        if "oauth2/token" in head:
            return json.dumps({"access_token": _SESSION, "expires_in": 600, "echo": told})
        if count % 2:
            return json.dumps({"error_code": "9", "message": f"lỗi với {told}", "field": told[:200]})
        return told


@dataclass
class Written:
    """What came out, by where."""

    bodies: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def keep(self, place: str, answer: httpx.Response) -> None:
        """Keep one answer."""
        kept = self.problems if answer.is_error else self.bodies
        kept[f"{len(kept)} {place} {answer.status_code}"] = f"{answer.headers} {answer.text}"


async def drive() -> Written:
    """Open the gateway, use it well and badly, and close it."""
    written, far = Written(), FarSide()
    server = await asyncio.start_server(far.take, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    address = f"http://127.0.0.1:{far.port}"
    settings = load_settings(
        portal_adapter_url=f"{address}/adapter",
        population_base_url=address,
        papers_adapter_url=f"{address}/papers",
        caller_requests_per_minute=0,
        address_requests_per_minute=0,
        webhook_plain_http=True,
    )
    observability.configure_logs(settings.log_level, process="planted")
    spans = InMemorySpanExporter()
    tracing.configure(None, process="planted", exporter=spans)
    context = build_context(settings)
    app = create_app(settings, context)
    _add_bug(app)
    try:
        async with app.router.lifespan_context(app):
            await _use(context, app, written, far)
    finally:
        await close_context(context)
        server.close()
        await server.wait_closed()
    written.bodies["spans"] = json.dumps(
        [[span.name, dict(span.attributes or {})] for span in spans.get_finished_spans()]
    )
    written.bodies["settings"] = f"{settings!r} {settings} {context!r}"
    assert far.calls
    return written


def _add_bug(app: FastAPI) -> None:
    async def bug() -> None:
        secret, number = planted.word("local"), planted.NUMBER  # noqa: F841 - a local of a frame that breaks
        message = "boom"
        raise RuntimeError(message)

    app.add_api_route("/v1/bug", bug)


async def _use(context: Context, app: FastAPI, written: Written, far: FarSide) -> None:
    scopes = frozenset(Scope)
    token = await tokens.create(context, name="all", agency="H15", scopes=scopes, by="test")
    secret = await clients.create(context, name="software", agency="H15", scopes=scopes, by="test")
    written.words |= {
        "far session": _SESSION,
        "static token": token,
        "client secret": secret,
        "local": planted.word("local"),
    }
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door.test") as client:
        basic = {"Authorization": f"Basic {base64.b64encode(f'software:{secret}'.encode()).decode()}"}
        given = await client.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=basic)
        written.words["access token"] = given.json()["access_token"].rpartition(".")[2]
        wrong = {"Authorization": f"Basic {base64.b64encode(f'nobody:{secret}'.encode()).decode()}"}
        written.keep("token", await client.post("/oauth/token", data={"grant_type": "x"}, headers=wrong))
        client.headers["Authorization"] = f"Bearer {given.json()['access_token']}"
        await _hand_over(client, written)
        await _ask(client, written)
        hook = {"url": f"http://127.0.0.1:{far.port}/hook", "kinds": ["delivery.delivered"], "system_events": True}
        made = await client.post("/v1/webhooks", json=hook)
        written.words["webhook secret"] = made.json()["secret"].removeprefix("whsec_")
        await client.post(f"{made.json()['address']}/test")
        for _ in range(4):
            await deliver(context, PORTAL, "w-1")
            await deliver(context, Destination(Target.WEBHOOK), "w-1")
            await sequence(context, "w-1")
            await client.get("/v1/targets")
        await _misuse(client, written, token)
        for address in _SHOWN:
            written.keep(address, await client.get(address))


async def _hand_over(client: httpx.AsyncClient, written: Written) -> None:
    applicant = {"kind": "citizen", "full_name": planted.NAME, "identities": [IDENTITY], "phone": planted.PHONE}
    body = dossier_body(applicant=applicant | {"email": planted.EMAIL})
    for number in (1, 2):
        (await client.put(f"/v1/dossiers/{code(number)}", json=body)).raise_for_status()
    step = step_body(officer_name=planted.OFFICER_NAME, content=f"Mời {planted.NAME}, {planted.NUMBER} đến nhận")
    (await client.post(f"/v1/dossiers/{code(1)}/steps", json=step)).raise_for_status()
    written.keep("dossier", await client.put(f"/v1/dossiers/{code(1)}", json=body | {"revision": 0}))
    written.keep("dossier", await client.put(f"/v1/dossiers/{code(1)}", json=body | {"receiving_unit": "H15.999"}))
    wrong = body | {"applicant": applicant | {"identities": [IDENTITY | {"kind": "tax_number"}, planted.NUMBER]}}
    written.keep("dossier", await client.put(f"/v1/dossiers/{code(3)}", json=wrong))
    # A person in the place of something else.
    for key in (planted.NUMBER, f"x-{planted.NUMBER}"):
        written.keep("key", await client.put(f"/v1/dossiers/{code(1)}", json=body | {key: planted.NAME}))
    written.keep("path", await client.put(f"/v1/dossiers/{planted.NUMBER}", json=body))
    written.keep("path", await client.get(f"/v1/dossiers/{planted.NUMBER}"))
    lines = [{"type": "dossier", "code": planted.NUMBER} | body, {"type": "step", "dossier": planted.NAME} | step]
    stream = "\n".join(json.dumps(line) for line in [*lines, {"type": planted.NUMBER}]) + f'\n{{"{planted.NAME}": '
    taken = await client.post("/v1/intake", content=stream.encode())
    written.problems["intake"] = taken.text
    said = metadata(owner=IDENTITY, owner_name=planted.NAME, title=f"Giấy của {planted.NAME}")
    address = f"/v1/dossiers/{code(1)}/documents"
    (await client.post(address, files=form(said, plain_pdf("a"), f"{planted.NAME}.pdf"))).raise_for_status()
    written.keep("document", await client.post(address, files=form(said, b"no file", f"{planted.NAME}.pdf")))
    written.keep("document", await client.post(address, files=form(said | {"sha256": "0"}, b"x")))


async def _ask(client: httpx.AsyncClient, written: Written) -> None:
    person = {"full_name": planted.NAME, "birth_date": planted.BIRTH, "purpose": "Kiểm tra người nộp"}
    question = {"dossier_code": code(1), "officer": "canbo01", "unit": "H15.50", "number": planted.NUMBER} | person
    declared = {"permanent_address": {"detail": planted.STREET}, "father": {"full_name": planted.NAME}}
    for asked in (question, question | {"declared": declared}):
        written.keep("verify", await client.post("/v1/persons/verify", json=asked))
    look = _ASKED | {"owner": IDENTITY, "component_code": COMPONENT, "result_codes": [RESULT]}
    look |= {"requester_name": planted.NAME, "requester_number": planted.OTHER_NUMBER}
    written.keep("lookup", await client.post("/v1/documents/lookup", json=look))
    written.keep("lookup", await client.post("/v1/documents/lookup", json=look | {"unit": planted.NUMBER}))
    check = _ASKED | person | {"procedure": "1.000110", "subject": IDENTITY, "items": [{"field": "phone"}]}
    written.keep("check", await client.post("/v1/once-only/check", json=check))
    written.keep(
        "subject", await client.post("/v1/subjects", json=IDENTITY | {"kind": "tax_number", "x": planted.NAME})
    )


async def _misuse(client: httpx.AsyncClient, written: Written, token: str) -> None:
    written.keep("bug", await client.get("/v1/bug"))
    for bearer in (f"{token}x", f"a.{token}.c", planted.word("portal_password")):
        headers = {"Authorization": f"Bearer {bearer}"}
        written.keep("token", await client.get("/v1/deliveries", headers=headers))
    written.keep("query", await client.get("/v1/deliveries", params={"dossier": planted.NUMBER, "limit": "0"}))
    written.keep("query", await client.get("/v1/audit", params={"since": planted.NUMBER}))
    written.keep("address", await client.get(f"/v1/{planted.NUMBER}"))
    written.keep("body", await client.post("/v1/subjects", content=f'{{"number": "{planted.NUMBER}"'.encode()))


def main() -> None:
    """Write all that came out beside the database."""
    folder = Path(sys.argv[1])
    written = asyncio.run(drive())
    told: dict[str, Any] = {"bodies": written.bodies, "problems": written.problems, "words": written.words}
    (folder / "written.json").write_text(json.dumps(told, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
