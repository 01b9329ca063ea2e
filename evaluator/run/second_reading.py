"""The second reading: an answer that speaks to its grader is read once more without those words, and that grade stands.

Whatever the words do to a model, they cannot do it in a reading that does not have them. Where the grade with them is
higher, a person is told by how much. Nothing that was found lowers a level by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evaluator.core.absence import absence_of
from evaluator.core.grade import CriterionGrade, Flag
from evaluator.core.rubric import Rubric
from evaluator.core.score import mean
from evaluator.core.suspicion.finding import Finding

_FEWEST_WORDS = 4  # below that nothing is left to read
FAR_ABOVE = 2.0
"""Levels, on average, by which a grade that meets the bar may lie above what plain word matching finds before a person
looks: half of the usual scale."""
FAR_ABOVE_IF_FOUND = 1.5
"""The same for any grade of an answer that speaks to its grader."""
_MOST_SHOWN = 5
_BLOTS = re.compile("\x00+")
_WORD = re.compile(r"[^\W_]+")
_IDEOGRAPH = re.compile("[\u2e80-\u9fff\uac00-\ud7af]")


def is_anything_left(blotted_text: str) -> bool:
    """Whether an answer holds enough to be read when what was found is blotted out."""
    text = unblotted(blotted_text).strip()
    words = len(_WORD.findall(text)) + len(_IDEOGRAPH.findall(text)) // 3
    return words >= _FEWEST_WORDS and absence_of(text) is None


def unblotted(blotted_text: str) -> str:
    """The text as a grader reads it: where something was blotted out there is nothing."""
    return _BLOTS.sub(" ", blotted_text)


def nothing_else(findings: Sequence[Finding]) -> str:
    """Why an answer is not graded of which nothing is left."""
    return f"only_to_the_grader: All of it seems meant for the grader, so a person has to read it. {findings[0].says}"


def finding_flags(
    findings: Sequence[Finding],
    whole: Sequence[CriterionGrade],
    rest: Sequence[CriterionGrade],
    rubric: Rubric,
    *,
    meets_bar: bool,
) -> Iterator[Flag]:
    """A flag for each stretch, and what it did to the levels: `whole` are those with the words, `rest` without."""
    for each in findings[:_MOST_SHOWN]:
        severity = "review" if each.certain else "note"
        yield Flag(code=each.code, severity=severity, detail=each.says, start=each.start, end=each.end)
    if len(findings) > _MOST_SHOWN:
        severity = "review" if any(each.certain for each in findings[_MOST_SHOWN:]) else "note"
        more = f"{len(findings) - _MOST_SHOWN} more stretches like these."
        yield Flag(code=findings[_MOST_SHOWN].code, severity=severity, detail=more)
    yield _difference(findings, whole, rest, rubric)
    if meets_bar:
        # What is left of such words may still speak, in words that no rule knows.
        detail = "An answer that speaks to its grader meets the bar: a person looks, whatever the words did."
        yield Flag(code=findings[0].code, severity="review", detail=detail)


def far_above_matching(
    graded: Sequence[CriterionGrade], matched: Sequence[CriterionGrade], *, is_found: bool, is_known: bool
) -> Iterator[Flag]:
    """A flag where the grade lies far above what word matching finds in the same text.

    Word matching reads nothing, and a good answer in words that it does not know is put too low: so it never lowers a
    level, and only says that what a model sees here cannot be seen without one. In a language that the vocabulary does
    not know (not `is_known`) it is a note, and the grader is asked for what is not there: every good answer is put too
    low in it.
    """
    gap = mean(each.expected_level for each in graded) - mean(each.expected_level for each in matched)
    if gap < (FAR_ABOVE_IF_FOUND if is_found else FAR_ABOVE):
        return
    where = "in an answer that speaks to its grader" if is_found else "in an answer that meets the bar"
    detail = f"The levels are {gap:.1f} higher on average than what plain word matching finds, {where}."
    severity = "review" if is_known or is_found else "note"
    yield Flag(code="injection_suspected" if is_found else "graders_disagree", severity=severity, detail=detail)


def _difference(
    findings: Sequence[Finding], whole: Sequence[CriterionGrade], rest: Sequence[CriterionGrade], rubric: Rubric
) -> Flag:
    without = {criterion.id: criterion.expected_level for criterion in rest}
    moved = [each for each in whole if abs(each.expected_level - without[each.id]) > 1e-9]
    higher = any(each.expected_level > without[each.id] for each in moved)
    if not moved:
        said = "Read again without the marked words: the levels are the same."
    else:
        listed = "; ".join(
            f"{rubric.criterion(each.id).name} {without[each.id]:g} (with them {each.expected_level:g})"
            for each in moved
        )
        said = f"Read again without the marked words, and that grade stands: {listed}."
    return Flag(code=findings[0].code, severity="review" if higher else "note", detail=said)
