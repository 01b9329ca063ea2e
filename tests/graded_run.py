"""A graded run in a store, made quickly: grades of the baseline, with levels, flags and scores as a test needs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from evaluator import Answer, Grade, Grader, make_grader
from evaluator.core.grade import CriterionGrade, Flag, FlagCode
from evaluator.core.run_manifest import RunManifest
from evaluator.files.grades_file import GradesFile
from evaluator.run.grading_run import GradingRun
from evaluator.store.run_record import RunCounts, RunOrder, RunRecord
from evaluator.store.store import Store

TEXT = (
    "I would refuse the balance 30 days after disbursement: it is known only after the decision.\n"
    "Train on 2022 and test on 2023, by application date. We watch the share of missing values per day."
)
CRITERIA = ("positive_class_definition", "leakage_awareness", "production_consciousness")
QUESTIONS = ("degradation", "fraud_framing", "loan_features", "feed_ranking", "launch_decision")


@dataclass(frozen=True, slots=True)
class Given:
    """One answer with the grade that it is to have."""

    candidate: str
    question: str = "loan_features"
    levels: tuple[int, int, int] = (2, 2, 1)
    flags: tuple[FlagCode, ...] = ()
    score: float | None = 5.0
    text: str = TEXT
    is_graded: bool = True
    notes: tuple[FlagCode, ...] = field(default=())
    row: int | None = None
    alike_rows: tuple[int, ...] | None = None
    """Rows that its flag `near_duplicate` names."""

    @property
    def answer(self) -> Answer:
        return Answer(f"{self.candidate}.{self.question}", self.candidate, self.question, self.text, row=self.row)


@cache
def grader() -> Grader:
    """The baseline."""
    return make_grader("baseline")


@cache
def _pattern() -> Grade:
    return asyncio.run(grader().grade(Given("c0").answer))


def grade_of(given: Given) -> Grade:
    """The grade that `given` describes."""
    pattern = _pattern()
    evidence = {each.id: each for each in pattern.criteria}
    criteria = tuple(
        CriterionGrade(
            id=name,
            level=level,
            expected_level=float(level),
            evidence=evidence[name].evidence if given.text == TEXT else (),
            missing=f"what {name} lacks",
            rationale=f"why {name} is {level}",
        )
        for name, level in zip(CRITERIA, given.levels, strict=True)
    )
    flags = tuple(
        Flag(
            code=code,
            severity=severity,
            detail=f"because of {code}",
            rows=given.alike_rows if code == "near_duplicate" else None,
        )
        for severity, codes in (("review", given.flags), ("note", given.notes))
        for code in codes
    )
    return pattern.model_copy(
        update={
            "answer_id": given.answer.answer_id,
            "candidate_id": given.candidate,
            "question_id": given.question,
            "status": "graded" if given.is_graded else "ungraded",
            "reason": None if given.is_graded else "timeout: no reply",
            "criteria": criteria if given.is_graded else (),
            "red_flags": (),
            "score": given.score if given.is_graded else None,
            "band": ("meets_bar" if (given.score or 0) >= 8.5 else "below_bar") if given.is_graded else None,
            "flags": flags if given.is_graded else (*flags, Flag(code="ungraded", severity="review", detail="timeout")),
        }
    )


def begin_run(store: Store, folder: str, run_id: str = "0a1b2c3d", total: int = 0) -> RunRecord:
    """A run that has begun."""
    made = GradingRun(grader(), [], GradesFile(Path(folder) / f"none-{run_id}"), limit=None).manifest(
        run_id=run_id,
        about_grader="the baseline",
        input_name="answers.csv",
        input_sha256="0" * 64,
        layout="long csv",
        notes=(),
        questions_asked=QUESTIONS,
        candidates=total,
    )
    manifest: RunManifest = made.model_copy(update={"outcome": "running", "answers": total})
    return store.runs.begin(RunOrder(manifest, grader().rubric, grader().questionnaire, folder, "answers.csv", {}))


def put_grades(store: Store, record: RunRecord, given: Sequence[Given], finished: bool = True) -> None:
    """Appends grades to a run, as a run's own log does."""

    made = [(each, grade_of(each)) for each in given]

    async def write() -> None:
        log = store.runs.open_log(record.number)
        for each, grade in made:
            await log.append(each.answer, grade, grade.model_dump_json().encode(), (1, 0.01))
        log.came_to(RunCounts(graded=len(given), to_review=sum(grade.needs_review for _, grade in made)))
        await log.flush()
        log.close()

    asyncio.run(write())
    if finished:
        store.runs.finish(record.number, record.order.manifest.model_copy(update={"outcome": "finished"}))


def put_run(store: Store, given: Sequence[Given], folder: str, run_id: str = "0a1b2c3d") -> RunRecord:
    """A whole run."""
    record = begin_run(store, folder, run_id, len(given))
    put_grades(store, record, given)
    return store.runs.find(run_id)
