"""`evaluator grade` in a real process: what it prints, writes and exits with."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from tests.conftest import completion
from tests.loopback import LoopbackHandler, LoopbackServer

QUESTIONS = ("degradation", "fraud_framing", "loan_features", "feed_ranking", "launch_decision")
TEXT = "I would split by time: train on 2022 and test on 2023, and refuse what is known only after the decision."
RESULTS = {"grades.jsonl", "grades.csv", "candidates.csv", "grades.xlsx", "report.html", "run.json"}


def evaluator(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line as a user would; nothing of the caller's keys reaches it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI")}
    return subprocess.run(
        [sys.executable, "-m", "evaluator", *map(str, arguments)],
        cwd=cwd,
        env=clean | {"COLUMNS": "80"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """Two candidates: one answers everything, one leaves one field empty."""
    rows = [{"Candidate ID": name, **dict.fromkeys(QUESTIONS, TEXT)} for name in ("001", "002")]
    rows[1]["feed_ranking"] = ""
    path = tmp_path / "answers.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def grades_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "grades.jsonl").read_text(encoding="utf-8").splitlines()]


class Endpoint(LoopbackServer):
    """An OpenAI-compatible endpoint on loopback that answers with a fixed reply, after a while where asked to."""

    wait = 0.0
    served = 0

    def reply(self, schema: dict[str, Any]) -> dict[str, Any]:
        names = schema["properties"]["criteria"]["properties"]
        said = {"evidence": ["split by time"], "missing": "", "rationale": "", "level": 2}
        return {"criteria": dict.fromkeys(names, said), "red_flags": []}


class _Handler(LoopbackHandler):
    server: Endpoint

    def do_GET(self) -> None:
        self.answer(200, {"object": "list", "data": []})

    def do_POST(self) -> None:
        asked = json.loads(self.read_body())
        time.sleep(self.server.wait)
        self.server.served += 1
        schema = asked["response_format"]["json_schema"]["schema"]
        self.answer(200, completion(self.server.reply(schema)))


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(_Handler) as server:
        yield server


def address(server: Endpoint) -> str:
    return f"http://{server.host}/v1"


def test_a_table_becomes_a_folder_of_results(answers: Path, tmp_path: Path) -> None:
    """One command, no key, no network: every answer graded or explicitly not answered; the report's place is said."""
    done = evaluator("grade", answers, "--grader", "baseline", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "answers-grades"
    assert {path.name for path in folder.iterdir()} == RESULTS
    grades = grades_in(folder)
    assert [grade["status"] for grade in grades].count("graded") == 9
    blank = next(grade for grade in grades if grade["answer_id"] == "002.feed_ranking")
    assert (blank["status"], blank["score"]) == ("not_answered", None)
    assert "not a language model" in done.stdout
    assert "answers-grades/report.html" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_second_run_never_overwrites_the_first(answers: Path, tmp_path: Path) -> None:
    """Without --out the next free name is taken; with --out a folder that holds a run is refused."""
    for _ in range(2):
        assert evaluator("grade", answers, "--grader", "baseline", "--quiet", cwd=tmp_path).returncode == 0
    assert (tmp_path / "answers-grades-2" / "report.html").exists()
    refused = evaluator("grade", answers, "--grader", "baseline", "--out", "answers-grades", cwd=tmp_path)
    assert refused.returncode == 2
    assert "holds the results of another run" in refused.stderr
    assert "finished, of the same table with the same settings" in refused.stderr.replace("\n", " ")
    with answers.open("a", encoding="utf-8") as table:
        table.write("\n")
    changed = evaluator("grade", answers, "--grader", "baseline", "--out", "answers-grades", cwd=tmp_path)
    assert changed.returncode == 2
    assert "the table: answers.csv then, answers.csv now, with other contents" in changed.stderr


def test_quotes_of_the_baseline_stand_at_their_offsets(answers: Path, tmp_path: Path) -> None:
    """Evidence by construction: every quote is the candidate's own words at the place that is named."""
    evaluator("grade", answers, "--grader", "baseline", cwd=tmp_path)
    quotes = [
        each
        for grade in grades_in(tmp_path / "answers-grades")
        for criterion in grade["criteria"]
        for each in criterion["evidence"]
    ]
    assert quotes
    assert all(each["verified"] and TEXT[each["start"] : each["end"]] == each["quote"] for each in quotes)


def test_json_prints_the_manifest_and_nothing_else(answers: Path, tmp_path: Path) -> None:
    """Programs read standard output; people's lines go to standard error."""
    done = evaluator("grade", answers, "--grader", "baseline", "--json", cwd=tmp_path)
    manifest = json.loads(done.stdout)
    assert (manifest["graded"], manifest["not_answered"], manifest["ungraded"]) == (9, 1, 0)
    assert manifest["is_language_model"] is False
    assert manifest == json.loads((tmp_path / "answers-grades" / "run.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv", "--grader", "baseline"], "nowhere.csv"),
        (["empty.csv", "--grader", "baseline"], "empty"),
        (["photo.csv", "--grader", "baseline"], "not"),
        (["two.csv", "--grader", "baseline"], "--map"),
        (["answers.csv", "--grader", "chatgpt"], "There is no grader 'chatgpt'."),
        (["answers.csv", "--grader", "opneai:m"], "There is no grader 'opneai:m'; is openai meant?"),
        (["answers.csv", "--grader", "openai"], "needs a model"),
        (["answers.csv", "--grader", "openai:m"], "OPENAI_API_KEY"),
        (["answers.csv", "--grader", "panel:baseline"], "fewer than two"),
        (["answers.csv", "--grader", "panel:baseline,baseline"], "twice"),
        (["answers.csv", "--grader", "langchain:nowhere:make"], "cannot be imported"),
        (["answers.csv", "--grader", "langchain:json:nothing"], "no callable 'nothing'"),
        (["answers.csv", "--grader", "langchain:json:dumps"], "TypeError"),
        (["answers.csv", "--grader", "scripted:nowhere.jsonl"], "cannot be read"),
        (["answers.csv", "--grader", "local"], "evaluator model install"),
        (["answers.csv", "--grader", "local", "--gguf", "answers.csv"], "GGUF"),
        (["answers.csv", "--grader", "baseline", "--questionnaire", "other"], "There is no questionnaire 'other'"),
        (["answers.csv", "--grader", "openai:m", "--base-url", "http://127.0.0.1:9/v1"], "No server answers"),
        (["answers.csv", "--grader", "openai:m", "--base-url", "127.0.0.1:9/v1"], "with http:// or https://"),
        (["answers.csv", "--grader", "openai:m", "--base-url", "ftp://127.0.0.1/v1"], "with http:// or https://"),
        (
            ["answers.csv", "--grader", "openai:m", "--base-url", "http://127.0.0.1:9/v1", "--prompt", "levls"],
            "no prompt 'levls'; is levels meant?",
        ),
        (["answers.csv", "--grader", "baseline", "--map", "team"], "COLUMN=QUESTION"),
        (["answers.csv", "--grader", "baseline", "--price", "cheap"], "--price IN,OUT"),
        (["answers.csv", "--grader", "baseline", "--out", "answers.csv"], "is a file"),
        (["answers.csv", "--grader", "baseline", "--samples", "0"], "--samples"),
    ],
)
def test_a_mistake_is_said_plainly_and_nothing_is_graded(
    answers: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    """Exit code 2, a sentence that helps, no traceback, no half-made results."""
    (tmp_path / "empty.csv").touch()
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00")
    (tmp_path / "two.csv").write_text("when,what\n1,2\n", encoding="utf-8")
    cache = {"EVALUATOR_CACHE": str(tmp_path / "cache")}
    done = evaluator("grade", *arguments, cwd=answers.parent, **cache)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert said.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*-grades/report.html"))


def test_a_model_behind_an_address_grades_the_table(answers: Path, tmp_path: Path, endpoint: Endpoint) -> None:
    """A compatible server on this computer needs no key and no --yes; the plan is told before the first request."""
    done = evaluator(
        "grade", answers, "--grader", "openai:m", "--prompt", "levels", "--base-url", address(endpoint), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    # Two candidates wrote the same: each question is asked about once.
    assert endpoint.served == 5
    assert "10 answers, about" in done.stdout
    manifest = json.loads((tmp_path / "answers-grades" / "run.json").read_text(encoding="utf-8"))
    assert manifest["usage"]["input_tokens"] == 9000
    assert manifest["quotes_found"] == manifest["quotes_claimed"] > 0


def test_a_run_that_may_cost_money_is_not_started_unasked(answers: Path, tmp_path: Path, endpoint: Endpoint) -> None:
    """Where nobody can answer the question, --yes has to."""
    arguments = ("--grader", "openai:m", "--prompt", "levels", "--base-url", address(endpoint), "--price", "1,2")
    done = evaluator("grade", answers, *arguments, cwd=tmp_path)
    assert (done.returncode, endpoint.served) == (2, 0)
    assert "--yes" in done.stderr
    agreed = evaluator("grade", answers, *arguments, "--yes", cwd=tmp_path)
    assert agreed.returncode == 0
    assert "about $" in agreed.stdout


def test_some_ungraded_answers_exit_with_3_and_are_listed(answers: Path, tmp_path: Path) -> None:
    """One answer that a model refuses stops nothing; it is named with its reason and has no score."""
    said = {"evidence": ["split by time"], "missing": "", "rationale": "", "level": 2}
    names = ("positive_class_definition", "leakage_awareness", "production_consciousness")
    reply = {"criteria": dict.fromkeys(names, said), "red_flags": []}
    short = {"criteria": {name: said for name in names if name != "leakage_awareness"}, "red_flags": []}
    script = [
        {"reply": reply, "times": 4},
        {"reply": short, "times": 1},
        {"fail": "refused", "times": 1},
        {"reply": reply, "times": 2},
        {"reply": short},
    ]
    (tmp_path / "script.jsonl").write_text("\n".join(map(json.dumps, script)), encoding="utf-8")
    done = evaluator(
        "grade", answers, "--grader", "scripted:script.jsonl", "--prompt", "levels", "--concurrency", "1", cwd=tmp_path
    )
    assert done.returncode == 3, done.stderr
    assert "1 answer could not be graded" in done.stdout
    assert "002.degradation: refused" in done.stdout
    manifest = json.loads((tmp_path / "answers-grades" / "run.json").read_text(encoding="utf-8"))
    assert (
        f"To ask about it again, once the reason is gone:\n  evaluator runs resume {manifest['run_id']}" in done.stdout
    )
    statuses = {grade["answer_id"]: grade["status"] for grade in grades_in(tmp_path / "answers-grades")}
    assert len(statuses) == 10
    assert statuses["002.degradation"] == "ungraded"


def test_ctrl_c_keeps_what_is_done_and_accounts_for_the_rest(answers: Path, tmp_path: Path, endpoint: Endpoint) -> None:
    """Exit code 130; each answer is graded or listed as interrupted, and the report is written."""
    endpoint.wait = 0.4
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "evaluator", "grade", str(answers), "--grader", "openai:m", "--prompt", "levels"),
            *("--base-url", address(endpoint), "--concurrency", "1"),
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    grades_file = tmp_path / "answers-grades" / "grades.jsonl"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (grades_file.exists() and grades_file.read_bytes().count(b"\n") >= 2):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    grades = grades_in(tmp_path / "answers-grades")
    assert len({grade["answer_id"] for grade in grades}) == len(grades) == 10
    assert 2 <= sum(grade["status"] == "graded" for grade in grades) < 9
    assert any((grade["reason"] or "").startswith("interrupted:") for grade in grades)
    for_a_person = sum(
        grade["status"] == "graded" and any(flag["severity"] == "review" for flag in grade["flags"]) for grade in grades
    )
    said = " ".join((output + errors).split())
    assert f"; {for_a_person} flagged for a person" in said, "what waits for a grader does not wait for a person"
    assert "not graded" not in said.partition("A person should look because:")[2].partition(".")[0]
    assert (tmp_path / "answers-grades" / "report.html").exists()


def test_a_terminal_is_not_obeyed_by_what_candidates_write(tmp_path: Path) -> None:
    """An id with escape sequences is shown, not sent to the terminal."""
    row = {"Candidate ID": "\x1b[31mred\x1b]0;title\x07", **dict.fromkeys(QUESTIONS, TEXT)}
    pd.DataFrame([row]).to_csv(tmp_path / "a.csv", index=False)
    done = evaluator("grade", "a.csv", "--grader", "baseline", cwd=tmp_path)
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x07" not in done.stdout + done.stderr


def test_two_graders_stand_beside_each_other_in_the_report(answers: Path, tmp_path: Path) -> None:
    """--compare shows a second grader's levels; the grades themselves stay the first one's."""
    said = {"evidence": ["split by time"], "missing": "", "rationale": "", "level": 2}
    names = ("positive_class_definition", "leakage_awareness", "production_consciousness")
    line = {"reply": {"criteria": dict.fromkeys(names, said), "red_flags": []}}
    (tmp_path / "s.jsonl").write_text(json.dumps(line), encoding="utf-8")
    arguments = ("--grader", "scripted:s.jsonl", "--prompt", "levels", "--compare", "baseline", "--limit", "4")
    done = evaluator("grade", answers, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "baseline" in (tmp_path / "answers-grades" / "report.html").read_text(encoding="utf-8")
    assert all(
        grade["provenance"]["grader"].startswith("scripted:") for grade in grades_in(tmp_path / "answers-grades")
    )


def test_a_second_grader_is_announced_and_checked_before_the_first_is_paid(
    answers: Path, tmp_path: Path, endpoint: Endpoint
) -> None:
    """What it will take is said beforehand; where it cannot be reached, nothing is asked of anybody."""
    arguments = ("grade", answers, "--grader", "baseline", "--compare", "openai:m", "--base-url")
    done = evaluator(*arguments, address(endpoint), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "for --compare openai:m: 10 answers, about" in " ".join(done.stdout.split()), done.stdout
    unreached = evaluator(*arguments, "http://127.0.0.1:1/v1", "--out", "unreached", cwd=tmp_path)
    assert unreached.returncode == 2
    assert "No server answers" in unreached.stderr
    assert not (tmp_path / "unreached").exists()


def test_another_rubric_with_one_criterion_and_a_reference_answer_grades_as_well(tmp_path: Path) -> None:
    """Nothing in the code knows the first rubric by name, scale or number of criteria."""
    answer = (
        "The mean is pulled up by a few very high incomes, the median stays at the typical household in the middle."
    )
    rows = [{"candidate_id": "s1", "question_id": "median", "answer": answer}]
    pd.DataFrame(rows).to_csv(tmp_path / "a.csv", index=False)
    arguments = ("--grader", "baseline", "--questionnaire", "statistics_basics")
    done = evaluator("grade", "a.csv", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (grade,) = grades_in(tmp_path / "a-grades")
    assert [criterion["id"] for criterion in grade["criteria"]] == ["correctness"]
    assert 0 < grade["score"] <= 5


def test_near_copies_go_to_a_person_side_by_side(tmp_path: Path) -> None:
    """Both grades name the other's row, the report and the workbook show both texts; the score is as it would be."""
    text = (
        "First I ask whether both numbers measure the same thing. Churn was no active contract 90 days after the "
        "snapshot, per customer; most live customers are not mature yet, so I compute it anew on the first cohort."
    )
    table = tmp_path / "answers.csv"
    rows = [("ann", text), ("bob", "I look at the drift of each input, and replay a sample."), ("cem", f"Well. {text}")]
    with table.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("candidate_id", "degradation"), *rows])
    done = evaluator("grade", table, "--grader", "baseline", "--out", tmp_path / "out", "--no-store", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    grades = [json.loads(line) for line in (tmp_path / "out" / "grades.jsonl").read_text("utf-8").splitlines()]
    named = {
        grade["candidate_id"]: [flag["rows"] for flag in grade["flags"] if flag["code"] == "near_duplicate"]
        for grade in grades
    }
    assert named == {"ann": [[4]], "bob": [], "cem": [[2]]}
    assert "cem" not in json.dumps([grade for grade in grades if grade["candidate_id"] == "ann"])
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.count("what both say is marked") == 2
    assert page.count('<mark class="common"') >= 4
    sheet = openpyxl.load_workbook(tmp_path / "out" / "grades.xlsx")["Near copies"]
    (row,) = list(sheet.iter_rows(min_row=2, values_only=True))
    assert row[1:] == ("ann", 2, text, "cem", 4, f"Well. {text}")
