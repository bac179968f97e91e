"""The one plain page for administrators: the summary, what is stuck and why, a dossier by its code. It only reads."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.dashboard import reading
from app.dashboard.frame import STYLE, STYLE_TAG, render
from app.deps import BrowserRequires, ContextDep
from app.domain.access import Permission
from app.store import views

_STUCK_SHOWN = 50
_UNITS_SHOWN = 20
_CODE_LENGTH_MAX = 100
_LATE = timedelta(hours=24)

_READER = BrowserRequires((Permission.DELIVERIES_READ,))
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Found:
    """A dossier that was asked for.

    Nothing of the applicant stands here, not even the name: a token lets everybody in alike, and whether this
    reader may see this person is not checked yet.
    """

    facts: dict[str, Any]
    standing: reading.Headline
    next: reading.Line | None
    lines: list[reading.Line]


@router.get("/", response_class=HTMLResponse, dependencies=[Depends(_READER)])
async def page(context: ContextDep, code: Annotated[str, Query()] = "") -> HTMLResponse:
    """The page; with ``code`` the dossier stands on top."""
    typed = _readable(code)
    async with context.database.read() as session:
        now = await session.now()
        summary = await views.summary(session, now)
        late = await views.overdue(session, now - _LATE)
        stuck = await views.attention(session, _STUCK_SHOWN + 1)
        undecided, outages = await views.undecided(session), await views.outages(session)
    units = reading.units_by_trouble(summary["by_unit"])
    return render(
        "page.html",
        now=now,
        typed=typed,
        found=await _look_up(context, typed, now) if typed else None,
        summary=summary,
        headline=reading.headline(summary, late, undecided, outages),
        stuck=[reading.line(row, now) for row in stuck[:_STUCK_SHOWN]],
        stuck_more=len(stuck) > _STUCK_SHOWN,
        units_shown=units[:_UNITS_SHOWN],
        units_rest=units[_UNITS_SHOWN:],
        units=context.catalogue.units,
        procedures=context.catalogue.procedures,
    )


def _readable(code: str) -> str:
    """What was typed, without the characters that no code has and that PostgreSQL refuses to look for."""
    return "".join(letter for letter in code if letter.isprintable()).strip()[:_CODE_LENGTH_MAX]


async def _look_up(context: ContextDep, typed: str, now: datetime) -> _Found | None:
    async with context.database.read() as session:
        facts = await views.dossier(session, typed.upper())
        if facts is None:
            return None
        lanes = await views.lanes_of(session, facts["code"])
        deliveries = await views.dossier_deliveries(session, facts["code"])
    lines = [reading.line(row, now) for row in deliveries]
    moving = [line for line in lines if line.mood is not reading.Mood.WELL]
    urgent = [line for line in moving if line.mood is reading.Mood.ACT]
    return _Found(facts, reading.standing(lanes, deliveries), next(iter(urgent or moving), None), lines)


@router.get("/static/lienthong.css")
async def stylesheet(request: Request) -> Response:
    """The one stylesheet. Its address on the page carries its hash, so that an old copy is never used."""
    headers = {"ETag": f'"{STYLE_TAG}"', "Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(STYLE, media_type="text/css", headers=headers)
