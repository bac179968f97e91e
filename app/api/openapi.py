"""What the OpenAPI document says beside the routes' own words: more shapes, and what may come of any call."""

from typing import Any, Final

from fastapi import FastAPI

from app.api import examples
from app.api.bounds import LIVE
from schemas.answers import IntakeLineOut, Problem
from schemas.documents import DocumentIn
from schemas.provincial import DossierLine, StepLine
from schemas.webhooks import NewsOut

_UNNAMED: Final = (Problem, IntakeLineOut, DossierLine, StepLine, NewsOut, DocumentIn)
# Too often; no room, or no word from the database.
_ANY: Final = examples.problems(429, 503)
# Not to be read, too slow, too long.
_WITH_BODY: Final = examples.problems(400, 408, 413)


def describe(app: FastAPI) -> None:
    """Let the application's OpenAPI document say all that the door does."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        # FastAPI keeps the document and gives the same one again.
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = build()
        _add_shapes(document)
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _add_answers(path, operation)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _add_shapes(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in _UNNAMED:
        shape = model.model_json_schema(ref_template="#/components/schemas/{model}")
        for name, part in shape.pop("$defs", {}).items():
            schemas.setdefault(name, part)
        schemas.setdefault(model.__name__, shape)


def _add_answers(path: str, operation: dict[str, Any]) -> None:
    """Add what the bounds before every route may answer; where a route says that in a form of its own, both stand."""
    if path == LIVE:
        return
    possible = _ANY | (_WITH_BODY if "requestBody" in operation else {})
    for status, answer in possible.items():
        told = operation["responses"].setdefault(str(status), {"description": answer["description"]})
        told.setdefault("content", {}).update(answer["content"])
    operation["responses"] = dict(sorted(operation["responses"].items()))
