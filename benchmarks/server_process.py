"""A mock server in a process of its own: started, asked, told and stopped, by tests and by the harness."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class MockServer:
    """A context in which the server runs. Options are those of `benchmarks.mock.options`.

    `prefix` goes before the command (`("taskset", "-c", "1")`); `arguments` after it.
    """

    def __init__(self, *, prefix: Sequence[str] = (), arguments: Sequence[str] = (), **options: float | str) -> None:
        self._command = [*prefix, sys.executable, "-m", "benchmarks.mock_server", "--until-stdin-closes", *arguments]
        for name, value in options.items():
            self._command += [f"--{name.replace('_', '-')}", str(value)]
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""

    def __enter__(self) -> MockServer:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        if not self.base_url:
            raise RuntimeError(f"the mock server did not start: {' '.join(self._command)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.communicate(timeout=20)

    @property
    def root(self) -> str:
        """The address without `/v1`."""
        return self.base_url.removesuffix("/v1")

    def stats(self) -> dict[str, Any]:
        """The counts since the last reset."""
        return self._call("/stats")

    def reset(self) -> None:
        """Sets the counts to nothing; files and batches stay."""
        self._call("/reset", {})

    def configure(self, **options: float | str) -> dict[str, Any]:
        """Changes options while it runs; returns all of them."""
        return self._call("/config", options)

    def _call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data)
        with urllib.request.urlopen(request, timeout=30) as reply:
            answer: dict[str, Any] = json.load(reply)
        return answer
