"""The candidate's answer inside a request, and quotes out of it that are really there."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_MARKER = re.compile(rb"A\d{7} ")
_FENCE = re.compile(rb"<<(answer-[0-9a-f]{16})>>")
_PLAIN = re.compile(rb'[^"\\]*')  # JSON text up to the first escape or the end of the string
_MOST_OF_IT = 400  # bytes after the marker; enough to quote from


def marker_in(messages: bytes) -> bytes | None:
    """The answer's marker (`A0000123`), where it has one."""
    found = _MARKER.search(messages)
    return found.group()[:8] if found else None


def answer_in(messages: bytes) -> str:
    """The answer's text (or the beginning of it), out of messages as raw JSON.

    Between the last two fence lines where there are any; after the marker where there is one; otherwise
    whatever the last message says.
    """
    # Looking from the end is slow where there is nothing to find.
    end = messages.rfind(b"<<answer-") if b"<<answer-" in messages else -1
    fence = _FENCE.match(messages, end) if end >= 0 else None
    if fence is not None:
        start = messages.rfind(fence.group(), 0, end)
        if start >= 0:
            inside = messages[start + len(fence.group()) : end].removeprefix(b"\\n").removesuffix(b"\\n")
            if b"\\" not in inside:
                return inside.decode().strip()
            return str(msgspec.json.decode(b'"' + inside + b'"')).strip()
    marked = _MARKER.search(messages)
    if marked is not None:
        plain = _PLAIN.match(messages, marked.start(), marked.start() + _MOST_OF_IT)
        return plain.group().decode("utf-8", "ignore").strip() if plain else ""
    return _last_words(msgspec.json.decode(messages))


def quotes_from(text: str, key: bytes, count: int) -> list[str]:
    """`count` quotes of about 40 characters, whole words of one line each; where they start follows from `key`."""
    return [_quote(text, int.from_bytes(key[2 * n % 14 : 2 * n % 14 + 2], "big") + n) for n in range(count)]


def _quote(text: str, number: int) -> str:
    if not text:
        return ""
    at = number % max(1, len(text) - 40)
    start = text.find(" ", at) + 1 if at else 0
    end = text.find(" ", start + 40)
    quote = text[start : end if end > 0 else start + 40].strip()
    line = quote.partition("\n")[0].strip()
    return line or text.split("\n", 1)[0][:40].strip()


def _last_words(messages: Any) -> str:
    if isinstance(messages, list):
        for message in reversed(messages):
            content = message.get("content") if isinstance(message, dict) else None
            if isinstance(content, list):
                content = " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
            if content:
                return str(content).strip()
    return ""
