"""The roots of the tree, and what is no refusal."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar


class LienThongError(Exception):
    """Base of everything the gateway says no with."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: where (a JSON pointer into the record, RFC 6901), what, and the table it misses, if any."""

    pointer: str
    detail: str
    table: str | None = None


class Refusal(LienThongError):
    """A request that cannot be taken. ``detail`` says what is wrong, ``advice`` what to do; RFC 9457 at the edge."""

    slug: ClassVar[str] = "refused"
    title: ClassVar[str] = "Request refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST

    def __init__(
        self,
        detail: str,
        *,
        advice: str = "",
        faults: tuple[Fault, ...] = (),
        members: dict[str, object] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        """Keep the parts apart: the edge renders them, the audit entry keeps slug and faults."""
        super().__init__(detail)
        self.detail = detail
        self.advice = advice
        self.faults = faults
        self.members = members or {}
        self.retry_after_seconds = retry_after_seconds
        # Set by the use case that has put this refusal on record, so that the edge does not do it again.
        self.on_record = False
        # Where a browser is led instead of being shown a problem: a page of ours.
        self.leads_to: str | None = None


class AuditUnavailable(LienThongError):
    """No audit entry can be written, so nothing may happen."""


class StoreBusy(LienThongError):
    """The database did not take the transaction in time; the same request may be made again."""


class ConfigurationError(LienThongError):
    """A setting is missing or impossible; names the setting."""
