"""The way of one answer: what is asked, what counts, what is flagged; replies from a script."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import respx

from evaluator import (
    Answer,
    Grade,
    Grader,
    GraderOptions,
    make_grader,
)
from evaluator.files.resources import shipped
from tests.conftest import NO_WAITING, URL, completion, level_reply

Scripted = Callable[..., Grader]
CHECKS = {
    "positive_class_definition": 8,
    "leakage_awareness": 7,
    "production_consciousness": 9,
}


def checks_reply(grader: Grader, met: dict[str, str]) -> dict[str, Any]:
    """A reply of the `checks` prompt with these checks met, each with its quote; all others not met."""
    return {
        "criteria": {
            criterion.id: {
                "checks": {
                    check: {"evidence": [met[check]] if met.get(check) else [], "met": check in met}
                    for check in criterion.checks
                },
                "missing": "",
            }
            for criterion in grader.rubric.criteria
        },
        "red_flags": [],
    }


def levels_of(grade: Grade) -> dict[str, int]:
    return {criterion.id: criterion.level for criterion in grade.criteria}


def test_checks_become_a_level_by_the_rubrics_rules(scripted: Scripted, answer: Answer) -> None:
    """The model says which checks are met; code says what level that is."""
    met = {
        "known_then_rule": "it is known only after the decision",
        "time_or_entity_split": "Train on 2022 and test on 2023",
        "monitored_signal": "share of missing values per day",
    }
    rubric = scripted({"text": ""}, prompt="checks")
    grade = asyncio.run(scripted({"reply": checks_reply(rubric, met)}, prompt="checks").grade(answer))
    assert levels_of(grade) == {
        "positive_class_definition": 0,
        "leakage_awareness": 3,
        "production_consciousness": 2,
    }
    assert grade.score == pytest.approx(10 * (0 + 3 + 2) / 3 / 4)
    leakage = grade.criteria[1]
    assert leakage.checks is not None
    assert leakage.checks["known_then_rule"] is True
    assert {evidence.check for evidence in leakage.evidence} == {"known_then_rule", "time_or_entity_split"}


def test_a_veto_holds_whatever_else_is_met(scripted: Scripted, answer: Answer) -> None:
    """A split that leaks is level 0 although the right columns were refused."""
    met = {
        "proposes_leak": "Train on 2022 and test on 2023",
        "known_then_rule": "it is known only after the decision",
        "time_or_entity_split": "by application date",
    }
    rubric = scripted({"text": ""}, prompt="checks")
    grade = asyncio.run(scripted({"reply": checks_reply(rubric, met)}, prompt="checks").grade(answer))
    assert levels_of(grade)["leakage_awareness"] == 0


def test_a_check_without_words_of_the_answer_is_not_met(scripted: Scripted, answer: Answer) -> None:
    """It is asked about once more, then it counts for nothing and a person is told."""
    met = {"known_then_rule": "words that nobody wrote", "time_or_entity_split": "Train on 2022 and test on 2023"}
    rubric = scripted({"text": ""}, prompt="checks")
    grade = asyncio.run(scripted({"reply": checks_reply(rubric, met)}, prompt="checks").grade(answer))
    leakage = grade.criteria[1]
    assert (leakage.level, leakage.claimed_level) == (2, 3)
    assert grade.provenance.requests == 2
    assert [flag.severity for flag in grade.flags if flag.code == "evidence_unverified"] == ["review"]


@pytest.mark.parametrize(("calls", "requests"), [("all", 1), ("per-criterion", 4)])
def test_criteria_can_be_asked_together_or_one_by_one(
    scripted: Scripted, answer: Answer, calls: str, requests: int
) -> None:
    """Both ways give the same grade; red flags are then asked in a call of their own."""
    whole = level_reply(2)
    lines: list[dict[str, Any]] = [{"reply": whole}]
    if calls == "per-criterion":
        lines = [{"reply": {"criteria": {name: whole["criteria"][name]}}, "times": 1} for name in CHECKS]
        lines.append({"reply": {"red_flags": []}})
    grade = asyncio.run(scripted(*lines, calls=calls).grade(answer))
    assert set(levels_of(grade).values()) == {2}
    assert grade.provenance.requests == requests


def test_several_samples_give_the_mean_level_and_its_spread(scripted: Scripted, answer: Answer) -> None:
    """The mean counts, half way goes up, and readings far apart send the answer to a person."""
    lines = [{"reply": level_reply(level), "times": 1} for level in (1, 4)]
    grade = asyncio.run(scripted(*lines, samples=2).grade(answer))
    criterion = grade.criteria[0]
    assert (criterion.expected_level, criterion.level, criterion.spread) == (2.5, 3, 3.0)
    assert grade.score == pytest.approx(10 * 2.5 / 4)
    assert "graders_disagree" in {flag.code for flag in grade.flags if flag.severity == "review"}
    assert len(criterion.evidence) == 1


def test_a_sample_that_fails_leaves_the_others_and_says_so(scripted: Scripted, answer: Answer) -> None:
    """A grade from fewer readings than were asked for is for a person to look at."""
    lines = [{"reply": level_reply(3), "times": 1}, {"fail": "bad_request"}]
    grade = asyncio.run(scripted(*lines, samples=2).grade(answer))
    assert grade.status == "graded"
    assert "Only 1 of 2 readings came" in next(flag.detail for flag in grade.flags if flag.code == "low_confidence")


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("", "not_answered", "blank"),
        (" \n\t ", "not_answered", "blank"),
        ("...", "not_answered", "placeholder"),
        ("N/A", "not_answered", "placeholder"),
        ("see CV", "not_answered", "placeholder"),
        ("x" * 40_000, "ungraded", "too_long"),
    ],
)
def test_what_no_grader_can_read_is_not_sent_and_is_no_zero(
    scripted: Scripted, text: str, status: str, reason: str
) -> None:
    """The reason says which of the three it is; there is no score."""
    grade = asyncio.run(scripted({"fail": "bad_request"}).grade(Answer("a", "c", "degradation", text)))
    assert (grade.status, grade.score) == (status, None)
    assert (grade.reason or "").startswith(f"{reason}:")
    assert grade.provenance.requests == 0


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        ("Split by time.", "too_short", "note"),
        ("Split by time\u200b, Train on 2022 and test on 2023 " + "word " * 20, "hidden_characters", "note"),
        ("\u202eSplit\u202c \u202eby\u202c " + "word " * 20, "hidden_characters", "review"),
        ("\U000e0041" + "word " * 20, "hidden_characters", "review"),
        (
            "A churn model measured 0.92 AUC in offline evaluation. Three months after launch it measures 0.74 AUC on "
            "live traffic, and nobody has changed the code. How do you find out why?",
            "copied_question",
            "review",
        ),
    ],
)
def test_what_is_odd_about_an_answer_is_flagged_and_lowers_nothing(
    scripted: Scripted, text: str, code: str, severity: str
) -> None:
    """A flag is for a person; the levels are the grader's."""
    quote = text[-30:].strip()
    grade = asyncio.run(scripted({"reply": level_reply(2, quote)}).grade(Answer("a", "c", "degradation", text)))
    assert {(flag.code, flag.severity) for flag in grade.flags} >= {(code, severity)}
    assert set(levels_of(grade).values()) == {2}


