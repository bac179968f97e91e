"""``/log/add-checkpoint``: the witness role (C2SP tlog-witness) for the logs of other instances."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.deps import ContextDep
from app.usecases import witnessing
from app.usecases.witnessing import WitnessRefused

router = APIRouter(tags=["log"])
_TEXT, _SIZE_TEXT = "text/plain; charset=utf-8", "text/x.tlog.size"
_BYTES_MAX = 64 * 1024
_CONFLICT = 409
_ASKED = (
    "old 1000\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\n"
    "log.example/h16\n1004\n5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\n— log.example/h16 Az3grlg…\n"
)
_BODY = {"required": True, "content": {"text/plain": {"schema": {"type": "string"}, "example": _ASKED}}}


def _text(description: str, example: str, media: str = "text/plain") -> dict[str, Any]:
    return {"description": description, "content": {media: {"example": example}}}


@router.post(
    "/log/add-checkpoint",
    summary="Cosign the checkpoint of another log",
    openapi_extra={"requestBody": _BODY},
    response_class=Response,
    responses={
        200: _text("A cosignature line", "— witness.example/w1 CMp+6LWB…\n"),
        400: _text("Not readable", "not a request to cosign\n"),
        403: _text("Not signed by a key of this log", "not signed by a key of this log\n"),
        404: _text("A log that is not witnessed here", "this log is not witnessed here\n"),
        409: _text("Another size is held, which is told", "1002\n", _SIZE_TEXT),
        413: _text("Longer than a request can be", "too long\n"),
        422: _text("The proof shows nothing", "the proof does not show that the log has only grown\n"),
    },
)
async def add_checkpoint(request: Request, context: ContextDep) -> Response:
    """Needs no token: it is the log's own signature that lets in. Only logs that are configured are cosigned."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BYTES_MAX:
            return Response("too long\n", 413, media_type=_TEXT)
    try:
        line = await witnessing.add_checkpoint(context, body)
    except WitnessRefused as refused:
        media = _SIZE_TEXT if refused.status == _CONFLICT else _TEXT
        return Response(refused.body, refused.status, headers={"Content-Type": media})
    return Response(line, media_type=_TEXT)
