"""Text made fit for a cell: it is never run as a formula, hides nothing, and is never longer than a cell holds."""

from __future__ import annotations

import re

from evaluator.report.visible_text import visible

EXCEL_CELL = 32_767
"""The most characters (UTF-16 code units) that a cell of Excel holds."""

# What a spreadsheet may take for a formula, also in its full-width form.
_FORMULA = tuple("=+-@＝＋－＠")
_NO_START = ("\t", "\r", "\n")
# What begins with one of these is no formula, and nothing before it can be dropped: nearly every text.
_PLAIN_BEGINNINGS = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'\"([{<“„")
# White space and invisible characters that a spreadsheet may drop in front of a formula.
_DROPPED = re.compile(r"^[\s\x00-\x1f\x7f\xa0\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]+")


def safe_text(text: str) -> str:
    """The text for a cell of any spreadsheet.

    An apostrophe is put in front of what begins with = + - @ (also after spaces and invisible characters), TAB or a
    line end, which is what OWASP advises against formula injection. Characters that XML cannot hold, and those that
    hide or turn the line around, are written out as ⟦U+0007⟧.
    """
    shown = visible(text)
    if text[:1] in _PLAIN_BEGINNINGS or not text:
        return shown
    begins_badly = text.startswith(_NO_START) or _DROPPED.sub("", text).startswith(_FORMULA)
    return f"'{shown}" if begins_badly else shown


def fitting_text(text: str, whole_in: str) -> str:
    """Safe text of at most 32,767 characters; where it is cut, its end says so and where the whole is."""
    safe = safe_text(text)
    if 2 * len(safe) <= EXCEL_CELL or _units(safe) <= EXCEL_CELL:
        return safe
    note = f" […cut: {len(text):,} characters are more than a cell holds; the whole is in {safe_text(whole_in)}]"
    room = EXCEL_CELL - _units(note)
    cut = safe.encode("utf-16-le")[: 2 * room]
    # A character outside the basic plane is two units; half of one is dropped.
    return cut.decode("utf-16-le", errors="ignore") + note


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
