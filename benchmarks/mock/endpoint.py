"""The endpoint: which reply a request gets, when, and what is counted. It knows nothing of sockets."""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any
from urllib.parse import parse_qs

import msgspec

from benchmarks.mock.batches import BatchDesk
from benchmarks.mock.completion import CompletionWriter, PromptCache, marker_of, read_request
from benchmarks.mock.options import Options, changed
from benchmarks.mock.outcome import delay_of, fate_of, uniform
from benchmarks.mock.rate_limit import RateLimit
from benchmarks.mock.response import error_body, error_response, json_response, response
from benchmarks.mock.tally import Tally
from benchmarks.mock.uploaded_files import BadUploadError, FileShelf

_CHAT = "/v1/chat/completions"
_SHORTEST_REFUSAL = 0.02  # seconds; an endpoint refuses sooner than it answers
MODELS = {"object": "list", "data": [{"id": "mock", "object": "model", "created": 0, "owned_by": "mock"}]}


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """A request as it came in; `path` is without its query."""

    method: str
    path: str
    query: str
    authorization: str
    content_type: str
    body: bytes


class Reaction(msgspec.Struct, frozen=True, gc=False):
    """What to do: after `delay` seconds write `data` and, where `reset`, break the connection. Never, where `hung`.

    `asked` marks a request for a completion, which is what is counted; `key` and `marker` say what was delivered,
    once it was.
    """

    data: bytes
    delay: float = 0.0
    reset: bool = False
    hung: bool = False
    asked: bool = False
    key: bytes | None = None
    marker: bytes | None = None


