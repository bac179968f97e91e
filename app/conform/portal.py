"""One fault of the portal against one client: arm, hand over, wait, and hold the ledger against the promises."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from app.conform.catalogue import INSERT, OTHER_PROCEDURE, Load, PortalRow
from app.conform.checks import Check, Findings, Row, row_of
from app.conform.mock import Mock
from app.conform.records import TOO_LONG, Codes, Plan, Record
from app.demo.client import Gateway, GatewayError, Json
from app.demo.compare import Comparison, collect, compare, id_of, misreported
from app.demo.drive import record_id

_POLL_SECONDS: Final = 0.2
_PENDING: Final = frozenset({"waiting", "sending", "unknown"})
_GIVEN_UP: Final = frozenset({"rejected", "dead", "cancelled"})
_PLAIN_DOSSIERS: Final = 3
_ARRAY_DOSSIERS: Final = 7
_ODD_PLACE: Final = 2
# Long enough to hand all the others over meanwhile, so that the next call carries them as one array.
_GATHER_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a trial needs: the client under test, the mock behind it, and how patient to be.

    ``time_out_seconds`` is how long the client waits for an answer of the portal.
    """

    gateway: Gateway
    mock: Mock
    codes: Codes
    time_out_seconds: float
    patience_seconds: float


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Look until the condition holds; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def try_row(bench: Bench, row: PortalRow) -> Row:
    """Play one fault and judge. Never raises for what the client did."""
    trial = _Trial(bench, row)
    try:
        trial.play()
    except GatewayError as error:
        trial.findings.add(Check.RECOVERED, f"the client does not answer: {error}")
    finally:
        bench.mock.clear()
    return row_of(row.fault, trial.findings, tuple(Check), row.holds)


