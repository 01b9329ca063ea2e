"""Workers as real processes, on a SQLite file or a real PostgreSQL."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.grading_command import started
from tests.store.conftest import address, new_database, postgresql  # noqa: F401 fixtures

_ENDS_WITHIN = 60  # seconds


class WorkerProcess:
    """`evaluator worker` in a process of its own."""

    def __init__(self, store: str, *options: str, cwd: Path) -> None:
        self._process = started("worker", "--store", store, *options, cwd=cwd)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """As `kill -9`."""
        self._process.kill()
        self._process.communicate()

    def terminate(self) -> tuple[int, list[dict[str, Any]]]:
        """Tells it to end, and waits: its exit code, and its log."""
        self._process.send_signal(signal.SIGTERM)
        _, said = self._process.communicate(timeout=_ENDS_WITHIN)
        return self._process.returncode, [json.loads(line) for line in said.splitlines() if line.startswith("{")]

    def wait(self) -> int:
        """Waits until it ends by itself."""
        self._process.communicate(timeout=_ENDS_WITHIN)
        return self._process.returncode


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[..., WorkerProcess]]:
    """Starts workers; those that still run at the end of a test are killed."""
    made: list[WorkerProcess] = []

    def start(store: str, *options: str) -> WorkerProcess:
        made.append(WorkerProcess(store, *options, cwd=tmp_path))
        return made[-1]

    yield start
    for each in made:
        if each.is_alive:
            each.kill()


@pytest.fixture
def server_database(postgresql: str) -> str:  # noqa: F811
    """The URL of an empty PostgreSQL database."""
    return new_database(postgresql)


def finished(process: subprocess.Popen[str], seconds: float = 120) -> str:
    """Waits for a command; what it said. Fails with it where it went wrong."""
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, out + err
    return out
