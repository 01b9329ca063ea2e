"""An HTTP response as bytes, and the error bodies that OpenAI's endpoints send."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def response(status: int, body: bytes, headers: bytes = b"", content_type: bytes = b"application/json") -> bytes:
    """`headers` are whole lines, each ended by CR LF."""
    return b"%sContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s" % (
        _LINES.get(status, b"HTTP/1.1 %d Unknown\r\n" % status),
        content_type,
        len(body),
        headers,
        body,
    )


def json_response(value: Any, status: int = 200) -> bytes:
    """A value as JSON."""
    return response(status, msgspec.json.encode(value))


def error_response(status: int, message: str, *, code: str | None = None, headers: bytes = b"") -> bytes:
    """An error in OpenAI's form."""
    return response(status, msgspec.json.encode({"error": error_body(status, message, code)}), headers)


def error_body(status: int, message: str, code: str | None = None) -> dict[str, str | None]:
    """What stands under `error`."""
    kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"message": message, "type": kind, "param": None, "code": code}
