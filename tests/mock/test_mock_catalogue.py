"""The fault catalogue: every kind can be armed and is documented, every scenario loads, arms and fires."""

import re
from pathlib import Path

import httpx
import pytest
import yaml

from mock_national.drop import ConnectionDropped
from mock_national.kinds import ALL, BAD_ITEM_KINDS, BOTH, KINDS, PORTAL, SYSTEMS
from tests.mock.support import FORWARD, PROVIDER, Portal, a_code, a_dossier, a_step

ROOT = Path(__file__).parents[2] / "mock_national"
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
REFUSING = ("unknown_code", "wrong_unit", "http_429", "http_429_retry_after", "http_503", "http_503_retry_after")
SILENT = ("lost_answer", "reset_after", "reset_before", "connection_refused")
DRESSES = ("code_00", "code_int", "code_missing", "json_in_string", "slow_body", "drip")


def documented() -> dict[str, str]:
    rows = re.findall(
        r"^\| (`[a-z0-9_`, ]+`) \| (all|both|portal) \|.*\|.*\|$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
    )
    return {kind: systems for kinds, systems in rows for kind in re.findall(r"`(\w+)`", kinds)}


def kinds_of(path: Path) -> list[str]:
    return [fault["kind"] for fault in yaml.safe_load(path.read_text("utf-8"))["faults"]]


def test_every_kind_is_documented_with_the_systems_it_makes_sense_for() -> None:
    words = {ALL: "all", BOTH: "both", PORTAL: "portal"}
    assert set(SYSTEMS) == ALL
    assert documented() == {name: words[kind.systems] for name, kind in KINDS.items()}


def test_at_least_a_dozen_scenarios_are_shipped_and_each_names_what_was_observed() -> None:
    assert len(SCENARIOS) >= 12
    for path in SCENARIOS:
        scenario = yaml.safe_load(path.read_text("utf-8"))
        assert scenario["name"] == path.stem
        assert re.search(r"(portal|peers|population)\.md", scenario["observed"]), path.stem
        assert scenario["faults"]


@pytest.mark.asyncio
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
async def test_a_scenario_arms_all_its_faults(portal: Portal, path: Path) -> None:
    response = await portal.client.post("/__admin/scenario", json={"name": path.stem})
    assert response.status_code == 201, response.text
    armed = (await portal.client.get("/__admin/faults")).json()["faults"]
    assert [fault["kind"] for fault in armed] == kinds_of(path)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body", [{"name": "no-such"}, {"yaml": "faults: [{system: portal, kind: earthquake}]"}, {"yaml": ": :"}, {}]
)
async def test_a_wrong_scenario_is_refused_and_arms_nothing(portal: Portal, body: dict[str, str]) -> None:
    response = await portal.client.post("/__admin/scenario", json=body)
    assert response.status_code in {400, 404}
    assert response.json()["error"]
    assert (await portal.client.get("/__admin/faults")).json()["faults"] == []


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", REFUSING)
async def test_what_refuses_applies_nothing_and_is_counted(portal: Portal, kind: str) -> None:
    await portal.arm(
        system="portal", kind=kind, service="DongBoHoSoMC", **({"retry_after_seconds": 3} if "retry" in kind else {})
    )
    response = await _push(portal)
    assert response.status_code == (int(kind[5:8]) if kind.startswith("http_") else 200)
    assert ("retry-after" in response.headers) is kind.endswith("retry_after")
    assert await portal.ledger() == []
    assert (await portal.client.get("/__admin/fired")).json()["by_kind"] == {kind: 1}
    assert (await portal.insert(a_dossier()))["error_code"] == "0"


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", SILENT)
async def test_what_gives_no_answer_is_applied_only_where_it_says_so(portal: Portal, kind: str) -> None:
    await portal.arm(system="portal", kind=kind, delay_ms=1)
    with pytest.raises((ConnectionDropped, httpx.TransportError)):
        await _push(portal)
    applied = [line["dossier"] for line in await portal.ledger()]
    assert applied == ([a_code()] if KINDS[kind].applied else [])


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", DRESSES)
async def test_another_dress_is_the_true_answer_and_it_is_applied(portal: Portal, kind: str) -> None:
    await portal.arm(system="portal", kind=kind, service="DongBoHoSoMC", delay_ms=5)
    text = (await _push(portal)).text
    assert "thành công" in text
    assert [line["dossier"] for line in await portal.ledger()] == [a_code()]
    assert ("error_code" in text) is (kind != "code_missing")


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", sorted(BAD_ITEM_KINDS))
async def test_one_bad_item_in_an_array_under_each_policy(portal: Portal, kind: str) -> None:
    await portal.arm(system="portal", kind=kind, dossier=a_code(2))
    answer = await portal.insert(a_dossier(1), a_dossier(2), a_dossier(3))
    assert answer["error_code"] != "0"
    taken = [line["dossier"] for line in await portal.ledger()]
    assert taken == ([] if kind == "bad_item_whole" else [a_code(1), a_code(3)])
    if kind == "bad_item_per_item":
        assert [item["error_code"] for item in answer["result"]] == ["0", "9", "0"]
    else:
        assert "result" not in answer


@pytest.mark.asyncio
async def test_a_session_ends_in_mid_batch(portal: Portal) -> None:
    await portal.insert(a_dossier())
    await portal.arm(system="portal", kind="session_expired", service="CapNhatTienDoHoSoMC", after_calls=1)
    assert (await portal.steps(a_step(1)))["error_code"] == "0"
    assert "phiên" in (await portal.steps(a_step(1)))["message"]


@pytest.mark.asyncio
async def test_a_seed_decides_which_calls_fail(portal: Portal) -> None:
    async def pattern() -> list[str]:
        await portal.client.delete("/__admin/faults")
        await portal.arm(system="portal", kind="unknown_code", service="TraCuuHoSo", times=50, probability=0.5, seed=7)
        return [(await _look_up(portal)).json()["error_code"] for _ in range(12)]

    first = await pattern()
    assert set(first) == {"0", "77"}
    assert await pattern() == first


@pytest.mark.asyncio
async def test_a_procedure_that_was_closed_over_night_is_refused_until_it_is_cleared(portal: Portal) -> None:
    await portal.arm(system="portal", kind="code_table_changed", procedure=a_dossier()["MaTTHC"])
    assert (await portal.insert(a_dossier()))["error_code"] != "0"
    await portal.client.delete("/__admin/faults")
    assert (await portal.insert(a_dossier()))["error_code"] == "0"


async def _push(portal: Portal) -> httpx.Response:
    return await _call(portal, {"service": "DongBoHoSoMC", "isUpdating": "False", "data": [a_dossier()]})


async def _look_up(portal: Portal) -> httpx.Response:
    return await _call(portal, {"service": "TraCuuHoSo", "mahoso": a_code()})


async def _call(portal: Portal, body: dict[str, object]) -> httpx.Response:
    whole = {"session": portal.session, "madonvi": "H15"} | body
    return await portal.client.post(f"{FORWARD}/integration", json=whole, headers={"dstcode": PROVIDER})
