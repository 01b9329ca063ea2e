"""A chat model around another one: what it does not do itself, the other does."""

from __future__ import annotations

from evaluator.graders.chat_model import ChatModel


class WrappedModel:
    """Has the name and address of `model`, is checked and closed with it; `complete` is for whoever inherits."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def address(self) -> str | None:
        return self._model.address

    async def check(self) -> None:
        await self._model.check()

    async def close(self) -> None:
        await self._model.close()
