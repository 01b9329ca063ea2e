"""`evaluator users`: a way in for whoever was locked out, from the computer that the store is on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evaluator.store.store import open_store
from evaluator.web.accounts import Accounts
from evaluator.web.passwords import Passwords
from tests.web.conftest import PASSWORD, QUICK


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "s.sqlite3"


def users(*arguments: str, store: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evaluator", "users", *arguments, "--store", str(store)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_user_is_made_listed_and_given_a_link_that_lets_them_in(store: Path) -> None:
    """The link begins with the address that people type; a second one ends the first."""
    assert "no users yet" in users("list", store=store).stdout
    made = users("add", "Ann", "--role", "administrator", "--url", "https://review.example.com/", store=store)
    assert made.returncode == 0, made.stderr
    assert "'ann', administrator: everything a reviewer may" in made.stdout
    assert "has a link, no password yet" in users("list", store=store).stdout
    first = made.stdout.split("https://review.example.com/link/")[1].strip()
    second = users("link", "ann", store=store).stdout.split("/link/")[1].strip()
    with open_store(str(store)) as opened:
        accounts = Accounts(opened, Passwords(QUICK), lambda: datetime.now(UTC))
        assert accounts.link_user(first) is None
        assert accounts.use_link(second, PASSWORD).user.role == "administrator"
    assert "last seen" in users("list", store=store).stdout


def test_mistakes_say_what_to_do(store: Path) -> None:
    """A name that is taken, a name that nobody has."""
    users("add", "ann", store=store)
    taken = users("add", "ANN", store=store)
    assert (taken.returncode, "There is a user 'ann' already" in taken.stderr) == (2, True)
    unknown = users("link", "ben", store=store)
    assert (unknown.returncode, "evaluator users list" in unknown.stderr) == (2, True)
