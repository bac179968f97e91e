"""Putting the parts of one mock together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from mock_national.admin import Admin
from mock_national.pages import Pages
from mock_national.paper_admin import PaperAdmin
from mock_national.papers import PaperStore
from mock_national.parts import build
from mock_national.policies import Policy, all_or_nothing
from mock_national.population import Population
from mock_national.population_admin import PopulationAdmin
from mock_national.portal import Portal
from mock_national.settings import Settings


def create_app(settings: Settings, *, policy: Policy = all_or_nothing) -> Starlette:
    """A mock over the store that `settings` names; the store is open at once and `app.state.store` holds it.

    The lifespan closes the store; a test that runs no lifespan calls `app.state.store.close()`.

    Raises:
        sqlite3.Error: when the store cannot be opened.
    """
    parts = build(settings)
    parts.faults.on_armed = parts.door.refuse
    population = Population(parts)
    portal = Portal(parts, policy)
    routes = [*portal.routes(), *population.routes(), *PaperStore(parts).routes(), *portal.last_routes()]
    routes += Pages(parts, population.quota).routes()
    if settings.admin:
        routes += [*Admin(parts, population.quota).routes(), *PaperAdmin(parts).routes()]
        routes += PopulationAdmin(parts).routes()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        parts.store.close()

    handlers: dict[type[Exception], ExceptionHandler] = {HTTPException: _as_json, ClientDisconnect: _left}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.state.store = parts.store
    app.state.faults = parts.faults
    app.state.door = parts.door
    return app


async def _left(_: Request, error: Exception) -> Response:
    """A client that went away while it was sending; nobody reads this."""
    del error
    return Response(status_code=400)


async def _as_json(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)
