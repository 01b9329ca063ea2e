"""Raw clients: the request, the reply's JSON, nothing else. `--variant` says which library speaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from benchmarks.clients.job import Job, Report, read_job

Ask = Callable[[dict[str, str]], Awaitable[Any]]
_HEADERS = {"Authorization": "Bearer sk-mock", "Content-Type": "application/json"}


def _body(job: Job, row: dict[str, str]) -> dict[str, Any]:
    return {
        "model": "mock",
        "temperature": 0,
        "messages": job.messages(row),
        "response_format": job.response_format,
    }


def _bytes(job: Job, row: dict[str, str]) -> bytes:
    return json.dumps(_body(job, row), ensure_ascii=False).encode()


def _grade(reply: bytes) -> Any:
    return json.loads(json.loads(reply)["choices"][0]["message"]["content"])


async def _openai(job: Job, stack: AsyncExitStack) -> Ask:
    from openai import AsyncOpenAI

    client = await stack.enter_async_context(AsyncOpenAI(base_url=job.base_url, api_key="sk-mock", timeout=job.timeout))

    async def create(row: dict[str, str]) -> Any:
        reply = await client.chat.completions.create(**_body(job, row))
        return json.loads(reply.choices[0].message.content)

    async def parse(row: dict[str, str]) -> Any:
        reply = await client.chat.completions.parse(
            model="mock", temperature=0, messages=job.messages(row), response_format=model
        )
        return reply.choices[0].message.parsed

    if job.variant == "openai":
        return create
    from benchmarks.clients.grade_model import grade_model

    model = grade_model(job.workload["criteria"])
    return parse


async def _aiohttp(job: Job, stack: AsyncExitStack) -> Ask:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=job.concurrency)
    timeout = aiohttp.ClientTimeout(total=job.timeout)
    session = aiohttp.ClientSession(connector=connector, headers=_HEADERS, timeout=timeout)
    await stack.enter_async_context(session)

    async def ask(row: dict[str, str]) -> Any:
        async with session.post(job.base_url + "/chat/completions", data=_bytes(job, row)) as reply:
            reply.raise_for_status()
            return _grade(await reply.read())

    return ask


async def _httpx2(job: Job, stack: AsyncExitStack) -> Ask:
    import httpx2

    limits = httpx2.Limits(max_connections=job.concurrency, max_keepalive_connections=job.concurrency)
    client = httpx2.AsyncClient(limits=limits, headers=_HEADERS, timeout=job.timeout, trust_env=False)
    await stack.enter_async_context(client)

    async def ask(row: dict[str, str]) -> Any:
        reply = await client.post(job.base_url + "/chat/completions", content=_bytes(job, row))
        reply.raise_for_status()
        return _grade(reply.content)

    return ask


async def _pyreqwest(job: Job, stack: AsyncExitStack) -> Ask:
    from datetime import timedelta

    from pyreqwest.client import ClientBuilder

    builder = ClientBuilder().default_headers(_HEADERS).max_connections(job.concurrency).error_for_status(True)
    if job.timeout is not None:
        builder = builder.timeout(timedelta(seconds=job.timeout))
    client = await stack.enter_async_context(builder.build())

    async def ask(row: dict[str, str]) -> Any:
        request = client.post(job.base_url + "/chat/completions").body_bytes(_bytes(job, row)).build()
        reply = await request.send()
        return _grade(bytes(await reply.bytes()))

    return ask


_CLIENTS = {
    "openai": _openai,
    "openai-parse": _openai,
    "aiohttp": _aiohttp,
    "httpx2": _httpx2,
    "pyreqwest": _pyreqwest,
}


async def main(job: Job) -> Report:
    """As many workers as requests may be in flight; each takes the next answer when it has its reply."""
    report = Report()
    async with AsyncExitStack() as stack:
        ask = await _CLIENTS[job.variant](job, stack)
        rows = job.rows()

        async def work() -> None:
            for row in rows:
                try:
                    await ask(row)
                    report.graded += 1
                except Exception as error:  # whatever a library may raise is counted, by its name
                    report.fail(error)

        await asyncio.gather(*(work() for _ in range(job.concurrency)))
    return report


if __name__ == "__main__":
    asyncio.run(main(read_job())).print()
