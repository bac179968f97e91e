"""A shorter run of ``make chaos`` on each engine, and the laws of what it is made of."""

from itertools import pairwise

import pytest

from app.demo.compare import Comparison
from app.demo.drive import Audit
from app.domain.dossier import DossierStatus, may_follow
from chaos import flow
from chaos.desks import Desks
from chaos.run import Plan, run, tell
from chaos.schedule import CATALOGUE, What, schedule
from chaos.verdict import Verdict, weigh
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
