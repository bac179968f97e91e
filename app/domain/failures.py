"""Classes of failure: what people are shown, what is counted apart, and which schedule applies.

One table from the reason that a connector or the engine gives to its class. A reason that the table lacks is
``TECHNICAL``: somebody must look, and nothing is promised about it.
"""

from enum import StrEnum
from types import MappingProxyType


class FailureClass(StrEnum):
    """Why something has not arrived.

    ``TEMPORARY``: the far side is away or busy; time helps. ``PERMANENT``: the nation read it and refused it; the
    record must change. ``TECHNICAL``: address, access, account or our own software; a technician helps.
    ``CONTRACT``: the answer has a shape that we do not know; kept with an example. ``UNKNOWN``: sent, and nobody
    can tell yet whether it was taken.
    """

    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    TECHNICAL = "technical"
    CONTRACT = "contract"
    UNKNOWN = "unknown"


_F = FailureClass

#: Reason to class. ``http_…`` that is not listed is decided by ``class_of``.
REASONS = MappingProxyType(
    {
        "not_sent": _F.TEMPORARY,
        "http_429": _F.TEMPORARY,
        "http_503": _F.TEMPORARY,
        "maintenance": _F.TEMPORARY,
        "login_no_answer": _F.TEMPORARY,
        "login_busy": _F.TEMPORARY,
        "too_late_to_send": _F.TEMPORARY,
        "session_refused": _F.TEMPORARY,
        "refused": _F.PERMANENT,
        "bad_address": _F.TECHNICAL,
        "adapter_refused": _F.TECHNICAL,
        "login_refused": _F.TECHNICAL,
        "unit_refused": _F.TECHNICAL,
        "bug": _F.TECHNICAL,
        "worker_lost": _F.UNKNOWN,
        "restored": _F.UNKNOWN,
        "endpoint_away": _F.TEMPORARY,
        "endpoint_gone": _F.TECHNICAL,
        "endpoint_refused": _F.TECHNICAL,
        "unreadable_answer": _F.CONTRACT,
        "unknown_code": _F.CONTRACT,
        "probe_unreadable": _F.CONTRACT,
        "probe_cannot_tell": _F.CONTRACT,
        "read_timeout": _F.UNKNOWN,
        "total_timeout": _F.UNKNOWN,
        "call_timeout": _F.UNKNOWN,
        "connection_lost": _F.UNKNOWN,
        "too_large": _F.UNKNOWN,
        "probe_postponed": _F.UNKNOWN,
        "may_still_come": _F.UNKNOWN,
        "out_of_order": _F.UNKNOWN,
        "nation_lost_it": _F.UNKNOWN,
        "probe_spent": _F.UNKNOWN,
    }
)


def class_of(reason: str | None) -> FailureClass:
    """The class of a reason; HTTP 5xx after which it may have been taken is ``UNKNOWN``."""
    if reason is None:
        return FailureClass.TECHNICAL
    if reason in REASONS:
        return REASONS[reason]
    if reason.startswith("http_"):
        return FailureClass.UNKNOWN
    return FailureClass.TECHNICAL
