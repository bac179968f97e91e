"""Who may do what: permissions by resource, the bundles that tokens carry, the roles that people have.

Sources: NĐ 331/2026 and QCVN 12:2026/BCA 3.7.2.8 (least privilege, separation of duties; ``docs/requirements.csv`` G5,
G6). The table role by operation that people read is ``docs/access.md``; it is made from here and from the routes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """One act on one kind of resource. What ends in ``:approve`` confirms what somebody else has edited."""

    DOSSIERS_READ = "dossiers:read"
    DOSSIERS_WRITE = "dossiers:write"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_WRITE = "documents:write"
    DOCUMENTS_OPERATE = "documents:operate"
    PERSONS_ASK = "persons:ask"
    PERSONS_READ = "persons:read"
    ANOMALIES_SIGN = "anomalies:sign"
    LOCKS_EDIT = "locks:edit"
    DISCREPANCIES_ANSWER = "discrepancies:answer"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_OPERATE = "deliveries:operate"
    TARGETS_OPERATE = "targets:operate"
    WEBHOOKS_WRITE = "webhooks:write"
    FIGURES_READ = "figures:read"
    RULES_EDIT = "rules:edit"
    DELAYS_EDIT = "delays:edit"
    LOG_READ = "log:read"
    RETENTION_EDIT = "retention:edit"
    RETENTION_APPROVE = "retention:approve"
    ERASURE_EDIT = "erasure:edit"
    ERASURE_APPROVE = "erasure:approve"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_EDIT = "accounts:edit"
    COMPLIANCE_READ = "compliance:read"

    @property
    def approves(self) -> bool:
        """Whether it confirms what somebody else has edited."""
        return self.value.endswith(":approve")


class Scope(StrEnum):
    """What a token or a client of software may do, in four bundles. None holds what approves: that is for people."""

    INTAKE = "intake"
    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person is here for. An account may have several, but not one that edits beside one that approves."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    OFFICER = "officer"
    APPROVER = "approver"
    AUDITOR = "auditor"


_P = Permission
_READS: Final = frozenset(
    {_P.DOSSIERS_READ, _P.DOCUMENTS_READ, _P.PERSONS_READ, _P.DELIVERIES_READ, _P.FIGURES_READ, _P.COMPLIANCE_READ}
)

SCOPES: Final[Mapping[Scope, frozenset[Permission]]] = {
    Scope.INTAKE: frozenset(
        {_P.DOSSIERS_WRITE, _P.DOCUMENTS_WRITE, _P.DOCUMENTS_READ, _P.PERSONS_ASK, _P.WEBHOOKS_WRITE}
    ),
    Scope.READ: _READS,
    Scope.OPERATE: frozenset(
        {
            _P.DELIVERIES_OPERATE,
            _P.TARGETS_OPERATE,
            _P.DOCUMENTS_OPERATE,
            _P.ANOMALIES_SIGN,
            _P.DISCREPANCIES_ANSWER,
            _P.WEBHOOKS_WRITE,
        }
    ),
    Scope.ADMIN: frozenset(
        {
            _P.RULES_EDIT,
            _P.DELAYS_EDIT,
            _P.LOCKS_EDIT,
            _P.LOG_READ,
            _P.RETENTION_EDIT,
            _P.ERASURE_EDIT,
            _P.ACCOUNTS_READ,
            _P.COMPLIANCE_READ,
        }
    ),
}

ROLES: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.ADMINISTRATOR: frozenset(
        {
            _P.FIGURES_READ,
            _P.RULES_EDIT,
            _P.DELAYS_EDIT,
            _P.LOCKS_EDIT,
            _P.RETENTION_EDIT,
            _P.ERASURE_EDIT,
            _P.ACCOUNTS_READ,
            _P.ACCOUNTS_EDIT,
            _P.COMPLIANCE_READ,
        }
    ),
    Role.OPERATOR: _READS
    | {
        _P.DELIVERIES_OPERATE,
        _P.TARGETS_OPERATE,
        _P.DOCUMENTS_OPERATE,
        _P.ANOMALIES_SIGN,
        _P.DISCREPANCIES_ANSWER,
        _P.WEBHOOKS_WRITE,
    },
    Role.OFFICER: frozenset(
        {
            _P.DOSSIERS_READ,
            _P.DOSSIERS_WRITE,
            _P.DOCUMENTS_READ,
            _P.DOCUMENTS_WRITE,
            _P.PERSONS_ASK,
            _P.DELIVERIES_READ,
            _P.FIGURES_READ,
        }
    ),
    Role.APPROVER: frozenset(
        {_P.FIGURES_READ, _P.LOG_READ, _P.COMPLIANCE_READ, _P.RETENTION_APPROVE, _P.ERASURE_APPROVE}
    ),
    Role.AUDITOR: _READS | {_P.LOG_READ, _P.ACCOUNTS_READ},
}


_BY_NAME: Final[Mapping[str, frozenset[Permission]]] = {
    **{scope.value: allowed for scope, allowed in SCOPES.items()},
    **{role.value: allowed for role, allowed in ROLES.items()},
    **{permission.value: frozenset({permission}) for permission in Permission},
}


def permissions_of(names: Iterable[str]) -> frozenset[Permission]:
    """What scopes, roles and single permissions allow together; a name that is none of them allows nothing."""
    return frozenset().union(*(_BY_NAME.get(name, frozenset()) for name in names))


def is_for_software(name: str) -> bool:
    """Whether a token or a client may be given this: a scope, or one permission that no person must answer for.

    What approves is for people, and so is making accounts: who makes them could approve by another name.
    """
    allowed = _BY_NAME.get(name, frozenset())
    return name in {*Scope, *Permission} and not any(p.approves or p is _P.ACCOUNTS_EDIT for p in allowed)


def of_person(names: Collection[str]) -> bool:
    """Whether these are a person's: only people have roles."""
    return any(name in names for name in Role)


