"""A file of answers with scores in points, as teachers and published data sets have them, read for an import."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluator.core.absence import absence_of
from evaluator.core.eval_set import RaterKind
from evaluator.core.graded_answers import GradedAnswer, GradedAnswers, GradedQuestion, HolisticWords
from evaluator.errors import EvalSetError, Mistake
from evaluator.files.named_table import NamedRow, NamedTable, number_in, read_named_table
from evaluator.files.strict_yaml import read_yaml, validated

NEEDED = ("question", "answer", "score_human_1", "score_max")
_SCORE = re.compile(r"score_human_(\d+)")
_OPTIONAL = re.compile(r"dataset|question_id|reference_answer|rubric|answer_id|candidate_id|score_human_\d+")
_ROWS_NAMED = 8


@dataclass(frozen=True, slots=True)
class GradedFile:
    """What was read, the data set's own name where the file gives one, and what a person should know about it."""

    graded: GradedAnswers
    dataset: str | None
    notes: tuple[str, ...]


def read_graded_file(path: Path, rater_kind: RaterKind) -> GradedFile:
    """Answers with scores. Needed columns: question, answer, score_human_1, score_max.

    Read where they are there: question_id, answer_id, candidate_id, reference_answer, rubric, dataset, and more
    scores (score_human_2 ...), whose raters are named `<rater_kind>_<number>`. An answer nobody scored and a blank
    one are kept and noted. Raises EvalSetError with every row that cannot be used.
    """
    table = read_named_table(path, NEEDED, _OPTIONAL, extra_allowed=True)
    if not table.columns or not table.rows:
        raise EvalSetError(
            f"{path} cannot be imported.",
            mistakes=table.mistakes or (Mistake("there is no answer in it", table.file),),
            hint=f"It needs the columns {', '.join(NEEDED)}.",
        )
    mistakes = list(table.mistakes)
    questions = _questions(table, mistakes)
    columns = {column: f"{rater_kind}_{_number(column)}" for column in table.columns if _SCORE.fullmatch(column)}
    answers = [_answer(row, table, columns, questions, mistakes) for row in table.rows]
    mistakes.extend(_repeated(answers, table))
    if mistakes:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise EvalSetError(f"{path} has {count}; nothing was imported.", mistakes=mistakes)
    raters = tuple(rater for rater in columns.values() if any(rater in answer.scores for answer in answers))
    if not raters:
        raise EvalSetError(f"{path} has no score in any row: there is nothing to compare a grader with.")
    datasets = list(dict.fromkeys(row.text("dataset") for row in table.rows if row.text("dataset")))
    graded = GradedAnswers(tuple(questions.values()), tuple(answers), raters)
    return GradedFile(graded, ", ".join(datasets) or None, tuple(_notes(table, answers, columns, raters)))


def holistic_words() -> HolisticWords:
    """The words of the rubric that an import writes; they are shipped beside this module."""
    document = read_yaml(Path(__file__).with_name("holistic_rubric.yaml"), EvalSetError)
    words, mistakes = validated(document, HolisticWords)
    if words is None:
        raise EvalSetError(f"{document.file} is damaged.", mistakes=mistakes)
    return words


def _number(column: str) -> int:
    matched = _SCORE.fullmatch(column)
    return int(matched[1]) if matched else 0


def _question_key(row: NamedRow) -> str:
    return row.text("question_id") or row.text("question")


