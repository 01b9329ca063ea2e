"""What an endpoint says in its headers about its limits, in all the forms in which it is said."""

from __future__ import annotations

import httpx
import pytest

from evaluator.core.rate_budget import RateLimits, RateWindow
from evaluator.graders.rate_headers import rate_limits, retry_after


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ({"Retry-After": "3"}, 3.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"Retry-After": "99999"}, None),
        ({"Retry-After": "soon"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after-ms": "soon", "Retry-After": "3"}, 3.0),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(header: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds, a date; what is absurd or unreadable is not waited for."""
    assert retry_after(httpx.Headers(header)) == seconds


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1s", 1.0),
        ("8.64s", 8.64),
        ("1h2m3.5s", 3723.5),
        ("12", 12.0),
        ("0.5", 0.5),
        ("1d", 86_400.0),
    ],
)
def test_a_reset_is_read_in_all_its_forms(reset: str, seconds: float) -> None:
    """As OpenAI writes it, and as a plain number of seconds."""
    said = {
        "x-ratelimit-limit-requests": "60",
        "X-RateLimit-Remaining-Requests": "59",
        "x-ratelimit-reset-requests": reset,
    }
    limits = rate_limits(httpx.Headers(said))
    assert limits is not None
    assert limits.tokens is None
    assert limits.requests == RateWindow(59, pytest.approx(seconds), 60)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"remaining": "5"},
        {"remaining": "5", "reset": "soon"},
        {"remaining": "-1", "reset": "1s"},
        {"remaining": "nan", "reset": "1s"},
        {"remaining": "5", "reset": "1s 2q"},
        {"remaining": "9" * 400, "reset": "1s"},
    ],
)
def test_what_is_missing_or_unreadable_is_nothing_said(said: dict[str, str]) -> None:
    """No limit is made up."""
    headers = httpx.Headers({f"x-ratelimit-{name}-tokens": value for name, value in said.items()})
    assert rate_limits(headers) is None


def test_blanks_around_a_number_are_none_of_it() -> None:
    """Not even those that float() does not take for blanks; the fuzzer found this one."""
    headers = {"x-ratelimit-remaining-requests": "\x1c5", "x-ratelimit-reset-requests": "\x1f2\x1c"}
    assert rate_limits(headers) == RateLimits(RateWindow(5, 2.0, None), None)


def test_a_limit_that_is_not_named_is_left_open() -> None:
    """Some servers tell only what is left."""
    headers = httpx.Headers({"x-ratelimit-remaining-tokens": "100", "x-ratelimit-reset-tokens": "2s"})
    assert rate_limits(headers) == RateLimits(None, RateWindow(100, 2.0, None))
