"""What `import openai` does not bring until it is asked for, tried in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import sys
from evaluator.graders.light_openai import hold_back_records

hold_back_records()
import openai
assert len([name for name in sys.modules if name.startswith("openai.types")]) < 200
"""


def tried(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "use",
    [
        "print(openai.types.Model.__name__)",
        "from openai.types import Model; print(Model.__name__)",
        "from openai.types import *; print(Model.__name__)",
        "from openai.types.model import Model; print(Model.__name__)",
        "import openai.types.responses; print(openai.types.responses.Response.__name__.replace('Response', 'Model'))",
        "print(openai.types.responses.Response.__name__.replace('Response', 'Model'))",
        "from openai.types.responses import ResponseError as R; print(R(code='server_error', message='Model').message)",
    ],
)
def test_a_record_is_there_for_who_asks_for_it(use: str) -> None:
    """However a program of one's own gets at the records of openai, they are those of openai."""
    assert tried(BEGIN + use) == "Model"


def test_what_is_not_there_is_said_as_usual() -> None:
    """A name that no record has is the usual error, and so is a module that is not there."""
    asked = "\ntry:\n    openai.types.Nothing\nexcept AttributeError as error:\n    print(error)\n"
    assert "Nothing" in tried(BEGIN + asked)
    assert "No module" in tried(
        BEGIN + "\ntry:\n    import openai.types.nothing\nexcept ImportError as e:\n    print(e)"
    )


def test_openai_that_is_there_already_stays_as_it_is() -> None:
    """Who imported openai before has all of it, and nothing is changed under their hands."""
    program = "import openai, sys\nbefore = sys.modules['openai.types']\n"
    program += "from evaluator.graders.light_openai import hold_back_records\nhold_back_records()\n"
    assert tried(program + "print(sys.modules['openai.types'] is before, openai.types is before)") == "True True"


def test_threads_that_ask_at_once_all_get_it() -> None:
    """One brings the records; the others wait, instead of being told that there are none."""
    asked = """
import threading
gate, got = threading.Barrier(8), []

def ask():
    gate.wait()
    got.append(openai.types.Model.__name__)

threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(got)
"""
    assert tried(BEGIN + asked) == str(["Model"] * 8)
