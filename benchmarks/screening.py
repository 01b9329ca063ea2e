"""What the screening of an answer costs: processor time for each, of made-up answers and of the shipped set.

    python -m benchmarks.screening [ANSWERS]

`benchmarks/screening.py` of two versions run one after the other on the same machine give a ratio; a single figure says
as much about the machine.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Sequence

from benchmarks.answers import make_answer
from evaluator import Answer, make_grader
from evaluator.core.screen import screen
from evaluator.files.resources import shipped

_ROUNDS = 5


def cost(answers: Sequence[Answer]) -> float:
    """Milliseconds of processor time for one answer: of several rounds the quickest, after one that is not counted."""
    grader = make_grader("baseline")
    questions = {question.id: question for question in grader.questionnaire.questions}
    words = {name: each.words for name, each in grader.pipeline.asked_of.items()}
    best = float("inf")
    for _ in range(_ROUNDS + 1):
        begun = time.process_time()
        for answer in answers:
            screen(answer, questions[answer.question_id], words[answer.question_id])
        best = min(best, time.process_time() - begun)
    return 1000 * best / len(answers)


def main() -> None:
    """Prints a line for each kind of answers."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    with (shipped("eval_sets") / "ml_engineer_screen" / "answers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    written = [Answer(row["answer_id"], row["candidate_id"], row["question_id"], row["answer"]) for row in rows]
    questions = sorted({answer.question_id for answer in written})
    made = [
        Answer(f"a{number}", f"c{number}", questions[number % len(questions)], make_answer(number))
        for number in range(count)
    ]
    for name, answers in (("made up", made), ("written", written)):
        characters = sum(len(answer.text) for answer in answers) / len(answers)
        print(f"{name:8} {len(answers):6,} answers of {characters:4.0f} characters: {cost(answers):.3f} ms each")


if __name__ == "__main__":
    main()
