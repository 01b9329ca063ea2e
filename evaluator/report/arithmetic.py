"""The arithmetic behind a score, written so that a reader can do it again with a pencil."""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.core.candidate import CandidateStanding
from evaluator.core.rubric import Rubric
from evaluator.core.score import score_of
from evaluator.report.wording import counted, number, shown_score

_SAME = 0.005  # scores are shown with two decimals


def answer_sum(score: float | None, levels: Mapping[str, float], rubric: Rubric) -> str:
    """How one answer's expected levels, by criterion, become its score; empty where it has none.

    Where the recorded score is not what its levels give (a score adjusted afterwards), both are said.
    """
    if score is None or not levels:
        return ""
    weights = {criterion.id: criterion.weight for criterion in rubric.criteria if criterion.id in levels}
    result = score_of(levels, rubric)
    total = sum(weights.values())
    mean = sum(weights[criterion] * level for criterion, level in levels.items()) / total
    if len(levels) == 1:
        steps = f"level {number(mean)}"
    elif len(set(weights.values())) == 1:
        steps = f"({' + '.join(number(level) for level in levels.values())}) ÷ {len(levels)} = level {number(mean)}"
    else:
        terms = " + ".join(f"{number(weights[criterion])} × {number(level)}" for criterion, level in levels.items())
        steps = f"({terms}) ÷ {number(total)} = level {number(mean)}"
    scale = rubric.scale
    above = number(mean) if scale.lowest == 0 else f"({number(mean)} − {scale.lowest})"
    span, out_of = scale.highest - scale.lowest, number(rubric.score_out_of)
    rescaled = f"{above} ÷ {span} × {out_of} = {shown_score(result, rubric)}"
    if abs(result - score) > _SAME:
        rescaled += f"; the recorded score is {shown_score(score, rubric)}"
    return f"{steps}; {rescaled}"


def candidate_sum(standing: CandidateStanding, rubric: Rubric) -> str:
    """How a candidate's scores become their standing, as a sentence that says of how many."""
    scores = [score for score in standing.scores.values() if score is not None]
    if standing.score is None or not scores:
        return "No answer was graded."
    asked = counted(standing.asked, "answer")
    if len(scores) == 1:
        return f"The score of the one graded answer, of {asked}."
    terms = " + ".join(shown_score(score, rubric) for score in scores)
    return f"({terms}) ÷ {len(scores)} = {shown_score(standing.score, rubric)}, the mean of {len(scores)} of {asked}."
