"""How far people and the grader agree: by hand on a few labels, blind ones only where it is kappa."""

from __future__ import annotations

import pytest
from sklearn.metrics import cohen_kappa_score

from evaluator.core.review_agreement import LabelFact, review_agreement
from tests.graded_run import CRITERIA, grader


def fact(
    user: str, candidate: str, levels: tuple[int, int, int], graders: tuple[int, int, int], **how: bool
) -> LabelFact:
    named = dict(zip(CRITERIA, levels, strict=True))
    return LabelFact(
        user_id=user,
        answer=f"{candidate}.loan_features",
        candidate=candidate,
        question_id="loan_features",
        grader="baseline",
        week="2026-W48",
        levels=named,
        blind_levels=named if how.get("blind") else None,
        grader_levels=dict(zip(CRITERIA, graders, strict=True)),
        is_audit=how.get("audit", False),
    )


def figures(*labels: LabelFact):
    return review_agreement(grader().rubric, {"loan_features": "Loans"}, labels)


def test_the_share_that_people_leave_as_it_is() -> None:
    """Four answers of three levels, two levels changed in one answer: 10 of 12 levels, 3 of 4 answers."""
    found = figures(
        *(fact("ann", f"c{n}", (1, 2, 3), (1, 2, 3)) for n in range(3)),
        fact("ann", "c3", (0, 0, 3), (1, 2, 3)),
    )
    (whole,) = found.shares_by("all")
    assert whole.levels.value == pytest.approx(10 / 12)
    assert whole.answers is not None
    assert whole.answers.value == pytest.approx(3 / 4)
    assert whole.changed == pytest.approx(2 / 12)
    by_criterion = {share.id: share.levels.value for share in found.shares_by("criterion")}
    assert by_criterion == {CRITERIA[0]: 0.75, CRITERIA[1]: 0.75, CRITERIA[2]: 1.0}
    assert [share.name for share in found.shares_by("question")] == ["Loans"]
    assert found.with_grader == ()
    assert whole.levels.clusters == 4


def test_kappa_rests_on_blind_labels_alone() -> None:
    """A label given after the grader's was shown changes no kappa; the figure is scikit-learn's."""
    given = [((0, 1, 2), (0, 1, 3)), ((3, 2, 1), (2, 2, 1)), ((1, 1, 0), (1, 0, 0)), ((2, 3, 3), (2, 3, 2))]
    blind = [fact("ann", f"c{n}", person, machine, blind=True) for n, (person, machine) in enumerate(given)]
    shown = fact("ann", "c9", (0, 0, 0), (3, 3, 3))
    found = figures(*blind, shown)
    people = [level for person, _ in given for level in person]
    machine = [level for _, machine in given for level in machine]
    expected = cohen_kappa_score(people, machine, labels=[0, 1, 2, 3], weights="quadratic")
    whole = found.with_grader[0]
    assert (whole.id, whole.quadratic_kappa.n) == ("all", 12)
    assert whole.quadratic_kappa.value == pytest.approx(expected)
    assert whole.quadratic_kappa.has_interval
    assert (found.labels, found.blind_labels, found.candidates) == (5, 4, 5)
    assert found.with_grader_on_drawn == ()


def test_two_people_are_held_against_each_other_on_the_answers_that_both_labelled_blind() -> None:
    """Not on those that one labelled, nor by what they said after the reveal."""
    found = figures(
        fact("ann", "c1", (0, 1, 2), (0, 0, 0), blind=True),
        fact("ben", "c1", (0, 1, 3), (0, 0, 0), blind=True),
        fact("ann", "c2", (2, 2, 2), (0, 0, 0), blind=True, audit=True),
        fact("ben", "c2", (2, 2, 2), (0, 0, 0), blind=True, audit=True),
        fact("ann", "c3", (1, 1, 1), (0, 0, 0), blind=True),
    )
    whole = found.between_reviewers[0]
    assert (whole.exact.n, whole.exact.value) == (6, pytest.approx(5 / 6))
    assert found.with_grader_on_drawn[0].exact.n == 6


def test_nothing_to_say_is_said_with_its_reason() -> None:
    """No zero stands for no figure."""
    nothing = figures(fact("ann", "c1", (0, 1, 2), (0, 0, 0)).__class__(
        "ann", "a", "c1", "loan_features", "baseline", "2026-W48", {CRITERIA[0]: 1}, None, None, False))  # fmt: skip
    (whole,) = nothing.shares_by("all")
    assert whole.levels.value is None
    assert whole.levels.reason
