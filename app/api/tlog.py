"""``/log``: the transparency log as C2SP tlog-tiles lays it out, for any client that follows logs; ``/v1/log``."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from app.api import examples
from app.api.deliveries import ID_MAX
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission
from app.usecases import log_guard, serve_log
from app.usecases.context import Caller
from schemas.log import CheckpointOut, LogOut

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
    responses={200: _ENTRIES, **examples.problems(401, 403, 404, 503)},
)
async def get_entries(
    place: Place, context: ContextDep, caller: Annotated[Caller, may(Permission.LOG_READ)], correlation: CorrelationDep
) -> Response:
    """For auditors: each entry hashes to its place in the tile of level 0. This look is on record too."""
    bundle, _ = await serve_log.entries(context, caller, f"tile/entries/{place}", correlation)
    return Response(bundle, media_type="application/octet-stream", headers={"Cache-Control": _PRIVATE})


@router.get(
    "/log/proof/{audit_id}",
    summary="One entry with its proof",
    response_class=Response,
    responses={
        200: {"description": "A proof that verifies offline (C2SP)", "content": {"text/plain": {"example": _PROOF}}},
        **examples.problems(401, 403, 404, 422, 503),
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
    responses={200: _TILE, **examples.problems(404)},
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
    """How much is in the tree, what is signed, how late it is, and who leads."""
    found, policy = await log_guard.view(context), context.log
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
        exchanges_stopped=found.age_seconds is not None and found.age_seconds > policy.age_max_seconds,
        leader=found.leader,
        leader_until=found.leader_until,
    )
