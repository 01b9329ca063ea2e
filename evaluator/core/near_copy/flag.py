"""The flag of an answer that is nearly the same as others'."""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.core.grade import Flag, Grade
from evaluator.core.near_copy.found import NearCopy


def near_copy_flag(alike: Sequence[NearCopy]) -> Flag:
    """One flag for all answers of others that are nearly the same; the closest comes first."""
    rows = tuple(each.row for each in alike if each.row is not None)
    listed = " and ".join(filter(None, [", ".join(map(str, rows[:-1])), *map(str, rows[-1:])]))
    named = f", in row{'s' if len(rows) > 1 else ''} {listed} of the table" if rows else ""
    whose = "another candidate's answer" if len(alike) == 1 else "answers of other candidates"
    detail = (
        f"Nearly the same text as {whose} to this question{named}. Compared a few words at a time, "
        f"{alike[0].containment:.0%} of the shorter text is in both; what many say counts less. That does not "
        "say who copied, or whether both have it from somewhere else."
    )
    return Flag(code="near_duplicate", severity="review", detail=detail, rows=rows or None)


def flagged(grade: Grade, alike: Sequence[NearCopy]) -> Grade:
    """The grade with this flag, in the place of one that it has; its levels stay."""
    others = tuple(flag for flag in grade.flags if flag.code != "near_duplicate")
    return grade.model_copy(update={"flags": (*others, near_copy_flag(alike))})
