"""Is it alive, can it take records, how is it doing: for load balancers, operators and Prometheus."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app import observability
from app.api import examples
from app.deps import ContextDep
from app.usecases import health
from schemas.answers import ReadinessOut

router = APIRouter(tags=["health"])


@router.get("/health/live", summary="The process answers", responses={200: examples.good({"live": True})})
async def live() -> dict[str, bool]:
    """Nothing is looked at: this only says that the process answers."""
    return {"live": True}


@router.get(
    "/health/ready",
    summary="Records can be taken",
    responses={
        200: examples.good({"ready": True, "dependencies": {"database": {"ok": True, "detail": "schema is current"}}}),
        503: examples.good({"ready": False, "dependencies": {"database": {"ok": False, "detail": "OperationalError"}}}),
    },
)
async def ready(request: Request, response: Response) -> ReadinessOut:
    """Each dependency is named. A national system that is down does not close the door."""
    doctor: health.Doctor = request.app.state.doctor
    well, dependencies = await doctor.readiness()
    response.status_code = 200 if well else 503
    return ReadinessOut(ready=well, dependencies=dependencies)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"description": "Prometheus text", "content": {"text/plain": {"example": "# HELP …"}}}},
)
async def metrics(context: ContextDep) -> Response:
    """Counts and times only; nothing of a person or a dossier."""
    await health.measure(context)
    return Response(generate_latest(observability.REGISTRY), media_type=CONTENT_TYPE_LATEST)
