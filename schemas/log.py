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
    leader: str | None = Field(description="the worker that brought the last entries in")
    leader_until: datetime | None = Field(description="until then no other takes over")
