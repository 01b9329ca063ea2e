"""The results of a run, written beside its grades: report, workbook, tables, manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.core.candidate import CandidateStanding
from evaluator.core.grade import Grade
from evaluator.core.run_manifest import RunManifest
from evaluator.files.run_folder import RunFolder
from evaluator.files.tables.answer_table import AnswerTable
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.page import write_report
from evaluator.report.tables import write_candidates_csv, write_grades_csv
from evaluator.report.workbook import write_workbook
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun
from evaluator.wiring import describe

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Results:
    """What was written, and what a summary shows of it."""

    folder: Path
    manifest: RunManifest
    standings: list[CandidateStanding]
    ungraded: list[tuple[str, str]]
    """Answer id and reason of the answers that could not be graded."""


async def grades_beside(second: Grader, run: GradingRun) -> dict[str, Grade]:
    """A second grader's grades of the same answers, for the report to show beside."""
    async with second:
        await second.check()
        return {grade.answer_id: grade async for grade in second.grade_many(run.answers())}


def write_results(
    folder: RunFolder,
    run: GradingRun,
    grader: Grader,
    table: AnswerTable,
    source: Path,
    beside: Mapping[str, Grade] | None,
) -> Results:
    """Writes everything that people read. The grades themselves are on disk already."""
    standings = run.standings(table.questions_asked)
    manifest = run.manifest(
        run_id=folder.path.name,
        about_grader=describe(grader),
        input_name=source.name,
        input_sha256=_sha256(source),
        layout=f"{table.layout} {table.format}",
        notes=table.notes,
        questions_asked=table.questions_asked,
        candidates=len(standings),
    )
    rubric, questionnaire = grader.rubric, grader.questionnaire

    def graded_answers() -> Iterator[GradedAnswer]:
        for answer in run.answers():
            yield GradedAnswer(answer, folder.grades.read(answer.answer_id))

    folder.file("run.json").write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    write_report(folder.file("report.html"), manifest, rubric, questionnaire, graded_answers(), standings, beside)
    write_workbook(folder.file("grades.xlsx"), manifest, rubric, questionnaire, graded_answers(), standings)
    write_grades_csv(folder.file("grades.csv"), rubric, graded_answers())
    write_candidates_csv(folder.file("candidates.csv"), rubric, questionnaire, standings)
    ungraded = [
        (graded.grade.answer_id, graded.grade.reason or "")
        for graded in graded_answers()
        if graded.grade.status == "ungraded"
    ]
    return Results(folder.path, manifest, standings, ungraded)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
