"""The admin API under `/__admin`: look, reset, arm faults. It guards nothing and must not face a network."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mock_national.access import Quota
from mock_national.parts import Parts
from mock_national.scenarios import read_scenario, shipped
from mock_national.summary import Summary
from mock_national.wire import parse_object, read_body, whole

_LIMIT = 100
_LIMIT_MAX = 2000


class Admin:
    """Endpoints for developers and tests; errors are `{"error": text}`."""

    def __init__(self, parts: Parts, quota: Quota) -> None:
        """`quota` is the one that a reset refills."""
        self._settings = parts.settings
        self._store = parts.store
        self._holdings = parts.holdings
        self._log = parts.log
        self._faults = parts.faults
        self._quota = quota
        self._summary = Summary(parts.store)

    def routes(self) -> list[Route]:
        """All admin routes."""
        return [
            Route("/__admin/state", self.state, methods=["GET"]),
            Route("/__admin/reset", self.reset, methods=["POST"]),
            Route("/__admin/calls", self.calls, methods=["GET"]),
            Route("/__admin/ledger", self.ledger, methods=["GET"]),
            Route("/__admin/dossiers/{code}", self.dossier, methods=["GET"]),
            Route("/__admin/faults", self.arm, methods=["POST"]),
            Route("/__admin/faults", self.armed, methods=["GET"]),
            Route("/__admin/faults", self.clear, methods=["DELETE"]),
            Route("/__admin/fired", self.fired, methods=["GET"]),
            Route("/__admin/scenarios", self.scenarios, methods=["GET"]),
            Route("/__admin/scenario", self.play, methods=["POST"]),
        ]

    async def state(self, _: Request) -> Response:
        """Counts, settings and faults."""
        settings = {name: value for name, value in asdict(self._settings).items() if name != "clock"}
        return JSONResponse({"counts": self._summary.counts(), "settings": settings, "faults": self._listing()})

    async def reset(self, _: Request) -> Response:
        """Forget everything but the people."""
        self._store.reset()
        self._faults.reset()
        self._quota.clear()
        return JSONResponse({"reset": True})

    async def calls(self, request: Request) -> Response:
        """The newest calls, newest first."""
        return JSONResponse({"calls": self._log.newest(whole(request, "limit", _LIMIT, _LIMIT_MAX))})

    async def ledger(self, _: Request) -> Response:
        """Everything applied, in order, as NDJSON; read page by page, so a long ledger costs no memory."""

        async def lines() -> AsyncIterator[str]:
            for page in self._holdings.ledger():
                yield "".join(page)
                await asyncio.sleep(0)

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def dossier(self, request: Request) -> Response:
        """One dossier as last sent, and its steps."""
        code = request.path_params["code"]
        text = self._holdings.dossier(code)
        if text is None:
            raise HTTPException(404, "dossier not held")
        steps = [json.loads(step) for step in self._holdings.steps(code)]
        return JSONResponse({"dossier": json.loads(text), "steps": steps})

    async def arm(self, request: Request) -> Response:
        """Arm one fault."""
        wanted = parse_object(await read_body(request))
        if wanted is None:
            raise HTTPException(400, "a JSON object is wanted")
        try:
            fault = self._faults.arm(wanted)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(fault.shown(), 201)

    async def armed(self, _: Request) -> Response:
        """All faults, spent ones with `left` 0."""
        return JSONResponse({"faults": self._listing()})

    async def clear(self, _: Request) -> Response:
        """Forget all faults."""
        self._faults.clear()
        return JSONResponse({"faults": []})

    async def fired(self, _: Request) -> Response:
        """How often each kind fired since the last reset."""
        return JSONResponse({"by_kind": self._faults.fired_by_kind()})

    async def scenarios(self, _: Request) -> Response:
        """The shipped scenarios."""
        return JSONResponse({"scenarios": [scenario.shown() for scenario in shipped().values()]})

    async def play(self, request: Request) -> Response:
        """Arm a shipped scenario by name, or one that is sent as YAML."""
        wanted = parse_object(await read_body(request)) or {}
        name, text = wanted.get("name"), wanted.get("yaml")
        if wanted.keys() - {"name", "yaml"} or not (isinstance(name, str) ^ isinstance(text, str)):
            raise HTTPException(400, "either name or yaml is wanted, as text")
        if isinstance(name, str):
            scenario = shipped().get(name)
            if scenario is None:
                raise HTTPException(404, f"name: one of {', '.join(shipped())}")
        else:
            try:
                scenario = read_scenario(str(text))
            except ValueError as error:
                raise HTTPException(400, str(error)) from error
        faults = scenario.arm(self._faults)
        return JSONResponse({**scenario.shown(), "faults": [fault.shown() for fault in faults]}, 201)

    def _listing(self) -> list[dict[str, object]]:
        return [fault.shown() for fault in self._faults.listing()]
