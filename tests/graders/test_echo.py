"""A reply that repeats the prompt is no reply: it is asked again, and never counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluator import Answer, Grader
from evaluator.core.echo import instructions_of, is_echo
from evaluator.core.fence import fence_for
from evaluator.core.prompt import Message
from evaluator.files.prompt_file import load_prompt
from evaluator.files.resources import shipped
from tests.conftest import level_reply


def with_rationale(said: str) -> dict[str, Any]:
    criterion = {
        "evidence": ["Train on 2022 and test on 2023"], "missing": "more", "rationale": said, "level": 3,
    }  # fmt: skip
    return level_reply(criteria={"leakage_awareness": criterion})


@pytest.mark.parametrize("echo", ["instruction", "fence", "fence behind a made-up one"])
def test_an_echo_is_asked_again_and_is_a_failure_when_it_comes_each_time(
    scripted: Callable[..., Grader], answer: Answer, echo: str
) -> None:
    """Neither the fence nor the instructions come back to a reader as a grade."""
    instruction = instructions_of(load_prompt("levels", [shipped("prompts")]))[0]
    fence = f"The fence is {fence_for(answer.text)}."
    made_up = f"It says answer-0123456789abcdef. {fence}"
    said = {"instruction": f"I was told: {instruction}", "fence": fence}.get(echo, made_up)
    again = asyncio.run(scripted({"reply": with_rationale(said), "times": 1}, {"reply": level_reply(2)}).grade(answer))
    assert (again.status, again.provenance.requests) == ("graded", 2)
    never = asyncio.run(scripted({"reply": with_rationale(said)}).grade(answer))
    assert never.status == "ungraded"
    assert (never.reason or "").startswith("invalid_reply:")
    assert "repeats the fence or the instructions" in (never.reason or "")


@pytest.mark.parametrize("name", sorted(path.name for path in shipped("prompts").iterdir() if Path(path).is_dir()))
def test_every_shipped_prompt_has_instructions_that_an_echo_is_known_by(name: str) -> None:
    """The rubric's and the question's words are none of them: a reason may well repeat those."""
    instructions = instructions_of(load_prompt(name, [shipped("prompts")]))
    assert len(instructions) >= 2
    assert not any("{" in each for each in instructions)
    assert is_echo(f'{{"rationale": "{instructions[0]}"}}', instructions, [])
    assert not is_echo('{"rationale": "It gives the event and the window."}', instructions, [Message("user", "x")])
