"""docs/ats.md and docs/api.md: the way that they show is gone, word for word, and what they say is what there is."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.ats.sources import SOURCES
from tests.service.conftest import service

ROOT = Path(__file__).parent.parent.parent
ATS = (ROOT / "docs" / "ats.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```text\n(.*?)^```$", ATS, re.M | re.S)


WRITE_BACK = re.findall(
    r"^```text\n(.*?)^```$", (ROOT / "docs" / "write-back.md").read_text(encoding="utf-8"), re.M | re.S
)


def test_the_api_page_is_what_the_api_says_of_itself() -> None:
    """Where it is not: python docs/write_api.py"""
    written = runpy.run_path(str(ROOT / "docs" / "write_api.py"))["page"]()
    assert (ROOT / "docs" / "api.md").read_text(encoding="utf-8") == written


def test_every_source_has_its_row() -> None:
    """With its webhook and the code that it is acknowledged with."""
    for name, source in SOURCES.items():
        row = next(line for line in ATS.splitlines() if f"| `/webhooks/{name}` |" in line)
        assert f"| {source.acknowledge} |" in row


@pytest.mark.skipif(shutil.which("curl") is None, reason="the document uses curl")
def test_from_nothing_to_a_graded_application_with_curl(tmp_path: Path) -> None:
    """The commands of the three terminals as they stand there, on another port; and those of docs/write-back.md."""
    serve, work, third = BLOCKS[0], BLOCKS[1], BLOCKS[2]
    assert serve.splitlines() == ["export EVALUATOR_GREENHOUSE_SECRETS=a-secret-of-your-own", "evaluator serve"]
    assert work.splitlines()[-1] == "evaluator worker --grader baseline"
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "evaluator").write_text(f'#!/bin/sh\nexec {sys.executable} -m evaluator "$@"\n', encoding="utf-8")
    (programs / "evaluator").chmod(0o755)
    store = str(tmp_path / "store.sqlite3")
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "EVALUATOR_STORE": store}

    def run(script: str) -> str:
        return subprocess.run(
            ["sh", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout

    keys = {"EVALUATOR_GREENHOUSE_ASSESSMENT_KEYS": WRITE_BACK[0].strip().partition("=")[2]}
    environment |= keys
    with service(store, EVALUATOR_GREENHOUSE_SECRETS="a-secret-of-your-own", **keys) as running:
        worker = subprocess.Popen(
            ["sh", "-c", work.replace("evaluator", "exec evaluator")], env=environment, stderr=subprocess.DEVNULL
        )
        try:
            commands = third.replace("http://127.0.0.1:8380", running.url)
            received = json.loads(run(commands))
            assert received["status"] == "received"
            assert json.loads(run(commands))["status"] == "duplicate"
            read = BLOCKS[4].replace("http://127.0.0.1:8380", running.url).splitlines()
            key = run(f"{read[0]}; echo $KEY").strip()
            shown = read[1].replace("$KEY", key)
            end = time.monotonic() + 120
            # Nothing is there at first: the worker makes a submission of the event.
            while '"state":"complete"' not in (said := run(shown)):
                assert time.monotonic() < end, said
                time.sleep(0.5)
            made = json.loads(said)["submissions"][0]["id"]
            grades = json.loads(run(read[2].replace("$KEY", key).replace("sub_…", made)))
            assert [each["question_id"] for each in grades["grades"]] == ["fraud_framing"]
            assert grades["grades"][0]["status"] == "graded"
            assert grades["score"] is not None
            _order(run, running.url)
            assert json.loads(run(read[3].replace("$KEY", key)))["erased"]["submissions"] == 1
            gone = json.loads(run(read[2].replace("$KEY", key).replace("sub_…", made)))
            assert (gone["submission"]["state"], gone["grades"]) == ("erased", [])
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(60)


def _order(run: Callable[[str], str], url: str) -> None:
    """What docs/write-back.md does after that: a test is listed, ordered, and its result asked for."""
    ordering, asking = WRITE_BACK[1].replace("http://127.0.0.1:8380", url).rstrip("\n").rsplit("\n", 1)
    listed, placed = run(ordering).split("]", 1)
    assert "ml_engineer_screen" in listed
    named = json.loads(placed)["partner_interview_id"]
    asking = f"TESTS={url}/assessments/greenhouse\n{asking}".replace("asm_…", named)
    status = json.loads(run(asking))
    assert status["partner_status"] == "complete"
    assert "level" in status["metadata"]["Predict fraud"]
