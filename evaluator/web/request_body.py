"""A request's body, read up to a size and within a time: a sender that is slow or endless holds nothing up."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from evaluator.web.problem import Problem


async def read_body(request: Request, *, most: int, seconds: float) -> bytes:
    """The body, exactly as it came.

    Raises Problem: 413 beyond `most` bytes (before reading, where the sender says how many there are), 408 where it
    is not there after `seconds`, 400 where the sender went away.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > most:
        raise too_large(most)
    read = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                read += part
                if len(read) > most:
                    raise too_large(most)
    except TimeoutError:
        raise Problem(408, "The body did not arrive in time.", f"It has to be there within {seconds:g} s.") from None
    except ClientDisconnect:
        raise Problem(400, "The body is not whole.", "The connection was closed before its end.") from None
    return bytes(read)


def too_large(most: int) -> Problem:
    """What is said of a body that is larger than `most` bytes."""
    return Problem(413, "The body is too large.", f"At most {most / 1_000_000:g} MB are taken.")


def is_json(request: Request) -> bool:
    """Whether the sender says that the body is JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json"


NOT_JSON = Problem(415, "The body has to be JSON.", "Send it with the header Content-Type: application/json.")
