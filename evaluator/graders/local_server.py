"""A local model's server: llama.cpp on loopback in a process of its own, which cannot outlive the one that uses it.

The model runs in a child so that its memory and its crashes are not the parent's, and it is spoken to like any
other OpenAI-compatible endpoint. The key is random for each server: other users of the machine cannot use it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from evaluator.errors import LocalServerError
from evaluator.graders.local_server_process import NOT_INSTALLED

_PROCESS = Path(__file__).with_name("local_server_process.py")
_GGUF_MAGIC = b"GGUF"
_SMALLEST_GGUF_BYTES = 64  # a header and not one tensor
_WORKING_BYTES = 512 * 1024**2  # context, buffers, the process itself; measured with a 1.5 billion parameter model
_STOP_SECONDS = 5.0
_LOG_LINES = 12
_MEMORY_INFO = Path("/proc/meminfo")

MODEL_INSTALL_HINT = "Run 'evaluator model install' to get the default model, or give a model's file with --gguf PATH."


@dataclass(frozen=True, slots=True)
class LocalServerSettings:
    """Which model to serve and with how much of the machine.

    `threads`: how many work on a token together; with more threads than idle cores they wait for each other
    and everything takes many times longer. `context`: tokens that one request may hold, its reply included.
    `slots`: requests worked on at once. `cache_mib`: memory for what earlier requests shared.
    """

    gguf: Path
    threads: int = 2
    context: int = 4096
    slots: int = 1
    cache_mib: int = 256
    start_seconds: float = 180.0

    def __post_init__(self) -> None:
        for name in ("threads", "context", "slots"):
            if getattr(self, name) < 1:
                raise LocalServerError(f"A local model's '{name}' must be at least 1, not {getattr(self, name)}.")

    @property
    def model(self) -> str:
        """The name that the server gives the model: the file's, without its folder."""
        return self.gguf.stem


class LocalServer:
    """A server that answers: where it is, the key it wants, and whether it still runs."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, base_url: str, key: str, model: str) -> None:
        self._process = process
        self._log = log
        self.base_url = base_url
        """Address with the path that OpenAI clients expect, such as `http://127.0.0.1:41234/v1`."""
        self.api_key = key
        self.model = model

    def __repr__(self) -> str:
        return f"LocalServer({self.base_url!r}, model={self.model!r})"  # never the key

    @property
    def process_id(self) -> int:
        return self._process.pid

    def check_running(self) -> None:
        """Raises LocalServerError, with the server's last words, where it has ended."""
        if self._process.returncode is not None:
            raise LocalServerError(
                f"The local model's server stopped while it was in use ({_how_it_ended(self._process.returncode)})."
                + _last_words(self._log),
                hint="What is graded so far is kept: run the same command again, or use a smaller model.",
            )


@asynccontextmanager
async def local_server(settings: LocalServerSettings) -> AsyncIterator[LocalServer]:
    """A running server for as long as the block lasts. Raises LocalServerError where it cannot start."""
    _check_model_file(settings.gguf)
    _check_memory(settings.gguf)
    key = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory(prefix="evaluator-local-") as folder:
        log = Path(folder, "server.log")
        process = await _start(log)
        try:
            base_url = await _wait_until_ready(process, log, settings, key)
            yield LocalServer(process, log, base_url, key, settings.model)
        finally:
            await _stop(process)


async def _start(log: Path) -> asyncio.subprocess.Process:
    with log.open("wb") as errors:
        return await asyncio.create_subprocess_exec(
            # -P: nothing that lies beside the script or in the current folder can be imported by accident.
            *(sys.executable, "-P", str(_PROCESS)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            # A group of its own: Ctrl-C in the terminal reaches us, and we stop the server when we are done.
            start_new_session=True,
        )


async def _wait_until_ready(
    process: asyncio.subprocess.Process, log: Path, settings: LocalServerSettings, key: str
) -> str:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise AssertionError("the process was started with both")
    wanted = {
        "gguf": str(settings.gguf.resolve()),
        "model": settings.model,
        "api_key": key,
        "threads": settings.threads,
        "context": settings.context,
        "slots": settings.slots,
        "cache_mib": settings.cache_mib,
    }
    try:
        stdin.write(json.dumps(wanted).encode() + b"\n")
        await stdin.drain()
    except ConnectionError:
        pass  # it ended at once; what it said is read below
    try:
        async with asyncio.timeout(settings.start_seconds):
            line = await stdout.readline()
            if line:
                return str(json.loads(line)["base_url"])
            code = await process.wait()
    except TimeoutError:
        raise LocalServerError(
            f"The local model's server did not start within {settings.start_seconds:g} seconds." + _last_words(log),
            hint="A slow disk or a busy machine may need longer; a smaller model starts sooner.",
        ) from None
    raise _start_error(code, log, settings)


def _start_error(code: int, log: Path, settings: LocalServerSettings) -> LocalServerError:
    if code == NOT_INSTALLED:
        return LocalServerError(
            "The local model needs the package 'xllamacpp', which cannot be imported." + _last_words(log),
            hint="Install it with: pip install 'screening-answer-evaluator[local]'",
        )
    return LocalServerError(
        f"The model {settings.gguf} could not be loaded ({_how_it_ended(code)})." + _last_words(log),
        hint="If the file is damaged, get it again; if memory is short, use a smaller model. " + MODEL_INSTALL_HINT,
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, insist after a while, and do not return before it has."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    except asyncio.CancelledError:
        process.kill()
        raise


def _check_model_file(gguf: Path) -> None:
    try:
        with gguf.open("rb") as file:
            start = file.read(len(_GGUF_MAGIC))
        size = gguf.stat().st_size
    except FileNotFoundError:
        raise LocalServerError(f"There is no model at {gguf}.", hint=MODEL_INSTALL_HINT) from None
    except OSError as error:
        raise LocalServerError(
            f"The model {gguf} cannot be read: {error.strerror}.", hint=MODEL_INSTALL_HINT
        ) from error
    if start != _GGUF_MAGIC or size < _SMALLEST_GGUF_BYTES:
        raise LocalServerError(
            f"{gguf} is not a GGUF model (such a file begins with the letters GGUF).", hint=MODEL_INSTALL_HINT
        )


def _check_memory(gguf: Path) -> None:
    """Say that memory is short before the machine starts to end programs; where it cannot be known, go on."""
    available = _available_bytes()
    # The engine keeps a second, rearranged copy of most weights beside the file's pages, which can be dropped.
    needed = gguf.stat().st_size + _WORKING_BYTES
    if available is not None and available < needed:
        raise LocalServerError(
            f"The model {gguf} needs about {_gigabytes(needed)} of memory, and {_gigabytes(available)} are available.",
            hint="Close other programs, use a smaller model (--gguf PATH), or grade with a hosted model or 'baseline'.",
        )


def _available_bytes() -> int | None:
    try:
        lines = _MEMORY_INFO.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return None


def _how_it_ended(code: int) -> str:
    if code == -getattr(signal, "SIGKILL", 9):
        return "the system ended it, most often because memory ran out"
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _last_words(log: Path) -> str:
    """The last lines that the server printed, indented, or nothing."""
    text = log.read_bytes().decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.strip()][-_LOG_LINES:]
    return "".join(["\nIts last words:", *(f"\n  {line}" for line in lines)]) if lines else ""


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
