"""How much is tried: the same little each time in ``make test``, much and by chance in ``make fuzz``."""

from hypothesis import HealthCheck, settings

LONG_PROFILE = "fuzz"
_TIMES_LONGER = 50
settings.register_profile(
    LONG_PROFILE,
    settings.get_profile("house"),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def is_long() -> bool:
    """Whether this is ``make fuzz``."""
    return settings.get_current_profile_name() == LONG_PROFILE


def examples(count: int) -> settings:
    """Bounds of a test that has ``count`` examples in a short run."""
    if is_long():
        return settings(max_examples=count * _TIMES_LONGER)
    return settings(max_examples=count, derandomize=True, database=None)
