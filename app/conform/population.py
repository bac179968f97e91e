"""One fault of the population database against one client: a fault must never be told as "no such person"."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from app.conform.catalogue import PersonRow
from app.conform.checks import Check, Findings, Row, row_of
from app.conform.portal import Bench, refusal_words, wait_until
from app.conform.records import Plan
from app.demo.client import GatewayError, Json

_TRUE, _FALSE = "MATCH", "NOT_FOUND_OR_MISMATCH"
_PEOPLE: Final = 20
_OFFICERS: Final = 30
_ASKED: Final = (Check.STATE_SHOWN, Check.RECOVERED)
_HOLDS: Final = "never told as no such person, and the next question was answered"


class NobodyToAskAbout(Exception):
    """The client did not take the dossier that the questions are asked for."""


@dataclass(slots=True)
class Asker:
    """Asks about people whom the mock knows, for one open dossier, each time by another officer."""

    bench: Bench
    dossier: Plan
    people: Iterator[Mapping[str, str]]
    officers: Iterator[int]
    foreign: bool = False

    @classmethod
    def ready(cls, bench: Bench, *, foreign: bool = False) -> "Asker":
        """Forget what the mock holds, and hand the dossier over.

        Raises:
            NobodyToAskAbout: the dossier was not taken.
        """
        bench.mock.reset()
        plan = Plan(bench.codes.fresh(), bench.codes.unit, steps=0)
        answer = bench.gateway.hand_over_one(0, json.dumps(plan.wave(1)[0]).encode())
        if not answer.taken:
            message = f"the dossier to ask for was not taken: {refusal_words(answer.problem)}"
            raise NobodyToAskAbout(message)
        people: Sequence[Json] = [person for person in bench.mock.people(_PEOPLE) if person["birth_date"]]
        return cls(bench, plan, cycle(people), cycle(range(1, _OFFICERS + 1)), foreign)

    def ask(self, *, false: bool = False, record: bool = False) -> str:
        """The class of the outcome, or the name of the refusal; with ``record`` a fact of it is to be compared."""
        person = next(self.people)
        birth = person["birth_date"]
        if false:
            # 28 February is a day of every year, so that the question is well formed and still wrong.
            birth = f"{int(birth[:4]) - 1}-02-28"
        declared = {"declared": {"ethnicity": person["ethnicity_code"]}} if record else {}
        return self.bench.gateway.verify_person(
            declared
            | {
                "dossier_code": self.dossier.code,
                "officer": f"canbo{next(self.officers):02d}",
                "unit": self.dossier.unit,
                "purpose": "Kiểm tra người nộp hồ sơ",
                "number": person["number_12"] or person["number_9"],
                "full_name": person["full_name"],
                "birth_date": birth,
            }
        )


def try_row(asker: Asker, row: PersonRow) -> Row | None:
    """Play one fault and judge; None when the client does not ask in the way that the fault fits."""
    bench, findings = asker.bench, Findings()
    bench.mock.clear()
    bench.mock.arm(row.armed(bench.time_out_seconds))
    try:
        told = asker.ask(record=row.record)
        fired = bench.mock.fired()
        bench.mock.clear()
        if told == _FALSE:
            findings.add(Check.STATE_SHOWN, "the fault was told as no such person")
        elif told not in row.outcomes:
            findings.add(Check.STATE_SHOWN, f"told as {told}, not as one of {', '.join(sorted(row.outcomes))}")
        if not fired:
            if row.json_only or (row.record and asker.foreign):
                return None
            findings.add(Check.RECOVERED, "the fault never fired, so nothing was shown")
        _judge_after(asker, findings, record=row.record)
    except GatewayError as error:
        findings.add(Check.RECOVERED, f"the client does not answer: {error}")
    finally:
        bench.mock.clear()
    return row_of(row.fault, findings, _ASKED, _HOLDS)


def _judge_after(asker: Asker, findings: Findings, *, record: bool) -> None:
    told: list[str] = []

    def right() -> bool:
        told.append(asker.ask(record=record))
        return told[-1] == _TRUE

    if not wait_until(right, asker.bench.patience_seconds):
        findings.add(Check.RECOVERED, f"after the fault a true question is still told as {told[-1]}")
    elif len(told) > 1 and _FALSE in told:
        findings.add(Check.STATE_SHOWN, "after the fault a true question was told as no such person")
    elif (false := asker.ask(false=True, record=record)) != _FALSE:
        findings.add(Check.STATE_SHOWN, f"after the fault a false question is told as {false}")
