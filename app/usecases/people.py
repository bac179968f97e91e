"""How people's accounts are kept: bounds, cost of hashes, keys; and how what happens to them is put on record."""

from dataclasses import dataclass, field
from datetime import timedelta

from app.domain.access import Role
from app.domain.accounts import Limits, SessionLimits
from app.domain.audit import AuditEntry, AuditKind
from app.domain.rulesets import LEGAL_BASIS, Purpose
from app.usecases.hashing import Passwords
from app.usecases.second_factor import SecretBox


@dataclass(frozen=True, slots=True)
class PeoplePolicy:
    """The rules of people's accounts.

    Accounts with one of ``second_factor_roles`` need a second factor; without a ``box`` none can be had. An account
    that was not used for ``idle`` is disabled.
    """

    passwords: Passwords = field(default_factory=Passwords)
    box: SecretBox | None = None
    second_factor_roles: frozenset[Role] = frozenset(Role)
    limits: Limits = field(default_factory=Limits)
    sessions: SessionLimits = field(default_factory=SessionLimits)
    idle: timedelta = timedelta(days=45)


def account_entry(
    by: str,
    agency: str,
    outcome: str,
    correlation_id: str,
    detail: dict[str, object],
    *,
    kind: AuditKind = AuditKind.ACCOUNT,
) -> AuditEntry:
    """What the log says of an account or a session. Never a password, a code, a secret or a cookie."""
    return AuditEntry(
        kind=kind,
        outcome=outcome,
        actor=by,
        agency=agency,
        purpose=Purpose.OPERATION.value,
        legal_basis=LEGAL_BASIS[Purpose.OPERATION],
        correlation_id=correlation_id[:64],
        detail=detail,
    )