class Endpoint:
    """One endpoint with its options, counts, files and batches."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.tally = Tally()
        self._writer = CompletionWriter()
        self._cache = PromptCache()
        self._shelf = FileShelf()
        self._desk = BatchDesk(self._shelf)
        self._limit = _limit_of(options)

    def react(self, request: HttpRequest) -> Reaction:
        """The reaction to any request."""
        path = request.path
        if path.startswith("/v1/"):
            refused = self._refused(request)
            if refused is not None:
                return Reaction(refused)
            if path == _CHAT and request.method == "POST":
                return self._chat(request.body)
            return Reaction(self._other(request))
        return Reaction(self._control(request))

    def _refused(self, request: HttpRequest) -> bytes | None:
        options = self.options
        if options.api_key and request.authorization != f"Bearer {options.api_key}":
            return error_response(401, "Incorrect API key provided.", code="invalid_api_key")
        if options.fail_next:
            self.options = changed(options, {"fail_next": options.fail_next - 1})
            self.tally.met(f"told_{options.fail_status}")
            return error_response(options.fail_status, "The mock endpoint was told to fail.")
        return None

    def _chat(self, body: bytes) -> Reaction:
        tally, options = self.tally, self.options
        try:
            request = read_request(body)
        except msgspec.MsgspecError as error:
            tally.unreadable += 1
            return Reaction(error_response(400, f"No chat request: {error}"))
        if request.stream:
            tally.unreadable += 1
            return Reaction(error_response(400, "The mock endpoint does not stream.", code="unsupported_value"))
        messages = bytes(request.messages)
        key = hashlib.blake2b(messages, digest_size=16).digest()
        marker = marker_of(request)
        attempt = tally.asked(key, marker, len(body))
        headers = b""
        if self._limit.limits:
            wait = self._limit.take(len(messages) // 4, time.monotonic())
            headers = self._limit.headers()
            if wait:
                tally.met("over_the_limit")
                return Reaction(
                    _too_many(max(1, math.ceil(wait)), headers),
                    min(options.latency_ms / 1000, _SHORTEST_REFUSAL),
                    asked=True,
                )
        fate = fate_of(options, key, attempt)
        tally.met(fate)
        delay = delay_of(options, key, attempt)
        if fate == "rate_limited":
            return Reaction(_too_many(options.retry_after, headers), min(delay, _SHORTEST_REFUSAL), asked=True)
        if fate == "server_error":
            return Reaction(error_response(500, "The server had an error.", code="server_error"), delay, asked=True)
        if fate == "hung":
            return Reaction(b"", hung=True, asked=True)
        count = self._cache.count(messages)
        reply = response(
            200,
            self._writer.body(request, key, count, truncated=fate == "truncated"),
            headers + b"x-request-id: mock\r\n",
        )
        if fate == "reset":
            half = uniform(options.seed, key, attempt, b"half") < 0.5
            return Reaction(reply[: len(reply) // 2] if half else b"", delay, reset=True, asked=True)
        tally.charged(key, marker, count.tokens, count.cached)
        if fate == "truncated":
            return Reaction(reply, delay, asked=True)
        return Reaction(reply, delay, asked=True, key=key, marker=marker)

    def _batch_line(self, body: bytes) -> tuple[int, bytes]:
        """A line of a batch, answered at once: no latency, no limit, no fault but truncation."""
        try:
            request = read_request(body)
        except msgspec.MsgspecError as error:
            return 400, msgspec.json.encode({"error": error_body(400, f"No chat request: {error}")})
        messages = bytes(request.messages)
        key = hashlib.blake2b(messages, digest_size=16).digest()
        marker = marker_of(request)
        self.tally.asked(key, marker, len(body))
        self.tally.batch_requests += 1
        count = self._cache.count(messages)
        self.tally.charged(key, marker, count.tokens, count.cached)
        truncated = uniform(self.options.seed, key, 0, b"batch reply") < self.options.share_truncated
        if not truncated:
            self.tally.delivered(key, marker)
        return 200, self._writer.body(request, key, count, truncated=truncated)

    def _other(self, request: HttpRequest) -> bytes:
        method, parts = request.method, request.path.split("/")[2:]
        match (method, *parts):
            case ("GET", "models"):
                return json_response(MODELS)
            case ("POST", "files"):
                return self._upload(request)
            case ("GET", "files"):
                return _page([file.described() for file in self._shelf.all()], request.query)
            case ("GET", "files", file_id):
                file = self._shelf.get(file_id)
                return json_response(file.described()) if file else _absent("file", file_id)
            case ("GET", "files", file_id, "content"):
                file = self._shelf.get(file_id)
                if file is None:
                    return _absent("file", file_id)
                return response(200, file.content, content_type=b"application/octet-stream")
            case ("DELETE", "files", file_id):
                if not self._shelf.remove(file_id):
                    return _absent("file", file_id)
                return json_response({"id": file_id, "object": "file", "deleted": True})
            case ("POST", "batches"):
                return self._create_batch(request.body)
            case ("GET", "batches"):
                return _page(self._desk.all(), request.query)
            case ("GET", "batches", batch_id):
                batch = self._desk.look(batch_id)
                return json_response(batch) if batch else _absent("batch", batch_id)
            case ("POST", "batches", batch_id, "cancel"):
                batch = self._desk.cancel(batch_id)
                return json_response(batch) if batch else _absent("batch", batch_id)
        return error_response(404, f"There is no {method} {request.path}.")

    def _upload(self, request: HttpRequest) -> bytes:
        try:
            return json_response(self._shelf.upload(request.content_type, request.body).described())
        except BadUploadError as error:
            return error_response(400, str(error))

    def _create_batch(self, body: bytes) -> bytes:
        try:
            wanted = msgspec.json.decode(body, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            return error_response(400, f"No batch request: {error}")
        for name in ("input_file_id", "endpoint", "completion_window"):
            if not wanted.get(name):
                return error_response(400, f"Missing required parameter: '{name}'.")
        if wanted["endpoint"] != _CHAT:
            return error_response(400, f"The mock endpoint batches {_CHAT} only.")
        source = self._shelf.get(wanted["input_file_id"])
        if source is None:
            return _absent("file", wanted["input_file_id"])
        return json_response(self._desk.create(wanted, source, self.options, self._batch_line))

    def _control(self, request: HttpRequest) -> bytes:
        match (request.method, request.path):
            case ("GET", "/stats"):
                return json_response(self.tally.figures())
            case ("POST", "/reset"):
                self.tally = Tally(self.tally.open_connections)
                return json_response({"reset": True})
            case ("GET", "/config"):
                return json_response(self.options)
            case ("POST", "/config"):
                try:
                    self.options = changed(self.options, msgspec.json.decode(request.body, type=dict[str, Any]))
                except msgspec.MsgspecError as error:
                    return error_response(400, f"No such options: {error}")
                self._limit = _limit_of(self.options)
                return json_response(self.options)
        return error_response(404, f"There is no {request.method} {request.path}.")


def _limit_of(options: Options) -> RateLimit:
    return RateLimit(
        options.requests_per_second, options.burst, options.tokens_per_second, options.token_burst, time.monotonic()
    )


def _too_many(seconds: float, headers: bytes) -> bytes:
    wait = b"Retry-After: %g\r\nretry-after-ms: %d\r\n" % (seconds, seconds * 1000)
    return error_response(429, "Rate limit reached.", code="rate_limit_exceeded", headers=headers + wait)


def _absent(kind: str, wanted: str) -> bytes:
    return error_response(404, f"No such {kind}: {wanted}.")


def _page(items: list[dict[str, Any]], query: str) -> bytes:
    asked = parse_qs(query)
    limit, after = int(asked.get("limit", ["20"])[0]), asked.get("after", [""])[0]
    ids = [item["id"] for item in items]
    start = ids.index(after) + 1 if after in ids else 0
    page = items[start : start + limit]
    ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": None, "last_id": None}
    return json_response({"object": "list", "data": page, **ends, "has_more": start + limit < len(items)})
