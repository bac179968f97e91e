"""How much is tried: the same little each time in ``make test``, much and by chance in ``make fuzz``."""

from hypothesis import settings

LONG_PROFILE = "fuzz"
_TIMES_LONGER = 50


def is_long() -> bool:
    """Whether this is ``make fuzz``."""
    return settings.get_current_profile_name() == LONG_PROFILE


def examples(count: int) -> settings:
    """Bounds of a test that has ``count`` examples in a short run."""
    if is_long():
        return settings(max_examples=count * _TIMES_LONGER)
    return settings(max_examples=count, derandomize=True, database=None)
