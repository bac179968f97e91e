"""Transitions that somebody wants to hear of, told once when they begin and once when they end; and their wire names.

``EVENT_NEWS`` is the one table from a kind of event to the types that webhooks are told.
"""

from enum import StrEnum
from types import MappingProxyType

from app.domain.breaker import Gate, GateState
from app.domain.delivery import DeliveryState


class EventKind(StrEnum):
    """What happened.

    The first three and ``CONTRACT_NEW`` are about a destination, ``LINK_DEAD`` and ``FILE_DAMAGED`` about documents,
    those from ``SOURCE_SILENT`` on about sources that are asked, those that begin with ``LOG`` about the log, the
    others about one delivery.
    """

    TARGET_DOWN = "target_down"
    BREAKER_OPEN = "breaker_open"
    BACKLOG_OLD = "backlog_old"
    DEAD_LETTER = "dead_letter"
    REFUSED = "refused"
    PERSON_ASKED = "person_asked"
    CONTRACT_NEW = "contract_new"
    LINK_DEAD = "link_dead"
    FILE_DAMAGED = "file_damaged"
    SOURCE_SILENT = "source_silent"
    WRONG_PERSON = "wrong_person"
    DISCREPANCY = "discrepancy"
    ANOMALY = "anomaly"
    OFFICER_LOCKED = "officer_locked"
    LOG_LATE = "log_late"
    LOG_BROKEN = "log_broken"
    LOG_ENTRY_REFUSED = "log_entry_refused"
    LOG_LIE = "log_lie"
    LOG_CHECK_STOPPED = "log_check_stopped"
    LOG_UNSTAMPED = "log_unstamped"


class Phase(StrEnum):
    """Whether an event begins or ends."""

    STARTED = "started"
    ENDED = "ended"


class News(StrEnum):
    """Type of a webhook's message (``type`` of its payload)."""

    TARGET_DOWN = "target.down"
    TARGET_RECOVERED = "target.recovered"
    BREAKER_OPENED = "breaker.opened"
    BREAKER_CLOSED = "breaker.closed"
    BACKLOG_OLD = "backlog.old"
    BACKLOG_RECOVERED = "backlog.recovered"
    CONTRACT_NEW = "contract.new"
    LINK_DEAD = "link.dead"
    LINK_RECOVERED = "link.recovered"
    FILE_DAMAGED = "file.damaged"
    FILE_RECOVERED = "file.recovered"
    SOURCE_SILENT = "source.silent"
    SOURCE_ANSWERS = "source.answers"
    WRONG_PERSON = "person.wrong_record"
    DISCREPANCY = "discrepancy.reported"
    DISCREPANCY_ENDED = "discrepancy.answered"
    ANOMALY = "person.anomaly"
    ANOMALY_ENDED = "person.anomaly.signed_off"
    OFFICER_LOCKED = "person.officer_locked"
    OFFICER_LIFTED = "person.officer_lifted"
    LOG_LATE = "log.late"
    LOG_RECOVERED = "log.recovered"
    LOG_BROKEN = "log.broken"
    LOG_MENDED = "log.mended"
    LOG_ENTRY_REFUSED = "log.entry_refused"
    LOG_ENTRY_TAKEN = "log.entry_taken"
    LOG_LIE = "log.lie"
    LOG_LIE_ENDED = "log.lie.ended"
    LOG_CHECK_STOPPED = "log.check_stopped"
    LOG_CHECK_GOES_ON = "log.check_goes_on"
    LOG_UNSTAMPED = "log.unstamped"
    LOG_STAMPED = "log.stamped"
    DELIVERED = "delivery.delivered"
    REFUSED = "delivery.refused"
    REFUSED_ENDED = "delivery.refused.ended"
    DEAD = "delivery.dead"
    DEAD_ENDED = "delivery.dead.ended"
    UNDECIDED = "delivery.undecided"
    UNDECIDED_ENDED = "delivery.undecided.ended"
    CANCELLED = "delivery.cancelled"
    SUPERSEDED = "delivery.superseded"
    TEST = "webhook.test"


_E, _N, _D = EventKind, News, DeliveryState

