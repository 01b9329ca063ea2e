"""Small eval sets with known labels, and graders that say what a test wants, for the tests of evaluations."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from evaluator import Answer, GraderOptions, make_grader
from evaluator.core.eval_set import EvalSet, EvalSetManifest, Label, LabelledAnswer
from evaluator.core.evaluation import Evaluation, Look
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import QuestionSet, load_question_set
from evaluator.run.evaluation import evaluate
from evaluator.run.evaluation_plan import EvaluationPlan, GraderUnderTest
from tests.conftest import NO_WAITING, level_reply

CRITERIA = ("positive_class_definition", "leakage_awareness", "production_consciousness")
QUESTION = "loan_features"
UNSEEN = Look(number=None, recorded=False, said="No history in this test.")
# Words enough that no two answers are near copies of each other.
_WORDS = (
    "bureau score income channel postcode split holdout window label censor delay cost queue capacity drift alert "
    "owner rollback shadow canary join snapshot timestamp refuse keep train later earlier monthly weekly analyst"
).split()


@cache
def _questions() -> QuestionSet:
    return load_question_set("ml_engineer_screen", [shipped("rubrics")])


@cache
def _baseline() -> GraderUnderTest:
    return under_test("baseline", asked=False)


def text_of(number: int) -> str:
    """A different text for each number, with words that only it has."""
    words = [_WORDS[(number * (place * place + 3) + 5 * place) % len(_WORDS)] for place in range(14)]
    return f"Case{number:03d} says: {' '.join(f'{word}{number}' for word in words)}."


def manifest(raters: Sequence[str] = ("a", "b", "c"), kind: str = "model") -> dict[str, Any]:
    return {
        "id": "case",
        "version": 1,
        "title": "A made-up case",
        "questionnaire": "ml_engineer_screen",
        "rubric": "ml_engineer_core",
        "rater_kind": kind,
        "about": "Made for a test.",
        "raters": list(raters),
        "splits": {"calibration": "some", "test": "the rest"},
        "positive_class": {"view": "criteria", "level": 3, "says": "every applicable criterion at level 3 or above"},
        "licence": "none",
    }


def eval_set(
    count: int,
    level: Callable[[int, str, str], float | None],
    *,
    raters: Sequence[str] = ("a", "b", "c"),
    kind: str = "model",
    note: Callable[[int], str] = lambda _: "",
    text: Callable[[int], str] = text_of,
) -> EvalSet:
    """`count` test answers, two a candidate, and six for calibration; `level(number, criterion, rater)` labels them."""
    questions = _questions()
    answers = []
    for number in range(count + 6):
        split = "test" if number < count else "calibration"
        answer = Answer(f"x{number:03d}", f"c{number // 2:03d}", QUESTION, text(number))
        labels = [
            Label(answer.answer_id, criterion, rater, given, note(number))
            for criterion in CRITERIA
            for rater in raters
            if (given := level(number, criterion, rater)) is not None
        ]
        answers.append(LabelledAnswer(answer, split, tuple(labels)))
    record = EvalSetManifest.model_validate(manifest(raters, kind))
    return EvalSet(record, questions.questionnaire, questions.rubric, tuple(answers))


def script(folder: Path, says: Mapping[int, int | str], name: str = "script.jsonl") -> str:
    """The spec of a grader that gives answer `number` the level (on every criterion), or fails with the code."""
    lines = []
    for number, said in says.items():
        when = f"Case{number:03d}"
        if isinstance(said, str):
            lines.append({"when": when, "fail": said})
        else:
            # Two places: what the highest level takes.
            quotes = [f"{when} says", text_of(int(when.removeprefix("Case"))).split()[-1]]
            criterion = {"evidence": quotes, "missing": "more", "rationale": "said so", "level": said}
            lines.append({"when": when, "reply": level_reply(criteria=dict.fromkeys(CRITERIA, criterion))})
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return f"scripted:{folder / name}"


def under_test(spec: str, name: str | None = None, *, asked: bool = True, **options: Any) -> GraderUnderTest:
    chosen = GraderOptions(prompt=None if spec == "baseline" else "levels", retries=NO_WAITING, **options)
    return GraderUnderTest(name or spec, "A grader of a test.", make_grader(spec, options=chosen), asked)


def measured(case: EvalSet, *graders: GraderUnderTest, **plan: Any) -> Evaluation:
    """The evaluation of these graders and the baseline on the test split."""
    everyone = [*graders, _baseline()]
    return asyncio.run(evaluate(case, everyone, EvaluationPlan(**{"split": "test", **plan}), look=lambda _: UNSEEN))


def write_set(folder: Path, case: EvalSet) -> Path:
    """The set as files, for the command line."""
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(json.dumps(manifest(case.manifest.raters, case.manifest.rater_kind)), "utf-8")
    with (folder / "answers.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["answer_id", "candidate_id", "question_id", "answer", "split"])
        for each in case.answers:
            answer = each.answer
            rows.writerow([answer.answer_id, answer.candidate_id, answer.question_id, answer.text, each.split])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["answer_id", "criterion_id", "rater_id", "level", "note"])
        for each in case.answers:
            for label in each.labels:
                rows.writerow([label.answer_id, label.criterion_id, label.rater_id, f"{label.level:g}", label.note])
    return folder
