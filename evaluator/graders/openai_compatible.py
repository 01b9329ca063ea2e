"""Any endpoint that speaks OpenAI's chat completions, through the openai client: OpenAI, Azure, vLLM, llama.cpp…"""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import replace
from itertools import count
from typing import Annotated, NotRequired
from urllib.parse import quote
from uuid import uuid4

import httpx2
import openai
import orjson
from openai import AsyncAzureOpenAI, AsyncOpenAI
from openai._models import FinalRequestOptions
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from evaluator.core.asks import ReplySchema
from evaluator.core.reply import Usage
from evaluator.errors import GraderSetupError
from evaluator.graders.chat_model import Completion, Finish, ModelRequest, NoCompletionError, Parameter
from evaluator.graders.rate_headers import rate_limits, retry_after

LARGEST_REPLY = 2_000_000
"""Bytes of a reply; one to one answer has a few thousand."""
_MOST_TOKENS = 1_000_000_000
_OF_ONE_REQUEST = ("content-length", "host")  # headers that are not the same of all requests


class EndpointClient(AsyncOpenAI):
    """The openai client for one endpoint: what is the same of all its requests, address and headers, it makes once."""

    _last: tuple[str, httpx2.URL, httpx2.URL] | None = None
    """What was asked for, the base that it stands on, and both together."""
    _headers: tuple[tuple[object, ...], httpx2.Headers] | None = None
    """What they depend on, and the headers of a request of bytes."""

    def _build_request(self, options: FinalRequestOptions, *, retries_taken: int = 0) -> httpx2.Request:
        method, url, content, seconds = options.method, options.url, options.content, options.timeout
        special = options.headers or options.params or self.default_query or retries_taken
        if special or not isinstance(content, bytes) or not isinstance(seconds, int | float):
            return super()._build_request(options, retries_taken=retries_taken)
        of = (method, url, seconds, self.api_key, self.organization, self.project)
        if self._headers is None or self._headers[0] != of:
            request = super()._build_request(options)
            # Who sends it counts its bytes, and knows to whom.
            kept = [each for each in request.headers.multi_items() if each[0] not in _OF_ONE_REQUEST]
            self._headers = (of, httpx2.Headers(kept))
            return request
        whole = self._prepare_url(url)
        return self._client.build_request(method, whole, headers=self._headers[1], content=content, timeout=seconds)

    def _prepare_url(self, url: str) -> httpx2.URL:
        last, base = self._last, self.base_url
        if last is None or last[0] != url or last[1] is not base:
            last = self._last = (url, base, self._joined(url))
        return last[2]

    def _joined(self, url: str) -> httpx2.URL:
        path, mark, query = self.base_url.raw_path.partition(b"?")
        if not mark or not url.startswith("/"):
            return super()._prepare_url(url)
        # The client would put the path of a request behind the query of the address.
        return self.base_url.copy_with(raw_path=path.rstrip(b"/") + url.encode() + mark + query)


