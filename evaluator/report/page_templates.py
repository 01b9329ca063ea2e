"""The environment that every page is rendered in: escaped, strict, and with nothing hidden."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evaluator.report.visible_text import visible
from evaluator.report.wording import counted, number


def page_templates() -> Environment:
    """A new environment over the package's templates; a page adds the filters that only it needs."""
    environment = Environment(
        loader=PackageLoader("evaluator.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Whatever string is printed, wherever it came from, passes through here first.
        finalize=_nothing_hidden,
    )
    environment.filters["number"] = number
    environment.globals["counted"] = counted
    return environment


def _nothing_hidden(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
