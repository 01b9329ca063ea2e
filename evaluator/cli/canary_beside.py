"""A canary in a process of its own, for a worker: measuring takes nothing from grading, and ends with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from evaluator.core.spotlight import Spotlight
from evaluator.store.schedule_shelf import JobOutcome, ScheduledRun
from evaluator.store.store import Store

_ENDS_WITHIN = 10  # seconds


def canary_options(
    grader: str,
    samples: int,
    spotlight: Spotlight,
    base_url: str | None,
    rubrics: Sequence[Path],
    prompts: Sequence[Path],
) -> list[str]:
    """What a worker's options are for `evaluator canary run`; which set it is says the environment of both."""
    options = ["--grader", grader, "--samples", str(samples), "--spotlight", spotlight]
    if base_url is not None:
        options += ["--base-url", base_url]
    for name, folders in (("--rubrics", rubrics), ("--prompts", prompts)):
        options += [part for folder in folders for part in (name, str(folder))]
    return options


def end_with_worker() -> None:
    """Ends this process when the worker that started it is gone."""

    def watch() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


async def canary_beside(store: Store, options: Sequence[str], run: ScheduledRun) -> JobOutcome | None:
    """Runs `evaluator canary run`. None: it wrote down itself what came of it."""
    address = store.address
    where = str(address.path) if address.path else address.url.render_as_string(hide_password=False)
    command = [
        sys.executable,
        "-m",
        "evaluator",
        "canary",
        "run",
        *options,
        "--due",
        run.due_at,
        "--owner",
        str(run.owner),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        # The address may hold a password, which does not belong on a command line that others can list.
        env={**os.environ, "EVALUATOR_STORE": where},
        stdin=asyncio.subprocess.PIPE,  # closed when this process is gone, however it went
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said = b"" if process.stderr is None else await process.stderr.read()
        await process.wait()
    except asyncio.CancelledError:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _ENDS_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()
        raise
    finally:
        if process.stdin is not None:
            process.stdin.close()
    if process.returncode == 0:
        return None
    lines = [line for line in said.decode(errors="replace").splitlines() if line.startswith("evaluator: ")]
    why = lines[0].removeprefix("evaluator: ") if lines else f"It ended with exit code {process.returncode}."
    return JobOutcome("failed", f"The canary could not be measured: {why}")
