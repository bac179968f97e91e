"""``/log``: the transparency log as C2SP tlog-tiles lays it out, for any client that follows logs; ``/v1/log``."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.api import examples
from app.api.deliveries import ID_MAX
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission
from app.usecases import log_guard, self_check, serve_log
from app.usecases.context import Caller
from app.usecases.log_guard import LogView
from app.usecases.self_check import CheckView
from schemas.log import CheckpointOut, FindingOut, LogCheckOut, LogOut, TimestampOut

router = APIRouter(tags=["log"])
_IMMUTABLE = "public, max-age=31536000, immutable"
# Entries are for those who may read them, and no cache between us may keep them for others.
_PRIVATE = "private, max-age=31536000, immutable"
_SECONDS = "no-cache, max-age=0"
_NOTE = "log.example/h15\n1000\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\n— log.example/h15 Az3grlg…\n"
_PROOF = f"c2sp.org/tlog-proof@v1\nextra eyJhY3RvciI6…\nindex 7\nPlRNCrwHpqhGrupue0L7…\n\n{_NOTE}"
_CHECKPOINT: dict[str, Any] = {
    "size": 1000,
    "root": "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
    "at": "2026-07-01T01:05:02Z",
    "cosigners": ["witness.example/w1"],
}
_LOG: dict[str, Any] = {
    "origin": "log.example/h15",
    "size": 1004,
    "unsequenced": 2,
    "checkpoint": _CHECKPOINT,
    "age_seconds": 12.5,
    "limit_seconds": 14400.0,
    "exchanges_stopped": False,
    "timestamp": {
        "size": 940,
        "at": "2026-07-01T00:30:00Z",
        "authority": "https://tsa.example/tsr",
        "age_seconds": 2102.0,
    },
    "timestamp_overdue_seconds": 0.0,
    "check": {
        "share": 0.25,
        "checked": 251,
        "whole_pass_at": "2026-07-01T00:02:11Z",
        "whole_pass_entries": 903,
        "lies": 0,
        "finding": None,
        "trouble": None,
    },
    "leader": "host-1",
    "leader_until": "2026-07-01T01:05:32Z",
}
_TILE = {
    "description": "Concatenated SHA-256 hashes, 32 bytes each",
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}, "example": "…"}},
}
_ENTRIES = _TILE | {"description": "Entries (canonical JSON), each behind its length, two bytes big-endian"}
Place = Annotated[str, Path(description="`<N>[.p/<W>]` of tlog-tiles", examples=["x001/x234/067", "000.p/12"])]
Level = Annotated[str, Path(description="level of the tile, 0 to 63", examples=["0"])]

AuditId = Annotated[int, Path(ge=1, le=ID_MAX, description="`id` of an entry of `/v1/audit`", examples=[7])]


@router.get(
    "/log/checkpoint",
    summary="The newest signed checkpoint",
    response_class=Response,
    responses={
        200: {"description": "A signed note (C2SP)", "content": {"text/plain": {"example": _NOTE}}},
        **examples.problems(404),
    },
)
async def get_checkpoint(context: ContextDep) -> Response:
    """Origin, size and root, our signature, and below it those of witnesses. Needs no token."""
    note = await serve_log.checkpoint(context)
    return Response(note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": _SECONDS})


@router.get(
    "/log/tile/entries/{place:path}",
    summary="Entries of the log",
    response_class=Response,
    responses={200: _ENTRIES, **examples.problems(401, 403, 404, 410, 422, 503)},
)
async def get_entries(
    place: Place, context: ContextDep, caller: Annotated[Caller, may(Permission.LOG_READ)], correlation: CorrelationDep
) -> Response:
    """For auditors: each entry hashes to its place in the tile of level 0. This look is on record too.

    What was archived comes from its archive; 410 names the file where it is not at hand.
    """
    bundle, _ = await serve_log.entries(context, caller, f"tile/entries/{place}", correlation)
    return Response(bundle, media_type="application/octet-stream", headers={"Cache-Control": _PRIVATE})


@router.get(
    "/log/proof/{audit_id}",
    summary="One entry with its proof",
    response_class=Response,
    responses={
        200: {"description": "A proof that verifies offline (C2SP)", "content": {"text/plain": {"example": _PROOF}}},
        **examples.problems(401, 403, 404, 410, 422, 503),
    },
)
async def get_proof(
    audit_id: AuditId,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.LOG_READ)],
    correlation: CorrelationDep,
) -> Response:
    """The entry, the hashes upward, and the checkpoint that covers it. This look is on record too."""
    proof = await serve_log.proof(context, caller, audit_id, correlation)
    return Response(proof, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "private, no-cache"})


@router.get(
    "/log/tile/{level}/{place:path}",
    summary="Hashes of the log",
    response_class=Response,
    responses={200: _TILE, **examples.problems(404, 422)},
)
async def get_tile(level: Level, place: Place, context: ContextDep) -> Response:
    """What the newest checkpoint covers, and nothing beyond. Hashes say nothing of an entry; needs no token."""
    hashes, _ = await serve_log.tile(context, f"tile/{level}/{place}")
    return Response(hashes, media_type="application/octet-stream", headers={"Cache-Control": _IMMUTABLE})


@router.get(
    "/v1/log",
    summary="How the log stands",
    responses={200: examples.good(_LOG), **examples.problems(401, 403)},
)
async def get_log_standing(
    context: ContextDep, _caller: Annotated[Caller, may(Permission.FIGURES_READ, reach=Bound.FREE)]
) -> LogOut:
    """How much is in the tree, what is signed and stamped, how late it is, how far it was read again, who leads."""
    found, policy = await log_guard.view(context), context.log
    checked = await self_check.view(context)
    signed = found.checkpoint
    checkpoint = None
    if signed is not None:
        root = base64.b64encode(signed.root).decode()
        checkpoint = CheckpointOut(size=signed.size, root=root, at=signed.at, cosigners=found.cosigners)
    return LogOut(
        origin=policy.origin or None,
        size=found.size,
        unsequenced=found.unsequenced,
        checkpoint=checkpoint,
        age_seconds=found.age_seconds,
        limit_seconds=policy.age_max_seconds,
        exchanges_stopped=log_guard.stops(policy, found.age_seconds or 0.0, found.overdue_seconds or 0.0),
        timestamp=_timestamp(found),
        timestamp_overdue_seconds=found.overdue_seconds,
        check=None if checked is None else _check(checked),
        leader=found.leader,
        leader_until=found.leader_until,
    )


def _timestamp(found: LogView) -> TimestampOut | None:
    stamp = found.stamp
    if stamp is None:
        return None
    age = max((found.now - stamp.stamped_at).total_seconds(), 0.0)
    return TimestampOut(size=stamp.size, at=stamp.stamped_at, authority=stamp.authority, age_seconds=age)


def _check(found: CheckView) -> LogCheckOut:
    kept, trouble = found.kept, found.trouble.value if found.trouble else None
    if kept is None:
        return LogCheckOut(
            share=0.0, checked=0, whole_pass_at=None, whole_pass_entries=0, lies=0, finding=None, trouble=trouble
        )
    finding = None
    if found.finding is not None and kept.found_at is not None:
        told = found.finding
        finding = FindingOut(
            lie=told.lie.value, words=told.words, place=told.seq, entry=told.audit_id, found_at=kept.found_at
        )
    standing = kept.standing
    return LogCheckOut(
        share=standing.share,
        checked=standing.size,
        whole_pass_at=standing.whole_at,
        whole_pass_entries=standing.whole_size,
        lies=kept.lies,
        finding=finding,
        trouble=trouble,
    )
