"""A calibration from beginning to end: what is kept, what no fold may see, what is promised and what is not."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from evaluator.core.calibration import calibrated_levels
from evaluator.core.calibration_words import standing_in_words
from evaluator.core.confidence import is_wrong, signs_of
from evaluator.core.reply import Failure
from evaluator.core.task import GradingTask
from evaluator.errors import CalibrationError, LeakageError
from evaluator.run.calibrating import CalibrationPlan, calibrate, examples_for
from evaluator.run.calibration_data import fit_data
from evaluator.run.map_choice import choose_map
from evaluator.run.stability import grade_all
from evaluator.run.standing_choice import choose_confidence, standing_rule
from tests.run.calibration_case import KnownRater, fitted, grader_of, labelled_set, noisy


def kept(calibration, part: str) -> str:
    return next(each.name for each in calibration.tried if each.part == part and each.kept)


def test_a_strict_grader_is_brought_to_the_raters_scale() -> None:
    """Raters give a level more than the grader does: the map adds it, and the error out of fold shows that it helps."""
    says, consensus = noisy(120, seed=1)
    found = fitted(labelled_set(consensus), KnownRater(says))
    assert kept(found, "map") == "curve a criterion"
    assert found.maps is not None
    of_twos = [consensus[name][0] for name, (level,) in says.items() if level == 2]
    assert found.maps.expected("q0", "right", 2, None) == pytest.approx(sum(of_twos) / len(of_twos), abs=0.05)
    as_it_is, curve = [each for each in found.tried if each.part == "map"][:2]
    assert curve.gain > curve.error > 0
    assert curve.rmse.high < as_it_is.rmse.low


def test_a_grader_that_gives_the_raters_levels_is_left_as_it_is() -> None:
    """Nothing can beat no error at all."""
    _, consensus = noisy(60, seed=2)
    says = {name: (int(levels[0]),) for name, levels in consensus.items()}
    found = fitted(labelled_set(consensus), KnownRater(says))
    assert (kept(found, "map"), found.maps) == ("as it is", None)


def test_a_harder_question_gets_a_map_of_its_own() -> None:
    """In one question raters give two levels less: where later answers are to the same questions, that is kept."""
    random = np.random.default_rng(3)
    says = {f"a{n:03d}": (int(random.integers(2, 5)),) for n in range(120)}
    consensus = {name: (float(level - 2 * (int(name[1:]) % 2)),) for name, (level,) in says.items()}
    assert "question" in kept(fitted(labelled_set(consensus), KnownRater(says)), "map")
    other = labelled_set(consensus, split_by="question", question=lambda name: f"q{int(name[1:]) % 8}", questions=8)
    found = fitted(other, KnownRater(says))
    assert "question" not in kept(found, "map")
    assert found.maps is None or not found.maps.by_question
    assert any("split by question" in each for each in found.not_tried)
    assert found.standing.unit == "question"


def test_no_answer_sees_an_example_of_its_own_fold() -> None:
    """Candidates with two answers each: while folds are compared, no prompt shows an answer of the same fold."""
    says, consensus = noisy(60, seed=4)
    case = labelled_set(consensus, candidate=lambda name: f"c{int(name[1:]) // 2}")
    rater = KnownRater(says)
    fitted(case, rater, examples=4)
    data = fit_data(case)
    shown = [task for task in rater.tasks if task.examples]
    assert len(shown) == 60
    for task in shown:
        fold = data.fold(task.text.split()[0])
        assert fold not in {data.fold(example.id) for example in task.examples}
        assert all(example.question_id == task.question.id for example in task.examples)


@pytest.mark.parametrize("helps", [True, False])
def test_examples_are_kept_only_where_they_help(helps: bool) -> None:
    """The grader reads at random without examples; with them, rightly or just as badly."""
    random = np.random.default_rng(5)
    consensus = {f"a{n:03d}": (float(random.integers(0, 5)),) for n in range(100)}
    says = {name: (int(random.integers(0, 5)),) for name in consensus}
    helped = {name: (int(levels[0]),) for name, levels in consensus.items()} if helps else None
    case = labelled_set(consensus)
    found = fitted(case, KnownRater(says, helped), examples=3)
    assert kept(found, "examples") == ("shown" if helps else "none shown")
    assert len(found.examples) == (6 if helps else 0)
    if helps:
        plan = CalibrationPlan(3, True, 0.05, 0.95)
        data = fit_data(case)
        assert found.examples == examples_for(data, data.answers, plan)


def test_the_order_of_the_answers_changes_nothing() -> None:
    """The same answers in another order give the same file but for the hash of the split and the time."""
    says, consensus = noisy(80, seed=6)
    case = labelled_set(consensus)
    turned = replace(case, answers=tuple(reversed(case.answers)))
    one, other = (fitted(each, KnownRater(says), examples=2) for each in (case, turned))
    for name in ("maps", "confidence", "standing", "tried", "examples"):
        assert getattr(one, name) == getattr(other, name), name


def test_ten_candidates_can_promise_nothing_and_the_reason_reads_well() -> None:
    """Fifty right grades of ten candidates are ten trials: it takes 59 candidates without a mistake."""
    _, consensus = noisy(50, seed=7)
    says = {name: (int(levels[0]),) for name, levels in consensus.items()}
    case = labelled_set(consensus, candidate=lambda name: f"c{int(name[1:]) // 5}")
    rule = fitted(case, KnownRater(says)).standing
    assert (rule.threshold, rule.unit, rule.n) == (None, "candidate", 10)
    assert standing_in_words(rule) == (
        "No grade may stand without a person: no threshold can promise at most 5% wrong at 95% certainty with n=10: "
        "it takes 59 candidates without a mistake."
    )


def test_enough_candidates_make_a_promise() -> None:
    """200 answers of as many candidates, hardly a mistake: nearly all may stand, and the bound says how sure."""
    says, consensus = noisy(200, seed=8, noise=0.3)
    rule = fitted(labelled_set(consensus), KnownRater(says)).standing
    assert rule.unit == "grade"
    assert rule.threshold is not None
    assert rule.standing_grades > 150
    assert rule.risk_bound <= 0.05
    said = standing_in_words(rule)
    assert "at most 5% of such grades have a level off by more than one (95% certainty)" in said


def test_a_promise_that_asks_little_says_so() -> None:
    """Every answer is at the two middle levels: one level for everybody keeps the promise as well."""
    consensus = {f"a{n:03d}": (float(2 + n // 2 % 2),) for n in range(120)}
    says = dict.fromkeys(consensus, (2,))
    rule = fitted(labelled_set(consensus), KnownRater(says)).standing
    assert rule.constant_wrong == 0
    assert "This asks little here" in standing_in_words(rule)


def test_the_promise_is_kept_in_repeated_draws() -> None:
    """Low levels are often far off, high ones hardly ever: of 12 calibrations no more than the certainty allows let
    more than the promised share of a second draw stand wrongly."""
    broken = promised = 0
    for seed in range(12):
        choice = choose_map(*_graded(160, seed))
        confidence = choose_confidence(choice)
        rule = standing_rule(choice, confidence, risk=0.1, certainty=0.9)
        if rule.threshold is None:
            continue
        promised += 1
        later, grades = _graded(300, 1000 + seed)
        wrong = []
        for each in later.answers:
            found = grades[each.answer.answer_id]
            criteria = calibrated_levels(choice.final_maps(), found.question_id, found.criteria, later.eval_set.rubric)
            signs = signs_of(criteria, each.answer.text, later.eval_set.rubric)
            if confidence.model.confidence(signs) >= rule.threshold:
                levels = {criterion.id: criterion.level for criterion in criteria}
                wrong.append(is_wrong(levels, later.consensus[each.answer.answer_id], later.eval_set.rubric))
        # Two standard errors of the second draw's share are not held against the promise.
        broken += sum(wrong) / len(wrong) > 0.1 + 2 * (0.1 * 0.9 / len(wrong)) ** 0.5
    assert promised >= 6
    assert broken / promised <= 0.1 + 2 * (0.1 * 0.9 / promised) ** 0.5


def _graded(count: int, seed: int):
    """A draw with its grades; texts are too short to be taken for copies, which is quicker."""
    says, consensus = _sometimes_far_off(count, seed)
    data = fit_data(labelled_set(consensus, words=1))
    # One answer of each level goes through the pipeline, and the others are graded like it.
    first = {levels: name for name, levels in reversed(says.items())}
    grader = grader_of(KnownRater(says), data.eval_set)
    answers = [each.answer for each in data.answers if each.answer.answer_id in first.values()]
    graded = asyncio.run(grade_all(grader, answers, lambda: None))
    return data, {
        name: graded[first[levels]].model_copy(update={"answer_id": name, "candidate_id": name})
        for name, levels in says.items()
    }


def _sometimes_far_off(count: int, seed: int):
    """Low levels of the grader are often far off, high ones hardly ever."""
    random = np.random.default_rng(seed)
    says, consensus = {}, {}
    for number in range(count):
        level = int(random.choice([0, 3, 4], p=[0.2, 0.4, 0.4]))
        off = random.random() < (0.45 if level == 0 else 0.02)
        says[f"a{number:03d}"] = (level,)
        consensus[f"a{number:03d}"] = (float((level + (2 if level == 0 else -2)) if off else level),)
    return says, consensus


def test_too_little_to_fit_on_is_an_error_that_says_so() -> None:
    """No calibration split, four candidates, nothing that could be graded, labels missing on some criterion."""
    says, consensus = noisy(40, seed=9)
    everything_test = labelled_set(consensus, split=lambda _: "test", splits={"test": "all"})
    with pytest.raises(CalibrationError, match="no split 'calibration'"):
        fit_data(everything_test)
    four = labelled_set(consensus, candidate=lambda name: f"c{int(name[1:]) % 4}")
    with pytest.raises(CalibrationError, match="4 candidates"):
        fit_data(four)
    with pytest.raises(CalibrationError, match=r"Only 0 of 40 answers could be graded.*40 times timeout"):
        fitted(labelled_set(consensus), _Silent(says))
    both = labelled_set(dict.fromkeys(consensus, (0.0, 0.0)))
    lacking = tuple(replace(each, labels=each.labels[:1]) for each in both.answers)
    with pytest.raises(CalibrationError, match="label on each of its criteria"):
        fitted(replace(both, answers=lacking), KnownRater(dict.fromkeys(says, (0, 2))))


class _Silent(KnownRater):
    """Never answers."""

    async def rate(self, task: GradingTask) -> Failure:
        return Failure("timeout", "no reply in time")


def test_an_example_of_the_rubric_in_the_split_stops_before_anything_is_graded() -> None:
    """What the prompt shows anyway cannot be fitted on."""
    says, consensus = noisy(40, seed=10)
    case, rater = labelled_set(consensus), KnownRater(says)
    data = fit_data(case)
    planted = examples_for(data, data.answers[:1], CalibrationPlan(1, True, 0.05, 0.95))
    grader = grader_of(rater, case)
    pipeline = replace(grader.pipeline, question_set=replace(grader.pipeline.question_set, examples=planted))
    with pytest.raises(LeakageError, match="example a000 and a000: exact copy"):
        asyncio.run(calibrate(data, type(grader)(pipeline), CalibrationPlan(0, True, 0.05, 0.95)))
    assert rater.tasks == []
