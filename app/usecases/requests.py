"""What citizens were asked for, as a dossier says it, held against the gate's decisions.

A component that did not come from a store was asked for. Law: NĐ 118/2025/NĐ-CP Điều 4; see ``app.domain.once_only``.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.documents import Held, Source, Standing
from app.domain.once_only import Decided, PaperRequest, redundancy_of
from app.domain.rulesets import VIETNAM
from app.store import once_only
from app.store.session import Row, WriteSession
from app.usecases.context import Context, OncePolicy
from schemas.provincial import Component, DossierIn, Reuse

# No code of a component holds it.
_DECISION = "#"
_STORES = frozenset({Source.PROVINCIAL_STORE, Source.NATIONAL_STORE})


@dataclass(slots=True)
class Requests:
    """What is known of requests and decisions in one transaction, and what is to be written of them."""

    policy: OncePolicy
    decided: Mapping[str, Decided] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    users: dict[str, str] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)

    def judge(self, code: str, body: DossierIn, held: Iterable[Held], now: datetime) -> None:
        """Take down each component that was asked for and is not on record yet, with what is wrong with it."""
        if not self._counts(body):
            return
        stored = {d.code for d in held if d.standing is Standing.ACTIVE and d.source in _STORES and d.code}
        subjects = frozenset((paper.kind.value, paper.number) for paper in body.applicant.identities)
        for part in asked_of(body):
            paper = paper_of(part)
            if not self._is_new(code, paper) or part.component_code in stored:
                continue
            self.seen.add((code, paper))
            request = PaperRequest(
                code,
                body.procedure.code,
                subjects,
                part.component_code,
                part.name,
                part.asked_at or now,
                part.decision_id,
            )
            decided = self._decided(part.decision_id)
            why = redundancy_of(request, decided, self.policy.decision_seconds)
            if decided is not None and why is None:
                self.users.setdefault(decided.id, code)
            self.rows.append(
                {
                    "dossier_code": code,
                    "paper": paper,
                    "component_code": part.component_code,
                    "name": part.name,
                    "unit_code": body.receiving_unit,
                    "procedure_code": body.procedure.code,
                    "officer": part.asked_by,
                    "asked_at": request.asked_at,
                    "at": now,
                    "decision_id": part.decision_id,
                    "redundant": why is not None,
                    "why": why.value if why else None,
                }
            )

    def _is_new(self, code: str, paper: str) -> bool:
        """Another decision is another request; the same paper without one is the request that is known."""
        base, _, decision = paper.partition(_DECISION)
        if decision:
            return (code, paper) not in self.seen
        return not any(known == code and other.partition(_DECISION)[0] == base for known, other in self.seen)

    def _decided(self, decision_id: str | None) -> Decided | None:
        """A decision as it stands in this transaction: another dossier of the same batch may have used it."""
        found = self.decided.get(decision_id) if decision_id else None
        if found is None or found.id not in self.users or found.used_by is not None:
            return found
        return replace(found, used_by=self.users[found.id])

    def _counts(self, body: DossierIn) -> bool:
        day = self.policy.counted_from
        return day is None or body.received_at.astimezone(VIETNAM).date() >= day

    async def write(self, session: WriteSession, now: datetime) -> None:
        """Keep what was taken down."""
        if self.rows:
            await once_only.use(session, self.users, now)
            await once_only.add_requests(session, self.rows)


def asked_of(body: DossierIn) -> list[Component]:
    """The components that the citizen was asked for: those that no store gave."""
    return [part for part in body.components if part.reuse is Reuse.NO and not part.from_national_store]


def paper_of(part: Component) -> str:
    """What a request is called by in its dossier: the paper's code, or a hash of its name; and its decision."""
    name = part.component_code or f"name:{hashlib.sha256(part.name.encode()).hexdigest()}"
    return f"{name}{_DECISION}{part.decision_id}" if part.decision_id else name


async def load(
    context: Context, session: WriteSession, bodies: Iterable[DossierIn], known: Collection[str]
) -> Requests:
    """What is known of the decisions that these dossiers refer to, and of the requests of those that are held."""
    parts = [part for body in bodies for part in asked_of(body)]
    if not parts:
        return Requests(context.once)
    ids = {part.decision_id for part in parts if part.decision_id}
    # Locked: another dossier may refer to one of them in this very moment.
    decided = await once_only.decided(session, ids, lock=True) if ids else {}
    seen = await once_only.requested(session, known) if known else set()
    return Requests(context.once, decided, set(seen))
