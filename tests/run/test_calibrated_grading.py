"""Grading with a calibration: the levels, what stays on record, confidence and flags; and what is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from evaluator.core.answer import Answer
from evaluator.core.calibration import Calibration, StandingRule
from evaluator.core.calibration_words import calibration_use
from evaluator.core.eval_set import LabelledAnswer
from evaluator.core.metrics.cross_validation import SEED
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.score import score_of
from evaluator.errors import CalibrationError, LeakageError
from evaluator.report.confidence_plots import coverage_plot, reliability_plot
from evaluator.run.evaluation import evaluate
from evaluator.run.evaluation_plan import EvaluationPlan, GraderUnderTest
from evaluator.run.fitted_for import require_fitted_for
from evaluator.run.stability import grade_all
from tests.run.calibration_case import KnownRater, calibrated, fitted, grader_of, labelled_set, noisy, text_of
from tests.run.evaluation_case import UNSEEN

SAYS, CONSENSUS = noisy(200, seed=SEED % 97, noise=0.3)
CASE = labelled_set(CONSENSUS)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    """Fitted for a grader that is a level too strict."""
    return fitted(CASE, KnownRater(SAYS))


def with_rule(calibration: Calibration, **changes) -> Calibration:
    return calibration.model_copy(update={"standing": calibration.standing.model_copy(update=changes)})


def grade(calibration: Calibration, says: int = 2, **changes):
    grader = calibrated(grader_of(KnownRater({"b001": (says,)}), CASE).pipeline, calibration)
    return asyncio.run(grader.grade(replace(Answer("b001", "new", "q1", text_of("b001")), **changes)))


def test_the_level_is_the_raters_and_the_graders_stays_on_record(calibration) -> None:
    """The grader's 2 becomes 3 or so; the score is computed from the calibrated level, in code."""
    found = grade(calibration)
    criterion = found.criteria[0]
    assert criterion.level == 3
    assert criterion.uncalibrated.level == 2
    assert criterion.uncalibrated.expected_level == 2
    assert criterion.expected_level == calibration.maps.expected("q1", "right", 2, None)
    assert found.score == score_of({"right": criterion.expected_level}, CASE.rubric)
    assert found.provenance.calibration_sha256 == calibration.sha256


def test_a_grade_below_the_threshold_goes_to_a_person_and_says_why(calibration) -> None:
    """Flag low_confidence, severity review; none at the threshold or above."""
    confidence = grade(calibration).confidence
    sure = grade(with_rule(calibration, threshold=confidence))
    unsure = grade(with_rule(calibration, threshold=min(1.0, confidence + 0.01)))
    assert "low_confidence" not in [flag.code for flag in sure.flags]
    flag = next(flag for flag in unsure.flags if flag.code == "low_confidence")
    assert flag.severity == "review"
    assert "is below" in flag.detail


def test_without_a_threshold_confidence_is_shown_and_the_summary_says_it_once(calibration) -> None:
    """Flagging every answer alike would hide the other flags."""
    none = with_rule(calibration, threshold=None, reason="no threshold can promise it with n=10")
    found = grade(none)
    assert found.confidence is not None
    assert "low_confidence" not in [flag.code for flag in found.flags]
    said = calibration_use(none, graded=5, standing=0, sure_but_flagged=0).said
    assert said.startswith("No grade may stand without a person: no threshold can promise it with n=10.")


def test_the_summary_counts_what_may_stand(calibration) -> None:
    """What is sure but flagged for another reason is said apart."""
    said = calibration_use(calibration, graded=50, standing=38, sure_but_flagged=1).said
    assert said.startswith("38 of 50 graded answers may stand without a person: confidence ")
    assert "1 more are as sure, but flagged, and needs a person." in said
    assert "made_up_set, split calibration: 200 answers labelled by 1 human rater" in said


def test_an_answer_that_could_not_be_graded_has_no_confidence(calibration) -> None:
    """Nothing stands in for it."""
    found = grade(calibration, text="", absent="blank")
    assert (found.status, found.confidence, found.criteria) == ("not_answered", None, ())


def test_an_example_with_the_very_text_is_not_shown() -> None:
    """The same text under another candidate's name would give its grade away."""
    rater = KnownRater(SAYS)
    found = fitted(CASE, rater, examples=3, shows_examples=True)
    example = next(each for each in CASE.answers if each.answer.answer_id == "a001").answer
    shown = found.model_copy(update={"examples": (_example(example),)})
    fresh = KnownRater({"a001": (2,)})
    grader = calibrated(grader_of(fresh, CASE).pipeline, shown)
    asyncio.run(grader.grade(replace(example, candidate_id="somebody else", answer_id="z")))
    assert fresh.tasks[0].examples == ()


def _example(answer: Answer):
    from evaluator.core.examples import GradedExample

    return GradedExample(
        id=answer.answer_id, question_id=answer.question_id, answer=answer.text, levels={"right": 1}, source="a test"
    )