def clashes(names: Iterable[str]) -> bool:
    """Whether these together would let one account edit, operate or write, and also approve."""
    allowed = permissions_of(names)
    acts = {permission for permission in allowed if permission.value.rpartition(":")[2] not in {"read", "approve"}}
    return bool(acts) and any(permission.approves for permission in allowed)


class Bound(StrEnum):
    """How an operation is bounded for callers of some units only, where it is not about one ``Thing`` of its path."""

    WHOLE = "whole"
    UNITS = "units"
    OWN = "own"
    FREE = "free"


class Thing(StrEnum):
    """What an operation is about, by the parameter of its path; outside of a caller's reach it is not there."""

    DOSSIER = "code"
    DELIVERY = "delivery_id"
    DOCUMENT = "document_id"
    CHECK = "check_id"
    PREFILL = "prefill_id"
    ANOMALY = "anomaly_id"
    DISCREPANCY = "discrepancy_id"
    REPLAY = "replay_id"
    UNIT = "unit"


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose dossiers an account may see and act on: those that ``units`` receive, and units below them; none: all."""

    units: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether all of the province is in reach."""
        return not self.units

    def holds(self, unit: str | None, parents: Mapping[str, str | None]) -> bool:
        """Whether a unit is in reach, itself or by a unit above it; what belongs to no unit is in reach of all only.

        Args:
            unit: code of the receiving unit.
            parents: the unit above each unit; a ring ends the search.
        """
        if self.is_whole:
            return True
        seen: set[str] = set()
        while unit is not None and unit not in seen:
            if unit in self.units:
                return True
            seen.add(unit)
            unit = parents.get(unit)
        return False

    def below(self, parents: Mapping[str, str | None]) -> frozenset[str] | None:
        """Every unit in reach by its code, those that no table knows any more too; None: all of the province."""
        if self.is_whole:
            return None
        return self.units | {unit for unit in parents if self.holds(unit, parents)}

    def narrowed(self, other: "Reach", parents: Mapping[str, str | None]) -> "Reach | None":
        """What is in both; None: nothing is, which is not the same as a reach without units."""
        if self.is_whole:
            return other
        if other.is_whole:
            return self
        both = {u for u in self.units if other.holds(u, parents)} | {u for u in other.units if self.holds(u, parents)}
        return Reach(frozenset(both)) if both else None
