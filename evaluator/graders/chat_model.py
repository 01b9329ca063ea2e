"""A chat model as the raters see it: messages and a reply schema in, one text out, or a typed reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from evaluator.core.asks import Schema
from evaluator.core.prompt import Message
from evaluator.core.rate_budget import RateLimits
from evaluator.core.reply import FailureCode, Usage

Parameter = float | int | str | bool
Finish = Literal["stop", "length", "refusal"]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One request: the messages, the JSON schema that the reply has to follow, parameters for the endpoint.

    `expected_tokens` is how many tokens it will probably take, in and out; it is no part of what is asked.
    """

    messages: tuple[Message, ...]
    schema: Schema
    parameters: Mapping[str, Parameter]
    sample: int = 0
    expected_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote, and how it ended: by itself, cut off at a length limit, or by refusing."""

    text: str
    finish: Finish
    model: str | None
    usage: Usage
    limits: RateLimits | None = None
    """What the endpoint says is left of its limits."""


class NoCompletionError(Exception):
    """A request that brought no completion. `transient`: the same request may go through later."""

    def __init__(
        self,
        code: FailureCode,
        detail: str,
        *,
        transient: bool = False,
        retry_after: float | None = None,
        limits: RateLimits | None = None,
    ) -> None:
        super().__init__(detail)
        self.code: FailureCode = code
        self.detail = detail
        self.transient = transient
        self.retry_after = retry_after  # seconds, as the endpoint asked for
        self.limits = limits


class ChatModel(Protocol):
    """An endpoint that completes chats. `complete` raises NoCompletionError and nothing else of its own."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str | None:
        """The endpoint's address; None where there is only one place that the model can be."""
        ...

    async def complete(self, request: ModelRequest) -> Completion: ...

    async def check(self) -> None:
        """Raises GraderSetupError where no request could go through: no server, a wrong key."""
        ...

    async def close(self) -> None: ...
