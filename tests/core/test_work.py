"""When failed work is worth another try, and what each worker may have of a common limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.pace import PaceSettings
from evaluator.core.shares import share_of
from evaluator.core.work import counts_as_try, is_worth_another_try, seconds_until_next


@pytest.mark.parametrize("code", ["endpoint_down", "wrong_key", "store_failed", "rate_limited", "connection"])
def test_an_outage_is_never_held_against_an_answer(code: str) -> None:
    """However long it takes, the answer waits."""
    assert is_worth_another_try(code, 10_000)  # type: ignore[arg-type]
    assert not counts_as_try(code)  # type: ignore[arg-type]


def test_an_answer_that_fails_by_itself_is_tried_five_times() -> None:
    """Timeouts and server errors may be its own; an unreadable reply is paid for, and asked for once more; a refusal is
    an answer and is not asked for again.
    """
    assert [is_worth_another_try("timeout", tries) for tries in range(5)] == [True] * 4 + [False]
    assert [is_worth_another_try("invalid_reply", tries) for tries in range(2)] == [True, False]
    assert not is_worth_another_try("refused", 0)


def test_waits_double_up_to_five_minutes() -> None:
    """2 s, 4 s, 8 s, … 300 s."""
    assert [seconds_until_next(releases) for releases in (0, 1, 2, 7, 8, 100)] == [2, 4, 8, 256, 300, 300]


@given(st.integers(1, 500), st.integers(1, 40), st.floats(1, 1e6))
def test_shares_add_up_to_the_limit_and_never_to_more(most: int, workers: int, per_minute: float) -> None:
    """Requests at once to the last one; rates but for rounding."""
    names = [f"w{number}" for number in range(workers)]
    limits = PaceSettings(most=most, requests_per_minute=per_minute)
    shares = [share_of(limits, name, names) for name in names]
    assert sum(share.most for share in shares) == most
    assert max(share.most for share in shares) - min(share.most for share in shares) <= 1
    assert sum(share.requests_per_minute or 0 for share in shares) == pytest.approx(per_minute)
