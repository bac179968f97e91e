"""Accounts of people and their sessions (REST ``/v1/accounts``, ``/v1/sessions``)."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from schemas.answers import Answer, TextOut
from schemas.provincial import Code, Contract

# Long enough for any password that may be, short enough to be normalised at once.
# Nor shown where somebody writes a whole request into a log or an error.
Secret = Annotated[str, Field(min_length=1, max_length=512, repr=False)]
OneTimeCode = Annotated[str, Field(max_length=40, repr=False)]


def _printable(text: str) -> str:
    if not text.isprintable():
        message = "letters that cannot be shown"
        raise ValueError(message)
    return text


Words = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
RoleName = Literal["administrator", "operator", "officer", "approver", "auditor"]
Kind = Literal["administrator", "operation", "technical"]
State = Literal["invited", "living", "locked", "disabled"]
Step = Literal["none", "change_password", "enrol_second_factor"]


class LoginIn(Contract):
    """Who wants in. ``code``: six digits by time, or a recovery code; only accounts that have enrolled need one."""

    account: Annotated[str, Field(min_length=1, max_length=100)]
    password: Secret
    code: OneTimeCode = ""


class SessionOut(Answer):
    """A session. Until ``step`` is ``none`` it can only do that step, and leave."""

    account: str
    full_name: str
    kind: Kind
    roles: tuple[RoleName, ...]
    units: tuple[str, ...] = Field(description="whose dossiers are in reach; empty: the whole province")
    permissions: tuple[str, ...]
    second_factor: bool = Field(description="whether one is enrolled")
    step: Step = Field(description="what must be done before anything else")
    idle_seconds: float = Field(description="unused for so long, it ends")
    ends_at: datetime = Field(description="when it ends at the latest")
    csrf_token: str = Field(repr=False, description="to be sent as `X-CSRF-Token` with whatever changes something")


class PasswordIn(Contract):
    """Another password."""

    old: Secret
    new: Secret


class ProofIn(Contract):
    """The present password again."""

    password: Secret


class CodeIn(Contract):
    """A code of the second factor that was offered."""

    code: Annotated[str, Field(min_length=6, max_length=40, repr=False)]


class OfferOut(Answer):
    """A second factor to be enrolled; shown this once."""

    secret: str = Field(
        repr=False, description="base32, in groups of four, to be typed into an app; SHA-1, 6 digits, 30 seconds"
    )
    address: str = Field(repr=False, description="`otpauth://` address of the same, for an app on the same telephone")


class RecoveryOut(Answer):
    """Recovery codes, each for one login; shown this once."""

    recovery_codes: tuple[str, ...] = Field(repr=False)
    session: SessionOut


class AccountIn(Contract):
    """An account for one person."""

    name: Annotated[str, Field(max_length=59)] = Field(description="for ever; letters a-z 0-9 . _ -")
    full_name: Annotated[str, Field(min_length=1, max_length=200)]
    roles: Annotated[tuple[RoleName, ...], Field(min_length=1, max_length=5)]
    units: Annotated[tuple[Code, ...], Field(max_length=500)] = Field(
        default=(), description="receiving units in reach, with those below them; empty: the whole province"
    )


class RightsIn(Contract):
    """Other rights for an account; its sessions end."""

    roles: Annotated[tuple[RoleName, ...], Field(min_length=1, max_length=5)]
    units: Annotated[tuple[Code, ...], Field(max_length=500)] = ()


class ReasonIn(Contract):
    """Why."""

    reason: Words


class ResetIn(Contract):
    """A new one-time password. With ``second_factor`` a lost telephone is forgotten too, and its recovery codes."""

    second_factor: bool = False


class AccountOut(Answer):
    """One account, without its secrets."""

    name: str
    full_name: str
    agency: str
    kind: Kind
    roles: tuple[RoleName, ...]
    units: tuple[str, ...]
    state: State
    meaning: TextOut
    second_factor: bool = Field(description="whether one is enrolled")
    locked_until: datetime | None
    disabled_at: datetime | None
    disabled_reason: str | None
    created_at: datetime
    last_login_at: datetime | None
    idle_days: int = Field(description="whole days since it was last used, made or enabled")
    address: str


class InvitationOut(Answer):
    """An account with its one-time password, shown this once."""

    account: AccountOut
    one_time_password: str = Field(repr=False, description="to be handed over in person; changed at the first login")
    until: datetime = Field(description="when it lets in no more")


class AccountPage(Answer):
    """Accounts by name."""

    items: tuple[AccountOut, ...]
    next: str | None = Field(description="address of the next page")
