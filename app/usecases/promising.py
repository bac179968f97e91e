"""From the wire form of a record to what the outbox is given: whom it is owed to, by when, under which name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app import tracing
from app.domain.delivery import Target
from app.domain.dossier import DossierStatus
from app.domain.worktime import WorkingCalendar, legal_due, priority_at
from app.store import outbox
from app.usecases.records import sha256


@dataclass(frozen=True, slots=True)
class About:
    """The dossier that a message is about, as its lane needs to know it."""

    dossier_code: str
    procedure_code: str
    unit_code: str
    status: DossierStatus
    received_at: datetime | None
    due_at: datetime | None


def messages_of(
    about: About,
    wires: Mapping[Target, str],
    *,
    kind: str,
    ref: str,
    correlation_id: str,
    calendar: WorkingCalendar,
    now: datetime,
    doubtful_since: datetime | None = None,
) -> Iterable[outbox.NewMessage]:
    """One promise for each target; ``ref`` names the record among those of its dossier.

    With ``doubtful_since`` the nation is asked first whether it has it from before.
    """
    due = legal_due(calendar, about.status, about.received_at or now, about.due_at)
    return [
        outbox.NewMessage(
            target=target,
            kind=kind,
            dossier_code=about.dossier_code,
            procedure_code=about.procedure_code,
            unit_code=about.unit_code,
            ref=ref,
            payload=payload,
            payload_hash=sha256(payload),
            correlation_id=correlation_id,
            trace_context=tracing.TRACEPARENT.get(),
            due_at=priority_at(due, now, calendar),
            doubtful_since=doubtful_since,
        )
        for target, payload in wires.items()
    ]
