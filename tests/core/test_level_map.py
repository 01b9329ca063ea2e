"""Maps from a grader's levels to the raters': monotone, inside the scale, the same in whatever order answers come."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evaluator.core.level_map import Curve, Knot, LevelMaps, OrdinalModel
from evaluator.core.metrics.level_map_fit import (
    LevelReading,
    fit_curve_by_criterion,
    fit_curve_by_question,
    fit_one_curve,
    fit_ordinal,
    fit_shift_by_question,
    recipes_for,
)

SCALE = (0, 1, 2, 3, 4)


def reading(number: int, level: float, consensus: float, **changes) -> LevelReading:
    values = {
        "answer_id": f"a{number}",
        "unit": f"a{number}",
        "question_id": "q",
        "criterion_id": "right",
        "expected_level": level,
        "checks": None,
        "consensus": consensus,
    }
    return LevelReading(**{**values, **changes})


@st.composite
def readings(draw, checks: bool = False) -> list[LevelReading]:
    count = draw(st.integers(1, 40))
    eighths = st.integers(0, 32).map(lambda each: each / 8)
    return [
        reading(
            number,
            draw(eighths),
            draw(eighths),
            question_id=draw(st.sampled_from(["q1", "q2", "q3"])),
            criterion_id=draw(st.sampled_from(["right", "clear"])),
            checks={"one": draw(st.booleans()), "two": draw(st.booleans())} if checks else None,
        )
        for number in range(count)
    ]


def test_a_curve_goes_straight_from_knot_to_knot_and_flat_beyond() -> None:
    """Between (1, 0) and (3, 4) level 2 becomes 2 and level 2.5 becomes 3."""
    curve = Curve(knots=(Knot(level=1, becomes=0), Knot(level=3, becomes=4)))
    assert [curve.expected(level) for level in (0, 1, 2, 2.5, 3, 4)] == [0, 0, 2, 3, 4, 4]


def test_a_curve_that_turns_back_is_no_curve() -> None:
    """A file with such knots is refused."""
    with pytest.raises(ValidationError, match="must go up"):
        Curve(knots=(Knot(level=1, becomes=2), Knot(level=2, becomes=1)))


def test_the_ordinal_model_is_the_sum_of_its_steps() -> None:
    """Odds of 0 on every threshold: each of four steps is taken with a half, which makes level 2."""
    model = OrdinalModel(scale=SCALE, on_level=0, on_checks={"one": 0.0}, at_least={1: 0, 2: 0, 3: 0, 4: 0})
    assert model.expected(3, {"one": True}) == pytest.approx(2)
    surely = OrdinalModel(scale=SCALE, on_level=0, on_checks={"one": 1e4}, at_least=dict.fromkeys(SCALE[1:], -5e3))
    assert surely.expected(0, {"one": True}) == pytest.approx(4)
    assert surely.expected(0, {"one": False}) == pytest.approx(0)


@pytest.mark.parametrize("fit", [fit_one_curve, fit_curve_by_criterion, fit_shift_by_question, fit_curve_by_question])
@given(some=readings(), levels=st.lists(st.floats(0, 4), min_size=2, max_size=6))
@settings(max_examples=40)
def test_monotone_stays_monotone_and_nothing_leaves_the_scale(fit, some, levels) -> None:
    """Whatever was fitted: a higher level of the grader never becomes a lower one, for any question asked later."""
    maps = fit(some, SCALE)
    for criterion in ("right", "clear", "never seen"):
        for question in ("q1", "q2", "asked later"):
            found = [maps.expected(question, criterion, level, None) for level in sorted(levels)]
            assert found == sorted(found)
            assert 0 <= found[0] <= found[-1] <= 4


@given(some=readings(checks=True), level=st.floats(0, 4), one=st.booleans(), two=st.booleans())
@settings(max_examples=25)
def test_the_ordinal_model_never_leaves_the_scale(some, level, one, two) -> None:
    """Even where every answer is at one end."""
    maps = fit_ordinal(some, SCALE, 1.0)
    for criterion in maps.by_criterion:
        assert 0 <= maps.expected("q1", criterion, level, {"one": one, "two": two}) <= 4


@pytest.mark.parametrize("fit", [fit_curve_by_question, fit_shift_by_question, fit_one_curve])
@given(some=readings(), seed=st.integers(0, 9))
@settings(max_examples=25)
def test_the_order_of_the_answers_changes_no_curve(fit, some, seed) -> None:
    """Up to the rounding of a sum, which six decimals cut off."""
    shuffled = random.Random(seed).sample(some, len(some))
    one, other = fit(some, SCALE), fit(shuffled, SCALE)
    for each in some:
        place = (each.question_id, each.criterion_id, each.expected_level, None)
        assert one.expected(*place) == pytest.approx(other.expected(*place), abs=1e-5)


def test_few_answers_move_a_curve_little_and_many_all_the_way() -> None:
    """The grader's 2 is the raters' 3: one answer moves it half way (one answer of the prior stands against it)."""
    few = fit_one_curve([reading(0, 2, 3)], SCALE)
    assert few.expected("q", "right", 2, None) == pytest.approx(2.5)
    many = fit_one_curve([reading(number, 2, 3) for number in range(99)], SCALE)
    assert many.expected("q", "right", 2, None) == pytest.approx(2.99)


def test_questions_that_differ_by_chance_only_get_no_shift() -> None:
    """Residuals +.5 and -.5 in each of two questions: all of the spread is within, none between."""
    some = [reading(n, 2, 2.5 if n % 2 else 1.5, question_id=f"q{n // 2 % 2}") for n in range(40)]
    maps = fit_shift_by_question(some, SCALE)
    assert maps.by_question["q0"]["right"] == maps.by_question["q1"]["right"] == maps.by_criterion["right"]


def test_a_question_that_is_harder_gets_a_curve_of_its_own_level() -> None:
    """Raters give 1 to the grader's 2 in one question and 3 in the other: the shift is nearly the whole way."""
    some = [reading(n, 2, 1 if n % 2 else 3, question_id=f"q{n % 2}") for n in range(40)]
    maps = fit_shift_by_question(some, SCALE)
    assert maps.expected("q0", "right", 2, None) == pytest.approx(3, abs=0.1)
    assert maps.expected("q1", "right", 2, None) == pytest.approx(1, abs=0.1)
    assert maps.expected("another question", "right", 2, None) == pytest.approx(2, abs=0.1)


