"""Every file that people or programs write for us, as a function of its bytes: read whole, or refused in our words."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rules import RuleSyntaxError, parse_rule
from evaluator.errors import EvaluatorError
from evaluator.files.attack_set_folder import load_attack_set
from evaluator.files.batch_folder import batch_folder
from evaluator.files.calibration_file import load_calibration
from evaluator.files.eval_set_file import load_eval_set
from evaluator.files.evaluation_file import read_evaluation
from evaluator.files.gate_file import load_gate
from evaluator.files.graded_file import read_graded_file
from evaluator.files.grades_file import read_grades
from evaluator.files.look_history import read_looks
from evaluator.files.manifest_file import read_manifest
from evaluator.files.price_file import load_prices
from evaluator.files.prompt_file import load_prompt
from evaluator.files.question_map_file import load_question_map
from evaluator.files.request_files import read_requests
from evaluator.files.resources import shipped
from evaluator.files.retention_file import load_retention_policy
from evaluator.files.rubric_file import QuestionSet, load_question_set, load_questionnaire, load_rubric, read_examples
from evaluator.graders.scripted import read_script
from evaluator.settings_sources import read_sources

Target = Callable[[bytes], object]
SHOWN = "ml_engineer_screen"


@cache
def questions() -> QuestionSet:
    return load_question_set(SHOWN, [shipped("rubrics")])


def _questionnaire(name: str) -> Questionnaire:
    del name
    return questions().questionnaire


@contextlib.contextmanager
def _file(name: str, data: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        yield path


def _file_target(name: str, read: Callable[[Path], object]) -> Target:
    def target(data: bytes) -> None:
        with _file(name, data) as path, contextlib.suppress(EvaluatorError):
            read(path)

    return target


@cache
def _small(kind: str) -> dict[str, bytes]:
    """The files of a shipped set with few of its answers, some of each split."""
    folder = shipped("eval_sets") / kind
    tables = {path.name: pd.read_csv(path, dtype=str, keep_default_na=False) for path in folder.glob("*.csv")}
    kept = {"answers.csv": tables["answers.csv"].groupby("split").head(2)} if "answers.csv" in tables else {}
    for name, table in tables.items():
        if "answer_id" in table and kept:
            kept[name] = table[table["answer_id"].isin(kept["answers.csv"]["answer_id"])]
        elif not kept or name not in kept:
            kept[name] = table if name == "bases.csv" else table.head(4)
    manifests = {path.name: path.read_bytes() for path in folder.glob("*.yaml")}
    return manifests | {name: table.to_csv(index=False).encode() for name, table in kept.items()}


def _set_target(kind: str, name: str, read: Callable[[Path], object]) -> Target:
    """A small set in which one file is another one."""

    def target(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copied = Path(folder) / "set"
            copied.mkdir()
            for each, content in {**_small(kind), name: data}.items():
                (copied / each).write_bytes(content)
            with contextlib.suppress(EvaluatorError):
                read(copied)

    return target


def _every(lines: Iterator[object]) -> None:
    for _ in lines:
        pass


def _batch_folder(path: Path) -> None:
    made = path.parent / "batch"
    made.mkdir()
    for name in ("batch.jsonl", "asked.json", "batches.jsonl", "journal.jsonl"):
        shutil.copy(path, made / name)
    with batch_folder(made) as folder:
        _ = folder.state, folder.asked  # each takes to pieces what is in its file


def settings_file(data: bytes) -> None:
    """Every mistake is gathered; nothing is raised but by `require`."""
    with _file("settings.toml", data) as path:
        found = read_sources({"EVALUATOR_SETTINGS": str(path)})
        with contextlib.suppress(EvaluatorError):
            found.require()


def settings_environment(data: bytes) -> None:
    """The first line is a variable's name, the others its value."""
    name, _, value = data.decode("utf-8", "replace").replace("\0", "").partition("\n")
    usual = {"EVALUATOR_SETTINGS": "/dev/null"}
    with contextlib.suppress(EvaluatorError):
        read_sources({**usual, f"EVALUATOR_{name}": value, "EVALUATOR_CANARY_AT": value}).require()


def rule(data: bytes) -> None:
    """A level's rule, such as `a and at_least(2, b, c)`."""
    with contextlib.suppress(RuleSyntaxError):
        parse_rule(data.decode("utf-8", "replace"))


def _graded(suffix: str) -> Target:
    return _file_target(f"graded.{suffix}", lambda path: read_graded_file(path, "human"))


