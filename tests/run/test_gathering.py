"""What is noted of candidates while their answers are graded, for the end of a run."""

from __future__ import annotations

import subprocess
import sys

from evaluator import Answer
from evaluator.run.gathering import Gathering

FULL_DISK = """
import resource
from evaluator import Answer
from evaluator.run.gathering import Gathering

resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
gathering = Gathering()
for number in range(200):
    gathering.add(Answer("a", f"{number:065536}", "q", "Because."))
print(gathering.whole)
"""


def test_answers_are_found_by_their_candidate() -> None:
    """However they were mixed."""
    gathering = Gathering()
    for candidate, question in (("b", "x"), ("a", "x"), ("b", "y")):
        gathering.add(Answer(f"{candidate}.{question}", candidate, question, "Because."))
    assert gathering.whole is not None
    assert list(gathering.whole) == [("a", ("a.x",)), ("b", ("b.x", "b.y"))]


def test_a_full_temporary_folder_does_not_stop_grading() -> None:
    """There are no notes then, rather than half of them, and nothing is raised in the midst of a run."""
    done = subprocess.run([sys.executable, "-c", FULL_DISK], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr
