"""What a prompt says about a graded example: who graded it, so that a model's labels do not pass for people's."""

from __future__ import annotations

from typing import get_args

import pytest

from evaluator.core.asks import asks_of
from evaluator.core.eval_set import RaterKind
from evaluator.core.examples import GradedExample
from evaluator.core.task import GradingTask
from evaluator.files.prompt_file import load_prompt
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_question_set
from evaluator.graders.prepared_ask import values_of

SAYS = {
    "human": "An answer graded by people",
    "model": "An answer graded by a language model; no person has confirmed it",
    "author": "An answer graded by its author, who wrote it to show this",
    None: "A graded answer; it is not known who graded it",
}
QUESTIONS = load_question_set("ml_engineer_screen", [shipped("rubrics")])


def system_message(prompt_name: str, *kinds: RaterKind | None) -> str:
    """What the model is told before the answer, with an example by each of these kinds of rater."""
    prompt = load_prompt(prompt_name, [shipped("prompts")])
    question, rubric = QUESTIONS.questionnaire.questions[0], QUESTIONS.rubric
    criteria = tuple(rubric.criterion(each) for each in question.criteria)
    examples = tuple(
        GradedExample(
            id=f"e{number}",
            question_id=question.id,
            answer=f"Example {number}.",
            levels={criteria[0].id: 2},
            source="made up",
            rater_kind=kind,
        )
        for number, kind in enumerate(kinds)
    )
    task = GradingTask("My answer.", question, rubric, criteria, examples)
    (ask,) = asks_of(prompt, "all", criteria, rubric.red_flags)
    return prompt.render(values_of(task, ask))[0].content


@pytest.mark.parametrize("prompt", ["levels", "checks"])
@pytest.mark.parametrize("kind", SAYS)
def test_an_example_says_who_graded_it(prompt: str, kind: RaterKind | None) -> None:
    """One heading, above the example, and none of the others."""
    lines = system_message(prompt, kind).splitlines()
    assert [line for line in lines if line in SAYS.values()] == [SAYS[kind]]
    assert "Example 0." in lines[lines.index(SAYS[kind]) + 2]
    assert set(get_args(RaterKind)) == set(SAYS) - {None}


@pytest.mark.parametrize("prompt", ["levels", "checks"])
def test_examples_by_different_raters_are_told_apart(prompt: str) -> None:
    """A rubric's examples by people beside a calibration's by a model: each has its own heading."""
    lines = system_message(prompt, "human", "model").splitlines()
    assert [line for line in lines if line in SAYS.values()] == [SAYS["human"], SAYS["model"]]


@pytest.mark.parametrize("prompt", ["levels", "checks"])
def test_without_examples_the_second_version_asks_what_the_first_asked(prompt: str) -> None:
    """So replies that were paid for under the first version still answer for the second."""
    assert system_message(f"{prompt}@1") == system_message(f"{prompt}@2")
    assert load_prompt(prompt, [shipped("prompts")]).version == 2
