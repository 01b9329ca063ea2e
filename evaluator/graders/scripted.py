"""A chat model whose replies stand in a file: for tests and demonstrations, with no network and no surprise.

The file is JSONL. Each line says when it applies and what is replied:

    {"when": "words of the answer", "reply": {…}}     the JSON object of a reply
    {"when": "…", "text": "I cannot grade this."}     a raw text, to show what bad replies do
    {"when": "…", "fail": "timeout"}                  a failure by its code
    {"reply": {…}}                                    without "when": every answer

The first line that applies is used; with "times", only so many times, then the next that applies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evaluator.core.reply import FailureCode, Usage
from evaluator.errors import GraderSetupError, Mistake, UsageError, number_of
from evaluator.graders.chat_model import Completion, ModelRequest, NoCompletionError


class ScriptedReply(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str = ""
    reply: dict[str, Any] | None = None
    text: str | None = None
    fail: FailureCode | None = None
    times: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> ScriptedReply:
        if sum(part is not None for part in (self.reply, self.text, self.fail)) != 1:
            raise ValueError("write one of reply, text, fail")
        return self


def read_script(path: Path) -> tuple[ScriptedReply, ...]:
    """The replies in a script. Raises UsageError with every line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise GraderSetupError(f"The script {path} cannot be read as UTF-8 text.") from error
    replies: list[ScriptedReply] = []
    mistakes: list[Mistake] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            replies.append(ScriptedReply.model_validate_json(line))
        except ValidationError as error:
            mistakes.extend(Mistake(str(problem["msg"]), str(path), number) for problem in error.errors())
    if mistakes:
        raise UsageError(f"{path} has {number_of(mistakes)}.", mistakes=mistakes)
    return tuple(replies)


class ScriptedModel:
    """Replies from a script, by what the last message says."""

    def __init__(self, replies: Sequence[ScriptedReply], name: str) -> None:
        self._replies = tuple(replies)
        self._name = name
        self._used = [0] * len(replies)

    @property
    def name(self) -> str:
        return self._name

    @property
    def address(self) -> None:
        return None

    async def check(self) -> None:
        """A script is always ready."""

    async def close(self) -> None:
        """A script holds nothing open."""

    async def complete(self, request: ModelRequest) -> Completion:
        """The first reply that applies. Raises NoCompletionError where it says so or where there is none."""
        asked = "\n".join(message.content for message in request.messages if message.role == "user")
        for place, line in enumerate(self._replies):
            if line.when not in asked or (line.times is not None and self._used[place] >= line.times):
                continue
            self._used[place] += 1
            if line.fail is not None:
                raise NoCompletionError(line.fail, "the script says so")
            text = line.text if line.text is not None else json.dumps(line.reply)
            return Completion(text, "stop", self._name, Usage(requests=1))
        raise NoCompletionError("bad_request", "no line of the script applies to this answer")
