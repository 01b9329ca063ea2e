"""Evaluations: what is measured of a grader, against whom, on how many; and what stops one."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from evaluator.core.evaluation import Evaluation, GraderResult
from evaluator.core.examples import GradedExample
from evaluator.core.gate import Gate, judge
from evaluator.core.look import LookedGrader, LookRecord
from evaluator.errors import EvalSetError, LeakageError, UsageError
from evaluator.files.look_history import read_looks, record_look
from evaluator.run.constant_rater import CONSTANT
from evaluator.run.evaluation_plan import Earlier
from evaluator.run.grader import Grader
from evaluator.run.leakage_guard import guard_against_leakage
from tests.run.evaluation_case import CRITERIA, QUESTION, eval_set, measured, script, text_of, under_test

COUNT = 40


def spread(number: int, criterion: str, rater: str) -> float:
    """Levels 0 to 4 in turn, the same by every rater."""
    return float(number % 5)


def result(found: Evaluation, name: str) -> GraderResult:
    return next(each for each in found.graders if each.name == name)


@pytest.fixture(scope="module")
def perfect(tmp_path_factory) -> str:
    """A grader that gives every answer the level that `spread` labels it with."""
    return script(tmp_path_factory.mktemp("scripts"), {number: number % 5 for number in range(COUNT + 6)})


@pytest.fixture(scope="module")
def plain(perfect: str) -> Evaluation:
    """The perfect grader on the set that `spread` labels."""
    return measured(eval_set(COUNT, spread), under_test(perfect, "perfect"))


def test_a_grader_that_says_what_the_raters_say_is_adequate_but_not_shown_to_agree_with_people(plain):
    """Kappa is 1 everywhere; the verdict says in the same breath that model raters are not people."""
    found = plain
    grader = result(found, "perfect")
    assert [scope.consensus.quadratic_kappa.value for scope in grader.scopes] == [1.0] * len(grader.scopes)
    assert grader.verdict is not None
    assert grader.verdict.outcome == "adequate"
    assert "cannot show agreement with people" in (grader.verdict.cannot_show or "")
    assert found.eval_set.consensus == "model raters' median"


@pytest.mark.parametrize(
    ("kind", "consensus"),
    [("human", "human raters' median"), ("model", "model raters' median"), ("author", "authors' median")],
)
def test_labels_are_called_what_the_manifest_calls_them(perfect, kind, consensus):
    """Only a set that people labelled is said to be labelled by people."""
    found = measured(eval_set(COUNT, spread, kind=kind), under_test(perfect, "perfect"))
    assert found.eval_set.consensus == consensus
    verdict = found.asked[0].verdict
    assert verdict is not None
    assert (verdict.cannot_show is None) == (kind == "human")


def test_the_baseline_and_the_commonest_level_are_in_every_table(plain):
    """Neither was asked for; both have figures on every scope, and the constant beats chance nowhere."""
    found = plain
    assert [each.name for each in found.graders] == ["perfect", "baseline", CONSTANT]
    for each in found.graders:
        assert [scope.id for scope in each.scopes] == [scope.id for scope in found.ceiling]
    constant = result(found, CONSTANT)
    assert [constant.scope(criterion).consensus.quadratic_kappa.value for criterion in CRITERIA] == [0.0] * 3
    assert {(pair.first, pair.second) for pair in found.comparisons} == {("perfect", "baseline"), ("perfect", CONSTANT)}


def test_two_raters_who_agree_by_chance_come_out_at_kappa_zero(perfect):
    """The ceiling of raters who throw dice holds 0 within its interval on every criterion."""
    dice = random.Random(7)
    thrown = {(n, c, r): float(dice.randrange(5)) for n in range(COUNT + 6) for c in CRITERIA for r in "ab"}
    case = eval_set(COUNT, lambda n, c, r: thrown[n, c, r], raters=("a", "b"))
    found = measured(case, under_test(perfect, "perfect"))
    for scope in found.ceiling:
        if scope.kind == "criterion":
            kappa = scope.figures.quadratic_kappa
            assert kappa.low is not None
            assert kappa.high is not None
            assert kappa.low <= 0 <= kappa.high
    verdict = found.asked[0].verdict
    assert verdict.outcome == "cannot tell with this set"
    assert any("raters' agreement among themselves may be chance" in reason for reason in verdict.because)


def test_one_rater_has_no_ceiling_and_the_report_says_why(perfect):
    """With one rater there is nobody to agree with: n/a with a reason, no ratio, no annotator test, a caution."""
    found = measured(eval_set(COUNT, spread, raters=("a",)), under_test(perfect, "perfect"))
    kappa = found.ceiling_of("leakage_awareness").figures.quadratic_kappa
    assert (kappa.value, kappa.reason) == (None, "there is no pair of raters")
    scope = found.asked[0].scope("leakage_awareness")
    assert scope.ratio.quadratic_kappa.value is None
    assert scope.replacement.passed is None
    assert "3 raters" in scope.replacement.winning_rate.reason
    assert "One rater only" in found.asked[0].verdict.cannot_show
    assert found.eval_set.consensus == "one model rater's levels"


def test_missing_labels_are_gaps_not_zeros(perfect):
    """A rater who left answers out counts where they labelled; an answer nobody labelled is in no figure."""

    def level(number: int, criterion: str, rater: str) -> float | None:
        if number < 4 and criterion == "leakage_awareness":
            return None
        return None if rater == "c" and number % 2 else float(number % 5)

    found = measured(eval_set(COUNT, level), under_test(perfect, "perfect"))
    scope = found.asked[0].scope("leakage_awareness")
    assert scope.consensus.exact.n == COUNT - 4
    assert scope.raters["c"].exact.n == COUNT // 2 - 2
    assert found.asked[0].scope("total").consensus.exact.n == COUNT - 4
    assert scope.consensus.exact.value == 1.0


def test_no_label_at_all_is_said_in_every_figure(perfect):
    """A split that nobody labelled gives n/a with a reason everywhere and a verdict that nothing can be told."""
    found = measured(eval_set(COUNT, lambda n, c, r: None), under_test(perfect, "perfect"))
    grader = found.asked[0]
    assert all(estimate.value is None for scope in grader.scopes for _, estimate in scope.consensus.items())
    assert all(estimate.reason for scope in grader.scopes for _, estimate in scope.consensus.items())
    assert grader.verdict.outcome == "cannot tell with this set"


def test_answers_that_a_grader_fails_on_are_counted_and_left_out(tmp_path):
    """Six time-outs: six ungraded with the reason, figures on the rest, and too many of them is not adequate."""
    says = {number: "timeout" if number < 6 else number % 5 for number in range(COUNT)}
    found = measured(eval_set(COUNT, spread), under_test(script(tmp_path, says), "shaky"))
    grader = result(found, "shaky")
    assert (grader.counts.graded, grader.counts.ungraded) == (COUNT - 6, 6)
    assert sum(grader.counts.reasons.values()) == 6
    assert "timeout" in next(iter(grader.counts.reasons))
    assert grader.scope("leakage_awareness").consensus.exact.n == COUNT - 6
    assert result(found, "baseline").scope("leakage_awareness").consensus.exact.n == COUNT
    assert grader.verdict.outcome == "not adequate"
    assert any("34 of 40 answers were graded" in reason for reason in grader.verdict.because)


def test_blank_answers_are_in_nobodys_figures(perfect):
    """An empty field is not answered: counted, and in no figure of the grader, the raters or the constant."""
    case = eval_set(COUNT, spread, text=lambda n: "" if n < 3 else text_of(n))
    found = measured(case, under_test(perfect, "perfect"))
    assert found.eval_set.not_answered == 3
    assert found.asked[0].counts.not_answered == 3
    assert found.ceiling_of("leakage_awareness").figures.exact.n == COUNT - 3
    assert result(found, CONSTANT).scope("total").consensus.exact.n == COUNT - 3


def test_the_same_grader_twice_shows_no_difference(perfect, tmp_path):
    """Paired on the same answers, a grader and its twin differ by nothing that the set can show."""
    says = {number: min(4, number % 5 + number % 3 % 2) for number in range(COUNT)}
    one, twin = script(tmp_path, says, "one.jsonl"), script(tmp_path, says, "twin.jsonl")
    found = measured(eval_set(COUNT, spread), under_test(one, "one"), under_test(twin, "twin"))
    pair = next(each for each in found.comparisons if each.second == "twin")
    for scope in pair.scopes:
        assert scope.quadratic_kappa.difference.value == 0
        assert scope.quadratic_kappa.verdict == "no difference that this set can show"


def test_the_positive_class_is_the_manifests(plain):
    """Two in five answers are at level 3 or above: that is the base rate, and accuracy has it beside it."""
    found = plain
    bar = found.asked[0].pass_fail.at_bar
    assert bar.base_rate.value == pytest.approx(0.4)
    assert (bar.precision.value, bar.recall.value) == (1.0, 1.0)
    constant = result(found, CONSTANT).pass_fail.at_bar
    assert constant.accuracy.value == constant.commoner_class.value
    assert "nothing was called positive" in (constant.precision.reason or "")


def test_a_planted_copy_of_a_test_answer_stops_the_run_and_is_named():
    """A graded example that is a test answer, reformatted, is an error before anything is graded."""
    case = eval_set(COUNT, spread)
    planted = GradedExample(
        id="planted", question_id=QUESTION, answer=f"  {text_of(7).upper()}\n", levels={}, source="x"
    )
    with pytest.raises(LeakageError, match="example planted and x007: exact copy") as caught:
        guard_against_leakage(case, case.split("test"), "test", [planted])
    assert "80% of character shingles" in str(caught.value)


@pytest.mark.parametrize(
    ("example", "named"),
    [
        ({"answer": text_of(7).replace("Case007", "Well, case007")}, "near copy"),
        ({"answer": "Something else altogether was written here.", "candidate_id": "c003"}, "candidate c003"),
    ],
)
def test_a_near_copy_or_the_same_candidate_stops_the_run(example, named):
    """A few words changed, or another answer by a tested candidate, is leakage too."""
    case = eval_set(COUNT, spread)
    planted = GradedExample.model_validate(
        {"id": "e1", "question_id": QUESTION, "levels": {}, "source": "x", **example}
    )
    with pytest.raises(LeakageError, match=named):
        guard_against_leakage(case, case.split("test"), "test", [planted])


def test_a_calibration_answer_that_is_a_test_answer_stops_the_run(perfect):
    """What a grader is fitted on must not be what it is tested on."""
    case = eval_set(COUNT, spread, text=lambda n: text_of(1) if n == COUNT + 1 else text_of(n))
    with pytest.raises(LeakageError, match=f"x{COUNT + 1:03d} and x001: exact copy"):
        measured(case, under_test(perfect, "perfect"))


def test_a_grader_with_another_rubric_is_refused(perfect):
    """Levels by another rubric cannot be compared with the set's labels."""
    case = eval_set(COUNT, spread)
    other = case.rubric.model_copy(update={"title": "Another"})
    with pytest.raises(EvalSetError, match="another rubric"):
        measured(replace(case, rubric=other), under_test(perfect, "perfect"))


