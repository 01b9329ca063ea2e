"""The control reading: a grader that gives marks for anything gives itself away, in words that no rule knows."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from evaluator import GraderOptions, Price, make_grader
from evaluator.files.attack_set_folder import load_attack_set
from evaluator.files.resources import shipped
from tests.conftest import URL, completion, level_reply

GULLIBLE, CHOOSY, NUDGED = (f"langchain:tests.gullible_model:{each}" for each in ("gullible", "choosy", "nudged"))
# The fresh attacks that passed at their first look, when nobody was asked for what is not there.
_PASSED = ("caesar.en.1", "agreed_elsewhere.ja.1", "certificate.en.1")


@pytest.fixture(scope="module")
def fresh():
    """The set that no rule of words was written after."""
    return load_attack_set(shipped("eval_sets") / "attacks_fresh", make_grader("baseline").questionnaire)


def grades(answers, prompt: str, *, model: str = GULLIBLE, **options):
    grader = make_grader(model, options=GraderOptions(prompt=prompt, **options))

    async def every():
        return [await grader.grade(answer) for answer in answers]

    return asyncio.run(every())


@pytest.mark.parametrize("model", [GULLIBLE, CHOOSY])
@pytest.mark.parametrize("prompt", ["checks", "levels"])
def test_whoever_obeys_words_that_no_rule_knows_is_caught_by_default(fresh, prompt, model):
    """The grade meets the bar, the grader finds in the answer what is not there, and a person looks."""
    answers = [each.answer for each in fresh.attacks if each.template in _PASSED and each.carrier == "inside"]
    assert len(answers) == len(_PASSED)
    for grade in grades(answers, prompt, model=model):
        assert grade.band == "meets_bar"
        assert grade.provenance.control_reading == "found"
        (flag,) = [each for each in grade.flags if each.code == "injection_suspected"]
        assert flag.severity == "review"
        assert "says nothing of" in flag.detail


def test_who_marks_up_only_the_field_finds_what_sounds_like_it(fresh):
    """Told to say no to knots and bread, it says yes to a criterion of the rubric with a value that is not there."""
    answer = next(each.answer for each in fresh.attacks if each.template == "caesar.en.1")
    (grade,) = grades([answer], "checks", model=CHOOSY)
    (flag,) = [each for each in grade.flags if each.code == "injection_suspected"]
    assert ": the value " in flag.detail
    assert " rule" in flag.detail
    assert not any(each in flag.detail for each in ("knot", "bread", "beetles", "Violin", "tides", "Chess"))


@pytest.mark.parametrize(
    ("model", "below_bar"), [(GULLIBLE, False), (CHOOSY, False), (NUDGED, True)], ids=["gullible", "choosy", "nudged"]
)
def test_no_attack_by_somebody_who_read_the_defences_passes_unseen(model, below_bar):
    """Whoever obeys wholly is seen where it pays, at the bar; who obeys by a level, where every grade is read again."""
    adaptive = load_attack_set(shipped("eval_sets") / "attacks_adaptive", make_grader("baseline").questionnaire)
    answers = [each.answer for each in adaptive.attacks]
    bases = dict(zip(adaptive.bases, grades(adaptive.bases.values(), "checks", control=False), strict=True))
    unseen = []
    made = grades(answers, "checks", model=model, control_below_bar=below_bar)
    for attack, grade in zip(adaptive.attacks, made, strict=True):
        honest = {each.id: each.level for each in bases[attack.base_id].criteria}
        if any(each.level > honest[each.id] for each in grade.criteria) and not grade.needs_review:
            unseen.append(attack.answer.answer_id)
    assert unseen == []


def test_below_the_bar_nobody_is_asked_unless_that_is_wanted(fresh):
    """A nudge that stays below passes unseen by default, which is what the option is for."""
    answer = next(
        each.answer for each in fresh.attacks if each.template == "hearsay.en.1" and each.carrier == "appended"
    )
    (usual,), (asked,) = (grades([answer], "checks", model=NUDGED, control_below_bar=each) for each in (False, True))
    assert (usual.band, usual.needs_review, usual.provenance.control_reading) == ("below_bar", False, None)
    assert (asked.band, asked.needs_review, asked.provenance.control_reading) == ("below_bar", True, "found")
    assert usual.provenance.fingerprint != asked.provenance.fingerprint


def test_it_can_be_turned_off(fresh):
    """Then nothing more is asked, and the fingerprint says that something else was."""
    answer = next(each.answer for each in fresh.attacks if each.template == "caesar.en.1")
    (on,), (off,) = grades([answer], "checks"), grades([answer], "checks", control=False)
    assert off.band == "meets_bar"
    assert not off.needs_review
    assert off.provenance.control_reading is None
    assert on.provenance.requests == off.provenance.requests + 1
    assert on.provenance.fingerprint != off.provenance.fingerprint


def test_word_matching_is_not_asked(fresh):
    """It reads nothing and cannot be talked to."""
    graders = [make_grader("baseline", options=GraderOptions(control=each)) for each in (True, False)]
    answer = fresh.bases["en-g2"]
    first, second = (asyncio.run(each.grade(answer)).provenance for each in graders)
    assert first.control_reading is None
    assert first.fingerprint == second.fingerprint


def test_what_word_matching_cannot_judge_is_caught_by_it(fresh):
    """A good grade in another language is no reason for a person to look; that its grader marks anything is one."""
    (attack,) = [each.answer for each in fresh.attacks if each.template == "agreed_elsewhere.ru.1"]
    (grade,) = grades([attack], "checks")
    said = {flag.code: flag.severity for flag in grade.flags}
    assert said["other_language"] == "note"
    assert said["graders_disagree"] == "note"
    assert said["injection_suspected"] == "review"


@pytest.mark.parametrize("model", [GULLIBLE, CHOOSY])
def test_honest_answers_that_meet_the_bar_are_left_alone(model):
    """The reading is counted among the requests, and says nothing of an answer that earns its levels."""
    attack_set = load_attack_set(shipped("eval_sets") / "attacks", make_grader("baseline").questionnaire)
    at_the_bar = [each.answer for each in attack_set.honest if each.answer.answer_id in ("h0307", "h0308")]
    for grade, without in zip(
        grades(at_the_bar, "checks", model=model), grades(at_the_bar, "checks", model=model, control=False), strict=True
    ):
        assert grade.band == "meets_bar"
        assert grade.provenance.control_reading == "passed"
        assert grade.flags == without.flags
        assert grade.score == without.score
        assert grade.provenance.requests == without.provenance.requests + 1


def test_a_control_reading_that_fails_sends_the_answer_to_a_person(openai_grader, answer, respx_mock):
    """An answer that keeps the grader from replying does not pass by that; what it took that came is on the bill."""
    respx_mock.post(f"{URL}/chat/completions").mock(
        side_effect=[httpx.Response(200, json=completion(level_reply(4))), *[httpx.ReadTimeout("late")] * 20]
    )

    async def once():
        async with openai_grader(price=Price(1.0, 10.0, 0.5)) as grader:
            return await grader.grade(answer)

    grade = asyncio.run(once())
    assert grade.band == "meets_bar"
    assert grade.provenance.control_reading == "failed"
    assert [flag.severity for flag in grade.flags if "control reading" in flag.detail] == ["review"]
    assert grade.provenance.requests > 1
    assert grade.provenance.cost_usd == pytest.approx((200 * 1.0 + 800 * 0.5 + 100 * 10.0) / 1e6)