TARGETS: dict[str, Target] = {
    "rubric": _file_target("rubric.v1.yaml", load_rubric),
    "questionnaire": _file_target("questionnaire.v1.yaml", load_questionnaire),
    "examples": _file_target(
        "examples.v1.jsonl", lambda path: read_examples(path, questions().rubric, questions().questionnaire)
    ),
    "prompt": _file_target("v1.yaml", lambda path: load_prompt(str(path), [])),
    "gate": _file_target("gate.yaml", lambda path: load_gate(path, questions().rubric)),
    "prices": _file_target("prices.yaml", load_prices),
    "retention": _file_target("retention.yaml", load_retention_policy),
    "question_map": _file_target("map.yaml", lambda path: load_question_map(path, _questionnaire)),
    "rule": rule,
    "settings_file": settings_file,
    "settings_environment": settings_environment,
    "calibration": _file_target("calibration.json", load_calibration),
    "evaluation": _file_target("eval.json", read_evaluation),
    "grades": _file_target("grades.jsonl", lambda path: _every(read_grades(path))),
    "manifest": _file_target("run.json", lambda path: read_manifest(path.parent)),
    "looks": _file_target("history.jsonl", lambda path: read_looks(path.parent)),
    "requests": _file_target("requests-0001.jsonl", lambda path: _every(read_requests(path))),
    "batch_folder": _file_target("any", _batch_folder),
    "script": _file_target("script.jsonl", read_script),
    "graded_csv": _graded("csv"),
    "graded_xlsx": _graded("xlsx"),
    "eval_set_manifest": _set_target(
        SHOWN, "manifest.yaml", lambda path: load_eval_set(str(path), [], [shipped("rubrics")])
    ),
    "eval_set_labels": _set_target(
        SHOWN, "labels.csv", lambda path: load_eval_set(str(path), [], [shipped("rubrics")])
    ),
    "attack_set": _set_target("attacks_fresh", "attacks.csv", lambda path: load_attack_set(path, _questionnaire(""))),
}


def _shipped(*parts: str) -> bytes:
    return shipped(parts[0]).joinpath(*parts[1:]).read_bytes()  # type: ignore[arg-type]


SEEDS: dict[str, tuple[bytes, ...]] = {
    "rubric": (_shipped("rubrics", "short_answer", "rubric.v1.yaml"),),
    "questionnaire": (_shipped("rubrics", "short_answer", "questionnaire.v1.yaml"),),
    "prompt": (_shipped("prompts", "levels", "v1.yaml"),),
    "gate": (b"least_quadratic_kappa: {total: 0.5}\nmost_attack_success: 0.05\n",),
    "prices": (b"as_of: 2026-01-01\nendpoints:\n  - hosts: [a.example]\n    models: [{name: m, in: 1, out: 2}]\n",),
    "retention": (b"runs: 90 days\nwords: 30 days\n",),
    "question_map": (b"source: ashby\nquestionnaire: ml_engineer_screen\nquestions: {a: loan_features}\n",),
    "rule": (
        b"a and at_least(2, b, (c or d), e)",
        b"((((((a))))))",
        b"at_least(99999999999999999999, a)",
        b" " * 9_999,  # took a minute once
    ),
    "settings_file": (
        b'store="a"\n[worker]\nrpm=5\nspotlight="marks"\n[ats.ashby.tenants.a]\nsecrets=["x"]',
        b"[a" + b".a" * 2_000 + b"]\nb=1",
    ),
    "settings_environment": (b"PORT\n8380", b"CANARY_AT\n*/5 1-2 * * 1", b"WEBHOOK_URLS\nhttps://a.example http://[::1"),
    "grades": (b'{"answer_id":"a","candidate_id":"c","question_id":"q","status":"graded","criteria":[]}\n',),
    "manifest": (b'{"run_id":"r","outcome":"finished","answers":1}',),
    "looks": (b'{"at":"2026-01-01T00:00:00+00:00","split":"test"}\n',),
    "requests": (b'{"custom_id":"0","method":"POST","url":"/v1/chat/completions","body":{"model":"m"}}\n',),
    "script": (b'{"when":"a","reply":{"criteria":{}},"times":2}\n{"fail":"timeout"}\n',),
    "graded_csv": (b"question,answer,score_human_1,score_max\nq,a,1,2\nq,b,,2\n",),
    "eval_set_manifest": (_shipped("eval_sets", SHOWN, "manifest.yaml"),),
    "eval_set_labels": (_small(SHOWN)["labels.csv"],),
    "attack_set": (_small("attacks_fresh")["attacks.csv"],),
}  # fmt: skip
