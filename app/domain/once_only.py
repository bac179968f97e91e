"""Nobody is asked twice for what the state holds: the gate's decision, and what it makes of a request.

Law: what a connected database holds may not be asked of a citizen, but when the source is out of reach or wrong,
to update or to verify it, or where sector law says so (NĐ 118/2025/NĐ-CP Điều 4, NĐ 224/2026/NĐ-CP Điều 18.4).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Decision(StrEnum):
    """What the gate says of one item. Only ``HAVE_VALID`` blocks."""

    HAVE_VALID = "HAVE_VALID"
    SOURCE_DOWN = "SOURCE_DOWN"
    INACCURATE = "INACCURATE"
    NOT_IN_SOURCE = "NOT_IN_SOURCE"
    SECTOR_LAW = "SECTOR_LAW"
    UPDATE = "UPDATE"
    VERIFY = "VERIFY"

    @property
    def allows(self) -> bool:
        """Whether the officer may ask."""
        return self is not Decision.HAVE_VALID


class Grounds(StrEnum):
    """Why an officer wants what is held already; each needs a reason in words."""

    UPDATE = "update"
    VERIFY = "verify"
    INACCURATE = "inaccurate"


class Source(StrEnum):
    """Where the gate looks."""

    PROVINCIAL_STORE = "provincial_store"
    EARLIER_DOSSIER = "earlier_dossier"
    NATIONAL_STORE = "national_store"
    POPULATION = "population"


class Found(StrEnum):
    """What a source said of an item.

    ``SILENT``: it gave no answer that helps. ``NOT_CONNECTED``: this gateway has no way to it. ``NOT_NEEDED``: it is
    no source of this item, or somebody else had it already.
    """

    HELD = "held"
    NOT_HELD = "not_held"
    SILENT = "silent"
    NOT_CONNECTED = "not_connected"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source said of one item. ``pointer`` says where to take it from: flat names to ids and addresses.

    ``incident`` is the id under which the silence is on record.
    """

    source: Source
    found: Found
    pointer: tuple[tuple[str, str], ...] = ()
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """The decision on an item and the finding that it rests on (None: the law, or nobody had anything)."""

    decision: Decision
    finding: Finding | None = None


_BY_GROUNDS = {
    Grounds.UPDATE: Decision.UPDATE,
    Grounds.VERIFY: Decision.VERIFY,
    Grounds.INACCURATE: Decision.INACCURATE,
}


def decide(findings: Iterable[Finding], *, sector_law: bool, grounds: Grounds | None) -> Ruling:
    """Decide on one item.

    Sector law comes first: where it wants the paper itself, that the state holds it changes nothing. Grounds count
    only against something that is held. A source that was silent is told before "nobody has it": not knowing is not
    knowing that there is nothing.
    """
    seen: Sequence[Finding] = tuple(findings)
    if sector_law:
        return Ruling(Decision.SECTOR_LAW)
    held = next((finding for finding in seen if finding.found is Found.HELD), None)
    if held is not None:
        return Ruling(_BY_GROUNDS[grounds] if grounds else Decision.HAVE_VALID, held)
    silent = next((finding for finding in seen if finding.found is Found.SILENT), None)
    if silent is not None:
        return Ruling(Decision.SOURCE_DOWN, silent)
    return Ruling(Decision.NOT_IN_SOURCE)


class Redundancy(StrEnum):
    """Why a request should not have been made."""

    NO_DECISION = "no_decision"
    UNKNOWN_DECISION = "unknown_decision"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    ASKED_BEFORE = "asked_before"
    OTHER_DOSSIER = "other_dossier"
    OTHER_PERSON = "other_person"
    OTHER_PROCEDURE = "other_procedure"
    OTHER_PAPER = "other_paper"


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on a component as it was given. ``code`` is its code, or its name where it has no code.

    ``dossier_code`` is the dossier that the check named (None: none yet); ``used_by`` the one that used it first.
    """

    id: str
    code: str
    decision: Decision
    at: datetime
    procedure_code: str
    subject: tuple[str, str]
    dossier_code: str | None = None
    used_by: str | None = None


@dataclass(frozen=True, slots=True)
class PaperRequest:
    """A component that a citizen was asked for. ``subjects`` are the applicant's numbers by kind."""

    dossier_code: str
    procedure_code: str
    subjects: frozenset[tuple[str, str]]
    component_code: str | None
    name: str
    asked_at: datetime
    decision_id: str | None


def redundancy_of(request: PaperRequest, decided: Decided | None, life_seconds: float) -> Redundancy | None:
    """Why a request is redundant; None when an earlier decision, not older than ``life_seconds``, allows it.

    A decision serves one dossier: nothing is carried from one to another.
    """
    if request.decision_id is None:
        return Redundancy.NO_DECISION
    if decided is None:
        return Redundancy.UNKNOWN_DECISION
    wanted = request.component_code or request.name
    complaints = (
        (decided.code != wanted, Redundancy.OTHER_PAPER),
        (decided.procedure_code != request.procedure_code, Redundancy.OTHER_PROCEDURE),
        (decided.subject not in request.subjects, Redundancy.OTHER_PERSON),
        (decided.dossier_code not in {None, request.dossier_code}, Redundancy.OTHER_DOSSIER),
        (decided.used_by not in {None, request.dossier_code}, Redundancy.OTHER_DOSSIER),
        (not decided.decision.allows, Redundancy.BLOCKED),
        # Software tells the time in whole seconds: what was asked within the same one was not asked before.
        (request.asked_at < decided.at.replace(microsecond=0), Redundancy.ASKED_BEFORE),
        (request.asked_at > decided.at + timedelta(seconds=life_seconds), Redundancy.EXPIRED),
    )
    return next((why for broken, why in complaints if broken), None)
