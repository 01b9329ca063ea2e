"""The guard that stops an evaluation whose test answers stand in what the grader was shown or fitted on."""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.evaluation import LeakageCheck
from evaluator.core.examples import GradedExample
from evaluator.core.metrics.leakage import NEAR_COPY, NEAR_COPY_SHORT, KeptText, Leak, find_leaks
from evaluator.errors import LeakageError, Mistake

CALIBRATION_SPLIT = "calibration"
_MOST_NAMED = 20


def guard_against_leakage(
    eval_set: EvalSet, answers: Sequence[LabelledAnswer], split: str, examples: Sequence[GradedExample]
) -> LeakageCheck:
    """Holds the evaluated answers against the examples of the prompt and the calibration split.

    Raises LeakageError naming every pair: an exact copy, a near copy, the same candidate on both sides. A candidate
    may be on both sides of splits that are not made by candidate; the set's manifest says so.
    """
    tested = [KeptText(each.answer.answer_id, each.answer.text, each.answer.candidate_id) for each in answers]
    shown = [KeptText(f"example {each.id}", each.answer, each.candidate_id) for each in examples]
    calibration = [] if split == CALIBRATION_SPLIT else eval_set.split(CALIBRATION_SPLIT)
    fitted = [KeptText(each.answer.answer_id, each.answer.text, each.answer.candidate_id) for each in calibration]
    by_candidate = eval_set.manifest.split_by == "candidate"
    leaks = [
        *(_said(leak, f"the examples that the prompt shows and split '{split}'") for leak in find_leaks(shown, tested)),
        *(
            _said(leak, f"split '{CALIBRATION_SPLIT}' and split '{split}'")
            for leak in find_leaks(fitted, tested)
            if by_candidate or leak.kind != "candidate"
        ),
    ]
    threshold = f"near copy: {NEAR_COPY:.0%} of character shingles shared, short texts {NEAR_COPY_SHORT:.0%} alike"
    if leaks:
        named = [Mistake(leak) for leak in leaks[:_MOST_NAMED]]
        more = f"; the first {_MOST_NAMED} are" if len(leaks) > _MOST_NAMED else ""
        raise LeakageError(
            f"Leakage: what is tested was shown before. {len(leaks)} found{more}:",
            mistakes=named,
            hint=f"Nothing was graded. Take these out of one of the two sides ({threshold}).",
        )
    said = (
        f"No leak found: {len(shown)} graded examples and {len(fitted)} calibration answers held against "
        f"{len(tested)} evaluated answers ({threshold})."
    )
    return LeakageCheck(examples=len(shown), calibration_answers=len(fitted), threshold=NEAR_COPY, said=said)


def _said(leak: Leak, where: str) -> str:
    return f"{leak} (in {where})"
