"""What codes and numbers are called when people read them."""

from __future__ import annotations

from typing import get_args

import pytest

from evaluator.core.candidate import CandidateStanding
from evaluator.core.grade import Band, FlagCode, Status
from evaluator.report.page_plan import FURTHER_PAGES, PagePlan, plan_pages
from evaluator.report.wording import (
    BAND_NAMES,
    FLAG_NAMES,
    STATUS_NAMES,
    counted,
    duration,
    number,
    reason_in_words,
    shortened,
    shown_score,
)


@pytest.mark.parametrize(("codes", "names"), [(FlagCode, FLAG_NAMES), (Band, BAND_NAMES), (Status, STATUS_NAMES)])
def test_every_code_has_words(codes, names):
    """No code of a grade reaches a reader as a code."""
    assert set(get_args(codes)) == set(names)


def test_no_word_speaks_of_rejecting():
    """A score sorts and a person decides; the page offers no other reading."""
    assert not any("reject" in name.casefold() for name in (*FLAG_NAMES.values(), *BAND_NAMES.values()))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(7.0), "7"),
        (number(7.084), "7.08"),
        (number(7.5), "7.5"),
        (number(-1.25), "−1.25"),
        (number(100.0), "100"),
        (counted(1, "answer"), "1 answer"),
        (counted(1200, "answer"), "1,200 answers"),
        (duration(0.42), "0.4 s"),
        (duration(59.7), "1 min"),
        (duration(200), "3 min 20 s"),
        (duration(7500), "2 h 5 min"),
        (reason_in_words("blank: The field was left empty."), "The field was left empty."),
        (reason_in_words("rate_limited: the server said: slow down"), "The server said: slow down"),
        (reason_in_words("The level: unclear"), "The level: unclear"),
        (reason_in_words(None), "No reason was recorded."),
    ],
)
def test_numbers_and_reasons_read_well(shown, expected):
    """Digits that matter, units in words, no code in front of a sentence."""
    assert shown == expected


@pytest.mark.parametrize(("score", "shown"), [(6.996, "6.996"), (6.99999, "6.99999"), (7.0, "7.00"), (6.99, "6.99")])
def test_rounding_never_lifts_a_score_over_the_bar(run, score, shown):
    """With the bar at 7, a score just below it is not shown as 7.00."""
    assert shown_score(score, run.rubric) == shown


def planned(answers: dict[str, int]) -> PagePlan:
    """The plan of candidates with so many answers each, four on a page."""
    standings = [
        CandidateStanding(
            candidate_id=candidate, score=None, band=None, asked=count, graded=0, not_answered=count, ungraded=0,
            to_review=0, scores={}, levels={}, flags=(),
        )
        for candidate, count in answers.items()
    ]  # fmt: skip
    return plan_pages(standings, answers_a_page=4)


def test_pages_are_bounded_and_say_who_is_left_out():
    """Above 40 further pages the rest are counted as left out; a candidate with many answers is not split."""
    plan = planned({f"c{place}": 2 for place in range(100)} | {"many": 7})
    assert len(plan.further) == FURTHER_PAGES
    assert [candidate for page in plan.further for candidate in page] == [f"c{place}" for place in range(80)]
    assert (plan.candidates_left_out, plan.answers_left_out) == (21, 47)
    assert planned({"many": 7}).further == (("many",),)
    assert planned({"c1": 2, "c2": 2}).first == ("c1", "c2")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("baseline", "baseline"),
        ("openai:a-model-of-some-name [checks, 3 samples]", "openai… [checks, 3 samples]"),
        ("openai:a-model-of-some-name [checks, 1 sample]", "openai:… [checks, 1 sample]"),
        ("langchain:package.module:first_factory", "langchain:pac…first_factory"),
    ],
)
def test_a_long_name_keeps_what_tells_it_from_others(name: str, shown: str) -> None:
    """Cut in the middle; never longer than asked."""
    assert shortened(name, 27) == shown
