"""Numbers, times and sentences as the readers of each language write them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.texts import Text, text

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_HOUR = 3600
_DAY = 86400


def number(value: int) -> str:
    """A whole number as Vietnamese read it: 1.234."""
    return f"{value:,}".replace(",", ".")


def share(part: int, whole: int) -> str:
    """A share in per cent, cut and not rounded: 100 % only when nothing is missing."""
    if not whole:
        return "–"
    tenths = part * 1000 // whole
    cents = f",{tenths % 10}" if tenths % 10 else ""
    return f"{number(tenths // 10)}{cents}\N{NO-BREAK SPACE}%"


def moment(at: datetime) -> str:
    """A time as Vietnamese read it, on the clock of Viet Nam: 14:05 23/11/2026."""
    return at.astimezone(_ZONE).strftime("%H:%M %d/%m/%Y")


def say(key: str, **values: int | str | datetime) -> Text:
    """A sentence of the catalogue with its values written in, in each language's own way."""
    found = text(key)
    return Text(
        found.vi.format(**{name: _vietnamese(value) for name, value in values.items()}),
        found.en.format(**{name: _english(value) for name, value in values.items()}),
    )


def age(since: datetime, now: datetime) -> Text:
    """How long ago, roughly: an administrator wants minutes, hours or days."""
    seconds = (now - since) // timedelta(seconds=1)
    for key, length in (("page.age-days", _DAY), ("page.age-hours", _HOUR), ("page.age-minutes", 60)):
        if seconds >= length:
            return say(key, count=seconds // length)
    return text("page.age-now")


def _vietnamese(value: int | str | datetime) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return number(value) if isinstance(value, int) else value


def _english(value: int | str | datetime) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(_ZONE):%H:%M, %d %b %Y}"
    return f"{value:,}" if isinstance(value, int) else value
