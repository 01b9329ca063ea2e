"""The contestants: our command line, raw clients and other packages, each as commands to run on a job."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.clients.promptfoo_eval import CONFIGURATION, OUTPUT, read_output
from benchmarks.server_process import ROOT

OURS = "evaluator"
QUESTIONNAIRE, PROMPT = "ml_engineer_screen", "levels"
"""Five questions, three criteria each but for one of two, one call an answer. `benchmarks.workload` says the same
to the other clients; it is not imported here, for what this process holds is the floor of every peak measured."""
KEY = "sk-mock"


@dataclass(frozen=True, slots=True)
class Task:
    """What a contestant is to do. `state` is its folder; a second run after a kill gets the same, with `again`."""

    answers: Path
    workload: Path
    count: int
    concurrency: int
    base_url: str
    state: Path
    timeout: float | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How the answers ended, as the contestant itself says; see `benchmarks.clients.job.Report`."""

    graded: int
    failed: int
    wrong: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)


class Contestant(Protocol):
    """Somebody who grades answers."""

    @property
    def name(self) -> str:
        """As `--only` takes it."""
        ...

    def version(self) -> str | None:
        """Of the package; None where it is not installed."""
        ...

    def prepare(self, task: Task) -> None:
        """What is done before the clock runs."""
        ...

    def command(self, task: Task) -> list[str]:
        """The command that is measured."""
        ...

    def ending(self, task: Task, output: str) -> Ending:
        """How it ended, after the clock."""
        ...


def environment() -> dict[str, str]:
    """For every contestant: our root on the path, no key but the mock's, nothing that calls home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI", "EVALUATOR"))}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "OPENAI_API_KEY": KEY,
        "LANGSMITH_TRACING": "false",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
        "COLUMNS": "80",
    }


@dataclass(frozen=True)
class OurCommandLine:
    """`evaluator grade`, as it is installed beside this harness; `extra` arguments come last and win."""

    extra: tuple[str, ...] = ()
    name: str = OURS

    def version(self) -> str | None:
        """With the commit where this is a checkout."""
        commit = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        )
        described = subprocess.run(
            [
                sys.executable,
                "-c",
                "from importlib.metadata import version as v; print(v('screening-answer-evaluator'))",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        return " ".join(part for part in (described.stdout.strip() or "checkout", commit.stdout.strip()) if part)

    def prepare(self, task: Task) -> None:
        """A folder for results is never written twice, so a second run gets another unless the command resumes."""
        task.state.mkdir(parents=True, exist_ok=True)

    def command(self, task: Task) -> list[str]:
        """Its caches and its ledger are in `task.state`, where a second run finds them."""
        homes = [f"XDG_{kind}_HOME={task.state / kind.lower()}" for kind in ("CACHE", "CONFIG", "DATA", "STATE")]
        command = [shutil.which("env") or "env", *homes, sys.executable, "-m", "evaluator", "grade", str(task.answers)]
        command += ["--questionnaire", QUESTIONNAIRE, "--prompt", PROMPT, "--grader", "openai:mock"]
        command += ["--base-url", task.base_url, "--price", "0,0", "--yes", "--quiet"]
        command += ["--concurrency", str(task.concurrency), "--limit", str(task.count)]
        if task.timeout is not None:
            command += ["--timeout", f"{task.timeout:g}"]
        if self._knows("--no-control-reading"):
            command.append("--no-control-reading")  # nobody else asks for it
        if task.again and self._knows("--resume"):
            command.append("--resume")
        return [*command, "--out", str(self._out(task)), *self.extra]

    def ending(self, task: Task, output: str) -> Ending:
        """Out of `grades.jsonl`; an answer with several lines counts as its last."""
        status: dict[str, tuple[str, str]] = {}
        path = self._out(task) / "grades.jsonl"
        for line in _lines(path):
            grade = json.loads(line)
            status[grade["answer_id"]] = (grade["status"], str(grade.get("reason"))[:60])
        errors: dict[str, int] = {}
        for kind, reason in status.values():
            if kind != "graded":
                errors[reason] = errors.get(reason, 0) + 1
        if not status and output.strip():
            errors[output.strip().splitlines()[-1][:120]] = 1
        graded = sum(kind == "graded" for kind, _ in status.values())
        return Ending(graded, len(status) - graded, 0, errors)

    def _out(self, task: Task) -> Path:
        return task.state / ("grades-again" if task.again and not self._knows("--resume") else "grades")

    def _knows(self, option: str) -> bool:
        helped = subprocess.run(
            [sys.executable, "-m", "evaluator", "grade", "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        return option in helped.stdout


@dataclass(frozen=True)
class PythonClient:
    """A client in `benchmarks/clients`, run in the environment `venv` among the neighbours."""

    name: str
    neighbours: Path
    venv: str
    module: str
    package: str
    variant: str = ""

    def version(self) -> str | None:
        """Of its package, there."""
        python = self._python()
        if not python.exists():
            return None
        code = f"from importlib.metadata import version; print(version({self.package!r}))"
        asked = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False)
        return asked.stdout.strip() or None

    def prepare(self, task: Task) -> None:
        """Its folder."""
        task.state.mkdir(parents=True, exist_ok=True)

    def command(self, task: Task) -> list[str]:
        """The job on the command line of the client."""
        return [str(self._python()), "-m", f"benchmarks.clients.{self.module}", *_job_arguments(task, self.variant)]

    def ending(self, task: Task, output: str) -> Ending:  # noqa: ARG002 others read it from the folder
        """From the last line that the client printed."""
        for line in reversed(output.splitlines()):
            if line.startswith('{"graded"'):
                return Ending(**json.loads(line))
        last = output.strip().splitlines()[-1][:120] if output.strip() else "no report"
        return Ending(0, 0, 0, {last: 1})

    def _python(self) -> Path:
        return self.neighbours / self.venv / "bin" / "python"


@dataclass(frozen=True)
class Promptfoo:
    """promptfoo's own command, in Node; its configuration is written before and its results are read after."""

    neighbours: Path
    name: str = "promptfoo"

    def version(self) -> str | None:
        """Of the installed package."""
        described = self._package() / "package.json"
        if not described.exists():
            return None
        version: str = json.loads(described.read_text(encoding="utf-8"))["version"]
        return version

    def prepare(self, task: Task) -> None:
        """Writes the configuration, unless a run is to be gone on with."""
        if not task.again:
            command = [sys.executable, "-m", "benchmarks.clients.promptfoo_eval", "write", *_job_arguments(task, "")]
            subprocess.run(command, env=environment(), check=True, timeout=600)

    def command(self, task: Task) -> list[str]:
        """Without its cache, for a run in which everything is to be asked; with `--resume` after a kill."""
        off = ("TELEMETRY", "UPDATE", "REMOTE_GENERATION", "SHARING")
        settings = [f"PROMPTFOO_DISABLE_{name}=1" for name in off]
        settings += [f"PROMPTFOO_CONFIG_DIR={task.state / 'settings'}", "PROMPTFOO_SELF_HOSTED=1"]
        if task.timeout is not None:
            settings.append(f"REQUEST_TIMEOUT_MS={int(task.timeout * 1000)}")
        node, script = shutil.which("node") or "node", self._package().parent / ".bin" / "promptfoo"
        command = [shutil.which("env") or "env", *settings, node, str(script), "eval"]
        command += ["--resume"] if task.again else ["-c", CONFIGURATION]
        command += ["--max-concurrency", str(task.concurrency), "--no-cache", "--no-progress-bar", "--no-table"]
        return command if task.again else [*command, "-o", OUTPUT]

    def ending(self, task: Task, output: str) -> Ending:
        """Out of its results file, or what it printed where a resumed run writes none."""
        if (task.state / OUTPUT).exists() and not task.again:
            report = read_output(task.state)
            return Ending(report.graded, report.failed, report.wrong, dict(report.errors))
        counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|errors?)\b", output)}
        # Both verdicts of the rubric are grades here: the mock endpoint gives only passes.
        return Ending(counts.get("passed", 0), counts.get("error", counts.get("errors", 0)), counts.get("failed", 0))

    def _package(self) -> Path:
        return self.neighbours / "promptfoo" / "node_modules" / "promptfoo"


