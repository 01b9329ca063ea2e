"""Processes of a service, each started anew whenever it ends, as systemd or a container's supervisor does."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_AGAIN = 0.3  # seconds until what ended is started anew
_ENDS_WITHIN = 90  # seconds


def free_port() -> int:
    """A port that is free, and that no outgoing connection takes while its server is started anew."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Supervised:
    """One command in a process of its own, which is started anew when it ends. `prefix` goes before it."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path,
        prefix: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.name = name
        self.kills = 0
        self.ended_by_itself: list[int] = []
        self._command = [*prefix, sys.executable, "-u", "-m", "evaluator", *arguments]
        self._environment = environment
        self._folder = folder
        self._log = folder / f"{name}.log"
        self._busy = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._busy:
            self._start()

    def kill(self) -> None:
        """As `kill -9`; whoever supervises it starts it anew."""
        with self._busy:
            assert self._process is not None
            self._process.kill()
            self._process.wait()
            self.kills += 1
            self._process = None

    def look(self) -> None:
        """Starts it anew where it has ended."""
        with self._busy:
            if self._process is not None:
                code = self._process.poll()
                if code is None:
                    return
                self.ended_by_itself.append(code)
            self._start()

    def stop(self) -> int:
        """SIGTERM; its exit code, or that of `kill -9` where it does not end."""
        with self._busy:
            if self._process is None:
                return 0
            self._process.send_signal(signal.SIGTERM)
            try:
                return self._process.wait(_ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                return self._process.wait()
            finally:
                self._process = None

    def said(self) -> str:
        """Everything that it logged, in all its lives."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=dict(self._environment),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


class Fleet:
    """A context in which processes run and are started anew."""

    def __init__(self, processes: Sequence[Supervised]) -> None:
        self.processes = processes
        self.exit_codes: dict[str, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="supervisor")

    def __enter__(self) -> Self:
        for each in self.processes:
            each.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        stopping = [threading.Thread(target=self._stop, args=(each,)) for each in self.processes]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()

    def _stop(self, each: Supervised) -> None:
        self.exit_codes[each.name] = each.stop()

    def _supervise(self) -> None:
        while not self._ended.wait(_AGAIN):
            for each in self.processes:
                each.look()


def plain_environment(**further: str) -> dict[str, str]:
    """The caller's environment without settings of this program, and these."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("EVALUATOR_", "OPENAI_"))}
    return plain | further


def wait_until(what: str, holds: object, seconds: float, every: float = 0.2) -> None:
    """Returns when `holds()` is true; fails where it is not after so many seconds."""
    assert callable(holds)
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"after {seconds:g} s it is still not so: {what}"
        time.sleep(every)
