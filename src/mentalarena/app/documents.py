"""Pages that are only read: HTML from templates, in the same frame as the others. No script may run on them, whatever stands in
a text; and they are there at once, since a browser has nothing to start for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse

from mentalarena.app.frame import NOTICE, ROOMS, nearness, sendable, width
from mentalarena.notices import CRISIS

if TYPE_CHECKING:
    from jinja2 import Environment

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of content that needs no script, so it gets none."""
NO_RUN = "There is no run of that name in the folders that are served."
HEADERS: Mapping[str, str] = {"content-security-policy": POLICY, "cache-control": "no-store"}


def document(template: str, status: int = 200, /, **told: Any) -> HTMLResponse:
    """A page from one of the templates; what is told to it is escaped where it is set."""
    text = _environment().get_template(template).render(told)
    return HTMLResponse(sendable(text), status, headers=dict(HEADERS))


def missing(what: str) -> HTMLResponse:
    """A page for an address that leads nowhere: 404."""
    return document("sentence.html", 404, title="Not found", what=what)


def failed() -> HTMLResponse:
    """A page for what went wrong here: without the error's text, which may hold files' content and where they lie."""
    what = "Something in the files that it is made of, or in the app, went wrong; the terminal of `mentalarena app` tells what."
    return document("sentence.html", 500, title="This page could not be shown", what=what)


def compile_templates() -> None:
    """Have them ready, so that the first reader does not wait for them."""
    made = _environment()
    for name in made.list_templates():
        made.get_template(name)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=PackageLoader("mentalarena.app"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    style = files("mentalarena.app").joinpath("static/style.css").read_text("utf-8")
    made.globals |= {"style": Markup(style), "rooms": ROOMS, "never": NOTICE, "crisis": CRISIS}  # noqa: S704  (our own)
    made.globals |= {"nearness": nearness, "width": width}
    return made