class OpenAICompatibleModel:
    """A model behind `client`. The client is given `max_retries=0`: retries have one owner, the rater.

    `deadline` bounds a whole request in seconds, however slowly its bytes drip in. A parameter that the model
    refuses (`temperature`, `max_tokens` of newer models) is left out or renamed from then on; `refused` says which.

    The client keeps what it is good at: key, address, headers, types of errors. It is handed the request as bytes and
    hands back the reply as bytes, for making and checking records of its own would cost more than all else together.
    """

    def __init__(self, client: AsyncOpenAI, model: str, *, deadline: float) -> None:
        self._client = client
        self._model = model
        self._deadline = deadline
        self._path = _path(client, model)
        self._address = str(client.base_url.copy_with(userinfo=b""))
        self._asked = _asked(client, self._path)
        # The client draws a key for each request where it is given none, whether or not it sends one.
        self._idempotency_keys = (f"{one}-{number}" for one in (uuid4().hex,) for number in count())
        self.refused: set[str] = set()

    @property
    def name(self) -> str:
        return self._model

    @property
    def address(self) -> str:
        """The endpoint, without user and password."""
        return self._address

    async def check(self) -> None:
        """One request for the list of models, which costs nothing: is somebody there, and is the key right?"""
        try:
            async with asyncio.timeout(min(self._deadline, 20.0)):
                await self._client.models.list()
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise GraderSetupError(
                f"{self._client.base_url} refuses the key (HTTP {error.status_code}).",
                hint="Check OPENAI_API_KEY: is it the key for this address, and still valid?",
            ) from error
        except (openai.APIConnectionError, TimeoutError) as error:
            if isinstance(error, openai.APIConnectionError) and _refuses_certificate(error):
                raise GraderSetupError(
                    f"The certificate of {self._client.base_url} is not trusted.",
                    hint="For a certificate of your own, set SSL_CERT_FILE to a file with its issuer.",
                ) from error
            raise GraderSetupError(
                f"No server answers at {self._client.base_url}.",
                hint="Is the address right (--base-url), the server running, the network up?",
            ) from error
        except openai.APIStatusError:
            return  # an endpoint without a list of models, or a busy one: the first request will tell

    async def complete(self, request: ModelRequest) -> Completion:
        """One chat completion. Raises NoCompletionError."""
        while True:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(self._deadline):
                    own = {"content": self.body(request), "idempotency_key": next(self._idempotency_keys)}
                    reply = await self._client.request(httpx2.Response, self._asked.model_copy(update=own))
            except openai.BadRequestError as error:
                if self._learned_to_leave_out(error):
                    continue
                raise _translated(error) from error
            except openai.APIError as error:
                raise _translated(error) from error
            except TimeoutError as error:
                raise NoCompletionError("timeout", f"no reply within {self._deadline:g} s", transient=True) from error
            completion = read_completion(reply.content, (time.perf_counter() - started) * 1000)
            limits = rate_limits(reply.headers)
            return completion if limits is None else replace(completion, limits=limits)

    async def close(self) -> None:
        await self._client.close()

    def body(self, request: ModelRequest) -> bytes:
        """The request as JSON: the body of a chat completion, without what the endpoint refuses."""
        parameters: dict[str, Parameter] = dict(request.parameters)
        if "max_tokens" in self.refused and "max_tokens" in parameters:
            parameters["max_completion_tokens"] = parameters.pop("max_tokens")
        for name in self.refused:
            parameters.pop(name, None)
        schema = request.schema.text if isinstance(request.schema, ReplySchema) else json.dumps(request.schema)
        form = f'{{"type":"json_schema","json_schema":{{"name":"grade","strict":true,"schema":{schema}}}}}'
        said = {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "response_format": orjson.Fragment(form),
            **parameters,
        }
        try:
            return orjson.dumps(said)
        except orjson.JSONEncodeError:
            # Half of a surrogate pair is no UTF-8 but can be said in JSON, escaped.
            return json.dumps({**said, "response_format": json.loads(form)}).encode()

    def _learned_to_leave_out(self, error: openai.BadRequestError) -> bool:
        """Whether the endpoint named a parameter that it refuses and that is now left out."""
        refusable = {"temperature", "max_tokens", "seed", "top_p"}
        if error.code not in ("unsupported_parameter", "unsupported_value") or error.param not in refusable:
            return False
        if error.param in self.refused:
            return False
        self.refused.add(error.param)
        return True


def _refuses_certificate(error: openai.APIConnectionError) -> bool:
    return "certificate" in str(error.__cause__).lower()


def _path(client: AsyncOpenAI, model: str) -> str:
    """Where chat completions are. Azure names the deployment in the path, unless its address does so already.

    Whole where nothing has to be put in between, so that the client need not join it for each request.
    """
    base = client.base_url
    if isinstance(client, AsyncAzureOpenAI):
        deployment = "" if "/deployments" in base.path else f"/deployments/{quote(model, safe='')}"
        return f"{deployment}/chat/completions"
    return "/chat/completions" if base.query else f"{str(base).rstrip('/')}/chat/completions"


def _asked(client: AsyncOpenAI, path: str) -> FinalRequestOptions:
    """What is the same of all requests, with the client's own choices: making it takes as long as all that follows."""
    return FinalRequestOptions.construct(
        method="post", url=path, headers={}, params={}, max_retries=client.max_retries, timeout=client.timeout
    )


class _Message(TypedDict):
    content: NotRequired[str | None]
    refusal: NotRequired[str | None]


class _Choice(TypedDict):
    message: _Message
    finish_reason: NotRequired[str | None]


class _CachedTokens(TypedDict):
    cached_tokens: NotRequired[int | None]
    cache_write_tokens: NotRequired[int | None]


class _TokenCounts(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: NotRequired[_CachedTokens | None]


class _Body(TypedDict):
    """What is used of a reply's body. The client's own types promise more than other servers keep."""

    choices: Annotated[list[_Choice], Field(min_length=1)]
    model: NotRequired[str | None]
    usage: NotRequired[_TokenCounts | None]


_BODY = TypeAdapter(_Body)


def read_completion(content: bytes, latency_ms: float) -> Completion:
    """The completion that a reply's body holds. Raises NoCompletionError where it holds none."""
    if len(content) > LARGEST_REPLY:
        raise NoCompletionError("invalid_reply", f"the reply has more than {LARGEST_REPLY:,} bytes")
    try:
        body = _BODY.validate_json(content)
    except ValidationError as error:
        said = "the endpoint's reply is no chat completion"
        raise NoCompletionError("invalid_reply", said, transient=True) from error
    message, finish_reason = body["choices"][0]["message"], body["choices"][0].get("finish_reason")
    finish: Finish = "stop"
    if message.get("refusal") or finish_reason == "content_filter":
        finish = "refusal"
    elif finish_reason == "length":
        finish = "length"
    return Completion(message.get("content") or "", finish, body.get("model"), _usage(body.get("usage"), latency_ms))


def _usage(told: _TokenCounts | None, latency_ms: float) -> Usage:
    if told is None or not all(0 <= told[name] <= _MOST_TOKENS for name in ("prompt_tokens", "completion_tokens")):
        # A count that cannot be is as good as none: no cost may come out of it.
        return Usage(latency_ms=latency_ms, requests=1)
    return Usage(
        input_tokens=told["prompt_tokens"],
        output_tokens=told["completion_tokens"],
        cached_tokens=(told.get("prompt_tokens_details") or {}).get("cached_tokens"),
        latency_ms=latency_ms,
        requests=1,
        cache_write_tokens=(told.get("prompt_tokens_details") or {}).get("cache_write_tokens"),
    )


_CODE = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def _translated(error: openai.APIError) -> NoCompletionError:
    """The openai client's error as ours. Details never repeat the request: it holds the candidate's text."""
    if isinstance(error, openai.APITimeoutError):
        return NoCompletionError("timeout", "the endpoint took too long to answer", transient=True)
    if isinstance(error, openai.APIConnectionError):
        if _refuses_certificate(error):
            return NoCompletionError("wrong_key", "the endpoint's certificate is not trusted (SSL_CERT_FILE)")
        return NoCompletionError("connection", "the connection failed or was cut", transient=True)
    if not isinstance(error, openai.APIStatusError):
        return NoCompletionError("invalid_reply", "the endpoint's reply is not one of its kind", transient=True)
    status = error.status_code
    if status in (401, 403):
        return NoCompletionError("wrong_key", f"the endpoint refuses the key (HTTP {status})")
    if status == 404:
        return NoCompletionError("unknown_model", "the endpoint knows no such model or address (HTTP 404)")
    if status == 413 or error.code == "context_length_exceeded":
        return NoCompletionError("too_long", "the prompt with this answer is longer than the model can read")
    if error.code == "insufficient_quota":
        return NoCompletionError("wrong_key", "the account behind the key has no quota left")
    headers = error.response.headers
    wait, limits = retry_after(headers), rate_limits(headers)
    if status == 429:
        detail = "the endpoint limits the rate (HTTP 429)"
        return NoCompletionError("rate_limited", detail, transient=True, retry_after=wait, limits=limits)
    if status >= 500 or status in (408, 409, 425):
        return NoCompletionError("server_error", f"HTTP {status} from the endpoint", transient=True, retry_after=wait)
    if 300 <= status < 400:
        detail = f"the endpoint sends elsewhere (HTTP {status}), where the key is not sent: give its final address"
        return NoCompletionError("unknown_model", detail)
    # A code is a word; whatever else stands there may be the request over again.
    code = error.code if error.code and _CODE.fullmatch(str(error.code)) else "no code"
    refused = f"the endpoint refuses the request (HTTP {status}, {code})"
    return NoCompletionError("bad_request", refused)
