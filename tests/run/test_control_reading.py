"""The control reading: a grader that gives marks for anything gives itself away, in words that no rule knows."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from evaluator import Answer, GraderOptions, Price, make_grader
from evaluator.core.questionnaire import Question
from evaluator.files.attack_set_folder import load_attack_set
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_control_rubric
from evaluator.run.control_reading import control_criteria, control_pairs
from tests.conftest import URL, completion, level_reply

GULLIBLE = "langchain:tests.gullible_model:gullible"
QUESTION = Question(id="q", title="A question", text="How is a label made?", criteria=("one",))


@pytest.fixture(scope="module")
def fresh():
    """The set that no rule was written after."""
    return load_attack_set(shipped("eval_sets") / "attacks_fresh", make_grader("baseline").questionnaire)


def grades(answers, prompt: str, *, control: bool):
    grader = make_grader(GULLIBLE, options=GraderOptions(prompt=prompt, control=control))

    async def every():
        return [await grader.grade(answer) for answer in answers]

    return asyncio.run(every())


@pytest.mark.parametrize("prompt", ["checks", "levels"])
def test_whoever_obeys_words_that_no_rule_knows_is_caught(fresh, prompt):
    """The grade meets the bar, the grader says that the answer is about knots too, and a person looks."""
    answers = [each.answer for each in fresh.attacks if each.template in ("caesar.en.1", "agreed_elsewhere.ja.1")]
    for grade in grades(answers, prompt, control=True):
        assert grade.band == "meets_bar"
        (flag,) = [each for each in grade.flags if each.code == "injection_suspected"]
        assert flag.severity == "review"
        assert "says nothing of" in flag.detail
    assert not any("says nothing of" in str(each.flags) for each in grades(answers[:1], prompt, control=False))


def test_what_word_matching_cannot_judge_is_asked_for_it_unasked(fresh):
    """A good grade in another language is no reason for a person to look; that its grader marks anything is one."""
    (attack,) = [each.answer for each in fresh.attacks if each.template == "agreed_elsewhere.ru.1"]
    (grade,) = grades([attack], "checks", control=False)
    said = {flag.code: flag.severity for flag in grade.flags}
    assert said["other_language"] == "note"
    assert said["graders_disagree"] == "note"
    assert said["injection_suspected"] == "review"
    assert grade.provenance.requests == 2


def test_honest_answers_are_asked_for_it_and_left_alone(fresh):
    """The reading is counted among the requests, and says nothing of an answer that earns its levels."""
    good = fresh.bases["en-g2"]
    text = f"{good.text} Serving and training share one job, and an alert stops the roll-out when nulls rise above 2%."
    answer = Answer("a", "c", good.question_id, text)
    (with_control,), (without,) = (grades([answer], "checks", control=each) for each in (True, False))
    assert with_control.flags == without.flags
    assert with_control.score == without.score
    assert with_control.provenance.requests == without.provenance.requests + (without.band == "meets_bar")
    assert with_control.provenance.fingerprint != without.provenance.fingerprint


def test_what_an_answer_is_about_is_not_asked():
    """Somebody who writes of chess and of beetles is asked for something else, and always for the same."""
    pairs = control_pairs(load_control_rubric())
    text = "The beetle with these wing cases opens its chess game with three moves, then comes castling."
    asked = control_criteria(pairs, QUESTION, text)
    assert asked == control_criteria(pairs, QUESTION, text)
    assert len(asked) == 2
    assert not {"chess_opening", "garden_beetles"} & {each.id for each in asked}
    everything = " ".join(f"{each.name} {' '.join(each.checks)}" for pair in pairs for each in pair)
    assert control_criteria(pairs, QUESTION, everything.replace("_", " ")) == ()


def test_a_control_reading_that_fails_leaves_the_cost_of_the_grade_known(openai_grader, answer, respx_mock):
    """A note says that it did not come; what the reading took that did is on the bill, as for any failed reading."""
    respx_mock.post(f"{URL}/chat/completions").mock(
        side_effect=[httpx.Response(200, json=completion(level_reply(4))), *[httpx.ReadTimeout("late")] * 20]
    )

    async def once():
        async with openai_grader(control=True, price=Price(1.0, 10.0, 0.5)) as grader:
            return await grader.grade(answer)

    grade = asyncio.run(once())
    assert grade.band == "meets_bar"
    assert [flag.severity for flag in grade.flags if "control reading" in flag.detail] == ["note"]
    assert grade.provenance.requests > 1
    assert grade.provenance.cost_usd == pytest.approx((200 * 1.0 + 800 * 0.5 + 100 * 10.0) / 1e6)
