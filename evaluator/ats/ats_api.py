"""The API of an ATS: asked with a key, at an address that is allowed, and never led elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx2
import orjson
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from evaluator.ats.payload import id_at, value_at
from evaluator.errors import AtsRefusedError, AtsUnavailableError

_LARGEST = 10_000_000  # bytes of one answer
_MOST_PAGES = 100
_ATTEMPTS = 3
_LONGEST_WAIT = 5.0  # seconds between attempts; what asks for more is tried again by the worker, later
_TIMEOUT = httpx2.Timeout(15.0, connect=5.0)
_DEADLINE = 60.0  # seconds for one answer as a whole: what sends a byte now and then holds no worker
_NEXT = re.compile(r'<([^>]+)>;\s*rel="?next"?')
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_PROGRAM = "screening-answer-evaluator"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class _Answer:
    json: Any
    link: str


class AtsApi:
    """One ATS's API; an async context manager. What is asked for and is not there (404, 410) is None."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        hosts: Sequence[str],
        *,
        longest_wait: float = _LONGEST_WAIT,
        deadline: float = _DEADLINE,
    ) -> None:
        """`hosts` are those that may be asked (`host` or `host:port`); `deadline`: seconds for one answer, whatever
        the server does meanwhile. Raises AtsRefusedError for any other host.
        """
        self._url = url.rstrip("/")
        self._host = checked_host(url, hosts)
        self._longest_wait = longest_wait
        self._deadline = deadline
        self._client = httpx2.AsyncClient(
            headers={"Accept": "application/json", "User-Agent": _PROGRAM, **headers},
            timeout=_TIMEOUT,
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, *path: str, query: Mapping[str, str] | None = None) -> Any:
        """The JSON at a path; its parts are quoted, so that an id can never be another path."""
        answer = await self._ask("GET", self._address(path), query=query)
        return None if answer is None else answer.json

    async def post(self, *path: str, body: Mapping[str, Any], once: bool = False) -> Any:
        """The JSON that is answered to a JSON body; `once`: what fails is left to whoever asked."""
        attempts = 1 if once else _ATTEMPTS
        answer = await self._ask("POST", self._address(path), body=body, attempts=attempts)
        return None if answer is None else answer.json

    async def patch(self, *path: str) -> bool:
        """Sends PATCH without a body; False where nothing is there."""
        return await self._ask("PATCH", self._address(path), is_read=False) is not None

    async def pages_by_link(self, *path: str, query: Mapping[str, str]) -> AsyncIterator[Any]:
        """The elements of all pages, where each answer is a list and its `Link` header names the next."""
        address: str | None = self._address(path)
        for _ in range(_MOST_PAGES):
            if address is None:
                return
            answer = await self._ask("GET", address, query=query)
            if answer is None:
                return
            for each in answer.json if isinstance(answer.json, list) else []:
                yield each
            found = _NEXT.search(answer.link)
            address, query = (self._within(found[1]) if found else None), {}
        raise AtsRefusedError(f"{self._host} has more than {_MOST_PAGES} pages.")

    async def pages_by_offset(self, *path: str) -> AsyncIterator[Any]:
        """The elements of all pages, where each answer has `data`, `hasNext` and `next`."""
        query: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = await self.get(*path, query=query)
            listed = value_at(page, "data")
            for each in listed if isinstance(listed, list) else []:
                yield each
            following = id_at(page, "next")
            if value_at(page, "hasNext") is not True or following is None:
                return
            query = {"offset": following}
        raise AtsRefusedError(f"{self._host} has more than {_MOST_PAGES} pages.")

    def _address(self, path: Sequence[str]) -> str:
        for part in path:
            # A dot segment would be taken out of the path on the way, quoted or not.
            if part in ("", ".", ".."):
                raise AtsRefusedError(f"{part!r} is no id to ask {self._host} for.")
        return "/".join([self._url, *(quote(part, safe="") for part in path)])

    def _within(self, link: str) -> str:
        if not link.startswith(f"{self._url}/"):
            raise AtsRefusedError(f"{self._host} names a next page at another address, which is not asked.")
        return link

    async def _ask(
        self,
        method: str,
        address: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        attempts: int = _ATTEMPTS,
        is_read: bool = True,
    ) -> _Answer | None:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(attempts),
            wait=wait_exponential_jitter(multiplier=min(0.2, self._longest_wait), max=self._longest_wait),
            retry=retry_if_exception(self._is_worth_another_try),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await self._ask_once(method, address, query, body, is_read=is_read)
        raise AssertionError("tenacity returns or raises")

    def _is_worth_another_try(self, error: BaseException) -> bool:
        return isinstance(error, AtsUnavailableError) and (error.retry_after or 0.0) <= self._longest_wait

    async def _ask_once(
        self,
        method: str,
        address: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        *,
        is_read: bool,
    ) -> _Answer | None:
        request = self._client.build_request(method, address, params=query or None, json=body)
        try:
            async with asyncio.timeout(self._deadline):
                answer = await self._client.send(request, stream=True)
                try:
                    read = await self._read(answer)
                finally:
                    await answer.aclose()
        except TimeoutError as error:
            raise AtsUnavailableError(f"{self._host} did not answer within {self._deadline:g} s.") from error
        except httpx2.HTTPError as error:
            raise AtsUnavailableError(f"{self._host} cannot be reached ({type(error).__name__}).") from error
        if answer.status_code in (404, 410):
            return None
        if answer.status_code in _LATER:
            wait = _seconds(answer.headers.get("retry-after"))
            raise AtsUnavailableError(f"{self._host} answers {answer.status_code}.", retry_after=wait)
        if answer.status_code // 100 != 2:
            said = f"{self._host} answers {answer.status_code}."
            raise AtsRefusedError(said, hint="Check the API key and what it may do.")
        if not is_read:
            return _Answer(None, "")
        try:
            return _Answer(orjson.loads(read), answer.headers.get("link", ""))
        except orjson.JSONDecodeError:
            raise AtsUnavailableError(f"{self._host} answers with something that is not JSON.") from None

    async def _read(self, answer: httpx2.Response) -> bytes:
        """The answer's body, up to a limit: more would fill the memory."""
        read = bytearray()
        async for part in answer.aiter_bytes():
            read += part
            if len(read) > _LARGEST:
                raise AtsRefusedError(f"{self._host} answers with more than {_LARGEST // 1_000_000} MB.")
        return bytes(read)


def _seconds(written: str | None) -> float | None:
    try:
        return max(0.0, float(written)) if written is not None else None
    except ValueError:
        return None


def checked_host(url: str, hosts: Sequence[str]) -> str:
    """The host (and port) of an address that may be asked. Raises AtsRefusedError for any other."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise AtsRefusedError("What is to be asked is no address.", hint="Give an https:// address.") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise AtsRefusedError(f"{host or 'The address'} is not asked without https.", hint="Give an https:// address.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise AtsRefusedError(f"The address of {host} holds more than host and path.", hint="Give the key by itself.")
    if not any(_matches(parts.netloc.lower(), each.lower()) for each in hosts):
        raise AtsRefusedError(
            f"{parts.netloc} is not on the list of hosts that may be asked.",
            hint="If it is your ATS, add it to EVALUATOR_ATS_HOSTS.",
        )
    return parts.netloc


def _matches(host: str, allowed: str) -> bool:
    """`*.example.com` allows what stands directly under example.com."""
    if allowed.startswith("*."):
        return host.partition(".")[2] == allowed[2:] and not host.startswith(".")
    return host == allowed
