"""A tiny eval set and a tiny table of scored answers, written where a test wants them and changed as it says."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from evaluator.core.eval_set import EvalSet, RaterKind
from evaluator.core.graded_answers import ImportChoices, eval_set_from
from evaluator.files.eval_set_file import load_eval_set
from evaluator.files.graded_file import holistic_words, read_graded_file

RUBRIC = """\
id: tiny
version: 1
title: Tiny
scale: {levels: [0, 1, 2, 3]}
score_out_of: 10
advance_at: 5
criteria:
  - {id: right, name: Right, asks: How right, levels: {0: wrong, 1: hardly, 2: nearly, 3: right}}
  - {id: clear, name: Clear, asks: How clear, levels: {0: dark, 1: hardly, 2: nearly, 3: clear}}
"""
QUESTIONNAIRE = """\
id: asked
version: 1
title: Asked
rubric: tiny
questions:
  - {id: why, title: Why, text: Why so, criteria: [right, clear]}
  - {id: how, title: How, text: How so, criteria: [right]}
"""
MANIFEST = """\
# Made by hand.
id: small
version: 1
title: A small set
questionnaire: asked
rubric: tiny
rater_kind: author
about: Two candidates.
raters: [ann, bob]
splits:
  calibration: one candidate
  test: another

# What passes.
positive_class: {view: criteria, level: 2, says: every criterion at level 2 or above}
notes_used: [hard_case]
licence: none
"""
ANSWERS = """\
answer_id,candidate_id,question_id,answer,split
a.why,a,why,"Because the mean is pulled up by a few,
as everybody knows",calibration
a.how,a,how,By hand and with a great deal of patience,calibration
b.why,b,why,Since medians do not care how far the ends are,test
b.how,b,how,,test
"""
LABELS = """\
answer_id,criterion_id,rater_id,level,note
a.why,right,ann,3,
a.why,right,bob,1,hard_case
a.why,clear,ann,2,
a.how,right,ann,2,
b.why,right,ann,2,
b.why,clear,ann,3,
b.how,right,ann,0,
"""


def write(folder: Path, **changed: str) -> Path:
    files = {
        "rubric.v1.yaml": RUBRIC,
        "questionnaire.v1.yaml": QUESTIONNAIRE,
        "manifest.yaml": MANIFEST,
        "answers.csv": ANSWERS,
        "labels.csv": LABELS,
    }
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(changed.get(name.partition(".")[0], text), encoding="utf-8")
    return folder


def load(folder: Path) -> EvalSet:
    return load_eval_set(str(folder), [], [])


GRADED = ("dataset", "question_id", "question", "reference_answer", "rubric", "answer_id", "answer",
          "score_human_1", "score_human_2", "score_max")  # fmt: skip


def graded(folder: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = GRADED) -> Path:
    path = folder / "graded.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def scored(number: int, score: str, second: str = "", **changes: str) -> dict[str, str]:
    """One row: answers alternate between two questions and share no wording."""
    question = f"{1 + number % 2}.1"
    return {
        "dataset": "exam",
        "question_id": question,
        "question": f"What is {question}?",
        "reference_answer": f"It is {question}.",
        "rubric": "",
        "answer_id": f"x{number}",
        "answer": " ".join(
            hashlib.sha256(f"{number}".encode()).hexdigest()[start : start + 6] for start in range(0, 60, 6)
        ),
        "score_human_1": score,
        "score_human_2": second,
        "score_max": "5",
    } | changes


def imported(path: Path, rater_kind: RaterKind = "human", **choices: object) -> EvalSet:
    file = read_graded_file(path, rater_kind)
    return eval_set_from(
        file.graded,
        ImportChoices("exam", "Exam", "About it.", rater_kind, "none", **choices),  # type: ignore[arg-type]
        holistic_words(),
    )
