"""``POST /v1/intake``: records in bulk, one JSON object a line."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import IO, Annotated

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from app.api import examples, shapes
from app.deps import ContextDep, CorrelationDep, may
from app.domain.access import Bound, Permission
from app.usecases.context import Caller
from app.usecases.intake import take_stream

router = APIRouter(prefix="/v1", tags=["intake"])

_NDJSON = "application/x-ndjson"
_SPOOL_BYTES_MAX = 1_000_000
_READ_BYTES = 256 * 1024
_BODY = {
    # A stream without a line is a stream.
    "required": False,
    "content": {
        _NDJSON: {
            "schema": {"type": "string", "description": "one DossierLine or StepLine a line"},
            "example": '{"type":"dossier","code":"H15.16-260701-0001","revision":1, …}\n'
            '{"type":"step","dossier":"H15.16-260701-0001","step_id":"buoc-1", …}\n',
        }
    },
}
_ANSWER = {
    "description": "One answer a line, in the order of the lines. What is answered is durable.",
    "content": {
        _NDJSON: {
            "schema": {"$ref": "#/components/schemas/IntakeLineOut"},
            "example": {"line": 1, "taken": True, "receipt": examples.RECEIPT},
        }
    },
}


@router.post(
    "/intake",
    summary="Hand over records in bulk (NDJSON)",
    openapi_extra={"requestBody": _BODY},
    response_class=StreamingResponse,
    responses={200: _ANSWER, **examples.problems(401, 403, 503)},
)
async def intake(
    request: Request,
    context: ContextDep,
    caller: Annotated[Caller, may(Permission.DOSSIERS_WRITE, reach=Bound.UNITS)],
    correlation: CorrelationDep,
) -> StreamingResponse:
    """A line that is wrong is answered in its place and stops nobody. Memory does not grow with the stream.

    The answers come when the whole body has been read: many clients read nothing before they have sent all, and
    would wait for us while we wait for them. Until then the answers lie in a file, not in memory.
    """
    settings = request.app.state.settings
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES_MAX)  # noqa: SIM115 - closed by the stream
    try:
        stream = take_stream(
            context,
            caller,
            _chunks(request),
            correlation,
            line_bytes_max=settings.record_bytes_max,
            lines_per_commit=settings.intake_lines_per_commit,
        )
        async for answers in stream:
            for answer in answers:
                line = shapes.intake_line(answer.line, answer.answer)
                spool.write(line.model_dump_json(exclude_none=True).encode() + b"\n")
    except BaseException:
        spool.close()
        raise
    return StreamingResponse(_play(spool), media_type=_NDJSON)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk


def _play(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        spool.seek(0)
        while block := spool.read(_READ_BYTES):
            yield block
