"""`grades.jsonl` while a run writes it: found again by answer, whole lines only, whatever the ids are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.grade import Grade, Provenance
from evaluator.errors import OutputError
from evaluator.files.grades_file import GradesFile, read_grades

PROVENANCE = Provenance(
    grader="baseline", model_requested=None, model_returned=None, prompt=None, prompt_sha256=None, rubric_sha256="1",
    schema_sha256=None, questionnaire_sha256="2", params={}, samples=1, fingerprint="3", requests=0, input_tokens=None,
    output_tokens=None, cached_tokens=None, cost_usd=None, latency_ms=None, evaluator_version="0", graded_at="now",
)  # fmt: skip
# Text that UTF-8 holds: a grade that could not be written would be no line of JSON.
IDS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=80)


def grade(answer_id: str, candidate_id: str = "c") -> Grade:
    return Grade(
        answer_id=answer_id, candidate_id=candidate_id, question_id="q", status="not_answered", reason="blank",
        provenance=PROVENANCE,
    )  # fmt: skip


@given(ids=st.lists(IDS, unique=True, max_size=30), asked=st.data())
def test_a_grade_is_found_by_the_id_of_its_answer(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], asked: st.DataObject
) -> None:
    """In any order, while others are still written; an id that was not written is not there."""
    path = tmp_path_factory.mktemp("grades") / "grades.jsonl"
    with GradesFile(path) as grades:
        for number, answer_id in enumerate(ids):
            grades.write(grade(answer_id, str(number)))
            earlier = asked.draw(st.integers(0, number))
            assert grades.read(ids[earlier]).candidate_id == str(earlier)
        other = asked.draw(IDS.filter(lambda each: each not in ids))
        assert (other in grades, grades.get(other)) == (False, None)
        assert all(each in grades for each in ids)
    assert [each.answer_id for each in read_grades(path)] == ids


@pytest.mark.parametrize("pair", [("A.q", "a.q"), ("é", "e\u0301"), ("x" * 400, "x" * 399 + "y"), ("1", "01")])
def test_ids_that_look_alike_are_two_answers(tmp_path: Path, pair: tuple[str, str]) -> None:
    """Neither case nor Unicode form nor a common beginning makes one of two."""
    with GradesFile(tmp_path / "grades.jsonl") as grades:
        for candidate, answer_id in enumerate(pair):
            grades.write(grade(answer_id, str(candidate)))
        assert [grades.read(each).candidate_id for each in pair] == ["0", "1"]


def test_a_grade_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """No grade stands in for one that was not written."""
    with GradesFile(tmp_path / "grades.jsonl") as grades, pytest.raises(KeyError, match="nobody"):
        grades.read("nobody")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """The grades of another run are left alone."""
    path = tmp_path / "grades.jsonl"
    path.write_text("kept")
    with pytest.raises(OutputError, match="exists already"), GradesFile(path):
        pass
    assert path.read_text() == "kept"


FULL_DISK = """
import resource, sys
from pathlib import Path
from evaluator.errors import OutputError
from evaluator.files.grades_file import GradesFile
from tests.files.test_grades_file import grade

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
written = 0
try:
    with GradesFile(Path(sys.argv[1])) as grades:
        while True:
            grades.write(grade(f"answer {written}"))
            written += 1
except OutputError as error:
    print(written, error)
"""


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """What did not fit is not half there, and closing the file does not fail once more."""
    path = tmp_path / "grades.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be written any further" in done.stdout
    written = int(done.stdout.split()[0])
    assert written > 10
    assert [each.answer_id for each in read_grades(path)] == [f"answer {number}" for number in range(written)]