@pytest.mark.parametrize("text", ["می‌خواهم داده‌ها را بر اساس زمان جدا کنم", "👩‍💻 I split by time, always"])
def test_joiners_that_belong_to_the_writing_are_not_hidden_characters(scripted: Scripted, text: str) -> None:
    """Persian and emoji need zero-width joiners."""
    grade = asyncio.run(scripted({"reply": level_reply(0)}).grade(Answer("a", "c", "degradation", text)))
    assert "hidden_characters" not in {flag.code for flag in grade.flags}


def test_a_score_near_the_bar_is_for_a_person(scripted: Scripted, answer: Answer) -> None:
    """Both sides of the bar, since a small error there changes the side."""
    near = {"positive_class_definition": dict(level_reply(2)["criteria"]["leakage_awareness"])}
    grade = asyncio.run(scripted({"reply": level_reply(4, criteria=near)}).grade(answer))
    assert grade.score == pytest.approx(8.33, abs=0.01)
    assert grade.band == "below_bar"
    assert "near_bar" in {flag.code for flag in grade.flags if flag.severity == "review"}


def test_a_red_flag_needs_words_of_the_answer(scripted: Scripted, answer: Answer) -> None:
    """The grader's word alone raises nothing against a candidate."""
    flags = [{"id": "random_search", "quote": "by application date"}, {"id": "model_first", "quote": "not there"}]
    grade = asyncio.run(scripted({"reply": level_reply(2, red_flags=flags)}).grade(answer))
    assert [(flag.id, flag.verified) for flag in grade.red_flags] == [("random_search", True), ("model_first", False)]
    raised = [flag for flag in grade.flags if flag.code == "red_flag"]
    assert len(raised) == 1
    assert answer.text[raised[0].start : raised[0].end] == "by application date"


