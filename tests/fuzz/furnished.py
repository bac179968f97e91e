"""A gateway with something of everything in it: what an address or a body of a test may name is there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from app.domain.access import Scope
from app.main import create_app
from app.reference.rules import AnomalyAction, AnomalyKind
from app.store.session import Database
from app.tlog import create_key_file
from app.usecases import clients, tokens
from app.usecases.access_tokens import KeyFiles
from app.usecases.context import Context, OncePolicy, TokenPolicy
from app.vault import LocalVault
from connectors.base import Rejected
from connectors.national_store import HeldFile, HeldPaper
from connectors.testing import InMemoryConnector
from connectors.testing_population import InMemoryPopulation
from schemas.persons import PersonField
from tests import papers_world
from tests.asking import rule
from tests.logging_world import COSIGNER, SIGNER, policy, sequence_all
from tests.papers_world import COMPONENT, OWNER, PUBLIC, RESULT, form, metadata, paper
from tests.worlds import code, dossier_body, drain, settings, step_body

NUMBER, NAME, BIRTH = "003190123456", "H'Bia Niê", "1990-05-02"
WITNESSED = "log.example/h16"
OPEN = {"unit": "H15.50", "officer": "cb.hotich.01", "dossier": code(1)}
_FORM, _FORM_PROCEDURE = "CT01-XACNHAN-1", "1.010041"


@dataclass
class Furnished:
    """The application, a token and a client's secret that let in everywhere, and what its addresses may name."""

    app: FastAPI
    context: Context
    connector: InMemoryConnector
    token: str
    client_secret: str
    ids: dict[str, Any] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """What lets in."""
        return {"Authorization": f"Bearer {self.token}"}

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client on the door; what the application raises it has answered before."""
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://door.test", headers=self.headers) as client:
            yield client


def context_on(database: Database, root: Path) -> tuple[Context, InMemoryConnector]:
    """A context in which nothing is switched off, on the shipped fakes."""
    connector, population = InMemoryConnector(), InMemoryPopulation()
    person = {PersonField.NUMBER: NUMBER, PersonField.FULL_NAME: NAME, PersonField.BIRTH_DATE: BIRTH}
    population.hold(person)
    world = papers_world.make(database, root / "documents", vault=LocalVault(root / "documents"), connector=connector)
    held = HeldPaper(RESULT, "Giấy khai sinh", "77/2020", "UBND xã Mẫu", (HeldFile("ks.pdf", "/tep/1"),))
    world.store.hold(NUMBER, held, {"/tep/1": paper("from the nation")})
    create_key_file(root / "token-key", "tokens")
    # Listed and never locked: a lock would end what the other questions are for.
    watched = replace(world.context.rules, anomalies=(rule(AnomalyKind.REPEATED_MISMATCH, 2, AnomalyAction.LIST),))
    log = policy(age_max_seconds=86400.0, witnessed={WITNESSED: (SIGNER.verifier,)}, cosigner=COSIGNER)
    return replace(
        world.context,
        population=population,
        once=OncePolicy(unit_calls_per_second=0, officer_calls_per_day=0),
        rules=watched,
        log=log,
        access=TokenPolicy(PUBLIC, KeyFiles(root / "token-key", root / "token-key.pub")),
    ), connector


async def furnish(database: Database, root: Path, **chosen: Any) -> Furnished:
    """Fill a gateway through its own door; ``chosen`` are settings."""
    context, connector = context_on(database, root)
    # A test asks more often than people do.
    unbounded = settings(
        "sqlite:///unused.sqlite3", caller_requests_per_minute=0, address_requests_per_minute=0, **chosen
    )
    app = create_app(unbounded, context)
    scopes = frozenset(Scope)
    token = await tokens.create(context, name="all", agency="H15", scopes=scopes, by="test")
    secret = await clients.create(context, name="software", agency="H15", scopes=scopes, by="test")
    made = Furnished(app, context, connector, token, secret)
    async with made.client() as client:
        made.ids |= await _dossiers(made, client)
        made.ids |= await _papers(client)
        made.ids |= await _questions(client)
        made.ids |= await _operations(client)
        why = {"reason": "theo yêu cầu", "legal_basis": "Luật 91/2025/QH15"}
        asked = await _done(client.post(f"/v1/subjects/{made.ids['subject_id']}/erasure", json=why))
        # Nothing here is old enough for a run.
        made.ids |= {"erasure": asked["id"], "run_id": 1}
        await sequence_all(context)
        (entry,) = (await _get(client, "/v1/audit?kind=received&limit=1"))["items"]
        subject = f"/v1/subjects/{made.ids['subject_id']}/disclosures"
        (told,) = (await _get(client, f"{subject}?limit=1"))["items"]
    return replace(made, ids=made.ids | {"audit_id": entry["id"], "entry": told["id"]})


async def _dossiers(made: Furnished, client: httpx.AsyncClient) -> dict[str, Any]:
    made.connector.script(Rejected("7", "MaHoSo: không hợp lệ", "MaHoSo"), dossier=code(2))
    for number, procedure in ((1, "1.000110"), (2, "1.000110"), (3, _FORM_PROCEDURE)):
        body = dossier_body(procedure={"code": procedure})
        await _done(client.put(f"/v1/dossiers/{code(number)}", json=body))
    await _done(client.post(f"/v1/dossiers/{code(1)}/steps", json=step_body()))
    await drain(made.context)
    refused = (await _get(client, f"/v1/deliveries?dossier={code(2)}"))["items"]
    return {"code": code(1), "delivery_id": refused[0]["id"]}


async def _papers(client: httpx.AsyncClient) -> dict[str, Any]:
    address = f"/v1/dossiers/{code(1)}/documents"
    kept = await _done(client.post(address, files=form(metadata(owner=OWNER), paper("a"))))
    other = await _done(client.post(address, files=form(metadata("component", owner=OWNER), paper("b"))))
    question = OPEN | {"owner": OWNER, "component_code": COMPONENT, "result_codes": [RESULT]}
    looked = await _done(client.post("/v1/documents/lookup", json=question))
    upload = await _done(client.post("/v1/uploads", headers={"Upload-Length": "1000"}))
    subject = await _done(client.post("/v1/subjects", json=OWNER))
    return {
        "document_id": kept["id"],
        "by_document": other["id"],
        "lookup_id": looked["id"],
        "upload_id": upload["id"],
        "subject_id": subject["id"],
        "capability": kept["link"]["url"].rpartition("/")[2],
    }


async def _questions(client: httpx.AsyncClient) -> dict[str, Any]:
    facts = OPEN | {"purpose": "Tiếp nhận hồ sơ", "full_name": NAME, "birth_date": BIRTH}
    person = facts | {"dossier_code": code(1), "number": NUMBER}
    del person["dossier"]
    for _ in range(3):
        await _done(client.post("/v1/persons/verify", json=person | {"birth_date": "1990-05-03"}))
    items = [{"field": "permanent_address", "grounds": "inaccurate", "reason": "sai"}, {"component_code": COMPONENT}]
    check = facts | {"procedure": "1.000110", "subject": OWNER, "items": items, "national": False}
    checked = await _done(client.post("/v1/once-only/check", json=check))
    filled = await _done(client.post("/v1/prefill", json=facts | {"form": _FORM, "subject": OWNER, "dossier": code(3)}))
    (anomaly,) = (await _get(client, "/v1/anomalies"))["items"][:1]
    reported = (await _get(client, "/v1/discrepancies"))["items"]
    return {
        "check_id": checked["id"],
        "prefill_id": filled["id"],
        "anomaly_id": anomaly["id"],
        "discrepancy_id": reported[0]["id"] if reported else "0" * 32,
        "officer": OPEN["officer"],
    }


async def _operations(client: httpx.AsyncClient) -> dict[str, Any]:
    hook = await _done(
        client.post("/v1/webhooks", json={"url": "https://mot-cua.example/tin", "kinds": ["delivery.delivered"]})
    )
    hold = await _done(client.post("/v1/targets/portal/holds", json={"reason": "bảo trì", "procedure": "1.000110"}))
    asked = {"selection": {"procedure": "1.004194"}, "note": "Cổng đã mở lại", "dry_run": False}
    replayed = await _done(client.post("/v1/replays", json=asked, headers={"Idempotency-Key": "k-1"}))
    return {
        "webhook_id": hook["id"],
        "hold_id": hold["id"],
        "replay_id": replayed["id"],
        "key": "portal",
        "unit": "H15.50",
        "name": "forms",
        "level": "0",
        "place": "000.p/1",
    }


async def _done(call: Any) -> dict[str, Any]:
    answer: httpx.Response = await call
    assert answer.is_success, (answer.request.url, answer.text)
    found: dict[str, Any] = answer.json()
    return found


async def _get(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    return await _done(client.get(address))
