"""The guard that stops an evaluation whose test answers stand in what the grader was shown or fitted on."""

from __future__ import annotations

from collections.abc import Sequence, Set

from evaluator.core.calibration import Calibration
from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.evaluation import LeakageCheck
from evaluator.core.examples import GradedExample
from evaluator.core.metrics.kept_fingerprint import find_kept_copies
from evaluator.core.metrics.leakage import NEAR_COPY, NEAR_COPY_SHORT, KeptText, Leak, find_leaks
from evaluator.core.metrics.leakage import fingerprint as text_hash
from evaluator.errors import LeakageError, Mistake

CALIBRATION_SPLIT = "calibration"
_MOST_NAMED = 20


def guard_against_leakage(
    eval_set: EvalSet,
    answers: Sequence[LabelledAnswer],
    split: str,
    examples: Sequence[GradedExample],
    calibrations: Sequence[Calibration] = (),
) -> LeakageCheck:
    """Holds the evaluated answers against the examples of the prompt, the calibration split, and what the graders'
    calibration files were fitted on.

    Raises LeakageError naming every pair: an exact copy, a near copy, the same candidate on both sides. A candidate
    may be on both sides of splits that are not made by candidate; the set's manifest says so. Where the evaluated
    split is the one that a calibration was fitted on, its own items and examples are no leak: the check says so, and
    the verdict says that it flatters.
    """
    tested = [KeptText(each.answer.answer_id, each.answer.text, each.answer.candidate_id) for each in answers]
    own = [each for each in calibrations if is_fitted_on(each, eval_set.manifest.id, split)]
    others = [each for each in calibrations if each not in own]
    own_examples = {example.id for each in own for example in each.examples}
    shown = [
        KeptText(f"example {each.id}", each.answer, each.candidate_id)
        for each in examples
        if each.id not in own_examples
    ]
    calibration = [] if split == CALIBRATION_SPLIT else eval_set.split(CALIBRATION_SPLIT)
    fitted = [KeptText(each.answer.answer_id, each.answer.text, each.answer.candidate_id) for each in calibration]
    by_candidate = eval_set.manifest.split_by == "candidate"
    from_calibration = {f"example {example.id}" for each in others for example in each.examples}
    known = {text_hash(each.text) for each in fitted}
    leaks = [
        *(
            _said(leak, f"the examples that the prompt shows and split '{split}'")
            for part, candidates in (
                ([each for each in shown if each.text_id not in from_calibration], True),
                ([each for each in shown if each.text_id in from_calibration], by_candidate),
            )
            for leak in find_leaks(part, tested)
            if candidates or leak.kind != "candidate"
        ),
        *(
            _said(leak, f"split '{CALIBRATION_SPLIT}' and split '{split}'")
            for leak in find_leaks(fitted, tested)
            if by_candidate or leak.kind != "candidate"
        ),
        *(
            _said(leak, f"what a calibration was fitted on and split '{split}'")
            for leak in _fitted_leaks(eval_set, tested, others, known)
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
    items = sum(len(each.fitted_on.items) for each in others)
    said = (
        f"No leak found: {len(shown)} graded examples and {len(fitted)} calibration answers held against "
        f"{len(tested)} evaluated answers ({threshold})."
    )
    if others:
        said += f" {items} fingerprints of what the calibration was fitted on were held against them too."
    if own:
        said += " The calibration was fitted on this very split: every figure of it here flatters."
    return LeakageCheck(
        examples=len(shown),
        calibration_answers=len(fitted),
        calibration_items=items,
        threshold=NEAR_COPY,
        said=said,
    )


def is_fitted_on(calibration: Calibration | None, eval_set_id: str, split: str) -> bool:
    """Whether a calibration was fitted on this split of this set."""
    on = calibration.fitted_on if calibration else None
    return on is not None and (on.eval_set, on.split) == (eval_set_id, split)


def _fitted_leaks(
    eval_set: EvalSet, tested: Sequence[KeptText], calibrations: Sequence[Calibration], known: Set[str]
) -> list[Leak]:
    """Copies of what calibrations were fitted on, each once; items with `known` hashes are held as texts already."""
    leaks: dict[tuple[str, str, str], Leak] = {}
    for each in calibrations:
        by_candidate = "candidate" == eval_set.manifest.split_by == each.fitted_on.split_by
        items = [item for item in each.fitted_on.items if item.sha256 not in known]
        for leak in find_kept_copies(items, tested, candidates=by_candidate):
            leaks.setdefault((leak.kind, leak.first_id, leak.second_id), leak)
    return list(leaks.values())


def _said(leak: Leak, where: str) -> str:
    return f"{leak} (in {where})"