def _questions(table: NamedTable, mistakes: list[Mistake]) -> dict[str, GradedQuestion]:
    """The questions in the order of the file. A row that says otherwise than the first of its question is a mistake."""
    found: dict[str, GradedQuestion] = {}
    first: dict[str, NamedRow] = {}
    for row in table.rows:
        if "question_id" in table.columns and not row.text("question_id"):
            mistakes.append(table.mistake(row, "question_id", "is empty"))
        if not row.text("question"):
            mistakes.append(table.mistake(row, "question", "is empty"))
        most = number_in(row.text("score_max"))
        if most is None or most <= 0:
            said = f"'{row.text('score_max')}' is no number above 0" if row.text("score_max") else "is empty"
            mistakes.append(table.mistake(row, "score_max", f"{said}: what is the highest score of this question?"))
        key = _question_key(row)
        before = first.setdefault(key, row)
        for column in ("question", "reference_answer", "rubric"):
            if row.text(column) != before.text(column):
                said = f"differs from row {before.number} of the same question '{key:.40}'"
                mistakes.append(table.mistake(row, column, said))
        if most is not None and most != number_in(before.text("score_max")):
            said = f"is {most:g} here, and {before.text('score_max')} in row {before.number} of the same question"
            mistakes.append(table.mistake(row, "score_max", said))
        if key not in found and most:
            found[key] = GradedQuestion(
                question_id=row.text("question_id") or f"question {len(found) + 1}",
                text=row.text("question"),
                reference_answer=row.text("reference_answer"),
                marking=row.text("rubric"),
                score_max=most,
            )
    return found


def _answer(
    row: NamedRow,
    table: NamedTable,
    columns: dict[str, str],
    questions: dict[str, GradedQuestion],
    mistakes: list[Mistake],
) -> GradedAnswer:
    scores: dict[str, float] = {}
    most = number_in(row.text("score_max"))
    for column, rater in columns.items():
        written = row.text(column)
        if not written:
            continue
        score = number_in(written)
        if score is None:
            hint = f" (write {written.replace(',', '.')})" if number_in(written.replace(",", ".")) is not None else ""
            mistakes.append(table.mistake(row, column, f"'{written}' is no number{hint}; leave it empty for no score"))
        elif score < 0 or (most is not None and score > most):
            mistakes.append(table.mistake(row, column, f"{score:g} is not between 0 and {row.text('score_max')}"))
        else:
            scores[rater] = score
    # None only where the row's question is a mistake, so that nothing is imported.
    question = questions.get(_question_key(row))
    if "answer_id" in table.columns and not row.text("answer_id"):
        mistakes.append(table.mistake(row, "answer_id", "is empty"))
    if "candidate_id" in table.columns and not row.text("candidate_id"):
        mistakes.append(table.mistake(row, "candidate_id", "is empty"))
    return GradedAnswer(
        row=row.number,
        answer_id=row.text("answer_id") or f"row_{row.number}",
        candidate_id=row.text("candidate_id") or None,
        question_id=question.question_id if question else "",
        text=row.cells["answer"],
        scores=scores,
    )


def _repeated(answers: Sequence[GradedAnswer], table: NamedTable) -> list[Mistake]:
    first: dict[str, int] = {}
    return [
        Mistake(f"'{answer.answer_id}' stands in row {before} already", table.file, answer.row, "answer_id")
        for answer in answers
        if (before := first.setdefault(answer.answer_id, answer.row)) != answer.row
    ]


def _notes(
    table: NamedTable, answers: Sequence[GradedAnswer], columns: dict[str, str], raters: Sequence[str]
) -> list[str]:
    notes = list(table.notes)
    if table.ignored:
        notes.append(f"columns that an eval set has no place for were left out: {', '.join(table.ignored)}")
    empty = [column for column, rater in columns.items() if rater not in raters]
    if empty:
        notes.append(f"{', '.join(empty)} has no score in any row: no rater was made of it")
    notes += _noted(answers, lambda answer: not answer.scores, "without any score: kept, without a label")
    notes += _noted(answers, lambda answer: 0 < len(answer.scores) < len(raters), "scored by some of the raters only")
    notes += _noted(
        answers,
        lambda answer: absence_of(answer.text) is not None,
        "blank or with a placeholder: kept, and never sent to a grader",
    )
    return notes


def _noted(answers: Sequence[GradedAnswer], holds: Callable[[GradedAnswer], bool], said: str) -> list[str]:
    rows = [answer.row for answer in answers if holds(answer)]
    if not rows:
        return []
    more = f" and {len(rows) - _ROWS_NAMED} more" if len(rows) > _ROWS_NAMED else ""
    answer_word, row_word = ("answer", "row") if len(rows) == 1 else ("answers", "rows")
    return [f"{len(rows)} {answer_word} {said} ({row_word} {', '.join(map(str, rows[:_ROWS_NAMED]))}{more})"]
