"""What machines ask of the service, of a real one."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evaluator.store.schedule_shelf import JobOutcome
from evaluator.store.store import open_store
from tests.cli.grading_command import command_line, environment


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with open_store(str(tmp_path / "s.sqlite3")) as store:
        drifted = JobOutcome("alarm", "levels are lower than they were")
        store.schedules.add_finished("canary", datetime(2026, 1, 1, 3, tzinfo=UTC), drifted)
    process = subprocess.Popen(
        command_line("serve", "--store", "s.sqlite3"),
        cwd=tmp_path, env=environment(EVALUATOR_METRICS_TOKEN="t0ken", EVALUATOR_PORT="0", PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    address = next(word for line in process.stdout for word in line.split() if word.startswith("http://"))
    yield address.partition("/link/")[0]
    process.terminate()
    process.communicate(timeout=30)


def get(url: str, **headers: str) -> tuple[int, str]:
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < until
            time.sleep(0.2)


def test_it_lives_is_ready_and_shows_its_counts_to_whoever_has_the_token(served: str) -> None:
    """Health without a key; counts only with the token, in Prometheus' own format."""
    assert get(f"{served}/healthz") == (200, "ok")
    assert get(f"{served}/readyz")[0] == 200
    assert get(f"{served}/metrics")[0] == 401
    assert get(f"{served}/metrics", Authorization="Bearer wrong")[0] == 401
    status, said = get(f"{served}/metrics", Authorization="Bearer t0ken")
    assert status == 200
    assert 'evaluator_answers_waiting{lane="webhook"} 0.0' in said
    assert 'evaluator_scheduled_needs_attention{job="canary"} 1.0' in said
    assert 'evaluator_scheduled_last_ended_seconds{job="canary"}' in said
    assert os.sep + "s.sqlite3" not in said


def test_a_probe_by_address_is_answered_and_told_nothing(served: str) -> None:
    """A load balancer names no site: it learns that the process lives and has its store, and nothing further."""
    for host in ("10.1.2.3:8380", "elsewhere.example.com", ""):
        assert get(f"{served}/healthz", Host=host) == (200, "ok")
        assert get(f"{served}/readyz", Host=host) == (200, '{"store":"ready"}')
        for path in ("/", "/metrics", "/v1/submissions/x", "/healthz/", "/openapi.json"):
            assert get(f"{served}{path}", Host=host)[0] == 421, path