def test_a_split_that_is_not_there_is_named(perfect):
    """The message lists the splits that are."""
    with pytest.raises(UsageError, match="no split 'holdout'") as caught:
        measured(eval_set(COUNT, spread), under_test(perfect, "perfect"), split="holdout")
    assert "calibration, test" in str(caught.value)


def test_small_slices_are_marked(perfect):
    """A part with few answers carries its n and the reason why it says little."""
    case = eval_set(COUNT, spread, note=lambda n: "manipulation" if n < 4 else "")
    found = measured(case, under_test(perfect, "perfect"), columns={"site": {"x001": "Ghent"}})
    slices = {(each.by, each.value): each for each in found.asked[0].slices}
    assert slices["note", "manipulation"].answers == 4
    assert slices["note", "manipulation"].too_small == "fewer than 10 answers"
    assert slices["note", "no note"].too_small is None
    assert slices["site", "Ghent"].answers == 1
    assert {each.by for each in found.asked[0].slices} == {
        *("question", "level band", "length", "language", "raters", "note", "site")
    }


@pytest.mark.parametrize(("answers", "outcome"), [(14, "cannot tell with this set"), (16, "adequate")])
def test_a_handful_of_answers_without_a_mistake_proves_nothing(perfect, answers, outcome):
    """Kappa 1 never varies: seven candidates leave exact agreement down to .59 possible, eight to .63."""
    found = measured(eval_set(answers, spread), under_test(perfect, "perfect"))
    verdict = found.asked[0].verdict
    assert found.asked[0].scopes[0].consensus.quadratic_kappa.value == 1.0
    assert verdict is not None
    assert verdict.outcome == outcome
    gate = Gate.model_validate({"least_quadratic_kappa": {"every_criterion": 0.6}})
    assert judge(gate, found, "gate.yaml").passed is (outcome == "adequate")


