"""``lienthong conform``: what is typed is what is played, and half a client is refused."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.conform import run as conform_run
from app.conform.run import ConnectorName, Wanted

HALF = "--address and --mock go together"


class Player:
    """Stands in for the play: remembers what was wanted, and answers with a code."""

    def __init__(self) -> None:
        self.wanted: list[Wanted] = []
        self.code = 0

    def __call__(self, wanted: Wanted) -> int:
        self.wanted.append(wanted)
        return self.code


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> Player:
    monkeypatch.delenv("LIENTHONG_TOKEN", raising=False)
    # As wide as the message, so that no frame breaks it.
    monkeypatch.setenv("COLUMNS", "200")
    player = Player()
    monkeypatch.setattr(conform_run, "conform", player)
    return player


@pytest.mark.parametrize(
    "half", [["--address", "http://client.test"], ["--mock", "http://mock.test"], ["--address", "a", "--mock", ""]]
)
def test_half_a_client_is_refused_before_anything_is_played(player: Player, half: list[str]) -> None:
    done = CliRunner().invoke(cli, ["conform", *half])
    assert done.exit_code == 2
    assert HALF in done.stderr
    assert player.wanted == []


def test_every_option_reaches_the_play(player: Player, tmp_path: Path) -> None:
    typed = {
        "--connector": "population",
        "--address": "http://client.test",
        "--token": "lt_any",
        "--mock": "http://mock.test",
        "--unit": "H15.16",
        "--time-out-seconds": "7.5",
        "--patience-seconds": "12",
        "--build": str(tmp_path),
    }
    pairs = [part for option in typed.items() for part in option]
    done = CliRunner().invoke(cli, ["conform", *pairs, "--fault", "drip", "--fault", "hang"])
    assert done.exit_code == 0, done.output
    assert player.wanted == [
        Wanted(
            connector=ConnectorName.POPULATION,
            faults=["drip", "hang"],
            build=tmp_path,
            address="http://client.test",
            token="lt_any",
            mock="http://mock.test",
            unit="H15.16",
            time_out_seconds=7.5,
            patience_seconds=12.0,
        )
    ]


def test_without_options_our_own_client_is_played_whole(player: Player) -> None:
    assert CliRunner().invoke(cli, ["conform"]).exit_code == 0
    assert player.wanted == [Wanted(connector=ConnectorName.PORTAL, faults=[], build=Path("build"))]


def test_the_token_may_come_from_the_environment(player: Player) -> None:
    pair = ["--address", "http://client.test", "--mock", "http://mock.test"]
    assert CliRunner().invoke(cli, ["conform", *pair], env={"LIENTHONG_TOKEN": "lt_env"}).exit_code == 0
    assert [wanted.token for wanted in player.wanted] == ["lt_env"]


@pytest.mark.parametrize("code", [0, 1, 2, 130])
def test_the_exit_code_is_that_of_the_play(player: Player, code: int) -> None:
    player.code = code
    assert CliRunner().invoke(cli, ["conform"]).exit_code == code
