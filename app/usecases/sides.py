"""Both sides of a delivery: what was promised, and what the nation holds now, so that a person can decide rightly."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from app.domain.delivery import NATIONAL, Destination
from app.domain.sides import Difference, PromisedStep, StepStanding, compare_snapshots, listed, readable, steps_held
from app.errors import UnknownDelivery
from app.store import audit, decisions
from app.store.decisions import Subject
from app.store.session import Row, WriteSession
from app.usecases.context import Caller, Context
from app.usecases.decide import operation
from connectors.base import Kind, Parcel, Probed
from connectors.masking import mask

_log = structlog.get_logger(__name__)
_LOOK_SECONDS = 10.0
_PAYLOAD_CHARACTERS = 200_000
# The list of steps in what the nation holds of a dossier, as its look-up answers it.
_STEPS = "TIENDO"
_KINDS = {Kind.DOSSIER.value, Kind.STEP.value}


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a delivery. ``source``: ``live``, ``stored`` (the last answer that is kept), or ``none``.

    ``theirs`` is None when the nation holds nothing, or nobody can tell; ``knowledge`` is the verdict of the look.
    ``failure`` says why there was no live answer.
    """

    row: Row
    ours: dict[str, Any]
    theirs: dict[str, Any] | None
    theirs_text: str | None
    source: str
    at: datetime | None
    knowledge: str | None
    dossier_known: bool | None
    failure: str | None = None
    differences: tuple[Difference, ...] = ()
    hidden: tuple[str, ...] = ()
    steps: tuple[StepStanding, ...] = ()
    in_order: bool | None = None


@dataclass(slots=True)
class _Look:
    """What the nation was found to hold."""

    source: str = "none"
    text: str | None = None
    at: datetime | None = None
    knowledge: str | None = None
    dossier_known: bool | None = None
    failure: str | None = None
    steps: list[Row] = field(default_factory=list)


async def sides(context: Context, caller: Caller, delivery_id: int, correlation_id: str) -> Sides:
    """What was promised, and what the nation holds of it now; both masked. The look is on record first.

    Raises:
        UnknownDelivery: there is none.
    """

    async def note(session: WriteSession) -> tuple[Subject, list[Row], Row | None, datetime]:
        subject = await decisions.read(session, delivery_id)
        if subject is None:
            message = f"delivery {delivery_id} does not exist"
            raise UnknownDelivery(message)
        now = await session.now()
        entry = operation(caller, subject, "sides", correlation_id, {"delivery": delivery_id})
        await audit.append(session, [entry], now)
        steps = await decisions.promised(session, subject)
        return subject, steps, await decisions.last_probe(session, delivery_id), now

    subject, steps, stored, now = await context.database.run(note)
    look = _Look(steps=steps)
    probed = await _look(context, subject, look)
    if probed is not None:
        look.source, look.text, look.at = "live", probed.held, now
        look.knowledge, look.dossier_known = probed.knowledge[0].value, probed.dossier_known
    elif stored is not None:
        look.source, look.text, look.at = "stored", stored["answer"], stored["at"]
        look.knowledge = stored["outcome"].removeprefix("probe_")
    return _side_by_side(subject, look)


async def _look(context: Context, subject: Subject, look: _Look) -> Probed | None:
    """Ask the nation, with no session open; None when it gave no answer, with the reason in ``look``."""
    row = subject.row
    if row["target"] not in NATIONAL or row["kind"] not in _KINDS:
        look.failure = "nobody can be asked there"
        return None
    parcel = Parcel(
        row["id"], Kind(row["kind"]), row["dossier_code"], row["payload"], subject.known, row["correlation_id"]
    )
    connector = context.connectors[Destination.of(row["target"]).target]
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            probed = await connector.probe(row["dossier_code"], [parcel])
    except TimeoutError:
        look.failure = f"no answer within {_LOOK_SECONDS:g} s"
        return None
    except Exception as error:  # noqa: BLE001 - the edge to a connector: what is stored can still be shown
        _log.exception("connector_bug", target=row["target"], delivery=row["id"])
        look.failure = f"fault of the connector: {type(error).__name__}"
        return None
    if probed.failure is not None:
        look.failure = mask(f"{probed.failure.reason} {probed.failure.message}".strip())
        return None
    return probed


def _side_by_side(subject: Subject, look: _Look) -> Sides:
    row = subject.row
    ours, theirs = _masked(row["payload"]), readable(look.text)
    shown = Sides(
        row=row,
        ours=ours,
        theirs=theirs,
        theirs_text=look.text if theirs is None else None,
        source=look.source,
        at=look.at,
        knowledge=look.knowledge,
        dossier_known=look.dossier_known,
        failure=look.failure,
    )
    if theirs is None or row["kind"] not in _KINDS:
        return shown
    if row["kind"] == Kind.DOSSIER.value:
        compared = compare_snapshots(ours, theirs)
        return _with(shown, differences=compared.differences, hidden=compared.hidden)
    held = listed(theirs, _STEPS)
    if held is None:
        return shown
    promised = [PromisedStep(step["id"], step["ref"], _masked(step["payload"])) for step in look.steps]
    standings, in_order = steps_held(promised, held)
    return _with(shown, steps=standings, in_order=in_order)


def _with(shown: Sides, **more: Any) -> Sides:  # noqa: ANN401 - fields of Sides
    return Sides(**{name: getattr(shown, name) for name in Sides.__slots__} | more)


def _masked(payload: str) -> dict[str, Any]:
    """A promised payload as an object, masked; masking works on text and leaves JSON what it was."""
    return readable(mask(payload, _PAYLOAD_CHARACTERS)) or {}
