"""What the contract tests share: real payloads as parcels, settings that fit the mock, the mock in this process."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from connectors.base import Kind, Parcel
from connectors.portal import DossierFacts, PortalSettings, Profile, encode_dossier, encode_step
from mock_national.app import create_app
from mock_national.settings import Settings
from schemas.provincial import DossierIn, StepIn

FACTS = DossierFacts("Thủ tục đăng ký khai sinh", "G15-TP07", "Hộ tịch", "UBND phường Mẫu")
AT = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
FORWARD = "XrdAdapter/RestService/forward"


def portal_settings(base: str, **changes: Any) -> PortalSettings:
    """The account and address of the mock at ``base``."""
    usual: dict[str, Any] = {
        "adapter_url": f"{base}/{FORWARD}",
        "username": "000.00.00.H15",
        "password": "mock-only-password",
        "unit_code": "H15",
        "share_path": "mapi/share",
        "integration_path": "mapi/integration",
    }
    return PortalSettings(**(usual | changes))


def a_code(number: int = 1) -> str:
    """A dossier code."""
    return f"H15.16-260701-{number:04d}"


def a_dossier(**changes: object) -> DossierIn:
    """A valid dossier."""
    body: dict[str, object] = {
        "revision": 1,
        "procedure": {"code": "1.001193"},
        "receiving_unit": "H15.16",
        "applicant": {
            "kind": "citizen",
            "full_name": "Nguyễn Thị Bịa",
            "identities": [{"kind": "personal_number", "number": "003190123456"}],
        },
        "summary": "Đăng ký khai sinh",
        "channel": "online",
        "status": "received",
        "submitted_at": AT,
        "received_at": AT + timedelta(minutes=5),
    }
    return DossierIn.model_validate(body | changes)


def a_step(place: int = 1, **changes: object) -> StepIn:
    """A valid step; ``place`` sets its id, its words and its minute."""
    body: dict[str, object] = {
        "step_id": f"s{place}",
        "officer_name": "Trần Văn Mẫu",
        "content": f"Bước {place}",
        "status": "processing",
        "processed_at": AT + timedelta(minutes=place),
    }
    return StepIn.model_validate(body | changes)


def dossier_parcel(number: int = 1, *, known: bool = False, profile: Profile = Profile.V2, **changes: object) -> Parcel:
    """A dossier on its way."""
    payload = encode_dossier(a_code(number), a_dossier(**changes), FACTS, profile)
    return Parcel(number, Kind.DOSSIER, a_code(number), payload, known, f"c-{number}")


def step_parcel(number: int = 1, place: int = 1, **changes: object) -> Parcel:
    """A step on its way."""
    payload = encode_step(a_code(number), a_step(place, **changes))
    return Parcel(1000 * number + place, Kind.STEP, a_code(number), payload, known=True, correlation_id="c")


@asynccontextmanager
async def in_process(folder: Path, **choices: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Starlette]]:
    """The mock in this process, without a socket."""
    app = create_app(Settings(database=str(folder / "mock.sqlite3"), people_count=200, **choices))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mock.test") as client:
        yield client, app
    app.state.store.close()


async def arm(client: httpx.AsyncClient, **fault: object) -> None:
    """Arm a fault in the mock behind ``client``."""
    response = await client.post("/__admin/faults", json=fault)
    assert response.status_code == 201, response.text


async def mock_ledger(client: httpx.AsyncClient) -> list[tuple[str, str, Mapping[str, Any]]]:
    """What the mock took, in order: kind, dossier, data."""
    response = await client.get("/__admin/ledger")
    lines = [json.loads(line) for line in response.text.splitlines()]
    return [
        (line["kind"], line["dossier"], json.loads(line["data"]) if isinstance(line["data"], str) else line["data"])
        for line in lines
    ]
