"""An echo: a reply that gives back the fence or the prompt's own instructions instead of reading the answer.

It shows that the model was led to talk about its prompt, so nothing in it is believed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from evaluator.core.prompt import Message, Prompt

_PLACE = re.compile(r"\{\{\{?[^{}]*\}?\}\}")
_PIECES = re.compile(r'[\n"\\]+')  # what stands otherwise in JSON: a reply is searched as it was written
_SHORTEST = 50  # characters of an instruction that nobody writes by chance
_FENCE = re.compile(r"answer-[0-9a-f]{16}")


def instructions_of(prompt: Prompt) -> tuple[str, ...]:
    """The sentences, or lines, that a prompt itself says: not the rubric, the question or the answer put into it."""
    said = [
        piece.strip()
        for message in prompt.messages
        if message.role != "assistant"
        for literal in _PLACE.split(message.content)
        for piece in _PIECES.split(literal)
    ]
    return tuple(dict.fromkeys(piece for piece in said if len(piece) >= _SHORTEST))


def is_echo(reply: str, instructions: Sequence[str], messages: Sequence[Message]) -> bool:
    """Whether a reply repeats one of the instructions, or the fence that `messages` put around the answer."""
    # Every one of them: a quote may hold a fence that the answer made up, in front of the real one.
    fences = {*_FENCE.findall(reply)}
    if any(fence in message.content for fence in fences for message in messages):
        return True
    return any(instruction in reply for instruction in instructions)
