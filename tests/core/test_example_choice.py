"""Which graded examples a prompt is given."""

from __future__ import annotations

import random
from dataclasses import replace

from evaluator.core.example_choice import choose_examples
from evaluator.run.scopes import consensus_levels
from tests.run.calibration_case import labelled_set


def chosen(case, count: int, answers=None):
    answers = case.answers if answers is None else answers
    return choose_examples(case, answers, {each.answer.answer_id: consensus_levels(each) for each in answers}, count)


CASE = labelled_set({f"a{n:03d}": (float(n // 2 % 5),) for n in range(40)})


def test_examples_span_the_levels_of_each_question() -> None:
    """Three of each question: the lowest level, the highest, and one between them."""
    found = chosen(CASE, 3)
    for question in ("q0", "q1"):
        assert sorted(each.levels["right"] for each in found if each.question_id == question) == [0, 2, 4]
    assert all(each.source == "made_up_set@1, split calibration; human raters" for each in found)
    assert {each.rater_kind for each in found} == {"human"}


def test_a_third_are_the_raters_hard_cases() -> None:
    """An answer that raters were far apart on is among three, whatever its level; the farthest first."""
    off = {("a006", "bob"): 1.0, ("a010", "bob"): -2.0}
    case = labelled_set({f"a{n:03d}": (2.0,) for n in range(20)}, raters=("ann", "bob"), off=off)
    assert "a010" in [each.id for each in chosen(case, 3)]
    assert {"a006", "a010"} <= {each.id for each in chosen(case, 6)}


def test_the_order_of_the_answers_does_not_matter() -> None:
    """The same examples in the same order: the prompt stays the same and its cache is hit."""
    shuffled = random.Random(1).sample(CASE.answers, len(CASE.answers))
    assert chosen(CASE, 4) == chosen(CASE, 4, shuffled)


def test_what_cannot_stand_as_an_example_is_left_out() -> None:
    """Blank answers and those without a label on every criterion; fewer than asked for is no error."""
    case = labelled_set({f"a{n:03d}": (1.0, 2.0) for n in range(6)})
    unlabelled = replace(case.answers[0], labels=case.answers[0].labels[:1])
    blank = replace(case.answers[1], answer=replace(case.answers[1].answer, text="", absent="blank"))
    found = chosen(case, 10, [unlabelled, blank, *case.answers[2:]])
    assert [each.id for each in found] == ["a002", "a004", "a003", "a005"]
