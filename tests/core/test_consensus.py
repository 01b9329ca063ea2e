"""What raters say together, and whether that is positive: one place for figures and for checks of a set."""

from __future__ import annotations

import pytest

from evaluator.core.consensus import consensus_levels, rater_levels
from evaluator.core.eval_set import Label, LabelledAnswer
from evaluator.core.positive_class import is_positive
from tests.run.evaluation_case import CRITERIA, eval_set


def labelled(levels: dict[str, list[float]]) -> LabelledAnswer:
    """The first answer of a made-up set, labelled by so many raters on each criterion."""
    (first, *_) = eval_set(2, lambda n, c, r: 0).answers
    labels = tuple(
        Label(first.answer.answer_id, criterion, f"r{place}", level)
        for criterion, given in levels.items()
        for place, level in enumerate(given)
    )
    return LabelledAnswer(first.answer, "test", labels)


def test_the_consensus_is_the_median_of_those_who_labelled() -> None:
    """Three raters: the middle one; two: their mean; one: that one; none: no consensus."""
    case = labelled({"three": [0, 1, 4], "two": [1, 2], "one": [4]})
    assert consensus_levels(case) == {"three": 1, "two": 1.5, "one": 4}
    assert rater_levels(case, "r2") == {"three": 4}


@pytest.mark.parametrize(
    ("levels", "positive"),
    [
        ([3, 4, 3], True),
        ([3, 2, 3], False),
        ([3, 2.5, 3], True),  # half way goes up, as wherever a level is read
        ([3, 2.4, 3], False),
        ([3, 3], None),  # the third could still fail it
        ([3, 1], False),  # whatever the third is
    ],
)
def test_an_answer_is_positive_where_every_criterion_reaches_the_level(levels: list[float], positive: bool) -> None:
    """The same rule for the raters' levels and for a grader's expected levels."""
    case = eval_set(2, lambda n, c, r: 0)
    assert is_positive(case, case.answers[0], dict(zip(CRITERIA, levels, strict=False))) is positive
