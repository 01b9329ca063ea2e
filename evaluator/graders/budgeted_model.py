"""A chat model that asks only while the budget lasts; every attempt counts, usable or not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from evaluator.core.budget import Budget, Forecast
from evaluator.core.price import Price
from evaluator.core.reply import FailureCode, Usage
from evaluator.graders.chat_model import ChatModel, Completion, ModelRequest, NoCompletionError
from evaluator.graders.wrapped_model import WrappedModel

_CHARACTERS_A_TOKEN = 4
_TOKENS_A_VERDICT = 90
_VERDICTS = ("level", "met")  # what a reply's schema calls one
# After these the endpoint may have worked, or a batch will, and may send a bill for it.
_PERHAPS_BILLED: frozenset[FailureCode] = frozenset({"timeout", "connection", "invalid_reply", "waits_for_batch"})


class BudgetedModel(WrappedModel):
    """`model`, under a `budget` that other models may share. `complete` raises `budget_spent` where it would not last.

    What a request will cost is estimated from its length and its schema, and corrected by what replies cost so far.
    The first goes alone, so that the others go by a bill and not by a guess. A request that failed in a way that may
    be billed all the same counts as if it were.
    """

    def __init__(self, model: ChatModel, price: Price, budget: Budget) -> None:
        super().__init__(model)
        self._price = price
        self._budget = budget
        self._forecast = Forecast()
        self._alone = asyncio.Lock()

    async def complete(self, request: ModelRequest) -> Completion:
        """As the model completes it. Raises NoCompletionError, `budget_spent` among others."""
        if not self._forecast.has_seen:
            async with self._alone:
                if not self._forecast.has_seen:
                    return await self._complete(request)
        return await self._complete(request)

    async def _complete(self, request: ModelRequest) -> Completion:
        estimate = self._price.cost(expected_usage(request)) or 0.0
        reserved = self._forecast.corrected(estimate)
        if not self._budget.reserve(reserved):
            raise NoCompletionError("budget_spent", f"stopped at {self._budget.said}")
        billed = reserved  # whoever is cancelled leaves a request behind that may be billed
        try:
            completion = await self._model.complete(request)
            actual = self._price.cost(completion.usage)
            if actual is not None:
                billed = actual
                self._forecast.learn(estimate, actual)
            return completion
        except NoCompletionError as error:
            billed = reserved if error.code in _PERHAPS_BILLED else 0.0
            raise
        finally:
            self._budget.settle(reserved, billed)


def expected_usage(request: ModelRequest) -> Usage:
    """Tokens for one request, from the length of its messages and the number of verdicts that its schema asks for."""
    characters = sum(len(message.content) for message in request.messages)
    verdicts = max(1, _verdicts(request.schema))
    return Usage(input_tokens=characters // _CHARACTERS_A_TOKEN, output_tokens=verdicts * _TOKENS_A_VERDICT, requests=1)


def _verdicts(schema: Mapping[str, Any]) -> int:
    properties = schema.get("properties", {})
    return sum(
        1 if name in _VERDICTS else _verdicts(part) for name, part in properties.items() if isinstance(part, Mapping)
    )
