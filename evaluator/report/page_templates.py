"""The environment that every page is rendered in: escaped, strict, and with nothing hidden."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evaluator.report.visible_text import visible
from evaluator.report.wording import counted, number

ANSWERS_HERE = Markup("\0")
"""Where a template leaves room for answers, which are written without one. No text has it: see `_nothing_hidden`."""


def page_templates() -> Environment:
    """A new environment over the package's templates; a page adds the filters that only it needs."""
    environment = Environment(
        loader=PackageLoader("evaluator.report", "templates"),
        autoescape=True,
        auto_reload=False,  # they come with the package
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Whatever string is printed, wherever it came from, passes through here first.
        finalize=_nothing_hidden,
    )
    environment.filters["number"] = number
    environment.globals |= {"counted": counted, "answers_here": ANSWERS_HERE}
    return environment


def _nothing_hidden(value: object) -> object:
    if type(value) is Markup:
        return value
    return visible(value) if isinstance(value, str) else value
