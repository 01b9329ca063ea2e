"""A near copy that was found: which other answer to the same question an answer is nearly the same as, and how far."""

from __future__ import annotations

from dataclasses import dataclass

MOST_NAMED = 5
"""Near copies of one answer that are named."""


@dataclass(frozen=True, slots=True)
class NearCopy:
    """Another candidate's answer to the same question, by the row of the table that it stands in; None: in no row.

    Not by a name or an id: grades are kept, and when the other candidate is erased nothing of them is left in here.
    """

    row: int | None
    containment: float
    """Weighted share, 0 to 1, of the shorter answer's runs of words that the other has too."""
