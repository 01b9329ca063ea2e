"""The results of a run, written beside its grades: report, workbook, tables, manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from evaluator.core.candidate import CandidateStanding
from evaluator.core.grade import FlagCode
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.core.run_manifest import RunManifest
from evaluator.files.grades_file import GradesFile
from evaluator.files.manifest_file import write_manifest
from evaluator.files.run_folder import RunFolder
from evaluator.report.graded_answer import GradedAnswer
from evaluator.report.page import Comparison, open_report
from evaluator.report.tables import open_grades_table, write_candidates_csv
from evaluator.report.wording import FLAG_NAMES
from evaluator.report.workbook import MOST_ANSWERS, open_workbook
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun

MOST_CANDIDATES, MOST_UNGRADED, _MOST_REASONS = 15, 8, 4  # that the summary on the terminal names


@dataclass(frozen=True, slots=True)
class Results:
    """What was written, and what a summary shows of it."""

    folder: Path
    manifest: RunManifest
    first_standings: tuple[CandidateStanding, ...]
    """The first candidates in reading order."""
    first_ungraded: tuple[tuple[str, str], ...]
    """Answer id and reason of the first answers that could not be graded, but for those that wait."""
    for_a_person: int
    """Answers that a person should look at; of a run that was stopped, without those that wait for a grader."""
    flagged_for: tuple[tuple[str, int], ...]
    """The commonest reasons for that, in words, and of how many of them; one may have several."""
    pages: int
    """Pages of the report, the first one included."""
    workbook_has_all: bool
    """Whether grades.xlsx holds every answer, which it does not for a large run."""
    waiting: int = 0
    """Answers without a grade only because the run stopped before its end: nothing is wrong with them."""


@asynccontextmanager
async def grades_beside(second: Grader | None, run: GradingRun, folder: Path) -> AsyncIterator[Comparison | None]:
    """A second grader's grades of the same answers, for the report to show beside; kept on disk until it is written."""
    if second is None:
        yield None
        return
    with (
        TemporaryDirectory(dir=folder, prefix=".beside-") as beside,
        GradesFile(Path(beside) / "grades.jsonl") as grades,
    ):
        async for grade in second.grade_many(run.answers()):
            grades.write(grade)
        yield grades


def write_results(
    folder: RunFolder,
    run: GradingRun,
    manifest_of: Callable[[int], RunManifest],
    rubric: Rubric,
    questionnaire: Questionnaire,
    questions_asked: tuple[str, ...],
    beside: Comparison | None = None,
) -> Results:
    """Writes everything that people read. The grades themselves are on disk already.

    `manifest_of` gives the manifest for a number of candidates.
    """
    with run.standings(questions_asked) as standings:
        manifest = manifest_of(len(standings))
        write_candidates_csv(folder.file("candidates.csv"), rubric, questionnaire, standings)
        ungraded: list[tuple[str, str]] = []
        flags: Counter[FlagCode] = Counter()
        for_a_person = waiting = 0
        with open_report(folder.file("report.html"), manifest, rubric, questionnaire, standings, beside) as report:
            with (
                open_grades_table(folder.file("grades.csv"), rubric) as grades_csv,
                open_workbook(folder.file("grades.xlsx"), manifest, rubric, questionnaire, standings) as workbook,
            ):
                # One reading of the answers and their grades feeds everything.
                for answer in run.answers():
                    graded = GradedAnswer(answer, folder.grades.read(answer.answer_id))
                    grades_csv.add(graded)
                    workbook.add(graded)
                    report.add(graded)
                    is_ungraded = graded.grade.status == "ungraded"
                    if graded.grade.needs_review and (manifest.outcome == "finished" or not is_ungraded):
                        for_a_person += 1
                        flags.update({flag.code for flag in graded.grade.flags if flag.severity == "review"})
                    if is_ungraded and _waits(graded.grade.reason or "", manifest):
                        waiting += 1
                    elif is_ungraded and len(ungraded) < MOST_UNGRADED:
                        ungraded.append((graded.grade.answer_id, graded.grade.reason or ""))
            pages = report.write()
        # Last: before, the run is one that has not ended.
        write_manifest(folder.path, manifest)
        return Results(
            folder=folder.path,
            manifest=manifest,
            first_standings=tuple(islice(standings, MOST_CANDIDATES)),
            first_ungraded=tuple(ungraded),
            for_a_person=for_a_person,
            flagged_for=_commonest(flags),
            pages=len(pages),
            workbook_has_all=manifest.answers <= MOST_ANSWERS,
            waiting=waiting,
        )


def _waits(reason: str, manifest: RunManifest) -> bool:
    """Whether an answer has no grade for the same reason as the run has no end."""
    if manifest.outcome not in ("interrupted", "stopped"):
        return False
    code = (manifest.stopped_because or "interrupted").partition(":")[0]
    return f"{code}: " in reason


def _commonest(flags: Counter[FlagCode]) -> tuple[tuple[str, int], ...]:
    # Two that are as common as each other stand in the order of their names, in every run.
    first = sorted(flags.items(), key=lambda each: (-each[1], each[0]))[:_MOST_REASONS]
    return tuple((FLAG_NAMES[code], count) for code, count in first)
