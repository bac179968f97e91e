"""The rule of signed results at the door: a dossier whose procedure yields a paper is returned with one.

Law: NĐ 45/2020/NĐ-CP and NĐ 118/2025/NĐ-CP want the electronic result at the same time as the paper one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.audit import AuditEntry, AuditKind
from app.domain.documents import GateMode, Held, Role, Standing, Verdict, acceptable, gate_of
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.errors import Fault, ResultMissing, UnknownCode
from app.reference import Catalogue
from app.store import audit, results
from app.store.results import GateSetting
from app.store.session import ReadSession, Row, WriteSession
from app.usecases import reach
from app.usecases.context import Caller, Context, PaperPolicy


@dataclass(frozen=True, slots=True)
class Gate:
    """The rule as it stands now, ready to be asked about many records."""

    catalogue: Catalogue
    policy: PaperPolicy
    settings: Mapping[str, GateSetting]

    def mode(self, unit: str) -> GateMode:
        """How strict it is for a unit."""
        at = self.set_for(unit)
        return self.policy.gate_mode if at is None else self.settings[at].mode

    def set_for(self, unit: str) -> str | None:
        """The unit whose setting counts for a unit; None: the settings of the house."""
        parents = {code: facts.parent for code, facts in self.catalogue.units.items()}
        return gate_of(unit, parents, {code: setting.mode for code, setting in self.settings.items()})

    def yields_paper(self, procedure: str) -> bool:
        """Whether a procedure gives a result that its list names."""
        facts = self.catalogue.procedures.get(procedure)
        return facts is not None and bool(facts.result_codes)

    def check(self, unit: str, procedure: str, status: str, held: Sequence[Held]) -> None:
        """Let a status pass, or not.

        Raises:
            ResultMissing: the rule is enforced for this unit, and no acceptable result stands behind the dossier.
        """
        if status not in self.policy.gate_statuses or not self.yields_paper(procedure):
            return
        if self.mode(unit) is GateMode.REPORT or acceptable(held, self.policy.verdicts):
            return
        raise _missing(status, held, self.policy.verdicts)


def _missing(status: str, held: Sequence[Held], verdicts: frozenset[Verdict]) -> ResultMissing:
    found = [d for d in held if d.role is Role.RESULT and d.standing is Standing.ACTIVE]
    wanted = ", ".join(sorted(verdicts))
    if found:
        seen = ", ".join(f"'{d.code}': {d.verdict.value}" for d in found)
        message = f"status '{status}' needs a result whose signatures are {wanted}; held: {seen}"
    else:
        message = f"status '{status}' needs a signed electronic result, and none is held"
    return ResultMissing(
        message,
        faults=(Fault("/status", message, "results"),),
        members={"held_results": [{"id": d.id, "code": d.code, "verdict": d.verdict.value} for d in found]},
    )


async def load(context: Context, session: ReadSession, statuses: set[str] | None = None) -> Gate:
    """The rule for records of these statuses; the settings are read only where they can matter."""
    matters = statuses is None or bool(statuses & context.papers.gate_statuses)
    return Gate(context.catalogue, context.papers, await results.settings(session) if matters else {})


async def switch(
    context: Context, caller: Caller, unit: str, mode: GateMode, reason: str, correlation_id: str
) -> GateSetting:
    """Switch the rule for a unit and all below it that have no setting of their own.

    Raises:
        UnknownCode: the table of units does not hold it.
    """
    if unit not in context.catalogue.units:
        message = f"'{unit}' is not in the table 'units'"
        raise UnknownCode(message, faults=(Fault("/unit", message, "units"),))

    async def work(session: WriteSession) -> GateSetting:
        now: datetime = await session.now()
        setting = GateSetting(unit, mode, reason, caller.name, now)
        await results.switch(session, setting)
        entry = AuditEntry(
            kind=AuditKind.OPERATION,
            outcome=f"result_gate:{mode.value}",
            actor=caller.name,
            agency=caller.agency,
            purpose=Purpose.OPERATION.value,
            legal_basis=LEGAL_BASIS[Purpose.OPERATION],
            correlation_id=correlation_id,
            unit_code=unit,
            detail={"reason": reason},
        )
        await audit.append(session, [entry], now)
        return setting

    return await context.database.run(work)


async def rule(context: Context) -> Gate:
    """The rule as it stands now."""
    async with context.database.read() as session:
        return await load(context, session)


async def missing(
    context: Context, caller: Caller, *, unit: str | None, procedure: str | None, before_id: int | None, limit: int
) -> tuple[list[Row], Gate]:
    """A page of the resolved dossiers that lack an acceptable electronic result, and the rule for their units."""
    async with context.database.read() as session:
        found = await load(context, session)
        listed = [code for code, facts in context.catalogue.procedures.items() if facts.result_codes]
        rows = await results.missing(
            session,
            procedures=listed,
            unit_code=unit,
            procedure_code=procedure,
            before_id=before_id,
            limit=limit,
            units=reach.units_of(context, caller),
        )
    return rows, found
