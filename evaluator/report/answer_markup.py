"""The pieces of a page that each answer has by the dozen, its marked words and quotes, written without a template.

Looks, labels and anchors of marks are names of our own, of letters, digits, "-" and "!". All else is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable

from evaluator.report.answer_view import QuoteView
from evaluator.report.escaped import shown, shown_again
from evaluator.report.marked_answer import Segment

_MOST_OVER = 3  # marks under one another that the style sheet tells apart


def written(segments: Iterable[Segment]) -> str:
    """An answer as it was written, with its marks."""
    pieces = ['<div class="written" dir="auto">']
    for segment in segments:
        under = len(segment.marks)
        for mark in segment.marks:
            under -= 1
            over = f" over-{min(under, _MOST_OVER)}" if under else ""
            anchor = f' id="{mark.anchor}"' if mark.anchor and mark in segment.begins else ""
            pieces.append(f'<mark class="{mark.look}{over}"{anchor} title="{shown_again(mark.title)}">')
        pieces.append(_words(segment))
        if segment.marks:
            pieces.append("</mark>" * len(segment.marks))
            pieces.extend([f'<sup class="{mark.look}">{mark.label}</sup>' for mark in segment.ends if mark.label])
    pieces.append("</div>\n")
    return "".join(pieces)


def written_beside(segments: Iterable[Segment]) -> str:
    """An answer beside another one, with its marks, to which nothing links."""
    pieces = ['<div class="written" dir="auto">']
    for segment in segments:
        pieces.extend([f'<mark class="{mark.look}" title="{shown_again(mark.title)}">' for mark in segment.marks])
        pieces.append(f"{_words(segment)}{'</mark>' * len(segment.marks)}")
    pieces.append("</div>")
    return "".join(pieces)


def quoted(quotes: Iterable[QuoteView]) -> str:
    """Quotes as items of a list, each with where it stands in the answer and the checks that it supports."""
    pieces = []
    for quote in quotes:
        words = f"<q><bdi>{shown(quote.text)}</bdi></q>"
        if quote.found:
            show = f'href="#{quote.anchor}" aria-label="Show {quote.label} in the answer"'
            pieces.append(f'<li class="quote">\n{words} <a class="at" {show}>{quote.label}</a>\n')
        else:
            pieces.append(
                f'<li class="quote unfound">\n<del>{words}</del> <span class="tell">not found in the answer</span>\n'
            )
        pieces.extend([f'<span class="supports">{shown_again(check)}</span>\n' for check in quote.supports])
        pieces.append("</li>\n")
    return "".join(pieces)


def _words(segment: Segment) -> str:
    words = shown(segment.text)
    if not segment.hidden:
        return words
    return f'<span class="hidden-mark" dir="ltr" title="{shown(segment.hidden)}">{words}</span>'
