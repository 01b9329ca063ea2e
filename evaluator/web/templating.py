"""Pages from templates: text is escaped, a name that is missing is an error, and nothing in a text hides."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from evaluator.report.visible_text import visible
from evaluator.report.wording import counted
from evaluator.web.assets import Assets
from evaluator.web.signed_in import Visitor

_FOLDER = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """The templates' environment."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Whatever string is printed, wherever it came from, passes through here first.
        finalize=_nothing_hidden,
    )
    made.globals["counted"] = counted
    return made


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


def _nothing_hidden(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