#: Kind of event to what is told at its start and at its end. Without a second one it is over as it happens.
EVENT_NEWS = MappingProxyType(
    {
        _E.TARGET_DOWN: (_N.TARGET_DOWN, _N.TARGET_RECOVERED),
        _E.BREAKER_OPEN: (_N.BREAKER_OPENED, _N.BREAKER_CLOSED),
        _E.BACKLOG_OLD: (_N.BACKLOG_OLD, _N.BACKLOG_RECOVERED),
        _E.DEAD_LETTER: (_N.DEAD, _N.DEAD_ENDED),
        _E.REFUSED: (_N.REFUSED, _N.REFUSED_ENDED),
        _E.PERSON_ASKED: (_N.UNDECIDED, _N.UNDECIDED_ENDED),
        _E.CONTRACT_NEW: (_N.CONTRACT_NEW, None),
        _E.LINK_DEAD: (_N.LINK_DEAD, _N.LINK_RECOVERED),
        _E.FILE_DAMAGED: (_N.FILE_DAMAGED, _N.FILE_RECOVERED),
        _E.SOURCE_SILENT: (_N.SOURCE_SILENT, _N.SOURCE_ANSWERS),
        _E.WRONG_PERSON: (_N.WRONG_PERSON, None),
        _E.DISCREPANCY: (_N.DISCREPANCY, _N.DISCREPANCY_ENDED),
        _E.ANOMALY: (_N.ANOMALY, _N.ANOMALY_ENDED),
        _E.OFFICER_LOCKED: (_N.OFFICER_LOCKED, _N.OFFICER_LIFTED),
        _E.LOG_LATE: (_N.LOG_LATE, _N.LOG_RECOVERED),
        _E.LOG_BROKEN: (_N.LOG_BROKEN, _N.LOG_MENDED),
        _E.LOG_ENTRY_REFUSED: (_N.LOG_ENTRY_REFUSED, _N.LOG_ENTRY_TAKEN),
        _E.LOG_LIE: (_N.LOG_LIE, _N.LOG_LIE_ENDED),
        _E.LOG_CHECK_STOPPED: (_N.LOG_CHECK_STOPPED, _N.LOG_CHECK_GOES_ON),
        _E.LOG_UNSTAMPED: (_N.LOG_UNSTAMPED, _N.LOG_STAMPED),
    }
)

#: Outcomes that are told and are no event: nothing stands still because of them.
OUTCOME_NEWS = MappingProxyType({_D.DELIVERED: _N.DELIVERED, _D.CANCELLED: _N.CANCELLED, _D.SUPERSEDED: _N.SUPERSEDED})

#: Events about one delivery; what else there is is about a destination.
DELIVERY_EVENTS = (_E.DEAD_LETTER, _E.REFUSED, _E.PERSON_ASKED)

#: Events about no unit and no person, which a commune's software may see: whether the far side can be reached at all.
PROVINCE_EVENTS = (_E.TARGET_DOWN, _E.BREAKER_OPEN, _E.BACKLOG_OLD, _E.SOURCE_SILENT, _E.LOG_LATE, _E.LOG_BROKEN)

#: What only endpoints with ``system_events`` hear of.
SYSTEM_NEWS = frozenset(
    news for kind, told in EVENT_NEWS.items() if kind not in DELIVERY_EVENTS for news in told if news is not None
)

#: What an endpoint may ask for.
OFFERED_NEWS = tuple(news for news in News if news is not News.TEST)


def news_of(kind: EventKind, phase: Phase) -> News | None:
    """What webhooks are told; None: nothing."""
    return EVENT_NEWS[kind][0 if phase is Phase.STARTED else 1]


def event_of(state: DeliveryState, *, undecided: bool = False, orphaned: bool = False) -> EventKind | None:
    """The event that a delivery's new state begins; None when nothing stands still because of it.

    ``orphaned``: it waits for a dossier that the nation does not have and that nothing is to bring there.
    """
    if orphaned:
        return EventKind.PERSON_ASKED
    if state is DeliveryState.UNKNOWN:
        return EventKind.PERSON_ASKED if undecided else None
    return {_D.REJECTED: EventKind.REFUSED, _D.DEAD: EventKind.DEAD_LETTER}.get(state)


def subject_of(message_id: int) -> str:
    """What an event about one delivery is about."""
    return f"delivery:{message_id}"


def transitions(before: Gate, after: Gate) -> list[tuple[EventKind, Phase]]:
    """What begins and ends as a gate moves from one state to another, in the order of telling.

    A breaker that opens may be a hiccup. The destination is down when the first trial failed too, and back with
    the first good one; a ramp that fails is told as down again only when its trial fails as well.
    """
    found: list[tuple[EventKind, Phase]] = []
    opened = after.state is GateState.OPEN and after.trips > before.trips
    if opened and before.state is GateState.CLOSED:
        found.append((EventKind.BREAKER_OPEN, Phase.STARTED))
    if opened and before.state is GateState.TRIAL:
        found.append((EventKind.TARGET_DOWN, Phase.STARTED))
    if before.state is GateState.TRIAL and after.state in {GateState.RAMP, GateState.CLOSED}:
        found.append((EventKind.TARGET_DOWN, Phase.ENDED))
    if before.state is not GateState.CLOSED and after.state is GateState.CLOSED:
        found.append((EventKind.BREAKER_OPEN, Phase.ENDED))
    return found
