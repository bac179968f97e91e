"""Webhooks and events (REST ``/v1/webhooks``, ``/v1/events``), and the payload that webhooks are sent."""

from datetime import datetime
from typing import Any

from pydantic import Field

from schemas.answers import Answer, TextOut
from schemas.provincial import Code, Contract, Flag, Url


class WebhookIn(Contract):
    """Who wants to be told of what, and where."""

    url: Url = Field(description="https address that takes POST; answers 2xx within 15 s, before its own work")
    kinds: tuple[Code, ...] = Field(min_length=1, max_length=50, description="types of news, see docs/wire.md")
    system_events: Flag = Field(
        default=False,
        description="also what is about no dossier of yours, and what stands still anywhere; needs the scope operate",
    )


class WebhookOut(Answer):
    """One endpoint. ``key`` names it among the destinations (``/v1/targets``, ``/v1/deliveries``)."""

    id: int
    key: str
    owner: str
    url: str
    kinds: tuple[str, ...]
    system_events: bool
    created_at: datetime
    address: str


class WebhookMade(WebhookOut):
    """A new endpoint with its secret, shown this once."""

    secret: str = Field(repr=False, description="whsec_ and 32 random bytes in base64; signatures are checked with it")


class WebhookList(Answer):
    """Living endpoints, oldest first."""

    items: tuple[WebhookOut, ...]


class TrialOut(Answer):
    """A message of the type ``webhook.test`` is on its way."""

    webhook: int
    type: str
    ref: str = Field(description="the ref of its delivery")


class NewsOut(Answer):
    """The body of every message (Standard Webhooks). Codes and references only, nothing of a person."""

    type: str
    timestamp: datetime = Field(description="when it happened; the header webhook-timestamp says when it was sent")
    data: dict[str, Any]


class EventOut(Answer):
    """One transition, from its start to its end. ``ended_at`` empty: it lasts."""

    id: int
    kind: str
    meaning: TextOut
    subject: str = Field(description="what it is about: a destination's key, or delivery: and a number")
    target: str
    dossier: str | None
    started_at: datetime
    ended_at: datetime | None
    detail: dict[str, Any]


class EventPage(Answer):
    """Events, newest first; ``next`` is the address of the next page."""

    items: tuple[EventOut, ...]
    next: str | None
