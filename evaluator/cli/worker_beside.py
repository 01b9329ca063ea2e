"""A worker beside the pages, in a process of its own: grading takes no time from whoever waits for an answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from evaluator.store.address import StoreAddress

_ENDS_WITHIN = 45  # seconds: longer than a worker drains


@contextmanager
def worker_beside(address: StoreAddress, grader: str) -> Iterator[None]:
    """Runs `evaluator worker` for as long as the block lasts; it ends too where this process is killed."""
    where = str(address.path) if address.path else address.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "evaluator", "worker", "--grader", grader, "--until-stdin-closes"]
    # The address may hold a password, which does not belong on a command line that others can list.
    environment = {**os.environ, "EVALUATOR_STORE": where}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603 our own command  # nosec B603
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
