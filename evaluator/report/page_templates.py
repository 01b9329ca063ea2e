"""The environment that every page is rendered in: escaped, strict, and with nothing hidden."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evaluator.report.answer_markup import quoted, written
from evaluator.report.visible_text import visible
from evaluator.report.wording import counted, number


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
    environment.filters |= {"number": number, "written": written, "quoted": quoted}
    environment.globals["counted"] = counted

    @lru_cache(maxsize=4096)
    def part(value: Hashable, name: str) -> Markup:
        """A macro of parts.html.j2 with this value, rendered once for all answers that show the same."""
        macro: Callable[[Hashable], Markup] = getattr(environment.get_template("parts.html.j2").module, name)
        return macro(value)

    environment.filters["part"] = part
    return environment


def _nothing_hidden(value: object) -> object:
    if type(value) is Markup:
        return value
    return visible(value) if isinstance(value, str) else value
