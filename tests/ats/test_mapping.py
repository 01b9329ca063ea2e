"""Questions of an ATS become questions of the questionnaire where that is sure; everything else is held back."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.ats.event import Application, AtsAnswer
from evaluator.ats.mapping import Unmapped, map_answers
from evaluator.core.question_map import QuestionMap, chosen_map
from evaluator.core.submission import SubmittedAnswer
from evaluator.wiring_service import find_questionnaire

QUESTIONNAIRE = find_questionnaire()("ml_engineer_screen")


def mapped(*answers: AtsAnswer, **said: Any) -> Any:
    question_map = QuestionMap(source="greenhouse", questionnaire="ml_engineer_screen", **said)
    return map_answers(Application("1", answers), question_map, QUESTIONNAIRE)


def test_questions_are_found_by_their_own_words() -> None:
    """Id, title or text, whatever the case and punctuation; the order is the questionnaire's."""
    text = next(question.text for question in QUESTIONNAIRE.questions if question.id == "loan_features")
    found = mapped(AtsAnswer(text.upper(), "b"), AtsAnswer("predict FRAUD!", "a"), AtsAnswer("degradation", "c"))
    assert [(answer.question_id, answer.text) for answer in found] == [
        ("degradation", "c"), ("fraud_framing", "a"), ("loan_features", "b"),
    ]  # fmt: skip


def test_the_map_comes_first_by_key_and_by_text() -> None:
    """A key of the source is surer than a text, which people edit."""
    found = mapped(
        AtsAnswer("Predict fraud", "a", key="q_1"),
        AtsAnswer("How do you ship?", "b"),
        questions={"q_1": "degradation", "How do you ship?": "launch_decision"},
    )
    assert {answer.question_id: answer.text for answer in found} == {"degradation": "a", "launch_decision": "b"}


def test_an_unknown_question_holds_the_submission_back() -> None:
    """It might be an answer that would be lost; its text is told, the answer is not."""
    found = mapped(AtsAnswer("Predict fraud", "a"), AtsAnswer("Your GitHub?", "secret"))
    assert found == Unmapped("unmapped_questions", ("Your GitHub?",))


def test_what_is_ignored_by_name_or_altogether_is_left_out() -> None:
    """By the map's word only."""
    answers = (AtsAnswer("Predict fraud", "a"), AtsAnswer("Your GitHub?", "x", key="g"))
    expected = (SubmittedAnswer("fraud_framing", "a"),)
    assert mapped(*answers, ignore=("your github",)) == expected
    assert mapped(*answers, ignore=("g",)) == expected
    assert mapped(*answers, others="ignore") == expected


def test_a_question_that_the_map_names_and_the_application_lacks_was_asked() -> None:
    """A missing answer is told from a question that was never put."""
    found = mapped(AtsAnswer("x", "a"), questions={"x": "fraud_framing", "y": "degradation"})
    assert [(answer.question_id, answer.absent) for answer in found] == [
        ("degradation", "missing"), ("fraud_framing", None),
    ]  # fmt: skip


def test_blank_answers_and_placeholders_are_marked() -> None:
    """As they are in a table."""
    found = mapped(AtsAnswer("degradation", "  "), AtsAnswer("fraud_framing", "n/a"))
    assert [answer.absent for answer in found] == ["blank", "placeholder"]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([AtsAnswer("degradation", "a"), AtsAnswer("Degradation", "b")], "answered_twice"),
        ([AtsAnswer("degradation", None)], "not_text"),
        ([], "no_answers"),
    ],
)
def test_what_is_not_sure_is_held_back(answers: list[AtsAnswer], reason: str) -> None:
    """Two texts for one question, a file for a text, nothing at all."""
    found = mapped(*answers)
    assert isinstance(found, Unmapped)
    assert found.reason == reason


def test_the_same_answer_twice_is_one() -> None:
    """Forms that were sent twice."""
    assert len(mapped(AtsAnswer("degradation", "a"), AtsAnswer("degradation", "a"))) == 1


def test_a_map_for_the_job_is_chosen_before_the_one_for_all() -> None:
    """And none where none is for it."""
    of_job = QuestionMap(source="lever", questionnaire="a", jobs=(7,))
    of_all = QuestionMap(source="lever", questionnaire="b")
    assert chosen_map([of_all, of_job], "7") is of_job
    assert chosen_map([of_all, of_job], "8") is of_all
    assert chosen_map([of_job], None) is None
