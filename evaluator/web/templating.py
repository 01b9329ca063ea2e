"""Pages from templates: text is escaped, a name that is missing is an error."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from evaluator.web.assets import Assets
from evaluator.web.signed_in import Visitor

_FOLDER = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """The templates' environment; filters of pages are added to it where they are made."""
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(request: Request, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. Besides `values` the template has `user`, `csrf_token`, `path` and `asset(name)`."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    assets: Assets = request.app.state.assets
    page = environment().get_template(template)
    text = page.render(
        user=visitor.user if visitor else None,
        csrf_token=visitor.csrf_token if visitor else "",
        path=request.url.path,
        asset=assets.url,
        **values,
    )
    # Half a surrogate pair cannot be sent: it is shown as what stands for an unknown character.
    return HTMLResponse(text.encode("utf-8", "replace"), status_code=status)
