"""``/docs``: the OpenAPI document as a plain page. Nothing is fetched from elsewhere: offices have no Internet."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

router = APIRouter(include_in_schema=False)

_PAGES = Environment(loader=PackageLoader("app.api"), autoescape=select_autoescape(), trim_blocks=True)
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, ready to be shown; examples are indented JSON."""

    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[dict[str, Any], ...]
    request: str
    answers: tuple[tuple[str, str, str], ...]


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every operation with its parameters, an example request and example answers."""
    document = request.app.openapi()
    page = _PAGES.get_template("docs.html").render(info=document["info"], operations=list(operations(document)))
    return HTMLResponse(page, headers=_SECURITY)


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """The operations of an OpenAPI document, in its order."""
    for path, verbs in document["paths"].items():
        for method, operation in verbs.items():
            yield Operation(
                method.upper(),
                path,
                operation.get("summary", ""),
                operation.get("description", ""),
                tuple(operation.get("parameters", ())),
                _example(operation.get("requestBody", {})),
                tuple((s, a.get("description", ""), _example(a)) for s, a in operation["responses"].items()),
            )


def _example(holder: dict[str, Any]) -> str:
    for media in holder.get("content", {}).values():
        named = [example["value"] for example in media.get("examples", {}).values()]
        for example in [*named, *([media["example"]] if "example" in media else [])]:
            return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)
    return ""