def contestants(neighbours: Path, our_arguments: str) -> dict[str, Contestant]:
    """All of them by name, ours first."""
    rows = (
        ("openai", "raw", "raw", "openai", "openai"),
        ("openai-parse", "raw", "raw", "openai", "openai-parse"),
        ("aiohttp", "raw", "raw", "aiohttp", "aiohttp"),
        ("httpx2", "raw", "raw", "httpx2", "httpx2"),
        ("pyreqwest", "raw", "raw", "pyreqwest", "pyreqwest"),
        ("langchain", "langchain", "langchain_abatch", "langchain-openai", ""),
        ("pydantic-evals", "pydantic-evals", "pydantic_evals_judge", "pydantic-evals", ""),
        ("inspect-ai", "inspect-ai", "inspect_ai_eval", "inspect-ai", ""),
        ("autorubric", "autorubric", "autorubric_evaluate", "autorubric", ""),
        ("deepeval", "deepeval", "deepeval_geval", "deepeval", ""),
    )
    everybody: list[Contestant] = [OurCommandLine(tuple(shlex.split(our_arguments)))]
    everybody += [
        PythonClient(name, neighbours, venv, module, package, variant) for name, venv, module, package, variant in rows
    ]
    everybody.append(Promptfoo(neighbours))
    return {contestant.name: contestant for contestant in everybody}


def _job_arguments(task: Task, variant: str) -> list[str]:
    arguments = ["--answers", str(task.answers), "--workload", str(task.workload), "--count", str(task.count)]
    arguments += ["--concurrency", str(task.concurrency), "--base-url", task.base_url, "--state", str(task.state)]
    if task.timeout is not None:
        arguments += ["--timeout", f"{task.timeout:g}"]
    if task.again:
        arguments.append("--resume")
    return [*arguments, "--variant", variant]


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            # A line that a kill cut short is no grade.
            yield from (line for line in file if line.endswith("\n"))