@dataclass(slots=True)
class _Trial:
    bench: Bench
    row: PortalRow
    findings: Findings = field(default_factory=Findings)
    accepted: list[Record] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    fired: int = 0

    def play(self) -> None:
        """The whole trial."""
        mock = self.bench.mock
        mock.reset()
        if not self._warm_up():
            return
        self.plans = [self.plans[0], *self._plans()]
        self._arm_briefly()
        if self.row.load is Load.ONE_BAD:
            self._gather()
        self._hand_over(1)
        self._settle()
        self._judge_refusals()
        self.fired += mock.fired()
        mock.clear()
        self.plans = [plan.mended() for plan in self.plans]
        if self.row.load is Load.PLAIN:
            self._second_time()
        else:
            self._hand_over(2)
        self._settle()
        self.fired += mock.fired()
        if not self.fired:
            self.findings.add(Check.RECOVERED, "the fault never fired, so nothing was shown")
        self._judge()

    def _warm_up(self) -> bool:
        """One dossier before the fault: the reset ended the session, and a fault must not be spent on that."""
        self.plans = [Plan(self.bench.codes.fresh(), self.bench.codes.unit, steps=0)]
        self._hand_over(1)
        if self.accepted and self._settle():
            return True
        self.findings.add(Check.RECOVERED, "it delivers nothing even without a fault")
        return False

    def _plans(self) -> list[Plan]:
        load, codes = self.row.load, self.bench.codes
        count = _ARRAY_DOSSIERS if load is Load.ONE_BAD else _PLAIN_DOSSIERS
        plans = [Plan(codes.fresh(), codes.unit) for _ in range(count)]
        odd = plans[_ODD_PLACE].code
        if load is Load.ONE_BAD:
            plans[_ODD_PLACE] = Plan(odd, codes.unit, summary_length=TOO_LONG)
        elif load is Load.CLOSED:
            plans[_ODD_PLACE] = Plan(odd, codes.unit, procedure=OTHER_PROCEDURE)
        self.refused = set() if load is Load.PLAIN else {f"{odd}#1"}
        return plans

    def _arm_briefly(self) -> None:
        for fault in self.row.armed(self.bench.time_out_seconds):
            self.bench.mock.arm(fault)

    def _gather(self) -> None:
        """Keep the first dossier's call waiting, so that the others come together behind it."""
        first = self.plans[1]
        slow = {"kind": "delay", "delay_ms": _GATHER_MS, "service": INSERT, "dossier": first.code, "times": 1}
        self.bench.mock.clear()
        self.bench.mock.arm({"system": "portal", **slow})
        self._give(first.wave(1)[:1])
        wait_until(lambda: self.bench.mock.fired() > 0, self.bench.patience_seconds)
        self._arm_briefly()

    def _second_time(self) -> None:
        mock, row = self.bench.mock, self.row
        if not row.lasts:
            self._arm_briefly()
            self._hand_over(2)
            return
        mock.arm(row.armed_to_last(self.bench.time_out_seconds))
        self._hand_over(2)
        if not wait_until(self._waits_with_reason, self.bench.patience_seconds):
            self.findings.add(Check.STATE_SHOWN, "it did not show that it waits, and why, while the fault lasted")
        self.fired += mock.fired()
        mock.clear()

    def _waits_with_reason(self) -> bool:
        """Whether the client shows that the fault keeps something waiting; a false word meanwhile is noted."""
        second = {id_of(record) for plan in self.plans for record in plan.wave(2)}
        claims = {name: claim for name, claim in self._claims().items() if name in second}
        done = [name for name, claim in claims.items() if claim["state"] == "delivered"]
        gone = [name for name, claim in claims.items() if claim["state"] in _GIVEN_UP]
        self.findings.add_ids(Check.STATE_SHOWN, "told as delivered while the portal took nothing", done)
        self.findings.add_ids(Check.STATE_SHOWN, "told as refused or given up while the fault would pass", gone)
        told = any(claim["state"] in _PENDING and _reason(claim) for claim in claims.values())
        return (told and self.bench.mock.fired() > 0) or bool(done or gone)

    def _hand_over(self, wave: int) -> None:
        handed = {id_of(record) for record in self.accepted}
        waves = [plan.wave(wave) for plan in self.plans]
        for place in range(max(len(records) for records in waves)):
            self._give([r[place] for r in waves if place < len(r) and id_of(r[place]) not in handed])

    def _give(self, records: list[Record]) -> None:
        for record in records:
            answer = self.bench.gateway.hand_over_one(0, json.dumps(record, ensure_ascii=False).encode())
            if answer.taken:
                self.accepted.append(record)
            else:
                self.findings.add(Check.RECOVERED, f"{id_of(record)} was not taken: {refusal_words(answer.problem)}")

    def _claims(self) -> dict[str, Json]:
        claims: dict[str, Json] = {}
        for plan in self.plans:
            for delivery in self.bench.gateway.deliveries(dossier=plan.code, target="portal"):
                claims[record_id(delivery)] = delivery
        return claims

    def _settle(self) -> bool:
        """Wait until nothing moves any more but what waits behind a refused record; whether it came so far."""

        def settled() -> bool:
            claims = self._claims()
            known = all(id_of(record) in claims for record in self.accepted)
            return known and not any(c["state"] in _PENDING and not c.get("held_because") for c in claims.values())

        return wait_until(settled, self.bench.patience_seconds)

    def _judge_refusals(self) -> None:
        """A record that the portal does refuse must be shown as refused, with the portal's own words."""
        claims = self._claims()
        for name in sorted(self.refused):
            claim = claims.get(name)
            if claim is None or claim["state"] != "rejected" or not _reason(claim):
                self.findings.add(
                    Check.STATE_SHOWN, f"{name} was refused by the portal and is shown as {_words(claim)}"
                )

    def _judge(self) -> None:
        claims = self._claims()
        states = {name: str(claim["state"]) for name, claim in claims.items()}
        # A refusal that the portal never spoke excuses nothing: such a record is owed like any other.
        rejected = frozenset(name for name in self.refused if states.get(name) == "rejected")
        handed = collect(self.accepted)
        found = compare(handed, self.bench.mock.ledger(handed), rejected, frozenset())
        self._judge_ledger(found, {name for name, state in states.items() if state in _PENDING})
        self.findings.add_ids(Check.STATE_SHOWN, "told otherwise than the ledger", misreported(handed, states, found))
        for name, claim in claims.items():
            if claim["state"] in _PENDING:
                self.findings.add(Check.RECOVERED, f"{name} does not settle: {_words(claim)}")
            elif claim["state"] in _GIVEN_UP and name not in self.refused:
                self.findings.add(Check.RECOVERED, f"{name} needs a hand: {_words(claim)}")

    def _judge_ledger(self, found: Comparison, pending: set[str]) -> None:
        add = self.findings.add_ids
        add(Check.NOT_LOST, "not in the ledger", [name for name in found.lost if name not in pending])
        add(Check.NOT_LOST, "the portal holds an older snapshot", [n for n in found.stale if n not in pending])
        add(Check.NOT_DOUBLED, "more than once in the ledger", found.doubled)
        add(Check.NOT_DOUBLED, "in the ledger though not owed", found.foreign)
        add(Check.IN_ORDER, "out of order in the ledger", found.out_of_order)


def refusal_words(problem: Json | None) -> str:
    """A refusal of the client's door in a few words."""
    found = problem or {}
    return str(found.get("detail") or found.get("title") or found)[:200]


def _reason(claim: Json) -> str:
    return str(claim.get("answer_message") or claim.get("reason") or "")


def _words(claim: Json | None) -> str:
    if claim is None:
        return "nothing"
    return f"{claim['state']}, {claim.get('attempts', '?')} tries, {_reason(claim)[:120] or 'no reason'}"
