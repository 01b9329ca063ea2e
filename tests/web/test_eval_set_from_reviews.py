"""What people said on the pages comes back as an eval set that `evaluator eval` reads as it is."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from evaluator.core.eval_set_from_reviews import side_of
from evaluator.core.review_draw import DrawShares
from evaluator.core.review_queue import QueueFilter
from evaluator.run.review_desk import Saved
from evaluator.store.store import Store
from tests.graded_run import CRITERIA, Given, put_run
from tests.web.conftest import Served


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evaluator", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "COLUMNS": "80", **environment},
    )


@pytest.fixture
def reviewed(serve: Callable[..., Served], sqlite_store: Store, tmp_path: Path) -> Served:
    """Twelve candidates, one answer each that near the bar sends to a person; two people label some of them, blind."""
    texts = [f"Answer {n}: split by time, alarm at {n} %, label known {n} days later. " * (n + 1) for n in range(12)]
    given = [Given(f"person{n}@example.org", flags=("near_bar",), text=text) for n, text in enumerate(texts)]
    put_run(sqlite_store, given, str(tmp_path))
    made = serve(sqlite_store, DrawShares(blind=1, double=0.4, audit=0))
    made.site.upkeep.catch_up()
    for name, levels in (("ann", (2, 2, 1)), ("ben", (0, 2, 1)), ("cat", (1, 1, 1))):
        who = made.who(name)
        while (item := made.site.desk.next_item(who, QueueFilter())) is not None:
            said = made.site.desk.save(who, item, 0, dict(zip(CRITERIA, levels, strict=True)))
            assert isinstance(said, Saved)
    return made


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_set_is_read_and_measured_as_it_is(reviewed: Served, tmp_path: Path) -> None:
    """Made, checked, and a grader measured on it; raters, candidates and their answers under pseudonyms."""
    out = tmp_path / "reviewed"
    store = str(reviewed.site.store.address)
    made = run("eval-set", "from-reviews", "--out", str(out), "--store", store, "--test-share", "0.5")
    assert made.returncode == 0, made.stderr
    checked = run("eval-set", "check", str(out))
    assert checked.returncode == 0, checked.stdout
    assert "Labels by people." in checked.stdout
    manifest = yaml.safe_load((out / "manifest.yaml").read_text(encoding="utf-8"))
    assert manifest["rater_kind"] == "human"
    labels = rows(out / "labels.csv")
    assert {row["note"] for row in labels} == {"blind"}
    assert all(row["rater_id"].startswith("person_") for row in labels)
    everything = "".join(path.read_text(encoding="utf-8") for path in out.iterdir())
    users = "|".join(user.id for user in reviewed.site.accounts.users())
    assert not re.search(rf"@example\.org|\b(ann|ben|cat)\b|{users}", everything)
    measured = run("eval", str(out), "--grader", "baseline", "--out", str(tmp_path / "measured"))
    assert measured.returncode in (0, 3), measured.stderr


def test_a_candidate_is_on_the_same_side_in_every_set(reviewed: Served, tmp_path: Path) -> None:
    """A set made later of more reviews tests nobody whom an earlier one calibrated with."""
    store = str(reviewed.site.store.address)
    first, second = tmp_path / "first", tmp_path / "second"
    run("eval-set", "from-reviews", "--out", str(first), "--store", store)
    put_run(reviewed.site.store, [Given(f"late{n}", flags=("near_bar",), text=f"Later {n} " * 30) for n in range(9)],
            str(tmp_path), "ffff0000")  # fmt: skip
    reviewed.site.upkeep.catch_up()
    who = reviewed.who("ann")
    while (item := reviewed.site.desk.next_item(who, QueueFilter(run="ffff0000"))) is not None:
        reviewed.site.desk.save(who, item, 0, dict.fromkeys(CRITERIA, 1))
    made = run("eval-set", "from-reviews", "--out", str(second), "--store", store)
    assert made.returncode == 0, made.stderr
    before = {row["answer"]: row["split"] for row in rows(first / "answers.csv")}
    after = {row["answer"]: row["split"] for row in rows(second / "answers.csv")}
    assert len(after) > len(before)
    assert {text: after[text] for text in before} == before
    assert {side_of(f"late{n}", 2 / 3) for n in range(9)} == {"calibration", "test"}


def test_nobody_reviewed_is_said(tmp_path: Path) -> None:
    """No empty set, and the next step."""
    done = run("eval-set", "from-reviews", "--out", str(tmp_path / "x"), "--store", str(tmp_path / "s.sqlite3"))
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "evaluator: Nobody has reviewed an answer yet.\nReview some: evaluator serve",
    )
