"""The grader as programs get it: also a Runnable of langchain-core. In a file of its own, for it is slow to import."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig

from evaluator.core.answer import Answer
from evaluator.core.grade import Grade
from evaluator.errors import UsageError
from evaluator.run.grader import Grader


class RunnableGrader(Grader, Runnable[Answer, Grade]):
    """A grader that can stand in a chain: `grader | RunnableLambda(lambda grade: grade.score)`."""

    def invoke(self, input: Answer, config: RunnableConfig | None = None, **kwargs: Any) -> Grade:
        """`grade` for code that is not async; part of langchain-core's Runnable. Raises UsageError where an event loop
        runs already, as in a notebook or an async function.
        """
        _require_no_loop()
        return self._call_with_config(lambda answer: asyncio.run(self.grade(answer)), input, config, **kwargs)

    async def ainvoke(self, input: Answer, config: RunnableConfig | None = None, **kwargs: Any) -> Grade:
        """`grade`, as langchain-core's Runnable calls it."""
        return await self._acall_with_config(self.grade, input, config, **kwargs)


def _require_no_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(
        "An event loop runs here already (a notebook, an async function), and this call would block it.",
        hint="Write `await grader.grade(answer)`; in a chain `await chain.ainvoke(answer)`.",
    )
