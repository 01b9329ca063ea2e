"""Exports of the forms that recruiters use, as they come; every person in them is invented."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evaluator.core.identity import Identity
from evaluator.core.questionnaire import Question
from evaluator.files.resources import shipped
from evaluator.files.tables.answer_table import open_answer_table


def quoted(cells: Sequence[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def test_a_google_forms_export(questions: Sequence[Question], written: Any) -> None:
    """Timestamp, address, a column a question headed by its text, and a person who handed in twice."""
    header = ["Timestamp", "Email Address", *(question.text for question in questions)]
    first = ["2026/03/02 9:14:07 am EET", "ilze@example.org", "Drift first.\n\nThen the join.", "n/a", "c", "d", ""]
    again = [
        "2026/03/02 10:40:51 am EET",
        "ilze@example.org",
        "Drift first.\n\nThen the join.",
        "A payment",
        "c",
        "d",
        "e",
    ]
    other = ["2026/03/03 8:00:00 pm EET", "omar@example.org", '"Nobody changed" code', "b", "c", "d", "see CV"]
    path = written("Answers - Form responses 1.csv", "\r\n".join(map(quoted, (header, first, again, other))))
    table = open_answer_table(path, questions)
    answers = {answer.answer_id: answer for answer in table}
    assert (table.layout, table.candidates, table.count) == ("wide", 2, 10)
    assert table.questions_asked == tuple(question.id for question in questions)
    assert answers["ilze@example.org.degradation"].text == "Drift first.\n\nThen the join."
    assert answers["ilze@example.org.fraud_framing"].text == "A payment"
    assert answers["ilze@example.org.launch_decision"].row == 3
    assert answers["omar@example.org.degradation"].text == '"Nobody changed" code'
    assert answers["omar@example.org.launch_decision"].absent == "placeholder"
    assert table.notes == (
        "candidates are told apart by column 'Email Address'",
        "columns not read: 'Timestamp'",
        "the same answer of the same candidate again: counted once (row 3)",
        "an answer to 'fraud_framing' that says nothing (empty, n/a and the like) gives way to the same candidate's "
        "other one (row 2)",
        "an answer to 'launch_decision' that says nothing (empty, n/a and the like) gives way to the same candidate's "
        "other one (row 2)",
    )


def test_a_microsoft_forms_export(questions: Sequence[Question], workbook: Callable[..., Path]) -> None:
    """A workbook with the form's own columns, numbered questions, dates, and points beside each question."""
    header: list[Any] = ["ID", "Start time", "Completion time", "Email", "Name", "Total points", "Quiz feedback"]
    for number, question in enumerate(questions, start=1):
        header += [f"{number}. {question.title}\n", f"Points - {question.title}", f"Feedback - {question.title}"]
    time = datetime.datetime(2026, 3, 2, 9, 14, 7)
    rows = [
        [number, time, time, "anonymous", "Zane Example", None, None, *[text, None, None] * 5]
        for number, text in ((1, "First answer\nin two lines"), (2, None))
    ]
    table = open_answer_table(workbook(header, *rows), questions)
    answers = list(table)
    assert [answer.candidate_id for answer in answers] == ["1"] * 5 + ["2"] * 5
    assert {answer.text for answer in answers[:5]} == {"First answer\nin two lines"}
    assert {answer.absent for answer in answers[5:]} == {"blank"}
    assert "candidates are told apart by column 'ID'" in table.notes
    assert not any("Zane" in note for note in table.notes)


def test_a_typeform_export(questions: Sequence[Question], written: Any) -> None:
    """'#' names the response; the columns after the questions are left out."""
    header = ["#", *(question.title for question in questions), "Response Type", "Submit Date (UTC)", "Network ID"]
    row = ["k3x9", "a", "b", "c", "d", "e", "completed", "2026-03-02 09:14:07", "91aa0"]
    table = open_answer_table(written("responses.csv", "\n".join(map(quoted, (header, row)))), questions)
    assert [answer.answer_id for answer in table] == [f"k3x9.{question.id}" for question in questions]


def test_the_shipped_sample_is_a_forms_export(questions: Sequence[Question]) -> None:
    """The demonstration's two candidates answer every question in 60 to 120 words."""
    table = open_answer_table(shipped("eval_sets") / "sample" / "answers_form_export.csv", questions)
    assert (table.candidates, table.count) == (2, 10)
    assert all(60 <= len(answer.text.split()) <= 120 for answer in table)


def test_an_applicant_systems_export(questions: Sequence[Question], written: Any) -> None:
    """A row an application, names read only to be taken out, stages left out, UTF-16 as Excel's 'Unicode text'."""
    header = ["Application ID", "First Name", "Last Name", "Stage", questions[0].text, questions[1].text]
    row = ["00123", "Ann", "Example", "Screen", "Look at the data", "\u2014"]
    content = "\r\n".join(
        "\t".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in each) for each in (header, row)
    )
    table = open_answer_table(written("export.txt", content.encode("utf-16")), questions)
    assert [(answer.candidate_id, answer.text, answer.absent) for answer in table] == [
        ("00123", "Look at the data", None), ("00123", "\u2014", "placeholder"),
    ]  # fmt: skip
    assert "columns not read: 'Stage'" in table.notes
    assert (
        "columns read only to take what they say out of the answers before grading: 'First Name', 'Last Name'"
        in table.notes
    )
    assert [answer.identity for answer in table] == [Identity(names=("Ann", "Example"))] * 2
    assert "Ann" not in repr(list(table))
