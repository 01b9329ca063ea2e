"""A chat model that collects requests for a batch instead of asking."""

from __future__ import annotations

import asyncio
import json

from evaluator.graders.chat_model import Completion, ModelRequest, NoCompletionError
from evaluator.graders.openai_compatible import OpenAICompatibleModel
from evaluator.graders.request_fingerprint import request_fingerprint
from evaluator.graders.request_sink import RequestSink


class CollectingModel:
    """`inner` as a batch asks it: `complete` hands the request to `sink` and raises `waits_for_batch`.

    With `trial`, the first request is asked at once: its reply shows which parameters the model refuses before
    thousands of requests are refused for them a day later. The ledger keeps it like any other.
    """

    def __init__(self, inner: OpenAICompatibleModel, spec: str, sink: RequestSink, *, trial: bool) -> None:
        self._inner = inner
        self._spec = spec
        self._sink = sink
        self._trial = trial
        self._alone = asyncio.Lock()
        inner.refused |= sink.refused

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def address(self) -> str:
        return self._inner.address

    async def check(self) -> None:
        """Raises GraderSetupError where the trial could not go through. Without a trial nothing is asked."""
        if self._trial:
            await self._inner.check()

    async def close(self) -> None:
        await self._inner.close()

    async def complete(self, request: ModelRequest) -> Completion:
        """The trial's completion; NoCompletionError `waits_for_batch` for every other."""
        if self._trial:
            async with self._alone:
                if self._trial:
                    completion = await self._inner.complete(request)
                    self._trial = False
                    self._sink.refused.update(self._inner.refused)
                    return completion
        name = request_fingerprint(self._spec, self.address, self.name, request)
        self._sink.add(name, self.name, json.loads(self._inner.body(request)))
        raise NoCompletionError("waits_for_batch", "waits for a batch's answer")
