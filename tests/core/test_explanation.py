"""What a candidate may be told: the criteria, their own words, what was missing, and nothing of the machine."""

from __future__ import annotations

import re

from evaluator.core.explanation import AssessedAnswer, explanation_for
from tests.graded_run import CRITERIA, Given, grade_of, grader

RUBRIC, QUESTIONS = grader().rubric, grader().questionnaire


def assessed(given: Given, final: tuple[int, int, int] | None = None, *, by_model: bool = True) -> AssessedAnswer:
    levels = None if final is None else dict(zip(CRITERIA, final, strict=True))
    return AssessedAnswer(QUESTIONS.question(given.question), grade_of(given), levels, by_model)


def test_each_criterion_says_what_was_found_and_what_the_next_level_needs() -> None:
    """The grader's own words on what is missing, while its level stands."""
    said = explanation_for(RUBRIC, [assessed(Given("c1", levels=(2, 2, 1)))])
    (answer,) = said.answers
    for criterion, level in zip(answer.criteria, (2, 2, 1), strict=True):
        assert criterion.shows in {RUBRIC.criterion(name).levels[level] for name in CRITERIA}
        assert criterion.missing is not None
        assert criterion.missing.startswith("what ")
        assert not criterion.by_person
    assert "No person has settled" in said.about


def test_where_people_changed_a_level_the_rubrics_words_stand_in() -> None:
    """What the grader wrote was written for another level; at the highest nothing is missing, at the lowest nothing
    is quoted.
    """
    given = Given("c1", levels=(2, 2, 1))
    (answer,) = explanation_for(RUBRIC, [assessed(given, (4, 0, 2))]).answers
    highest, lowest, other = answer.criteria
    assert highest.missing is None
    assert lowest.found == ()
    assert lowest.missing == RUBRIC.criterion(CRITERIA[1]).levels[1]
    assert other.missing == RUBRIC.criterion(CRITERIA[2]).levels[3]
    assert all(criterion.by_person for criterion in answer.criteria)


def test_lists_of_words_that_were_not_matched_are_not_sent_to_anybody() -> None:
    """What `baseline` says is missing names its checks: the words of the next level stand in."""
    (answer,) = explanation_for(RUBRIC, [assessed(Given("c1", levels=(2, 2, 1)), by_model=False)]).answers
    assert [each.missing for each in answer.criteria] == [
        RUBRIC.criterion(name).levels[level + 1] for name, level in zip(CRITERIA, (2, 2, 1), strict=True)
    ]


def test_no_level_is_named_by_its_number() -> None:
    """A level that begins with all of a lower one is told in full; what it adds is what the lower one misses."""
    given = Given("c1", levels=(4, 3, 2))
    (answer,) = explanation_for(RUBRIC, [assessed(given, by_model=False)]).answers
    best, good, _ = answer.criteria
    lower = RUBRIC.criterion(CRITERIA[0]).levels
    assert best.shows.startswith(f"{lower[3]} It also deals with what makes the label hard")
    assert good.missing is not None
    assert good.missing.startswith("Says how it would be proved")
    told = [words for each in answer.criteria for words in (each.shows, each.missing or "")]
    assert not any(re.search(r"\blevel \d", words) for words in told)


def test_an_answer_that_could_not_be_assessed_says_so_and_has_no_level() -> None:
    """Not a zero, and no word of why the machine failed."""
    said = explanation_for(RUBRIC, [assessed(Given("c1", is_graded=False))])
    assert said.answers[0].said == "This answer has not been assessed yet."
    assert (said.answers[0].criteria, said.unsettled) == ((), 1)
    settled = explanation_for(RUBRIC, [assessed(Given("c1", is_graded=False), (1, 1, 1))])
    assert settled.answers[0].said is None
    assert settled.answers[0].criteria[0].found == ()
    assert "A person read every answer" in settled.about


def test_nothing_of_the_machine_is_told() -> None:
    """No model, score, confidence, flag or rationale."""
    said = repr(explanation_for(RUBRIC, [assessed(Given("c1", flags=("near_bar", "injection_suspected")))]))
    # What the rubric asks about may speak of models: only what this code and the grade add is looked at.
    assert not re.search(r"near_bar|injection|confidence|rationale|why \w+ is|baseline|because of", said)
