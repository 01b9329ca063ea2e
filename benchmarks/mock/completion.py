"""A chat completion: the reply's body for a request that is to be answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.mock.answer_text import answer_in, marker_in, quotes_from
from benchmarks.mock.filled_schema import VARIANTS, SchemaFiller

_NO_SCHEMA = b"null"
_PLAIN_REPLY = msgspec.json.encode('{"reason": "The mock endpoint wrote this.", "pass": true, "score": 1}')
_BYTES_A_TOKEN = 4
_CACHE_STEP = 128  # tokens; a prompt's beginning is cached in steps of so many, from 1,024 on
_CACHE_FROM = 1024


class _Function(msgspec.Struct):
    name: str
    parameters: msgspec.Raw = msgspec.Raw(_NO_SCHEMA)


class _Tool(msgspec.Struct):
    function: _Function


class _JsonSchema(msgspec.Struct):
    schema: msgspec.Raw = msgspec.Raw(_NO_SCHEMA)


class _ResponseFormat(msgspec.Struct):
    type: str = "text"
    json_schema: _JsonSchema | None = None


class ChatRequest(msgspec.Struct):
    """What is read of a request; parts that are only compared or kept stay raw."""

    messages: msgspec.Raw
    model: str = "mock"
    response_format: _ResponseFormat | None = None
    tools: list[_Tool] | None = None
    tool_choice: Any = None
    stream: bool = False


_DECODER = msgspec.json.Decoder(ChatRequest)


def read_request(body: bytes) -> ChatRequest:
    """Raises msgspec.MsgspecError for what is no chat request."""
    return _DECODER.decode(body)


@dataclass(frozen=True, slots=True)
class TokenCount:
    """Tokens of a prompt, and how many of them the prompt cache would have served."""

    tokens: int
    cached: int


class PromptCache:
    """Which beginnings of prompts were seen: everything before the last message with the answer."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def count(self, messages: bytes) -> TokenCount:
        """Counts a prompt and remembers its beginning."""
        tokens = len(messages) // _BYTES_A_TOKEN
        beginning = messages[: messages.rfind(b"{")]
        start = len(beginning) // _BYTES_A_TOKEN // _CACHE_STEP * _CACHE_STEP
        if start < _CACHE_FROM:
            return TokenCount(tokens, 0)
        known = hash(beginning)
        if known in self._seen:
            return TokenCount(tokens, start)
        self._seen.add(known)
        return TokenCount(tokens, 0)


class CompletionWriter:
    """Writes completions; holds the schemas that were filled."""

    def __init__(self) -> None:
        self._filler = SchemaFiller()
        self._written = 0

    def body(self, request: ChatRequest, key: bytes, count: TokenCount, *, truncated: bool) -> bytes:
        """The body of a reply. `key`, the digest of the messages, chooses levels and quotes."""
        self._written += 1
        tool = _chosen_tool(request)
        asked = request.response_format
        if tool is not None:
            said = self._fill(bytes(tool.parameters), bytes(request.messages), key)
        elif asked is not None and asked.json_schema is not None:
            said = self._fill(bytes(asked.json_schema.schema), bytes(request.messages), key)
        else:
            said = _PLAIN_REPLY
        if truncated:
            content: str = msgspec.json.decode(said)
            said = msgspec.json.encode(content[: max(1, len(content) * 2 // 3)])
        if tool is not None:
            message = (
                b'{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_%08d","type":"function",'
                b'"function":{"name":%s,"arguments":%s}}]}' % (self._written, msgspec.json.encode(tool.name), said)
            )
        else:
            message = b'{"role":"assistant","content":%s,"refusal":null,"annotations":[]}' % said
        written = max(1, len(said) // _BYTES_A_TOKEN)
        return (
            b'{"id":"chatcmpl-%08d","object":"chat.completion","created":%d,"model":%s,"choices":[{"index":0,'
            b'"message":%s,"logprobs":null,"finish_reason":"%s"}],"usage":{"prompt_tokens":%d,"completion_tokens":%d,'
            b'"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":0},'
            b'"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}},"service_tier":"default",'
            b'"system_fingerprint":"fp_mock"}'
        ) % (
            self._written,
            time.time(),
            msgspec.json.encode(request.model),
            message,
            b"stop" if tool is None else b"tool_calls",
            count.tokens,
            written,
            count.tokens + written,
            count.cached,
        )

    def _fill(self, schema: bytes, messages: bytes, key: bytes) -> bytes:
        filled = self._filler.filled(schema, key[15] % VARIANTS)
        if not filled.places:
            return filled.with_quotes(())
        return filled.with_quotes(quotes_from(answer_in(messages), key, filled.places))


def _chosen_tool(request: ChatRequest) -> _Function | None:
    """The tool that is called: the one asked for, else the first; none where the request says none."""
    if not request.tools or request.tool_choice == "none":
        return None
    if isinstance(request.tool_choice, dict):
        wanted = request.tool_choice.get("function", {}).get("name")
        for tool in request.tools:
            if tool.function.name == wanted:
                return tool.function
    return request.tools[0].function


def marker_of(request: ChatRequest) -> bytes | None:
    """The marker of the answer that the request is about."""
    return marker_in(bytes(request.messages))
