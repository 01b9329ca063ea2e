"""What an endpoint's reply says, in its headers, about when and how much it may be asked again."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from evaluator.core.rate_budget import RateLimits, RateWindow

_LONGEST_WAIT = 300.0  # seconds; a Retry-After beyond this is not waited for
_NUMBER = re.compile(r"\d{1,15}(\.\d+)?")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_LONGEST_DURATION = 60  # characters: looking for parts in a longer one would take time, and none is that long
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    try:
        value = headers.get("retry-after")
        if value is None:
            return None
        if value.strip().replace(".", "", 1).isdigit():
            return _bounded(float(value))
        return _bounded(parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def rate_limits(headers: Mapping[str, str]) -> RateLimits | None:
    """`x-ratelimit-remaining-…`, `-reset-…` and `-limit-…` for requests and tokens; None where they are not told."""
    requests, tokens = _window(headers, "requests"), _window(headers, "tokens")
    return RateLimits(requests, tokens) if requests is not None or tokens is not None else None


def _window(headers: Mapping[str, str], what: str) -> RateWindow | None:
    left = headers.get(f"x-ratelimit-remaining-{what}")
    if left is None:
        return None
    remaining, reset = _number(left), _duration(headers.get(f"x-ratelimit-reset-{what}"))
    if remaining is None or reset is None:
        return None
    return RateWindow(remaining, reset, _number(headers.get(f"x-ratelimit-limit-{what}")))


def _number(text: str | None) -> float | None:
    # What is a blank to strip() is not always one to float().
    told = "" if text is None else text.strip()
    return float(told) if _NUMBER.fullmatch(told) else None


def _duration(text: str | None) -> float | None:
    """Seconds of `6m0s`, `20ms`, `1h2m3.5s`, or of a plain number of seconds."""
    if text is None:
        return None
    plain = _number(text)
    if plain is not None:
        return plain
    if len(text) > _LONGEST_DURATION:
        return None
    parts = _PART.findall(text.strip())
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _bounded(seconds: float) -> float | None:
    # Written so that a NaN, too, is not waited for.
    return max(0.0, seconds) if seconds <= _LONGEST_WAIT else None
