"""Text as a page shows it: what hides is written out, and what is markup elsewhere is escaped."""

from __future__ import annotations

import re
from functools import lru_cache

from markupsafe import escape

from evaluator.report.visible_text import visible

# ASCII that is shown as it is and has no meaning in HTML: nearly all text, of which a page has dozens of pieces an
# answer. Whatever else there is goes the whole way.
_AS_IT_IS = re.compile(r"[\t\n !#-%(-;=?-~]*").fullmatch


def shown(text: str) -> str:
    """The text for HTML, also between quotation marks."""
    return text if _AS_IT_IS(text) else str(escape(visible(text)))


@lru_cache(maxsize=1024)
def shown_again(text: str) -> str:
    """The same, for what many answers show alike, such as the name of a criterion."""
    return shown(text)
