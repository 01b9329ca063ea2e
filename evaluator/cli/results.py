"""The results of a run, written beside its grades: report, workbook, tables, manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.core.candidate import CandidateStanding
from evaluator.core.grade import Grade
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.core.run_manifest import RunManifest
from evaluator.files.manifest_file import write_manifest
from evaluator.files.run_folder import RunFolder
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.page import write_report
from evaluator.report.tables import write_candidates_csv, write_grades_csv
from evaluator.report.workbook import write_workbook
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun


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
    manifest_of: Callable[[int], RunManifest],
    rubric: Rubric,
    questionnaire: Questionnaire,
    questions_asked: tuple[str, ...],
    beside: Mapping[str, Grade] | None = None,
) -> Results:
    """Writes everything that people read. The grades themselves are on disk already.

    `manifest_of` gives the manifest for a number of candidates.
    """
    standings = run.standings(questions_asked)
    manifest = manifest_of(len(standings))

    def graded_answers() -> Iterator[GradedAnswer]:
        for answer in run.answers():
            yield GradedAnswer(answer, folder.grades.read(answer.answer_id))

    write_report(folder.file("report.html"), manifest, rubric, questionnaire, graded_answers(), standings, beside)
    write_workbook(folder.file("grades.xlsx"), manifest, rubric, questionnaire, graded_answers(), standings)
    write_grades_csv(folder.file("grades.csv"), rubric, graded_answers())
    write_candidates_csv(folder.file("candidates.csv"), rubric, questionnaire, standings)
    # Last: before, the run is one that has not ended.
    write_manifest(folder.path, manifest)
    ungraded = [
        (graded.grade.answer_id, graded.grade.reason or "")
        for graded in graded_answers()
        if graded.grade.status == "ungraded"
    ]
    return Results(folder.path, manifest, standings, ungraded)
