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

HERE = Path(__file__).parent
STATIC = HERE / "static"

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, auto_reload=False,
)  # fmt: skip


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of this template, with `values`, `root` (the path prefix) and `version`."""
    views = request.app.state.views
    text = _templates.get_template(template).render(
        root=request.scope.get("root_path", ""), version=views.version, **values
    )
    return HTMLResponse(text, status)