def test_who_passes_is_held_against_each_rater_and_the_raters_own_agreement(perfect):
    """Rater c fails everybody: with a and b the classes agree wholly, with c as chance does; so do the raters' own."""
    case = eval_set(COUNT, lambda n, c, r: 0.0 if r == "c" else float(n % 5))
    found = measured(case, under_test(perfect, "perfect"))
    agreed = found.asked[0].pass_fail.agreement
    assert agreed is not None
    assert agreed.consensus.quadratic_kappa.value == 1.0
    assert {rater: figures.quadratic_kappa.value for rater, figures in agreed.raters.items()} == {
        "a": 1,
        "b": 1,
        "c": 0,
    }
    assert found.pass_fail_ceiling is not None
    assert found.pass_fail_ceiling.figures.quadratic_kappa.value == pytest.approx(1 / 3)
    assert agreed.ratio is not None
    assert agreed.ratio.quadratic_kappa.value == pytest.approx(2)
    assert "nothing is further apart" in str(agreed.consensus.adjacent)


def test_figures_are_shown_by_language(perfect):
    """German answers are a part of their own, with n and interval, and one that is too short is in neither."""
    english = "We split by time and keep every customer on one side, because otherwise the test would leak."
    german = "Wir teilen nach der Zeit, und jeder Kunde steht nur auf einer Seite, sonst sickert etwas durch."
    said = {0: "Too short.", **dict.fromkeys(range(1, 13), german)}
    case = eval_set(COUNT, spread, text=lambda n: f"Case{n:03d} says: {said.get(n, english)} {text_of(n) if n else ''}")
    parts = {each.value: each for each in measured(case, under_test(perfect, "perfect")).asked[0].slices}
    assert (parts["cannot tell"].answers, parts["cannot tell"].too_small) == (1, "fewer than 10 answers")
    assert (parts["de"].answers, parts["de"].too_small) == (12, None)
    assert parts["en"].exact.has_interval


