"""What the page says about rows: moods, reasons, what happens next. Pure functions from rows to sentences."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.dashboard.words import age, moment, say
from app.domain.situation import UNDECIDED, Situation
from app.texts import TEXTS, Text, situation_key, text

Row = Mapping[str, Any]

_WAITING = frozenset({"waiting", "sending", "unknown"})
_BROKEN = frozenset({"rejected", "dead"})
# The portal may quote what it refuses. Numbers of persons and telephones have nine to twelve digits in a row;
# the wire's times have fourteen and are left readable.
_PERSONAL_NUMBER = re.compile(r"(?<!\d)\d{9,12}(?!\d)")


class Mood(StrEnum):
    """How something stands. Each has a colour, a shape and a word of its own, so that none is told by colour only."""

    WELL = "well"
    WAITING = "waiting"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence on top, in parts."""

    mood: Mood
    parts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a delivery has not arrived: our sentence, then the far side's own words with what they are about."""

    sentence: Text
    words: str
    words_label: Text
    field: str
    code: str


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery as the page shows it. ``label`` says in a word whether it runs by itself."""

    id: int
    dossier_code: str
    is_step: bool
    kind: Text
    ref: str
    unit_code: str
    mood: Mood
    label: Text
    state: Text
    trouble: Trouble | None
    next: Text
    behind: Text | None
    attempts: int
    age: Text
    made_at: str
    settled: Text | None


def headline(summary: Row, late: int, undecided: int = 0, outages: Sequence[Row] = ()) -> Headline:
    """How everything stands, in one sentence.

    ``late`` is what has waited for long though nobody holds it up, ``undecided`` what waits for a person's decision,
    ``outages`` the national destinations that are away or held: ``since`` and ``held``.
    """
    received = summary["received"]["dossiers"]
    if not received:
        return Headline(Mood.WELL, (text("page.headline-none"),))
    states = summary["deliveries"].values()
    broken = sum(kind[state] for kind in states for state in _BROKEN) + undecided
    waiting = sum(summary["waiting_by_age"].values()) - undecided
    parts = [say("page.headline-known", known=summary["known_to_the_nation"]["dossiers"], received=received)]
    if broken:
        parts.append(say("page.headline-act", count=broken))
    if waiting:
        parts.append(say("page.headline-waiting", count=waiting))
    if late:
        parts.append(say("page.headline-late", count=late))
    parts.extend(
        say("page.headline-held" if outage["held"] else "page.headline-outage", at=outage["since"])
        for outage in outages
    )
    if not broken and not waiting:
        parts.append(text("page.headline-all"))
    return Headline(_mood(broken + late, waiting or len(outages)), tuple(parts))


def standing(lanes: Sequence[Row], deliveries: Sequence[Row]) -> Headline:
    """How one dossier stands, in one sentence."""
    broken = sum(_needs_you(row) for row in deliveries)
    waiting = sum(row["state"] in _WAITING for row in deliveries if not _needs_you(row))
    known = bool(lanes) and all(lane["known"] for lane in lanes)
    if known and not broken and not waiting:
        return Headline(Mood.WELL, (text("page.stand-arrived"),))
    parts = [text("page.stand-known" if known else "page.stand-unknown")]
    if broken:
        parts.append(say("page.stand-act", count=broken))
    if waiting:
        parts.append(say("page.stand-waiting", count=waiting))
    return Headline(_mood(broken, waiting), tuple(parts))


def _mood(broken: int, waiting: int) -> Mood:
    if broken:
        return Mood.ACT
    return Mood.WAITING if waiting else Mood.WELL


def line(row: Row, now: datetime) -> Line:
    """One delivery."""
    state = row["state"]
    mood = Mood.ACT if _needs_you(row) else Mood.WAITING if state in _WAITING else Mood.WELL
    return Line(
        id=row["id"],
        dossier_code=row["dossier_code"],
        is_step=row["kind"] == "step",
        kind=text(f"page.kind-{row['kind']}"),
        ref=say("page.rev", count=row["ref"]).vi if row["kind"] == "dossier" else row["ref"],
        unit_code=row["unit_code"],
        mood=mood,
        label=_label(row),
        state=say(situation_key(row["situation"], row["kind"]), at=row["next_at"] or "…"),
        trouble=_trouble(row),
        next=_next(row, now),
        behind=_behind(row),
        attempts=row["attempts"],
        age=age(row["created_at"], now),
        made_at=moment(row["created_at"]),
        settled=_settled(row),
    )


def _settled(row: Row) -> Text | None:
    if row["settled_at"] is None:
        return None
    answered = row["state"] in {"delivered", "rejected"}
    return say("page.answered-at" if answered else "page.ended-at", at=row["settled_at"])


def _undecided(row: Row) -> bool:
    """Whether a person must decide about this very record."""
    return Situation(row["situation"]) in UNDECIDED


def _needs_you(row: Row) -> bool:
    return row["state"] in _BROKEN or _undecided(row)


def _stands_behind(row: Row) -> bool:
    """Whether it waits only because a person must first deal with a record before it."""
    held = row["hold_reason"] in {"refused", "dead", "undecided"}
    return row["state"] in _WAITING and held and not _undecided(row)


def _label(row: Row) -> Text:
    state = row["state"]
    if _needs_you(row):
        return text("page.you")
    if _stands_behind(row):
        return text("page.follows")
    if state in _WAITING:
        return text("page.held" if row["hold_reason"] else "page.itself")
    ended = {"delivered": "page.arrived", "cancelled": "page.cancelled"}
    return text(ended.get(state, "page.replaced"))


def _trouble(row: Row) -> Trouble | None:
    state, reason = row["state"], row["reason"]
    if state in {"delivered", "superseded", "cancelled"}:
        return None
    if state in _WAITING and row["hold_reason"] and not _undecided(row):
        sentence = text("reason.behind" if _stands_behind(row) else "reason.held")
    elif reason is None:
        return None
    else:
        sentence = _sentence(state, reason)
    technical = "" if state == "rejected" or f"reason.{reason}" in TEXTS else reason
    said = (technical, row["answer_message"])
    return Trouble(
        sentence=sentence,
        words=_without_persons(": ".join(part for part in said if part)),
        words_label=text("page.portal-says" if state == "rejected" else "page.technical"),
        field=row["answer_field"] or "",
        code=row["answer_code"] or "",
    )


def _sentence(state: str, reason: str) -> Text:
    if state == "dead" and reason != "bug":
        return text("reason.budget_spent")
    if reason.startswith("http_"):
        return text("reason.http")
    return TEXTS.get(f"reason.{reason}", text("reason.other"))


def _without_persons(words: str) -> str:
    return _PERSONAL_NUMBER.sub(lambda found: "•" * len(found[0]), words)


def _next(row: Row, now: datetime) -> Text:
    """What happens next, or what to do: the answer to "what do I press?"."""
    state = row["state"]
    if state == "rejected":
        return text(f"page.do-{row['kind']}")
    if state == "dead":
        return say("page.do-retry", id=str(row["id"]))
    if _undecided(row):
        return say("page.do-decide", id=str(row["id"]))
    if state in _WAITING:
        return _next_of_waiting(row, now)
    return text("page.next-none")


def _next_of_waiting(row: Row, now: datetime) -> Text:
    if row["hold_reason"]:
        return text("page.next-behind" if _stands_behind(row) else "page.do-release")
    if row["destination_held"]:
        return text("page.do-release")
    if row["gate_state"] in {"open", "trial"} and row["state"] != "sending":
        return text("page.next-outage")
    if row["state"] == "sending":
        return text("page.next-sending")
    asks = row["state"] == "unknown"
    if row["next_at"] is not None and row["next_at"] > now:
        return say("page.next-ask" if asks else "page.next-at", at=row["next_at"])
    return text("page.next-ask-soon" if asks else "page.next-soon")


def _behind(row: Row) -> Text | None:
    """How many wait for this one. Behind what was refused they wait only if the lane is held."""
    waits = row.get("pending", 0) - (row["state"] in _WAITING)
    held_up = row["state"] in _WAITING or row["lane_state"] == "held"
    return say("page.behind", count=waits) if waits > 0 and held_up else None


def units_by_trouble(units: Sequence[Row]) -> list[Row]:
    """Units with most refused first, then most waiting, then the least known to the nation."""
    return sorted(units, key=lambda u: (-u["refused"], -u["waiting"], u["known"] - u["received"], u["code"]))
