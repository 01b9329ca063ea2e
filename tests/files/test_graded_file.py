"""Answers that are scored already become an eval set: what is kept, how it is scaled, and what stops it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.core.eval_set import EvalSet
from evaluator.core.graded_answers import safe_identifiers, steps_for
from evaluator.errors import EvalSetError
from evaluator.files.eval_set_folder import write_eval_set
from evaluator.files.graded_file import read_graded_file
from tests.files.small_eval_set import GRADED, graded, imported, load, scored


def test_an_import_keeps_every_score_as_a_level_of_one_holistic_criterion(tmp_path: Path) -> None:
    """Whole points on a scale of whole points; raters by kind and number; ids made safe; no score is rounded."""
    rows = [scored(n, f"{n % 6}.0", "3.5" if n == 4 else str(n % 5)) for n in range(24)]
    found = imported(graded(tmp_path, rows))
    assert found.rubric.scale.levels == (0, 1, 2, 3, 4, 5)
    assert found.rubric.score_out_of == 5
    assert found.manifest.raters == ("human_1", "human_2")
    assert found.manifest.between_levels
    assert [question.id for question in found.questionnaire.questions] == ["q1_1", "q2_1"]
    assert found.questionnaire.questions[0].reference_answer == "It is 1.1."
    assert [label.level for label in found.answers[4].labels] == [4.0, 3.5]
    assert [label.level for label in found.answers[5].labels] == [5.0, 0.0]
    write_eval_set(found, tmp_path / "out")
    again = load(tmp_path / "out")
    assert again == EvalSet(
        found.manifest,
        found.questionnaire,
        found.rubric,
        again.answers,
    )
    assert [each.labels for each in again.answers] == [each.labels for each in found.answers]
    assert [each.answer.text for each in again.answers] == [row["answer"] for row in rows]


@pytest.mark.parametrize(
    ("scores", "most", "steps"),
    [
        (["0", "1", "2"], "2", 2),
        (["0", "1"], "1", 1),
        (["0", "0.5", "1"], "1", 2),
        (["0", "2.5", "3", "5", "4.5", "0.5"], "5", 10),
        (["0", "20", "40", "80"], "100", 5),
        (["13", "77", "91", "58.5", "33", "62"], "100", 5),
    ],
)
def test_the_scale_has_as_few_levels_as_hold_the_scores(scores: list[str], most: str, steps: int) -> None:
    """Halves of five points need eleven levels; points out of a hundred are as good as continuous."""
    assert steps_for([Fraction(score) / Fraction(most) for score in scores]) == steps


def test_questions_with_different_maxima_share_the_share_of_the_marks(tmp_path: Path) -> None:
    """1 of 2 and 2 of 4 are the same level."""
    rows = [scored(0, "1", score_max="2"), scored(1, "2", score_max="4"), scored(2, "2", score_max="2")]
    found = imported(graded(tmp_path, rows))
    assert found.rubric.score_out_of == 1
    assert [each.labels[0].level for each in found.answers] == [1.0, 1.0, 2.0]


def test_a_marking_that_describes_every_level_becomes_the_anchors(tmp_path: Path) -> None:
    """Else it is shown as guidance, or with its question where questions are marked differently."""
    marking = "0 = wrong; 1 = in part; 2 = right"
    rows = [scored(n, str(n % 3), score_max="2", rubric=marking) for n in range(6)]
    criterion = imported(graded(tmp_path, rows)).rubric.criteria[0]
    assert criterion.levels == {0: "wrong", 1: "in part", 2: "right"}
    rows = [row | {"rubric": "Be strict."} for row in rows]
    assert imported(graded(tmp_path, rows)).rubric.criteria[0].guidance == ("Be strict.",)
    rows = [row | {"rubric": f"Be strict with {row['question_id']}."} for row in rows]
    found = imported(graded(tmp_path, rows))
    assert found.rubric.criteria[0].guidance == ()
    assert found.questionnaire.questions[1].look_for == "Be strict with 2.1."


@pytest.mark.parametrize(
    ("changes", "column", "said"),
    [
        ({"score_human_1": "B+"}, "score_human_1", "'B+' is no number"),
        ({"score_human_1": "3,5"}, "score_human_1", "write 3.5"),
        ({"score_human_1": "9" * 400}, "score_human_1", "is no number"),
        ({"score_human_1": "6"}, "score_human_1", "6 is not between 0 and 5"),
        ({"score_human_2": "-1"}, "score_human_2", "-1 is not between 0 and 5"),
        ({"score_max": ""}, "score_max", "is empty: what is the highest score"),
        ({"score_max": "0"}, "score_max", "'0' is no number above 0"),
        ({"score_max": "10"}, "score_max", "is 10 here, and 5 in row 3"),
        ({"question": "Something else?"}, "question", "differs from row 3 of the same question"),
        ({"question_id": ""}, "question_id", "is empty"),
        ({"answer_id": "x0"}, "answer_id", "'x0' stands in row 2 already"),
    ],
)
def test_a_row_that_cannot_be_used_stops_the_import(
    tmp_path: Path, changes: dict[str, str], column: str, said: str
) -> None:
    """With its row and column; nothing is left out without a word."""
    path = graded(tmp_path, [scored(n, "3") for n in range(3)] + [scored(3, "3", **changes)])
    with pytest.raises(EvalSetError, match="nothing was imported") as caught:
        read_graded_file(path, "human")
    found = [mistake for mistake in caught.value.mistakes if said in mistake.message]
    assert [(mistake.line, mistake.column) for mistake in found] == [(5, column)]


def test_rows_without_score_or_answer_are_kept_and_noted(tmp_path: Path) -> None:
    """And columns that nobody asked for are named."""
    rows = [scored(0, "3", "2"), scored(1, ""), scored(2, "1", "1", answer=" "), scored(3, "4")]
    rows = [row | {"mood": "sunny"} for row in rows]
    file = read_graded_file(graded(tmp_path, rows, (*GRADED, "mood")), "human")
    assert len(file.graded.answers) == 4
    assert file.notes == (
        "columns that an eval set has no place for were left out: mood",
        "1 answer without any score: kept, without a label (row 3)",
        "1 answer scored by some of the raters only (row 5)",
        "1 answer blank or with a placeholder: kept, and never sent to a grader (row 4)",
    )


def test_a_file_with_the_least_columns_gets_ids_of_its_own(tmp_path: Path) -> None:
    """Questions are told apart by their text, answers by their rows; a model's scores are not called human."""
    columns = ("question", "answer", "score_human_1", "score_max")
    rows = [{key: scored(n, "3")[key] for key in columns} for n in range(4)]
    found = imported(graded(tmp_path, rows, columns), "model")
    assert [question.id for question in found.questionnaire.questions] == ["question_1", "question_2"]
    assert [each.answer.answer_id for each in found.answers] == ["row_2", "row_3", "row_4", "row_5"]
    assert found.manifest.raters == ("model_1",)


