"""Working time: which days and hours count, when a term of law ends, and how lanes are ordered by the time left.

Facts: NĐ 118/2025/NĐ-CP Art. 18.2 as amended by NĐ 309/2026/NĐ-CP Art. 9 (a dossier is passed on the same working
day, or at the start of the next one when received after 15:00). The working days of a year come from
``app.reference.workdays``; nothing here reads a file or a clock.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.dossier import DossierStatus
from app.domain.rulesets import VIETNAM

# A dossier without a due date must not starve, nor overtake those that have one.
NO_DUE_DATE = timedelta(days=90)
# Whoever has taken a dossier in still has to pass it on.
_NOT_PASSED_ON = frozenset({DossierStatus.REGISTERED, DossierStatus.RECEIVED})
_DAY = timedelta(days=1)
_WEEKEND = 5


@dataclass(frozen=True, slots=True)
class OfficeSession:
    """A stretch of office hours within one day, by the wall clock; it ends after it starts."""

    start: time
    end: time

    def __post_init__(self) -> None:
        """Refuse one that ends before it has started."""
        if self.start >= self.end:
            message = f"office hours must end after they start, not {self.start:%H:%M}-{self.end:%H:%M}"
            raise ValueError(message)


OFFICE_HOURS = (OfficeSession(time(7, 30), time(11, 30)), OfficeSession(time(13), time(17)))
TRANSFER_CUTOFF = time(15)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Working days and office hours of one place.

    Monday to Friday are worked but for ``days_off``; Saturday and Sunday are not, but for ``extra_days``.
    A day must not be in both. ``sessions`` are in order and do not overlap; the cut-off lies within their span.
    """

    days_off: frozenset[date] = frozenset()
    extra_days: frozenset[date] = frozenset()
    sessions: tuple[OfficeSession, ...] = OFFICE_HOURS
    cutoff: time = TRANSFER_CUTOFF
    zone: ZoneInfo = VIETNAM

    def __post_init__(self) -> None:
        """Refuse what cannot be: no office hours or in disorder, a cut-off outside, a day both worked and free."""
        if not self.sessions:
            message = "a working day without office hours is none"
            raise ValueError(message)
        if any(one.end > two.start for one, two in zip(self.sessions, self.sessions[1:], strict=False)):
            message = "office hours overlap or are not in order"
            raise ValueError(message)
        if not self.sessions[0].start <= self.cutoff <= self.sessions[-1].end:
            message = f"the cut-off {self.cutoff:%H:%M} lies outside office hours"
            raise ValueError(message)
        if both := self.days_off & self.extra_days:
            message = f"{min(both)} is both a working day and a day off"
            raise ValueError(message)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day."""
        return day in self.extra_days or (day.weekday() < _WEEKEND and day not in self.days_off)

    def opening(self, day: date) -> datetime:
        """Start of office hours on a day, worked or not."""
        return datetime.combine(day, self.sessions[0].start, self.zone)

    def closing(self, day: date) -> datetime:
        """End of office hours on a day, worked or not."""
        return datetime.combine(day, self.sessions[-1].end, self.zone)

    def add_working_days(self, day: date, days: int) -> date:
        """The working day that lies a number of working days after (or, if negative, before) a day.

        As terms of law are counted: the first day is not counted, and nor is any day off. 0 is the day itself.
        """
        way = _DAY if days > 0 else -_DAY
        for _ in range(abs(days)):
            day += way
            while not self.is_working_day(day):
                day += way
        return day

    def next_start(self, at: datetime) -> datetime:
        """Start of office hours of the first working day after the day of ``at``."""
        return self.opening(self.add_working_days(at.astimezone(self.zone).date(), 1))

    def floor(self, at: datetime) -> datetime:
        """The last moment of working time at or before ``at``.

        The start of a session counts as the end of the one before it: no working time lies between them. So two
        moments have the same floor exactly when no working time lies between them, and otherwise floors are
        ordered as the moments are.
        """
        local = at.astimezone(self.zone)
        day = local.date()
        if self.is_working_day(day):
            clock = local.time()
            for session in reversed(self.sessions):
                if clock > session.start:
                    return local if clock <= session.end else datetime.combine(day, session.end, self.zone)
        return self.closing(self.add_working_days(day, -1))

    def working_seconds_between(self, start: datetime, end: datetime) -> float:
        """Seconds of office hours from ``start`` to ``end``; negative when ``end`` lies before ``start``."""
        first, last = start.astimezone(self.zone), end.astimezone(self.zone)
        # Whole microseconds: sums of floats depend on their order, and the way there must be as long as the way back.
        whole = sum(_microseconds(session.end) - _microseconds(session.start) for session in self.sessions)
        days = self._working_days_before(last.date()) - self._working_days_before(first.date())
        return (days * whole + self._worked_on_day(last) - self._worked_on_day(first)) / 1e6

    def transfer_due(self, received_at: datetime) -> datetime:
        """By when a dossier must be passed on (REQ A3).

        Received on a working day up to the cut-off: the end of that day's office hours. Received later, or on a
        day off: the start of office hours of the next working day.
        """
        local = received_at.astimezone(self.zone)
        if self.is_working_day(local.date()) and local.time() <= self.cutoff:
            return self.closing(local.date())
        return self.next_start(local)

    def _working_days_before(self, day: date) -> int:
        """Working days before a day, counted from a Monday long ago: only differences mean something.

        By arithmetic, since a due date may lie centuries ahead and pages show many.
        """
        weeks, rest = divmod(day.toordinal() - 1, 7)
        weekdays = weeks * _WEEKEND + min(rest, _WEEKEND)
        off = sum(1 for free in self.days_off if free < day and free.weekday() < _WEEKEND)
        extra = sum(1 for worked in self.extra_days if worked < day and worked.weekday() >= _WEEKEND)
        return weekdays - off + extra

    def _worked_on_day(self, local: datetime) -> int:
        """Microseconds of office hours that a day has seen by the moment ``local`` of it."""
        if not self.is_working_day(local.date()):
            return 0
        clock = _microseconds(local.time())
        return sum(
            max(0, min(clock, _microseconds(session.end)) - _microseconds(session.start)) for session in self.sessions
        )


def _microseconds(clock: time) -> int:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1_000_000 + clock.microsecond


def legal_due(
    calendar: WorkingCalendar, status: DossierStatus, received_at: datetime, due_at: datetime | None
) -> datetime:
    """By when the nation should know a record: the dossier's due date, or its transfer if that comes first.

    The transfer binds as long as the dossier is only registered or received. Without a due date it is 90 days
    after the reception.
    """
    due = due_at or received_at.astimezone(UTC) + NO_DUE_DATE
    return min(due, calendar.transfer_due(received_at)) if status in _NOT_PASSED_ON else due


def priority_at(due: datetime, now: datetime, calendar: WorkingCalendar) -> datetime:
    """Where a lane stands in the queue; the queue is walked in ascending order, equals by age.

    The order is that of working time left. What is overdue takes its place among what came at the same time, so
    nobody who comes after that place is overtaken, whatever comes later (tests/property/test_priority_laws.py).
    In UTC.
    """
    return max(calendar.floor(due), now).astimezone(UTC)


def working_seconds_left(due: datetime, now: datetime, calendar: WorkingCalendar) -> float:
    """Office seconds that are left until ``due``; negative: those by which it is overdue."""
    return calendar.working_seconds_between(now, due)
