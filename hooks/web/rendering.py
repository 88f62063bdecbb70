"""How a page is made from a template. Everything that is put into it is escaped.

Links are relative to the path prefix: a template writes {{ root }}/runs. The pages need no inline script and no
`style` attribute: the browser would refuse both (see headers.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hooks.web.pages import words
from hooks.web.pages.chains import sentences
from hooks.web.pages.html import band_height

HERE = Path(__file__).parent
STATIC = HERE / "static"

PAGES = (("/", "Overview"), ("/runs", "Runs"), ("/rules", "Rules"), ("/try", "Try"), ("/peers", "Peers"))
"""The pages of the navigation."""

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, auto_reload=False,
)  # fmt: skip


_templates.filters |= {
    "clock": words.clock, "iso": words.iso, "span": words.span, "height": band_height,
    "sentences": lambda chain: ", ".join(sentences(chain)),
}  # fmt: skip
_templates.globals["pages"] = PAGES


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of this template, with `values` and what each page has.

    That is `root` (the path prefix), `version`, `now`, `may_act` (whether forms of actions are shown), `csrf` (their
    token), `is_session` (whether there is something to log out of) and `notice` (what the last action did, or "").
    """
    state = request.app.state
    identity = getattr(request.state, "identity", None)
    text = _templates.get_template(template).render(
        root=request.scope.get("root_path", ""), version=state.views.version, now=state.views.now(),
        may_act=bool(identity and identity.may_act), csrf=identity.csrf if identity else "",
        is_session=bool(identity and identity.kind == "session"),
        notice=state.access.notice(identity) if identity else "", **values,
    )  # fmt: skip
    # a text from outside may hold half a character, which no encoding has
    return HTMLResponse(text.encode(errors="replace"), status)


def warm() -> None:
    """Compile every template, so that the first visitor does not wait for it."""
    for name in _templates.list_templates():
        _templates.get_template(name)