def test_probes_and_repeats_show_how_far_levels_move(perfect):
    """A grader that goes by the case's name never flips, whatever is put around the answer."""
    found = measured(eval_set(12, spread), under_test(perfect, "perfect"), probe=True, repeat=2)
    grader = found.asked[0]
    assert [probe.id for probe in grader.probes] == [
        "padded",
        "shortened",
        "reformatted",
        "criteria_order",
        "name_swapped",
    ]
    assert {probe.flips.moved.value for probe in grader.probes} == {0.0}
    assert grader.repeats is not None
    assert grader.repeats.runs == 2
    assert grader.repeats.quadratic_kappa["total"].spread == 0
    assert result(found, "baseline").probes == ()


def test_what_moved_since_an_earlier_evaluation_is_paired(plain, tmp_path):
    """A grader that got worse on the same answers is worse beyond noise, and a gate that forbids it fails."""
    case, before = eval_set(COUNT, spread), plain
    worse = script(tmp_path, {number: (number * 7) % 5 for number in range(COUNT)}, "worse.jsonl")
    now = measured(case, under_test(worse, "perfect"), earlier=Earlier("old.json", before))
    assert now.against is not None
    assert now.against.paired
    assert {move.outcome for move in now.against.moves} == {"worse"}
    outcome = judge(Gate(no_worse_than_before=True), now, "gate.yaml")
    assert not outcome.passed
    assert "1.00 before" in outcome.failures[0]


def test_a_gate_names_every_condition_that_does_not_hold(tmp_path):
    """Kappa is held at the lower end of its interval; a cost that is not known does not pass."""
    says = {number: number % 5 for number in range(COUNT)}
    priceless = under_test(script(tmp_path, says), "perfect")
    unpriced = Grader(replace(priceless.grader.pipeline, prices=(None,)))
    found = measured(eval_set(COUNT, spread), replace(priceless, grader=unpriced))
    gate = Gate(least_quadratic_kappa={"every_criterion": 0.5, "total": 0.83}, most_cost_usd=1, most_ungraded=0)
    outcome = judge(gate, found, "gate.yaml")
    assert [failure.split(":")[0] for failure in outcome.failures] == ["perfect, cost"]
    assert len(outcome.held) == 5


def test_every_look_at_the_test_split_is_counted(tmp_path):
    """The history is appended to; the next report says which look it is. Other splits keep no history."""
    looked = LookedGrader(
        grader="baseline", prompt=None, prompt_sha256=None, schema_sha256={}, examples_sha256=None, samples=1
    )
    record = LookRecord(
        at="2026-01-01T00:00:00+00:00",
        split="test",
        split_sha256="0" * 64,
        answers=3,
        graders=(looked,),
        rubric_sha256="0" * 64,
        questionnaire_sha256="0" * 64,
        evaluator_version="0",
    )
    said = [record_look(tmp_path, record) for _ in range(14)][-1]
    assert said.number == 14
    assert "14th look at the split 'test'" in said.said
    assert len(read_looks(tmp_path)) == 14
    other = record_look(tmp_path, record.model_copy(update={"split": "calibration"}))
    assert (other.number, len(read_looks(tmp_path))) == (None, 14)


def test_a_history_that_cannot_be_written_is_said(tmp_path):
    """Where the set's folder is not there to write to, the look goes on and says that nobody will count it."""
    record = LookRecord(
        at="2026-01-01T00:00:00+00:00",
        split="test",
        split_sha256="0" * 64,
        answers=3,
        graders=(),
        rubric_sha256="0" * 64,
        questionnaire_sha256="0" * 64,
        evaluator_version="0",
    )
    look = record_look(tmp_path / "gone", record)
    assert not look.recorded
    assert "NOT recorded" in look.said
