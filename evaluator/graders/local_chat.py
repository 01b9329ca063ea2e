"""The local model as a chat model: its server is started when it is first needed and stopped when closed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from openai import AsyncOpenAI

from evaluator.errors import LocalServerError
from evaluator.graders.chat_model import Completion, ModelRequest, NoCompletionError
from evaluator.graders.local_server import LocalServer, LocalServerSettings, local_server
from evaluator.graders.openai_compatible import OpenAICompatibleModel


class LocalModel:
    """A GGUF model served on loopback for as long as this object is open, spoken to as any other endpoint."""

    def __init__(self, settings: LocalServerSettings, *, deadline: float) -> None:
        self._settings = settings
        self._deadline = deadline
        self._open = AsyncExitStack()
        self._starting = asyncio.Lock()
        self._server: LocalServer | None = None
        self._model: OpenAICompatibleModel | None = None

    @property
    def name(self) -> str:
        return self._settings.model

    @property
    def address(self) -> None:
        return None

    async def check(self) -> None:
        """Starts the server. Raises LocalServerError where it does not start."""
        await self._started()

    async def complete(self, request: ModelRequest) -> Completion:
        """One completion. Raises NoCompletionError; a server that has stopped will not answer the next one either."""
        model = await self._started()
        try:
            return await model.complete(request)
        except NoCompletionError as error:
            try:
                if self._server is not None:
                    self._server.check_running()
            except LocalServerError as stopped:
                raise NoCompletionError("server_stopped", stopped.message.splitlines()[0]) from error
            raise

    async def close(self) -> None:
        """Stops the server."""
        self._model = None
        await self._open.aclose()

    async def _started(self) -> OpenAICompatibleModel:
        async with self._starting:
            if self._model is None:
                self._server = await self._open.enter_async_context(local_server(self._settings))
                client = AsyncOpenAI(
                    base_url=self._server.base_url,
                    api_key=self._server.api_key,
                    max_retries=0,
                    timeout=self._deadline,
                )
                self._open.push_async_callback(client.close)
                self._model = OpenAICompatibleModel(client, self._server.model, deadline=self._deadline)
        return self._model
