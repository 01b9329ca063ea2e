"""A prompt filled in once for many answers says to the letter what the template says for each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.fence import fence_for
from evaluator.core.prompt import MessageTemplate, Prompt
from evaluator.core.spliced_prompt import spliced
from evaluator.core.spotlight import spotlit
from evaluator.core.task import GradingTask
from evaluator.files.prompt_file import load_prompt, load_spotlight_words
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_question_set
from evaluator.graders.prepared_ask import PreparedAsks, values_of

ANSWERS = st.text(st.characters(codec=None), min_size=1) | st.sampled_from(
    [
        "{{{answer}}} {{fence}}",
        "\x00answer\x01",
        "\x01fence\x02",
        "\x00mark\x01",
        "{{#criteria}}",
        "a\r\nb",
        "<<answer-0>>",
        "\ud800",
    ]
)


def task_of(answer: str) -> GradingTask:
    question_set = load_question_set("ml_engineer_screen", [shipped("rubrics")])
    question = question_set.questionnaire.questions[0]
    criteria = tuple(question_set.rubric.criterion(each) for each in question.criteria)
    return GradingTask(answer, question, question_set.rubric, criteria)


@pytest.mark.parametrize("name", ["levels", "checks"])
@pytest.mark.parametrize("calls", ["all", "per-criterion"])
@pytest.mark.parametrize("marks", [False, True])
def test_a_prepared_request_holds_the_rendered_messages(name: str, calls: Any, *, marks: bool) -> None:
    """Whatever a candidate writes: template words, stand-ins, half of a surrogate pair."""
    prompt = load_prompt(name, [shipped("prompts")])
    if marks:
        prompt = spotlit(prompt, load_spotlight_words())
    first = task_of("The first answer prepares the asks.")
    asks = PreparedAsks(prompt, calls, marks=marks)
    for prepared in asks.of(first):
        assert prepared.messages is not None

    @given(ANSWERS)
    def same_for(text: str) -> None:
        task = GradingTask(text, first.question, first.rubric, first.criteria)
        for prepared in asks.of(task):
            assert prepared.request(task, {}).messages == prompt.render(
                values_of(task, prepared.ask, prepared.mark(task))
            )

    same_for()


def prompt_of(content: str) -> Prompt:
    return Prompt(
        id="p",
        version=1,
        about="For a test.",
        asks_for="levels",
        variables=("answer",),
        messages=(MessageTemplate(role="user", content=content),),
    )


@pytest.mark.parametrize(
    "content",
    ["{{#answer}}Yes: {{{answer}}}{{/answer}}", "{{^answer}}None{{/answer}}", "{{#sentences}}{{{text}}}{{/sentences}}"],
)
def test_a_prompt_that_depends_on_more_than_the_text_is_not_prepared(content: str) -> None:
    """It is rendered for each answer, as ever."""
    assert spliced(prompt_of(content), {"answer": "x", "fence": "y"}) is None


def test_a_constant_text_that_looks_like_a_stand_in_is_not_taken_for_one() -> None:
    """Then nothing is prepared, and nothing goes wrong."""
    values = {"answer": "x", "fence": fence_for("x"), "rubric_title": "\x00answer\x01"}
    assert spliced(prompt_of("{{{rubric_title}}}: {{{answer}}}"), values) is None
