"""What every page has: the templates with their words, the one stylesheet, and headers that let nothing else in."""

import hashlib
from pathlib import Path
from typing import Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.dashboard import words
from app.texts import text

_HERE = Path(__file__).parent
STYLE: Final = (_HERE / "static" / "lienthong.css").read_bytes()
STYLE_TAG: Final = hashlib.sha256(STYLE).hexdigest()[:16]
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": with it browsers say of our own forms, too, that they come from nowhere.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(
    text=text, say=words.say, number=words.number, share=words.share, moment=words.moment, style_tag=STYLE_TAG
)


def render(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """A page of ours."""
    return HTMLResponse(_templates.get_template(template).render(values), status, headers=_HEADERS)
