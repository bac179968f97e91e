"""Laws of the queue: the key orders by working time left, equals go by age, and nobody starves."""

import heapq
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.rulesets import VIETNAM
from app.domain.worktime import OfficeSession, WorkingCalendar, priority_at, working_seconds_left
from app.reference.workdays import load_calendar

_START = datetime(2025, 1, 13, tzinfo=UTC)
_MINUTES = st.integers(0, 60 * 24 * 140)
_ZONES = st.builds(lambda hours: timezone(timedelta(hours=hours)), st.integers(-12, 12))
# Whole minutes meet the edges of office hours often; the rest tries everything in between.
_MOMENTS = st.one_of(
    st.builds(lambda minutes, zone: (_START + timedelta(minutes=minutes)).astimezone(zone), _MINUTES, _ZONES),
    st.datetimes(datetime(2024, 12, 1), datetime(2025, 6, 1), timezones=_ZONES),  # noqa: DTZ001 - zones are drawn
)
_DATES = st.dates(date(2024, 12, 25), date(2025, 5, 20))


@st.composite
def _calendars(draw: st.DrawFn) -> WorkingCalendar:
    """The shipped calendar, or one with any holidays, make-up days and hours."""
    if draw(st.booleans()):
        return load_calendar()
    days = draw(st.frozensets(_DATES, max_size=30))
    off = frozenset(day for day in days if day.weekday() < 5)
    edges = sorted(draw(st.lists(st.integers(0, 24 * 60 - 1), min_size=2, max_size=6, unique=True)))
    clocks = [time(minute // 60, minute % 60) for minute in edges[: len(edges) // 2 * 2]]
    sessions = tuple(OfficeSession(start, end) for start, end in zip(clocks[::2], clocks[1::2], strict=True))
    return WorkingCalendar(off, days - off, sessions, cutoff=draw(st.sampled_from(clocks)))


@given(_calendars(), _MOMENTS)
def test_the_floor_is_at_or_before_with_no_working_time_between(calendar: WorkingCalendar, moment: datetime) -> None:
    floor = calendar.floor(moment)
    assert floor <= moment
    assert calendar.working_seconds_between(floor, moment) == 0
    assert calendar.floor(floor) == floor
    # Nothing earlier would do: the very moment before is working time.
    assert calendar.working_seconds_between(floor - timedelta(seconds=1), floor) > 0


@given(_calendars(), _MOMENTS, _MOMENTS, _MOMENTS)
def test_working_time_adds_up_and_never_exceeds_the_clock(
    calendar: WorkingCalendar, one: datetime, two: datetime, three: datetime
) -> None:
    between = calendar.working_seconds_between
    assert between(one, two) == -between(two, one)
    # Sums of microseconds as floats are a little off.
    assert abs(between(one, three) - between(one, two) - between(two, three)) < 1e-3
    assert -1e-3 <= between(min(one, two), max(one, two)) <= abs((two - one).total_seconds()) + 1e-3


@given(_calendars(), _MOMENTS, st.integers(1, 20))
def test_working_time_is_what_counting_hour_by_hour_finds(
    calendar: WorkingCalendar, start: datetime, days: int
) -> None:
    end = start + timedelta(days=days)
    counted = 0.0
    for number in range(-1, days + 2):
        day = start.astimezone(VIETNAM).date() + timedelta(days=number)
        for session in calendar.sessions if calendar.is_working_day(day) else ():
            low = max(start, datetime.combine(day, session.start, VIETNAM))
            high = min(end, datetime.combine(day, session.end, VIETNAM))
            counted += max(0.0, (high - low).total_seconds())
    assert abs(calendar.working_seconds_between(start, end) - counted) < 1e-3


@given(_calendars(), _MOMENTS)
def test_a_transfer_is_due_after_the_reception_within_one_working_day(
    calendar: WorkingCalendar, received: datetime
) -> None:
    due, day = calendar.transfer_due(received), received.astimezone(VIETNAM).date()
    assert received <= due <= calendar.next_start(received)
    assert calendar.is_working_day(due.astimezone(VIETNAM).date())
    # The rest of the day and no more: nothing of the next day's working time.
    rest = max(0.0, calendar.working_seconds_between(received, max(received, calendar.closing(day))))
    assert abs(calendar.working_seconds_between(received, due) - rest) < 1e-3


@given(_calendars(), _MOMENTS, _MOMENTS, _MOMENTS)
def test_at_any_time_the_order_of_keys_is_the_order_of_working_time_left(
    calendar: WorkingCalendar, now: datetime, one: datetime, two: datetime
) -> None:
    first, second = priority_at(one, now, calendar), priority_at(two, now, calendar)
    left = [max(0.0, working_seconds_left(due, now, calendar)) for due in (one, two)]
    if first < second:
        assert left[0] < left[1]
    elif first == second:
        assert left[0] == left[1]
    else:
        assert left[0] > left[1]


@given(_calendars(), st.tuples(_MOMENTS, _MOMENTS), st.tuples(_MOMENTS, _MOMENTS), _MOMENTS)
def test_keys_of_records_that_came_at_different_times_keep_that_order(
    calendar: WorkingCalendar, one: tuple[datetime, datetime], two: tuple[datetime, datetime], claimed_at: datetime
) -> None:
    (due_one, came_one), (due_two, came_two) = one, two
    assume(max(came_one, came_two) <= claimed_at)
    if priority_at(due_one, came_one, calendar) <= priority_at(due_two, came_two, calendar):
        left = [max(0.0, working_seconds_left(due, claimed_at, calendar)) for due in (due_one, due_two)]
        assert left[0] <= left[1]


@dataclass(frozen=True)
class Arrival:
    """A record that comes ``after`` minutes after the one before, due ``term`` minutes after its coming."""

    after: int
    term: int


_ARRIVALS = st.lists(st.builds(Arrival, st.integers(0, 900), st.integers(-20_000, 40_000)), min_size=1, max_size=60)


def _run(calendar: WorkingCalendar, arrivals: list[Arrival], claim_minutes: int) -> list[tuple[datetime, int]]:
    """Lanes (key, number) in the order of their claims: one every ``claim_minutes``, the lowest first."""
    now, coming = _START, []
    for number, arrival in enumerate(arrivals):
        now += timedelta(minutes=arrival.after)
        coming.append((now, (priority_at(now + timedelta(minutes=arrival.term), now, calendar), number)))
    queue: list[tuple[datetime, int]] = []
    claimed, clock = [], _START
    while coming or queue:
        clock += timedelta(minutes=claim_minutes)
        while coming and coming[0][0] <= clock:
            heapq.heappush(queue, coming.pop(0)[1])
        if queue:
            claimed.append(heapq.heappop(queue))
    return claimed


@given(_calendars(), _ARRIVALS, st.integers(1, 2000))
def test_nobody_is_overtaken_by_what_comes_after_his_place(
    calendar: WorkingCalendar, arrivals: list[Arrival], claim_minutes: int
) -> None:
    came, now = [], _START
    for arrival in arrivals:
        now += timedelta(minutes=arrival.after)
        came.append(now)
    claimed = _run(calendar, arrivals, claim_minutes)
    assert sorted(number for _, number in claimed) == list(range(len(arrivals)))
    place = {number: index for index, (_, number) in enumerate(claimed)}
    for key, number in claimed:
        overtakers = [other for other in range(number + 1, len(arrivals)) if place[other] < place[number]]
        # Finitely many can overtake: those that came before the place in time at which the record stands.
        assert all(came[other] < key for other in overtakers)


@given(_calendars(), _MOMENTS, st.integers(1, 40_000), st.integers(1, 60))
def test_an_endless_stream_of_urgent_records_does_not_starve_an_old_one(
    calendar: WorkingCalendar, came: datetime, term_minutes: int, every_minutes: int
) -> None:
    """A claim for each arrival and each arrival overdue already: the worst that can be done to a patient record."""
    key = priority_at(came + timedelta(minutes=term_minutes), came, calendar)
    waited, now = 0, came
    while priority_at(now - timedelta(days=30), now, calendar) < key:
        waited, now = waited + 1, now + timedelta(minutes=every_minutes)
    assert waited <= term_minutes / every_minutes + 1


@given(_calendars(), _MOMENTS, _MOMENTS)
def test_of_equals_the_oldest_goes_first(calendar: WorkingCalendar, now: datetime, due: datetime) -> None:
    # A due date in the night and one at the next opening leave the same working time.
    key = priority_at(due, now, calendar)
    assert key == priority_at(calendar.floor(due), now, calendar)
    claimed = []
    queue = [(key, number) for number in (3, 1, 2)]
    heapq.heapify(queue)
    while queue:
        claimed.append(heapq.heappop(queue)[1])
    assert claimed == [1, 2, 3]
