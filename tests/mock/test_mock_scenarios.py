"""Scenario files: the shipped ones fire, wrong ones are refused by name."""

import argparse
from pathlib import Path

import pytest

from mock_national.faults import FaultBook
from mock_national.kinds import KINDS
from mock_national.scenarios import SCENARIOS, find_scenario, read_scenario, shipped
from tests.mock.support import Portal, a_dossier, running

FILES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
GOOD = "{name: mine, what: one page, observed: a note, faults: [{system: portal, kind: html_200}]}"


def test_at_least_a_dozen_are_shipped_each_with_its_observation() -> None:
    assert len(FILES) >= 12
    assert list(shipped()) == FILES
    for scenario in shipped().values():
        assert ".md" in scenario.observed, scenario.name


@pytest.mark.parametrize("name", FILES)
def test_every_fault_of_a_shipped_scenario_fires(name: str) -> None:
    for wanted in shipped()[name].faults:
        now = 1_780_000_000.0 // 86_400 * 86_400 + 17 * 3600  # midnight in Viet Nam
        book = FaultBook(lambda now=now: now)  # type: ignore[misc]
        fault = book.arm(dict(wanted))
        service = fault.service or _service(fault.kind, fault.system)
        for _ in range(200):
            at_door = book.take_at_door(fault.system)
            if at_door or book.take(fault.system, service, ("x",), ("1.001193",)):
                break
        assert fault.fired == 1, wanted


def _service(kind: str, system: str) -> str:
    services = KINDS[kind].services or {"TraCuuHoSo"}
    return "XacThucThongTinCongDan" if system == "population" else sorted(services)[-1 if len(services) == 1 else 0]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", FILES)
async def test_a_shipped_scenario_is_armed_by_name(portal: Portal, name: str) -> None:
    response = await portal.client.post("/__admin/scenario", json={"name": name})
    assert response.status_code == 201
    armed = (await portal.client.get("/__admin/faults")).json()["faults"]
    assert [fault["kind"] for fault in armed] == [fault["kind"] for fault in shipped()[name].faults]
    listed = (await portal.client.get("/__admin/scenarios")).json()["scenarios"]
    assert name in {scenario["name"] for scenario in listed}


@pytest.mark.asyncio
async def test_a_scenario_can_be_sent_and_nothing_of_a_wrong_one_is_armed(portal: Portal) -> None:
    wrong = GOOD.replace("]}", ", {system: portal, kind: fire}]}")
    response = await portal.client.post("/__admin/scenario", json={"yaml": wrong})
    assert response.status_code == 400
    assert response.json()["error"].startswith("faults[2].kind: ")
    assert (await portal.client.get("/__admin/faults")).json()["faults"] == []
    assert (await portal.client.post("/__admin/scenario", json={"yaml": GOOD})).status_code == 201
    assert len((await portal.client.get("/__admin/faults")).json()["faults"]) == 1
    for body in ({}, {"name": "x", "yaml": GOOD}, {"name": 1}, {"file": "x"}):
        assert (await portal.client.post("/__admin/scenario", json=body)).status_code == 400
    response = await portal.client.post("/__admin/scenario", json={"name": "no-such"})
    assert response.status_code == 404
    assert "commit-then-silence" in response.json()["error"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[", "yaml: "),
        ("- 1", "yaml: "),
        (GOOD.replace("observed: a note, ", ""), "observed: "),
        (GOOD.replace("name: mine", "name: 3"), "name: "),
        (GOOD.replace("one page", "''"), "what: "),
        (GOOD.replace("name", "when: now, name"), "when: "),
        (GOOD.replace("[{system: portal, kind: html_200}]", "[]"), "faults: "),
        (GOOD.replace("[{system: portal, kind: html_200}]", "[html_200]"), "faults[1]: "),
        (GOOD.replace("html_200", "html_200, often: true"), "faults[1].often: "),
        ("!!python/object/apply:os.getcwd []", "yaml: "),
    ],
)
def test_a_wrong_file_is_refused_by_the_name_of_its_key(text: str, named: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is looked at below
        read_scenario(text)
    assert str(refused.value).startswith(named)


def test_a_file_can_be_named_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD, "utf-8")
    assert find_scenario(str(file)).name == "mine"
    assert find_scenario("overload").name == "overload"
    with pytest.raises(argparse.ArgumentTypeError, match=r"nowhere\.yaml"):
        find_scenario("nowhere.yaml")
    file.write_text("[", "utf-8")
    with pytest.raises(argparse.ArgumentTypeError, match=r"mine\.yaml: yaml: "):
        find_scenario(str(file))


@pytest.mark.asyncio
async def test_a_mock_starts_with_a_scenario(tmp_path: Path) -> None:
    mock_options = ("--scenario", "success-in-four-dresses")
    async with running(tmp_path / "m.sqlite3", *mock_options) as mock, mock.client() as client:
        portal = Portal(client)
        await portal.log_in()
        codes = [(await portal.insert(a_dossier(serial))).get("error_code") for serial in range(5)]
        assert codes == ["00", 0, None, None, "0"]
        assert len(await portal.ledger()) == 5
