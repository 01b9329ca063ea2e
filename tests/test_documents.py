"""The documents do what they say: their commands run, their Python runs, the public names are as written."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import evaluator
from evaluator.core.fingerprint import fingerprint
from evaluator.files.prompt_file import load_prompt, load_spotlight_words
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_questionnaire, load_rubric

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(language: str) -> list[tuple[str, str]]:
    found = []
    for document in DOCUMENTS:
        written = document.read_text(encoding="utf-8")
        found += [(document.name, block) for block in re.findall(rf"^```{language}\n(.*?)^```$", written, re.M | re.S)]
    return found


COMMANDS = [
    (document, line[2:]) for document, block in blocks("console") for line in block.splitlines() if line[:2] == "$ "
]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENAI")} | {"COLUMNS": "80"}


@pytest.mark.parametrize(("document", "command"), COMMANDS)
def test_a_command_of_the_documents_runs(document: str, command: str, tmp_path: Path) -> None:
    """As it stands there, beside the shipped files, with no key."""
    (tmp_path / "eval_sets").symlink_to(ROOT / "eval_sets")
    program, *arguments = shlex.split(command)
    assert program == "evaluator", f"{document}: {command}"
    done = subprocess.run(
        [sys.executable, "-m", "evaluator", *arguments],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


@pytest.mark.parametrize(("document", "code"), [(name, code) for name, code in blocks("python") if "import" in code])
def test_python_of_the_documents_runs(document: str, code: str, tmp_path: Path) -> None:
    """Each block by itself, as a file."""
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{document}: {done.stderr}"


def test_every_link_inside_the_documents_leads_somewhere() -> None:
    """Files that are named are there."""
    for document in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+?)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_dependency_has_its_line() -> None:
    """What is installed is explained."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    said = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    for dependency in named:
        assert re.split(r"[<>=\[]", dependency)[0].lower() in said, dependency


def test_every_public_name_is_there_and_no_other() -> None:
    """The names are imported lazily, so a misspelt one would only be noticed by a user."""
    for name in evaluator.__all__:
        assert getattr(evaluator, name) is not None
    assert set(dir(evaluator)) == set(evaluator.__all__)
    with pytest.raises(AttributeError):
        evaluator.nothing_of_this_name  # noqa: B018 the access is the test


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`evaluator --help` answers at once."""
    code = (
        "import sys, evaluator, evaluator.cli; print([m for m in ('pandas', 'openai', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def published() -> dict[str, str]:
    rubrics = {f"{path.parent.name}/{path.name}": load_rubric(path) for path in shipped("rubrics").glob("*/rubric.v*")}
    questionnaires = {
        f"{path.parent.name}/{path.name}": load_questionnaire(path)
        for path in shipped("rubrics").glob("*/questionnaire.v*")
    }
    prompts = {
        f"{path.parent.name}/{path.name}": load_prompt(str(path), []) for path in shipped("prompts").glob("*/v*.yaml")
    }
    spotlight = {"spotlight.yaml": load_spotlight_words()}
    every = {**rubrics, **questionnaires, **prompts, **spotlight}
    return {name: fingerprint(record) for name, record in sorted(every.items())}


def test_what_is_published_has_not_changed() -> None:
    """A changed text needs a new version: labels and grades rest on the old one. A new file adds its hash here."""
    recorded = json.loads((ROOT / "tests" / "published.json").read_text(encoding="utf-8"))
    assert published() == recorded
