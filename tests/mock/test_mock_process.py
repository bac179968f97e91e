"""The mock as a real process: broken connections, sudden death, orderly end."""

import asyncio
import signal
import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.bounds import AMPLE_SECONDS, BRIEF_SECONDS
from tests.mock.support import Portal, a_code, a_dossier, a_step, come_to_fire, running


@pytest.mark.asyncio
async def test_a_lost_answer_is_applied_but_never_read(tmp_path: Path) -> None:
    async with running(tmp_path / "m.sqlite3") as mock, mock.client() as client:
        portal = Portal(client)
        await portal.log_in()
        await portal.insert(a_dossier())
        await portal.arm(system="portal", service="CapNhatTienDoHoSoMC", kind="lost_answer")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await portal.steps(a_step())
        assert [line["kind"] for line in await portal.ledger()] == ["insert", "step"]
        await portal.arm(system="portal", kind="reset")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await portal.steps(a_step())
        assert [line["kind"] for line in await portal.ledger()] == ["insert", "step"]
        assert (await portal.steps(a_step()))["error_code"] == "0"


@pytest.mark.asyncio
async def test_a_hang_ends_when_the_client_leaves(tmp_path: Path) -> None:
    async with running(tmp_path / "m.sqlite3") as mock, mock.client() as client:
        portal = Portal(client)
        await portal.log_in()
        await portal.arm(system="portal", kind="hang")
        call = asyncio.ensure_future(portal.insert(a_dossier()))
        await come_to_fire(client)
        answered, _ = await asyncio.wait([call], timeout=BRIEF_SECONDS)
        assert not answered
        call.cancel()
        await asyncio.wait([call])
        assert (await portal.insert(a_dossier()))["error_code"] == "0"


@pytest.mark.asyncio
async def test_what_was_acknowledged_survives_sigkill(tmp_path: Path) -> None:
    database = tmp_path / "m.sqlite3"
    async with running(database) as mock, mock.client() as client:
        first = Portal(client)
        await first.log_in()
        for serial in range(50):
            assert (await first.insert(a_dossier(serial)))["error_code"] == "0"
        await mock.kill()
    async with running(database) as mock, mock.client() as client:
        second = Portal(client)
        second.session = first.session
        assert [line["dossier"] for line in await second.ledger()] == [a_code(serial) for serial in range(50)]
        assert (await second.insert(a_dossier(7)))["error_code"] == "3"


@pytest.mark.asyncio
async def test_sigterm_ends_it_in_order(tmp_path: Path) -> None:
    database = tmp_path / "m.sqlite3"
    async with running(database, "--profile", "v1.4", "--no-admin") as mock:
        async with mock.client() as client:
            assert (await client.get("/__admin/state")).status_code == 404
        mock.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(mock.process.wait(), AMPLE_SECONDS) == 0
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
