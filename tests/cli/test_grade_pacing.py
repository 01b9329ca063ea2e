"""What the command says and writes about pacing: held back, told off, stopped."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import level_reply
from tests.graders.loopback_endpoint import Behaviour, LoopbackEndpoint, Seen, good, http


@dataclass(frozen=True, slots=True)
class Ended:
    code: int | None
    said: str
    manifest: dict


def graded(tmp_path: Path, behaviour: Behaviour, answers: int, *options: str) -> Ended:
    table = tmp_path / "answers.csv"
    rows = [f"c{n},degradation,Answer {n}: we watch the share of missing values per day" for n in range(answers)]
    table.write_text("candidate_id,question_id,answer\n" + "\n".join(rows) + "\n", encoding="utf-8")

    async def once() -> Ended:
        async with LoopbackEndpoint(behaviour) as endpoint:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "evaluator", "grade", str(table), "--grader", "openai:m", "--prompt", "levels"),
                *("--base-url", endpoint.url, "--out", str(tmp_path / "out"), "--yes", *options),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                cwd=tmp_path,
            )
            said, _ = await process.communicate()
        manifest = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
        return Ended(process.returncode, " ".join(said.decode().split()), manifest)

    return asyncio.run(asyncio.wait_for(once(), 300))


def test_what_pacing_did_is_said_in_a_line_and_kept_in_the_manifest(tmp_path: Path) -> None:
    """429s are told at the end; the run is whole all the same."""

    async def busy(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.method == "GET":
            writer.write(http(200, b'{"object": "list", "data": []}'))
        else:
            writer.write(good(level_reply(2, "missing values")) if seen.before else http(429, Retry_After="0"))

    ended = graded(tmp_path, busy, 6, "--concurrency", "4")
    assert ended.code == 0
    assert "Pacing: up to" in ended.said
    assert "told 6 times that it was too fast (429)" in ended.said
    pace = ended.manifest["pace"]
    assert (pace["requests"], pace["rate_limited"], pace["failed"]) == (12, 6, 0)
    assert 1 <= pace["highest_concurrency"] <= 4


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (http(503), "HTTP 503 from the endpoint"),
        (http(200, b"<html>Sign in to use this network</html>"), "the endpoint's reply is no chat completion"),
    ],
    ids=["down", "another's page"],
)
def test_a_dead_endpoint_stops_the_command_with_what_was_graded(tmp_path: Path, reply: bytes, said: str) -> None:
    """Exit code 3, how many were graded, and every other answer listed with the reason."""
    served = 0

    async def dies(seen: Seen, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        if seen.method == "GET":
            writer.write(http(200, b'{"object": "list", "data": []}'))
        else:
            writer.write(good(level_reply(2, "missing values")) if served < 12 else reply)

    ended = graded(tmp_path, dies, 200, "--concurrency", "20")
    assert ended.code == 3
    assert f"failures in a row, the last: {said}; 10 of 200 graded" in ended.said
    assert ended.manifest["outcome"] == "stopped"
    # Said once, in words, and not beside every answer that was not asked.
    assert ended.said.count("failures in a row") == 1
    assert "endpoint_down" not in ended.said
    assert "answers wait for that (no score stands for them): in grades.csv." in ended.said
    assert f"The same command goes on with run {ended.manifest['run_id']}, and so does:" in ended.said
    assert f"evaluator runs resume {ended.manifest['run_id']} " in ended.said
    assert ended.manifest["pace"]["went_down"] is True
    assert ended.manifest["graded"] + ended.manifest["ungraded"] == 200


def test_a_limit_by_the_minute_holds_the_run_back(tmp_path: Path) -> None:
    """--rpm 120 lets two go a second: six answers take two seconds or more, and the line says why."""

    async def well(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(http(200) if seen.method == "GET" else good(level_reply(2, "missing values")))

    ended = graded(tmp_path, well, 6, "--rpm", "120")
    assert ended.code == 0
    assert ended.manifest["pace"]["waited_seconds"] >= 1.5
    assert "held back" in ended.said