def _other_questions(questionnaire: Questionnaire) -> Questionnaire:
    return questionnaire.model_copy(update={"version": 2})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: replace(p, raters=(KnownRater({}, spec="other"),)), "grader: fitted for known, here other"),
        (lambda p: replace(p, raters=(KnownRater({}, model="m-2"),)), "model: fitted for m-1, here m-2"),
        (lambda p: replace(p, samples=3), "samples: fitted for 1, here 3"),
        (
            lambda p: replace(
                p,
                question_set=replace(p.question_set, questionnaire=_other_questions(p.question_set.questionnaire)),
            ),
            "questionnaire: fitted for made_up_questions@1, here made_up_questions@2",
        ),
        (
            lambda p: replace(
                p,
                question_set=replace(
                    p.question_set, rubric=p.question_set.rubric.model_copy(update={"title": "Changed"})
                ),
            ),
            "rubric: made_up@1 has another text now",
        ),
        (
            lambda p: replace(
                p,
                question_set=replace(p.question_set, examples=(_example(CASE.answers[0].answer),)),
            ),
            "examples: the prompt shows other graded examples",
        ),
    ],
)
def test_anything_else_is_refused_and_named(calibration, change, said) -> None:
    """What differs is in the message."""
    pipeline = grader_of(KnownRater(SAYS), CASE).pipeline
    require_fitted_for(calibration, pipeline)
    with pytest.raises(CalibrationError, match=said.split(" (")[0]):
        require_fitted_for(calibration, change(pipeline))


def _evaluated(case, calibration: Calibration, says, split: str = "test"):
    pipeline = calibrated(grader_of(KnownRater(says), case).pipeline, calibration)
    under_test = GraderUnderTest("known (calibrated)", "A grader of a test.", pipeline)
    plan = EvaluationPlan(split=split)
    return asyncio.run(evaluate(case, [under_test], plan, look=lambda _: UNSEEN))


def _with_test_answers(count: int, seed: int, **planted: str):
    """The case with further answers in its test split; `planted` texts by name stand in for their own."""
    says, consensus = noisy(count, seed=seed, noise=0.3)
    renamed = {f"t{name[1:]}": levels for name, levels in consensus.items()}
    test = labelled_set(renamed, split=lambda _: "test")
    answers = tuple(
        LabelledAnswer(replace(each.answer, text=planted[each.answer.answer_id]), "test", each.labels)
        if each.answer.answer_id in planted
        else each
        for each in test.answers
    )
    return replace(CASE, answers=(*CASE.answers, *answers)), {f"t{name[1:]}": levels for name, levels in says.items()}


def test_what_was_promised_is_held_against_what_is_found(calibration) -> None:
    """On a second draw: coverage, the risk found with its interval, how often confidence was right."""
    case, says = _with_test_answers(150, 77)
    result = _evaluated(case, calibration, says).graders[0]
    standing = result.standing
    assert standing.threshold == calibration.standing.threshold
    assert standing.coverage.value > 0.5
    assert standing.risk.low is not None
    assert standing.risk.value <= 0.1
    assert "Promised from confidence" in standing.said
    assert result.reliability.bins
    assert result.coverage.points[-1].coverage == 1
    assert result.coverage.points[-1].standing == result.counts.graded
    assert "the dotted one is where the calibration's threshold lies" in coverage_plot(result, "c").says
    assert "confidence can be taken at its word" in reliability_plot(result, "r").says


def test_a_planted_copy_of_what_was_fitted_on_stops_the_run_and_names_the_pair(calibration) -> None:
    """Also where the set itself no longer holds the answer: the file's fingerprints do."""
    case, says = _with_test_answers(30, 78, t004=text_of("a010").replace("a010w3x2", "changed"))
    says = {**says, "a010": (2,)}
    without = replace(case, answers=tuple(each for each in case.answers if each.split == "test"))
    for each, where in ((case, "split 'calibration'"), (without, "what a calibration was fitted on")):
        with pytest.raises(LeakageError) as caught:
            _evaluated(each, calibration, says)
        assert "a010 and t004: near copy" in str(caught.value)
        assert where in str(caught.value)


def test_the_split_it_was_fitted_on_is_marked_as_such() -> None:
    """Its figures flatter: the verdict and the leakage check say so. Its own examples are no leak there."""
    random_says = dict.fromkeys(CONSENSUS, (2,))
    helped = {name: (int(levels[0]),) for name, levels in CONSENSUS.items()}
    found = fitted(CASE, KnownRater(random_says, helped), examples=3)
    assert found.examples
    pipeline = calibrated(grader_of(KnownRater(random_says, helped), CASE).pipeline, found)
    under_test = GraderUnderTest("known", "A grader of a test.", pipeline)
    evaluation = asyncio.run(evaluate(CASE, [under_test], EvaluationPlan(split="calibration"), look=lambda _: UNSEEN))
    assert "fitted on this very split" in evaluation.leakage.said
    assert "graders are fitted on this split" in evaluation.graders[0].verdict.cannot_show


def test_examples_among_the_test_answers_stop_the_run() -> None:
    """A calibration's example that stands in the test split is named."""
    helped = {name: (int(levels[0]),) for name, levels in CONSENSUS.items()}
    found = fitted(CASE, KnownRater(dict.fromkeys(CONSENSUS, (2,)), helped), examples=3)
    copied = found.examples[0]
    case, says = _with_test_answers(30, 79, t007=copied.answer)
    with pytest.raises(LeakageError, match=f"example {copied.id} and t007: exact copy"):
        _evaluated(case, found, says)


def test_a_run_keeps_its_promise_on_record(calibration) -> None:
    """The rule travels in the file, as plain numbers."""
    again = Calibration.model_validate_json(calibration.model_dump_json())
    assert again == calibration
    assert again.sha256 == calibration.sha256
    assert isinstance(again.standing, StandingRule)
    later = calibrated(grader_of(KnownRater(SAYS), CASE).pipeline, again)
    answers = [each.answer for each in CASE.answers[:5]]
    levels = [
        {
            name: found.criteria[0].expected_level
            for name, found in asyncio.run(grade_all(one, answers, lambda: None)).items()
        }
        for one in (later, calibrated(grader_of(KnownRater(SAYS), CASE).pipeline, calibration))
    ]
    assert levels[0] == levels[1]
