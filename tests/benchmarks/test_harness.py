"""The harness: what it measures of a process, what it keeps, what it shows, and one small run for real."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.cells import chosen
from benchmarks.measured_process import run_measured
from benchmarks.result_row import ResultRow, append_row, read_rows
from benchmarks.server_process import ROOT
from benchmarks.table import cpu_an_answer, tables

ROW = ResultRow(
    contestant="evaluator",
    version="0.1.0 abc",
    cell="c64",
    round=0,
    count=110,
    concurrency=64,
    cpu_s=1.5,
    wall_s=2.0,
    peak_mb=100.0,
    exit_code=0,
    start_cpu_s=1.0,
    cpu_ms=5.0,
    rate=1234.0,
    graded=110,
    stats={"total": 121, "answers_paid_more_than_once": 3, "answers_paid_after_a_good_reply": 1},
)


def test_a_process_is_measured_with_its_children(tmp_path: Path) -> None:
    """Processor time that only a grandchild used is counted; so is what was printed."""
    burn = "import time\nwhile time.process_time() < 0.4: pass\nprint('burnt')"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    used = run_measured([sys.executable, "-c", outer], folder=tmp_path, environment=dict(os.environ), time_limit=60)
    assert used.cpu_s >= 0.4
    assert used.exit_code == 0
    assert used.peak_mb > 5
    assert used.output == "burnt\n"


@pytest.mark.parametrize("how", ["limit", "condition"])
def test_a_process_is_killed_at_its_limit_or_on_a_condition(tmp_path: Path, how: str) -> None:
    """With everything that it started: SIGKILL leaves no time to tidy up."""
    program = "import time; print('up', flush=True); time.sleep(600)"
    printed = tmp_path / "output.txt"
    used = run_measured(
        [sys.executable, "-c", program],
        folder=tmp_path,
        environment=dict(os.environ),
        time_limit=1 if how == "limit" else 60,
        kill_when=(lambda: printed.exists() and "up" in printed.read_text()) if how == "condition" else None,
    )
    assert used.exit_code == -9


def test_an_interrupted_harness_ends_at_once_with_what_it_measured(tmp_path: Path) -> None:
    """Ctrl-C reaches only the harness: what it measures has a session of its own, and nobody else would stop it."""
    measured = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    harness = (
        "import os, sys; from pathlib import Path; from benchmarks.measured_process import run_measured\n"
        f"run_measured([sys.executable, '-c', {measured!r}], folder=Path({str(tmp_path)!r}),"
        " environment=dict(os.environ), time_limit=600)"
    )
    process = subprocess.Popen([sys.executable, "-c", harness], cwd=ROOT, stderr=subprocess.DEVNULL)
    printed = tmp_path / "output.txt"
    until = time.monotonic() + 60
    while time.monotonic() < until and not (printed.exists() and printed.read_text().endswith("\n")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(timeout=60) != 0
    finally:
        process.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(int(printed.read_text()), 0)


def test_half_a_row_of_a_killed_run_is_left_out_and_written_over(tmp_path: Path) -> None:
    """Results can be gone on with; a line that was changed by hand is named."""
    path = tmp_path / "results.jsonl"
    append_row(path, ROW)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"contestant": "eval')
    assert read_rows(path) == [ROW]
    append_row(path, ROW)
    assert read_rows(path) == [ROW, ROW]
    path.write_text("no row\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    shown = CliRunner().invoke(main, ["show", "--results", str(path)])
    assert (shown.exit_code, "results.jsonl:1: this is no row of results" in shown.output) == (2, True), shown.output


def test_where_answers_are_too_few_for_cpu_there_is_no_figure(tmp_path: Path) -> None:
    """A start-up that took longer than the run is no negative cost, and nothing is a multiple of it."""
    rows = [ROW, replace(ROW, contestant="aiohttp", cpu_s=0.9, cpu_ms=-1.0)]
    assert cpu_an_answer(rows[1:]) is None
    (line,) = (each for each in tables(rows).splitlines() if each.startswith("aiohttp"))
    assert ("-1" in line, "x " in line) == (False, False), line
    path = tmp_path / "results.jsonl"
    for row in rows:
        append_row(path, row)
    drawn = CliRunner().invoke(main, ["plot", str(tmp_path / "p.svg"), "--results", str(path)])
    assert drawn.exit_code == 0, drawn.output
    assert "aiohttp" not in (tmp_path / "p.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["answers", "nowhere/a.csv"], ["show", "--results", "."]], ids=str)
def test_what_cannot_be_read_or_written_is_said(tmp_path: Path, arguments: list[str]) -> None:
    """A sentence, and no traceback."""
    with contextlib.chdir(tmp_path):
        done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert done.output.startswith("Error: "), done.output


def test_rows_are_added_and_read_again(tmp_path: Path) -> None:
    """No file is no rows."""
    path = tmp_path / "deep" / "results.jsonl"
    assert read_rows(path) == []
    append_row(path, ROW)
    append_row(path, replace(ROW, round=1))
    assert read_rows(path) == [ROW, replace(ROW, round=1)]


def test_cpu_an_answer_takes_the_median_start_up_off() -> None:
    """(1.5 s - 1.0 s) over 110 - 10 answers is 5 ms; one slow start does not change it."""
    rows = [ROW, ROW, replace(ROW, start_cpu_s=1.4)]
    assert cpu_an_answer(rows) == pytest.approx(5.0)
    assert cpu_an_answer([]) is None


def test_tables_fit_a_terminal_and_put_ours_first() -> None:
    """With ratios to ours, and every kind of cell that has rows."""
    rows = [replace(ROW, contestant="pydantic-evals", version="12.345.678", cpu_s=2.0, cpu_ms=10.0), ROW]
    rows += [
        replace(row, cell=cell) for row in rows for cell in ("lat300", "lat300c1000", "memory500", "fault", "kill")
    ]
    rows += [replace(ROW, cell="start", contestant=name) for name in ("python -c pass", "--help", "first request")]
    shown = tables(rows)
    assert max(len(line) for line in shown.splitlines()) <= 80
    first = shown.split("\n\n")[0].splitlines()
    assert first[4].split()[0] == "evaluator"
    assert first[5].split()[0] == "pydantic-evals"
    assert "x 2.0" in first[5]
    assert "64 in flight" in shown
    assert "kill -9" in shown.lower()
    assert "Start-up" in shown


def test_show_and_plot_read_a_file_of_results(tmp_path: Path) -> None:
    """And say so where it holds none."""
    results, svg = tmp_path / "results.jsonl", tmp_path / "plot.svg"
    for command in (["show"], ["plot", str(svg)]):
        empty = CliRunner().invoke(main, [*command, "--results", str(results)])
        assert empty.exit_code == 2
        assert "results" in empty.output
    append_row(results, ROW)
    append_row(results, replace(ROW, contestant="aiohttp"))
    assert "evaluator" in CliRunner().invoke(main, ["show", "--results", str(results)]).output
    drawn = CliRunner().invoke(main, ["plot", str(svg), "--results", str(results)])
    assert drawn.exit_code == 0, drawn.output
    words = " ".join(ET.parse(svg).getroot().itertext())
    assert "evaluator" in words
    assert "5.00" in words
    # Nothing is painted white or black: the page may be either.
    assert not re.search(r"#(fff|000)|black|white", svg.read_text(encoding="utf-8"), re.I)


def test_cells_are_chosen_by_name() -> None:
    """Some names stand for several; a wrong one is named with those that there are."""
    assert [cell.name for cell in chosen(["memory", "c64", "memory500"])] == ["memory500", "memory20k", "c64"]
    with pytest.raises(ValueError, match=r"no such cell: c65; there are c64"):
        chosen(["c65"])


def test_our_command_line_is_measured_and_a_second_run_goes_on(tmp_path: Path) -> None:
    """Every answer graded, one call each; what stands in the results is not measured again."""
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "run",
        "--only",
        "evaluator",
        "--cells",
        "c64,start",
        "--rounds",
        "1",
    ]
    command += ["--n", "20", "--results", str(tmp_path / "results.jsonl"), "--work", str(tmp_path / "work")]
    command += ["--client-core", "-1", "--server-core", "-1"]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert first.returncode == 0, first.stdout + first.stderr
    row, *starts = read_rows(tmp_path / "results.jsonl")
    assert (len(starts), {each.cell for each in starts}) == (15, {"start"})
    assert (row.contestant, row.graded, row.missing, row.failed) == ("evaluator", 20, 0, 0), asdict(row)
    assert (row.stats["total"], row.stats["answers_seen"], row.stats["paid_duplicates"]) == (20, 20, 0)
    assert row.exit_code == 0
    assert row.cpu_s > 0
    second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert second.returncode == 0, second.stderr
    assert len(read_rows(tmp_path / "results.jsonl")) == 1 + 15
    assert "round 1" not in second.stdout  # as each row is measured it is said
