"""The pieces of a page that each answer has by the dozen, its marked words and quotes, written without a template.

Looks, labels and anchors of marks are names of our own, of letters, digits, "-" and "!". All else is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from markupsafe import Markup, escape

from evaluator.report.answer_view import QuoteView
from evaluator.report.marked_answer import Segment
from evaluator.report.visible_text import visible

_MOST_OVER = 3  # marks under one another that the style sheet tells apart


def written(segments: Iterable[Segment]) -> Markup:
    """An answer as it was written, with its marks."""
    pieces = ['<div class="written" dir="auto">']
    for segment in segments:
        under = len(segment.marks)
        for mark in segment.marks:
            under -= 1
            over = f" over-{min(under, _MOST_OVER)}" if under else ""
            anchor = f' id="{mark.anchor}"' if mark.anchor and mark in segment.begins else ""
            pieces.append(f'<mark class="{mark.look}{over}"{anchor} title="{_shown_again(mark.title)}">')
        if segment.hidden:
            pieces.append(f'<span class="hidden-mark" dir="ltr" title="{_shown(segment.hidden)}">')
        pieces.append(_shown(segment.text))
        if segment.hidden:
            pieces.append("</span>")
        pieces.append("</mark>" * len(segment.marks))
        pieces.extend([f'<sup class="{mark.look}">{mark.label}</sup>' for mark in segment.ends if mark.label])
    pieces.append("</div>\n")
    return Markup("".join(pieces))  # noqa: S704 all but our own names is escaped above  # nosec B704


def quoted(quotes: Iterable[QuoteView]) -> Markup:
    """Quotes as items of a list, each with where it stands in the answer and the checks that it supports."""
    pieces = []
    for quote in quotes:
        words = f"<q><bdi>{_shown(quote.text)}</bdi></q>"
        if quote.found:
            show = f'href="#{quote.anchor}" aria-label="Show {quote.label} in the answer"'
            pieces.append(f'<li class="quote">\n{words} <a class="at" {show}>{quote.label}</a>\n')
        else:
            pieces.append(
                f'<li class="quote unfound">\n<del>{words}</del> <span class="tell">not found in the answer</span>\n'
            )
        pieces.extend([f'<span class="supports">{_shown_again(check)}</span>\n' for check in quote.supports])
        pieces.append("</li>\n")
    return Markup("".join(pieces))  # noqa: S704 all but our own names is escaped above  # nosec B704


def _shown(text: str) -> Markup:
    return escape(visible(text))


@lru_cache(maxsize=1024)
def _shown_again(text: str) -> Markup:
    """For what many answers show alike, such as the name of a criterion."""
    return _shown(text)
