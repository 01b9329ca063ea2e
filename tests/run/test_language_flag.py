"""An answer in another language than was expected is noted, never sent to a person for it, and never graded lower."""

from __future__ import annotations

import csv

import pytest

from evaluator import make_grader
from evaluator.files.resources import shipped
from evaluator.run.language_flag import languages_of_question, other_language

ENGLISH = frozenset({"en"})
RUSSIAN = "Сначала проверю, созрели ли метки: за три месяца многие клиенты ещё не успели уйти."


@pytest.mark.parametrize("name", ["attacks", "attacks_fresh"])
def test_the_honest_answers_of_every_language_are_told(name):
    """All of them as of the day they were written: no English one is noted, every other one is."""
    with (shipped("eval_sets") / name / "honest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = [
        row["honest_id"]
        for row in rows
        if (other_language(row["answer"], ENGLISH) is not None) != (row["language"] != "en")
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "XGBoost, SHAP.",
        "ok",
        "",
        "```python\nfür = df.groupby('und').agg({'der': 'sum'})\nprint(für, und, der, die, das, nicht)\n```",
        "SELECT datum, betrag FROM zahlungen WHERE betrag > 100 AND datum >= '2023-01-01' GROUP BY datum;",
        "First thing is I am looking if label is same like before, in live we have only three month.",
        "\ud800" * 80,
    ],
)
def test_short_answers_and_code_are_not_judged(text):
    """Nor is English by somebody who learned it later."""
    assert other_language(text, ENGLISH) is None


def test_what_is_expected_is_the_questions_language_or_what_the_questionnaire_says():
    """A Russian answer to a Russian question is no news."""
    assert languages_of_question("How do you find out why the model is worse than it was in the evaluation?") == ENGLISH
    assert languages_of_question(RUSSIAN) == {"ru"}
    assert other_language(RUSSIAN, frozenset({"ru"})) is None
    assert other_language(RUSSIAN, frozenset({"en", "ru"})) is None
    flag = other_language(RUSSIAN, ENGLISH)
    assert flag is not None
    assert flag.severity == "note"
    assert flag.detail == "Written in Cyrillic letters; English was expected."


def test_texts_about_something_else_are_noted_and_answers_are_not():
    """At least 9 of the 12 texts that chose no rule, and none of the honest English answers of either set."""
    grader = make_grader("baseline")
    topics = {name: each.topic for name, each in grader.pipeline.asked_of.items()}

    def noted(folder, file, wanted):
        with (shipped("eval_sets") / folder / file).open(encoding="utf-8", newline="") as rows:
            return [topics[row["question_id"]].off_topic(row["answer"]) for row in csv.DictReader(rows) if wanted(row)]

    off = noted("off_topic", "answers.csv", lambda row: row["split"] == "test")
    assert len(off) == 12
    assert sum(flag is not None for flag in off) >= 9
    assert {flag.severity for flag in off if flag} == {"note"}
    for name in ("attacks", "attacks_fresh"):
        assert not any(noted(name, "honest.csv", lambda row: row["language"] == "en"))