def test_the_same_thing_asked_has_the_same_fingerprint(scripted: Scripted, answer: Answer) -> None:
    """Another answer is another fingerprint, so that a stale reply could never be taken for it."""
    grader = scripted({"reply": level_reply(2)})
    one = asyncio.run(grader.grade(answer)).provenance.fingerprint
    assert asyncio.run(grader.grade(answer)).provenance.fingerprint == one
    other = Answer(answer.answer_id, answer.candidate_id, answer.question_id, answer.text + ".")
    assert asyncio.run(grader.grade(other)).provenance.fingerprint != one


@pytest.mark.parametrize("prompt", ["levels", "checks"])
def test_graded_examples_are_shown_but_never_one_by_the_same_candidate(
    tmp_path: Path, answer: Answer, respx_mock: respx.MockRouter, prompt: str
) -> None:
    """They stand before the answer, fenced, with their levels and evidence; those of other questions stay out."""
    folder = tmp_path / "own"
    shutil.copytree(shipped("rubrics") / "ml_engineer_core", folder)
    example = {"levels": {"leakage_awareness": 3}, "evidence": {"leakage_awareness": ["cut by"]}, "source": "made up"}
    lines = [
        example | {"id": "e1", "question_id": "loan_features", "answer": "I cut by date.", "candidate_id": "c9"},
        example | {"id": "e2", "question_id": "loan_features", "answer": "We cut by year.", "candidate_id": "c1"},
        example | {"id": "e3", "question_id": "degradation", "answer": "They cut by month."},
    ]
    (folder / "examples.v1.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    respx_mock.post(f"{URL}/chat/completions").respond(json=completion("no JSON"))
    options = GraderOptions(prompt=prompt, base_url=URL, api_key="sk-test", retries=NO_WAITING, transport="httpx2")
    asyncio.run(make_grader("openai:m", str(folder), options).grade(answer))
    system = json.loads(respx_mock.calls[0].request.content)["messages"][0]["content"]
    assert "I cut by date." in system
    assert 'leakage_awareness: level 3; "cut by"' in system
    assert "We cut by year." not in system
    assert "They cut by month." not in system


def test_a_panel_gives_the_mean_of_its_graders(tmp_path: Path, answer: Answer) -> None:
    """Each grader reads the answer; provenance names them all, and what they quote is kept."""
    for name, level in (("low", 1), ("high", 4)):
        line = {"reply": level_reply(level)}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(line), encoding="utf-8")
    spec = f"panel:scripted:{tmp_path / 'low.jsonl'},scripted:{tmp_path / 'high.jsonl'}"
    grade = asyncio.run(make_grader(spec, options=GraderOptions(prompt="levels")).grade(answer))
    assert [(each.expected_level, each.spread) for each in grade.criteria] == [(2.5, 3.0)] * 3
    assert grade.provenance.grader == spec
    assert "graders_disagree" in {flag.code for flag in grade.flags}
