"""A measured process: what a command and everything it started used, as the operating system counted it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Used:
    """`cpu_s`: user and system seconds of the process and its children. `peak_mb`: the largest resident set of any.

    `started_at` is of the monotonic clock. `exit_code` is negative for a signal.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    exit_code: int
    started_at: float
    output: str
    marked_cpu_s: float | None = None
    """Of the process itself, when `mark_when` first said so."""


def run_measured(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    time_limit: float,
    kill_when: Callable[[], bool] | None = None,
    mark_when: Callable[[], bool] | None = None,
) -> Used:
    """Runs a command to its end, to `time_limit` seconds, or until `kill_when` says so; then with SIGKILL. Where this
    process is interrupted, the command is killed too.

    What it prints goes to a file in `folder`. The peak has a floor, the peak of the process that starts it (about
    35 MB): Linux carries that over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "output.txt"
    with log.open("w+", encoding="utf-8", errors="replace") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        ended = threading.Event()
        marked: list[float] = []
        watch = threading.Thread(target=_watch, args=(process.pid, ended, started + time_limit, kill_when))
        marking = threading.Thread(target=_mark, args=(process.pid, ended, mark_when, marked))
        for thread in (watch, marking):
            thread.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C reaches only this process: the other one has a session of its own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            ended.set()
            for thread in (watch, marking):
                thread.join()
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait again
    return Used(
        cpu_s=used.ru_utime + used.ru_stime,
        wall_s=wall,
        peak_mb=used.ru_maxrss / 1024,
        exit_code=process.returncode,
        started_at=started,
        output=log.read_text(encoding="utf-8", errors="replace"),
        marked_cpu_s=marked[0] if marked else None,
    )


def _mark(pid: int, ended: threading.Event, mark_when: Callable[[], bool] | None, marked: list[float]) -> None:
    """Notes the process's CPU seconds at that moment, to a few hundredths of a second."""
    while mark_when is not None and not ended.wait(0.05):
        if mark_when():
            with contextlib.suppress(OSError):
                after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                marked.append((int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK"))
            return


def _watch(pid: int, ended: threading.Event, until: float, kill_when: Callable[[], bool] | None) -> None:
    while not ended.wait(0.02 if kill_when else 1.0):
        if time.monotonic() > until or (kill_when is not None and kill_when()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            return
