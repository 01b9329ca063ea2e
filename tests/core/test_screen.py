"""What screening sees without a model: an answer that is a stretch of its own question."""

from __future__ import annotations

import pytest

from evaluator.core.answer import Answer
from evaluator.core.questionnaire import Question
from evaluator.core.screen import screen
from evaluator.core.suspicion.look import GradingWords

ENGLISH = (
    "A churn model measured 0.92 AUC in offline evaluation. Three months after launch it measures 0.74 AUC on live "
    "traffic, and nobody has changed the code. How do you find out why?"
)
CHINESE = (
    "一个流失模型在离线评估中的AUC是0.92。上线三个月以后，它在真实流量上只有0.74，"
    "而且没有人改过代码。你会怎样一步一步地找出原因？请说明你先检查什么，以及为什么先检查它。"
)


def flags(text, asked):
    question = Question(id="q", title="Churn", text=asked, criteria=("one",), min_words=1)
    found = screen(Answer("a", "c", "q", text), question, GradingWords.of([], [], []))
    return [flag.code for flag in found.flags]


@pytest.mark.parametrize(
    ("text", "asked"),
    [(ENGLISH[20:120], ENGLISH), (CHINESE[10:65], CHINESE), (CHINESE[10:65].replace("，", ","), CHINESE)],
    ids=["English", "Chinese", "Chinese with other commas"],
)
def test_a_stretch_of_the_question_is_no_answer_in_any_script(text, asked):
    """Chinese has no spaces between words, so no word of it need be one of the question's."""
    assert flags(text, asked) == ["copied_question"]
    assert flags(text[::-1], asked) == []
