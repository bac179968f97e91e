"""A shorter run of ``make chaos`` on each engine, and the laws of what it is made of."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from app.demo.compare import Comparison
from app.demo.drive import Audit
from app.demo.processes import Process
from app.domain.dossier import DossierStatus, may_follow
from chaos import flow
from chaos.database import Database
from chaos.desks import Desks
from chaos.house import House
from chaos.run import Outcome, Plan, run, tell
from chaos.schedule import (
    BLACKOUT_FROM_SECONDS,
    CATALOGUE,
    HOUSE,
    HOUSE_AND_MOCK,
    REFUSING,
    Act,
    What,
    schedule,
)
from chaos.storm import Storm
from chaos.verdict import Verdict, weigh
from mock_national.faults import read_fault
from mock_national.kinds import BAD_ITEM_KINDS, KINDS
from schemas.provincial import DossierLine, StepLine

_SEED = 20260701
_PROCESSES = ("api-1", "api-2", "worker-1", "worker-2", "worker-3")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_what_was_acknowledged_is_with_the_nation_once_and_in_order(engine: str) -> None:
    said: list[str] = []
    plan = Plan(_SEED, engine, dossiers=40, steps=200, seconds=8.0, workers=2)

    outcome = await run(plan, said.append)
    tell(outcome, said.append)

    assert outcome.right, "\n".join(said)
    assert outcome.verdict.acknowledged == sum(len(life.records) for life in flow.lives(_SEED, 40, 200))
    assert outcome.damage.kills
    assert outcome.damage.faults.total()
    assert bool(outcome.damage.database_restarts) == (engine == "postgresql")


def test_a_seed_gives_the_same_records_and_the_same_schedule() -> None:
    def made(seed: int) -> object:
        acts = schedule(seed, 60, _PROCESSES, lease_seconds=8, stops=True, database=True)
        return flow.lives(seed, 20, 100), acts

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_a_full_schedule_holds_everything() -> None:
    acts = schedule(1, 110, _PROCESSES, lease_seconds=8, stops=True, database=True)

    assert {act.what for act in acts} == set(What)
    assert {act.who for act in acts if act.what is What.FAULT} == set(CATALOGUE)
    assert all(act.lasts_seconds > 8 for act in acts if act.what is What.STOP)
    assert [act.at_seconds for act in acts] == sorted(act.at_seconds for act in acts)


def test_no_kind_of_fault_that_the_mock_knows_is_forgotten() -> None:
    assert sorted(CATALOGUE) == sorted(kind for kind, rules in KINDS.items() if "portal" in rules.systems)
    assert set(KINDS) == set(CATALOGUE), "and the portal's are all there are"
    assert BAD_ITEM_KINDS < REFUSING < set(CATALOGUE)


@pytest.mark.parametrize("seed", range(5))
def test_the_mock_understands_every_fault_that_is_to_be_armed(seed: int) -> None:
    acts = schedule(seed, 110, _PROCESSES, lease_seconds=8, stops=True, database=True)
    for act in acts:
        if act.what is What.FAULT:
            assert read_fault(dict(act.fault), 1, 0.0).kind == act.who


def _blackouts(seed: int, seconds: float, processes: tuple[str, ...] = _PROCESSES) -> list[Act]:
    acts = schedule(seed, seconds, processes, lease_seconds=8, stops=True, database=True)
    return [act for act in acts if act.what is What.BLACKOUT]


@pytest.mark.parametrize("seconds", [BLACKOUT_FROM_SECONDS, 110 / 3, 40, 110])
@pytest.mark.parametrize("processes", [("api",), _PROCESSES])
def test_in_every_full_run_all_is_dead_at_once_at_a_time_that_the_seed_decides(
    seconds: float, processes: tuple[str, ...]
) -> None:
    of_seeds = [_blackouts(seed, seconds, processes) for seed in range(20)]
    assert all(of_seeds)
    assert len({acts[0].at_seconds for acts in of_seeds}) == len(of_seeds)
    assert {act.who for acts in of_seeds for act in acts} == {HOUSE, HOUSE_AND_MOCK}
    # While records come in: these are handed over in the first nine tenths.
    assert all(any(act.at_seconds < 0.95 * seconds for act in acts) for acts in of_seeds)
    assert "blackout of the house" in str(of_seeds[0][0])
    assert not _blackouts(1, BLACKOUT_FROM_SECONDS / 2), "a short run is over before anything is up again"


class Watched(Database):
    """A server that only tells what is done to it."""

    def stop(self, mode: str) -> None:
        self.server(mode)

    def start(self) -> None:
        self.server("start")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house of processes that do nothing."""
    house = House(tmp_path, "unused", mock_url="http://127.0.0.1:9")
    for name in ("mock", "api-1", "worker-1", "worker-2"):
        house._add(name, ["-c", "import time; time.sleep(600)"], Process.alive)
    yield house
    house.end()


def _pids(house: House) -> dict[str, int]:
    """The living, by name."""
    lives = {name: member.process for name, member in house.members.items()}
    return {name: process.handle.pid for name, process in lives.items() if process and process.alive()}


