"""How the transparency log stands."""

from datetime import datetime

from pydantic import Field

from schemas.answers import Answer


class CheckpointOut(Answer):
    """The newest signed checkpoint."""

    size: int = Field(description="entries that it covers")
    root: str = Field(description="root of the tree, base64")
    at: datetime
    cosigners: tuple[str, ...] = Field(description="witnesses that have cosigned it")


class TimestampOut(Answer):
    """The newest time-stamp (RFC 3161) on a checkpoint."""

    size: int = Field(description="entries of the checkpoint that it is over")
    at: datetime = Field(description="the time that the authority put into it")
    authority: str = Field(description="address that it was asked of")
    age_seconds: float


class FindingOut(Answer):
    """The first lie that the self-check found."""

    lie: str
    words: str
    place: int | None = Field(description="place in the tree, from 0")
    entry: int | None = Field(description="number of the entry")
    found_at: datetime


class LogCheckOut(Answer):
    """The log is read again in the background: how far it is, and what it found."""

    share: float = Field(description="how much of the log the running pass has read; 1: it rests between two passes")
    checked: int = Field(description="entries that the running pass has read")
    whole_pass_at: datetime | None = Field(description="when a pass last came to the end of the log")
    whole_pass_entries: int
    lies: int = Field(description="found by the running pass, or by the last one while none runs")
    finding: FindingOut | None
    trouble: str | None = Field(
        description="`no_progress`: nobody reads; `too_slow`: not all within LIENTHONG_LOG_CHECK_DAYS; null: none"
    )


class LogOut(Answer):
    """The log: how much is in the tree, what is not yet, what is signed, and how late it is."""

    origin: str | None = Field(description="name of the log in its checkpoints; null: nobody signs here")
    size: int = Field(description="entries in the tree")
    unsequenced: int = Field(description="entries that are not in the tree yet")
    checkpoint: CheckpointOut | None
    age_seconds: float | None = Field(
        description="age of the oldest entry that no checkpoint covers; null: nobody signs here, so no limit applies"
    )
    limit_seconds: float = Field(description="past this age nothing is exchanged")
    exchanges_stopped: bool
    timestamp: TimestampOut | None
    timestamp_overdue_seconds: float | None = Field(
        description="how long the next time-stamp is overdue; null: none is asked for"
    )
    check: LogCheckOut | None = Field(description="null: the log is not read again here")
    leader: str | None = Field(description="the worker that brought the last entries in")
    leader_until: datetime | None = Field(description="until then no other takes over")