def test_checks_that_tell_what_the_level_does_not_are_weighed() -> None:
    """The grader's level is always 2; the raters give 4 where the check is met and 0 where not."""
    some = [reading(n, 2, 4.0 * (n % 2), checks={"met": bool(n % 2)}) for n in range(60)]
    maps = fit_ordinal(some, SCALE, 10.0)
    assert maps.expected("q", "right", 2, {"met": True}) > 3.5
    assert maps.expected("q", "right", 2, {"met": False}) < 0.5


def test_what_is_tried_depends_on_what_is_there() -> None:
    """No model over checks without checks, no maps of single questions where later ones are others."""
    plain = [reading(n, 2, 2, question_id=f"q{n}") for n in range(4)]
    assert [each.name for each in recipes_for(plain, by_question=False)] == ["curve a criterion"]
    names = [each.name for each in recipes_for(plain, by_question=True)]
    assert names == ["curve a criterion", "shift a question", "curve a question"]
    checked = [reading(n, 2, 2, checks={"one": True}, criterion_id=f"c{n % 2}") for n in range(4)]
    names = [each.name for each in recipes_for(checked, by_question=True)]
    assert names == ["one curve", "curve a criterion", "ordinal, C=1", "ordinal, C=10"]


def test_a_map_is_read_back_as_it_was_written() -> None:
    """Both kinds, told apart by `kind`."""
    maps = LevelMaps(
        by_criterion={
            "right": Curve(knots=(Knot(level=0, becomes=1),)),
            "clear": OrdinalModel(scale=(0, 1), on_level=1, on_checks={}, at_least={1: 0}),
        }
    )
    assert LevelMaps.model_validate_json(maps.model_dump_json()) == maps