@pytest.mark.parametrize("who", [HOUSE, HOUSE_AND_MOCK])
async def test_in_a_blackout_all_are_dead_before_any_is_started_again(house: House, who: str) -> None:
    done: list[tuple[str, set[str]]] = []
    storm = Storm(house, Watched("unused", lambda what: done.append((what, set(_pids(house))))), lambda _: None)
    before = _pids(house)

    # Others are under way just then: what was stopped dies too, and what was killed does not come up in the dark.
    await storm.rage(
        [
            Act(0.0, What.STOP, "worker-2", 0.6),
            Act(0.0, What.KILL, "worker-1", 0.4),
            Act(0.1, What.BLACKOUT, who, 0.8),
        ]
    )

    spared = {"mock"} if who == HOUSE else set()
    assert done[0] == ("immediate", spared)
    assert [what for what, _ in done] == ["immediate", "start"]
    after = _pids(house)
    assert after.keys() == before.keys()
    assert {name for name in before if before[name] == after[name]} == spared
    assert house.died == []
    figures = Outcome(Plan(1, "postgresql", 1, 1, 1.0), damage=storm.damage).figures()
    assert (figures["kills"], figures["blackouts"]) == (3, 1), "each was killed once"
    assert figures["restarts"] == {"database": 1, "mock": int(who == HOUSE_AND_MOCK)}


def test_nothing_comes_up_in_the_dark_and_nothing_twice_after_it(house: House) -> None:
    members = list(house.members.values())

    assert house.go_dark(members) == list(house.members)
    for member in members:
        house.start(member)
        house.revive(member)
    assert _pids(house) == {}
    house.light_up(members)
    lit = _pids(house)
    for member in members:
        house.start(member)

    assert lit.keys() == house.members.keys()
    assert _pids(house) == lit
    assert house.died == []


async def test_a_file_has_no_server_to_restart_in_a_blackout(house: House) -> None:
    storm = Storm(house, Database("sqlite:///unused"), lambda _: None)

    await storm.rage([Act(0.0, What.BLACKOUT, HOUSE, 0.1)])

    assert (storm.damage.blackouts, storm.damage.kills, storm.damage.database_restarts) == (1, 3, 0)


def test_the_records_are_valid_legal_in_order_and_unlike_each_other() -> None:
    lives = flow.lives(7, 200, 1000)

    assert flow.counts(lives)["steps"] == 1000
    assert len({life.code for life in lives}) == 200
    for life in lives:
        assert life.records[0]["type"] == "dossier"
        dossiers = [DossierLine.model_validate(r) for r in life.records if r["type"] == "dossier"]
        steps = [StepLine.model_validate(r) for r in life.records if r["type"] == "step"]
        for before, after in pairwise(dossiers):
            skipped = after.revision > before.revision + 1
            held, coming = DossierStatus(before.status), DossierStatus(after.status)
            assert after.revision > before.revision
            assert may_follow(held, coming, skipped=skipped)
        for one, next_one in pairwise(steps):
            assert one.processed_at < next_one.processed_at
            assert may_follow(DossierStatus(one.status), DossierStatus(next_one.status), skipped=True)
        assert len({step.content for step in steps}) == len(steps)
        assert len({dossier.summary for dossier in dossiers}) == len(dossiers)


def test_nothing_is_excused() -> None:
    found = Comparison(lost=["A/b1"], stale=["A#3"], doubled=["A/b2"], out_of_order=["A/b3"])

    verdict = weigh(Audit({}, found, [], 6, refused=["A/b4"], held=["A/b5"]))

    assert verdict.lost == ["A#3", "A/b1", "A/b4", "A/b5"]
    assert verdict.doubled == ["A/b2"]
    assert verdict.out_of_order == ["A/b3"]
    assert not verdict.right


@pytest.mark.parametrize("name", ["lost", "doubled", "out_of_order", "foreign", "misreported", "undecided"])
def test_one_wrong_record_is_enough_to_fail(name: str) -> None:
    assert Verdict(acknowledged=1).right
    assert not Verdict(acknowledged=1, **{name: ["A/b1"]}).right


def test_only_what_was_answered_counts_as_acknowledged() -> None:
    (life,) = flow.lives(1, 1, 3)
    lines = list(life.records)
    desks = Desks(1, [life], ["http://door.test"], "token", 1.0)

    left = desks.read_answers(
        lines, [{"line": 1, "taken": True}, {"problem": {"type": "/problems/store-busy", "status": 503}}]
    )

    assert desks.acknowledged.records == lines[:1]
    assert left == lines[1:]
    assert not desks.acknowledged.refused


def test_what_follows_a_line_that_found_no_room_goes_again_with_it() -> None:
    (life,) = flow.lives(1, 1, 3)
    lines = list(life.records)
    desks = Desks(1, [life], ["http://door.test"], "token", 1.0)
    taken: dict[str, object] = {"taken": True}

    left = desks.read_answers(
        lines, [taken, {"problem": {"type": "/problems/store-busy", "status": 503}}, *[taken] * (len(lines) - 2)]
    )

    assert desks.acknowledged.records == lines[:1]
    assert left == lines[1:]


def test_a_snapshot_that_is_stale_when_it_comes_again_was_taken_before() -> None:
    (life,) = flow.lives(1, 1, 0)
    stale = {"problem": {"type": "/problems/stale-revision", "status": 409}}

    first, second = (Desks(1, [life], ["http://door.test"], "token", 1.0) for _ in range(2))
    first.read_answers(list(life.records), [stale])
    second.read_answers(list(life.records), [stale], again=True)

    assert len(first.acknowledged.refused) == 1
    assert second.acknowledged.records == list(life.records)
    assert not second.acknowledged.refused
