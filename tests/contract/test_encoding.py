"""An outsider's field rules take whatever the door takes and we encode, in both generations of the interface."""

import asyncio
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from connectors.base import Accepted, Kind, Knowledge, Parcel
from connectors.portal import PortalConnector, Profile, encode_dossier, encode_step
from mock_national.app import create_app
from mock_national.settings import Settings
from schemas.provincial import DossierIn, StepIn
from tests.contract.support import a_code, mock_ledger, portal_settings
from tests.unit.connectors.records import FACTS, dossiers, steps

Batch = list[tuple[DossierIn, list[StepIn]]]


@pytest.fixture(params=[Profile.V1_4, Profile.V2])
def profile(request: pytest.FixtureRequest) -> Profile:
    """Each generation of the interface."""
    found: Profile = request.param
    return found


@pytest.fixture
def mock(profile: Profile, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    """A mock of that generation."""
    database = tmp_path_factory.mktemp("mock") / "mock.sqlite3"
    generation: Literal["v1.4", "v2"] = "v2" if profile is Profile.V2 else "v1.4"
    app = create_app(Settings(database=str(database), profile=generation, people_count=0))
    yield app
    app.state.store.close()


async def _hand_in(mock: Starlette, profile: Profile, batch: Batch) -> None:
    parcels, progress = [], []
    for number, (dossier, following) in enumerate(batch, 1):
        code = a_code(number)
        payload = encode_dossier(code, dossier, FACTS, profile)
        parcels.append(Parcel(number, Kind.DOSSIER, code, payload, known=False, correlation_id="c"))
        wires = [encode_step(code, step) for step in following]
        progress += [Parcel(0, Kind.STEP, code, wire, known=True, correlation_id="c") for wire in wires]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(mock), base_url="http://mock.test") as client:
        await client.post("/__admin/reset")
        connector = PortalConnector(portal_settings("http://mock.test", profile=profile), client)
        for lot in filter(None, (parcels, progress)):
            sent = await connector.send(lot)
            assert all(isinstance(outcome, Accepted) for outcome in sent.outcomes), sent.outcomes[0]
        assert len(await mock_ledger(client)) == len(parcels) + len(progress)
        for parcel in parcels:
            mine = [parcel, *(step for step in progress if step.dossier_code == parcel.dossier_code)]
            probed = await connector.probe(parcel.dossier_code, mine)
            assert probed.knowledge == (Knowledge.HOLDS,) * len(mine)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(batch=st.lists(st.tuples(dossiers(), st.lists(steps(), max_size=2)), min_size=1, max_size=3))
def test_the_mock_takes_and_holds_what_we_encode(mock: Starlette, profile: Profile, batch: Batch) -> None:
    asyncio.run(_hand_in(mock, profile, batch))