def test_a_workbook_and_a_semicolon_file_are_imported_alike(tmp_path: Path) -> None:
    """As teachers' spreadsheets come: with a byte order mark, in UTF-16, as .xlsx with empty cells at the end."""
    rows = [scored(n, f"{n}", score_human_2="") for n in range(4)]
    expected = imported(graded(tmp_path, rows)).answers
    text = (tmp_path / "graded.csv").read_text(encoding="utf-8")
    (tmp_path / "utf16.csv").write_text(text.replace(",", ";"), encoding="utf-16")
    (tmp_path / "marked.csv").write_text(text, encoding="utf-8-sig")
    pd.DataFrame(rows).replace("", None).astype({"score_max": int}).to_excel(tmp_path / "book.xlsx", index=False)
    for name in ("utf16.csv", "marked.csv", "book.xlsx"):
        assert imported(tmp_path / name).answers == expected


def test_a_table_without_scores_says_which_columns_it_needs(tmp_path: Path) -> None:
    """Not a traceback."""
    path = graded(tmp_path, [{"question": "Why?", "answer": "So."}], ("question", "answer"))
    with pytest.raises(EvalSetError, match="score_max") as caught:
        read_graded_file(path, "human")
    assert {mistake.column for mistake in caught.value.mistakes} == {"score_human_1", "score_max"}


@given(st.lists(st.text(max_size=90), unique=True))
def test_safe_identifiers_differ_wherever_the_names_do(names: list[str]) -> None:
    """Whatever the names are made of."""
    made = safe_identifiers(names, prefix="q")
    assert len(set(made.values())) == len(names)
    assert all(each.isidentifier() and each.isascii() and len(each) <= 80 for each in made.values())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\r\n\t",;=')), min_size=1))
def test_what_is_written_is_read_back_character_by_character(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """Line breaks of every kind, quotation marks and delimiters: offsets into an answer rest on it."""
    folder = tmp_path_factory.mktemp("set")
    rows = [scored(n, "3") for n in range(len(texts))]
    whole = imported(graded(folder, rows))
    answers = tuple(
        replace(each, answer=replace(each.answer, text=text)) for each, text in zip(whole.answers, texts, strict=True)
    )
    write_eval_set(replace(whole, answers=answers), folder / "out")
    assert [each.answer.text for each in load(folder / "out").answers] == texts
