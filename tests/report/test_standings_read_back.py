"""A candidate's standing is the same whether whole grades are read back or only what they came to."""

from __future__ import annotations

from pathlib import Path

from evaluator.core.candidate import standing_of
from evaluator.files.grades_file import GradesFile
from tests.report.conftest import MadeUpRun


def test_what_grades_came_to_makes_the_same_standing(run: MadeUpRun, tmp_path: Path) -> None:
    """Scores, levels, counts and flags do not depend on how much of a grade was read."""
    questions = [question.id for question in run.questionnaire.questions]
    with GradesFile(tmp_path / "grades.jsonl") as written:
        for each in run.graded:
            written.write(each.grade)
        for standing in run.standings:
            candidate = standing.candidate_id
            ids = [each.grade.answer_id for each in run.graded if each.grade.candidate_id == candidate]
            came_to = [written.read_outcome(answer_id) for answer_id in ids]
            assert standing_of(candidate, came_to, questions, run.rubric) == standing
            assert [each.needs_review for each in came_to] == [written.read(each).needs_review for each in ids]
