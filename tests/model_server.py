"""A model's endpoint on loopback, for tests that need a real one: it answers alike for alike and counts who asked."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from types import TracebackType
from typing import Any, Self

from tests.conftest import completion


class ModelServer:
    """Serves `levels` prompts from a thread of its own; `wait` is seconds for each reply."""

    def __init__(self, wait: float = 0.0, mark: str = "number ") -> None:
        self.wait = wait
        self.asked: Counter[str] = Counter()
        self.served = 0
        self.at_once = self.most_at_once = 0
        self.moved = threading.Condition()
        self._mark = mark
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    @property
    def address(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/v1"

    def wait_for(self, served: int, seconds: float) -> None:
        """Returns when so many replies were sent, or after so many seconds."""
        with self.moved:
            self.moved.wait_for(lambda: self.served >= served, seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self._server = starting.result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = next((line for line in head.split("\r\n") if line.startswith("content-length:")), "x:0")
                body = await reader.readexactly(int(length.partition(":")[2]))
                content = json.dumps(await self._reply(json.loads(body)) if body else {"object": "list", "data": []})
                kind = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                writer.write(f"{kind}{len(content.encode())}\r\n\r\n{content}".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # who asked is gone
        finally:
            writer.close()

    async def _reply(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer = asked["messages"][-1]["content"].rpartition(self._mark)[2].partition(".")[0]
        self.asked[answer] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.wait)
        finally:
            self.at_once -= 1
        names = asked["response_format"]["json_schema"]["schema"]["properties"]["criteria"]["properties"]
        level = sum(answer.encode()) % 4
        said = {"evidence": ["split by time"], "missing": "", "rationale": answer, "level": level}
        with self.moved:
            self.served += 1
            self.moved.notify_all()
        return completion({"criteria": dict.fromkeys(names, said), "red_flags": []})
