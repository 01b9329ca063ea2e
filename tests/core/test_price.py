"""What a reply cost: by its tokens, its cache and its batch; None where that cannot be known."""

from __future__ import annotations

import pytest

from evaluator.core.price import FREE, Price, cost_of
from evaluator.core.reply import Usage

PRICE = Price(input=2.0, output=10.0, cached=0.5, cache_write=2.5, batch=0.5, caches_in_batch=True)


@pytest.mark.parametrize(
    ("price", "usage", "dollars"),
    [
        (PRICE, Usage(1_000_000, 0), 2.0),
        (PRICE, Usage(1_000_000, 100_000), 3.0),
        (PRICE, Usage(1_000_000, 0, cached_tokens=600_000), 0.4 * 2 + 0.6 * 0.5),
        (PRICE, Usage(1_000_000, 0, cached_tokens=200_000, cache_write_tokens=500_000), 0.3 * 2 + 0.1 + 1.25),
        (Price(2.0, 10.0), Usage(1_000_000, 0, cached_tokens=600_000, cache_write_tokens=100_000), 2.0),
        (PRICE, Usage(1_000_000, 100_000).in_batch, 1.5),
        (PRICE, Usage(1_000_000, 0, cached_tokens=1_000_000).in_batch, 0.25),
        (Price(2.0, 10.0, 0.5, batch=0.5), Usage(1_000_000, 0, cached_tokens=1_000_000).in_batch, 1.0),
        (Price(2.0, 10.0), Usage(1_000_000, 100_000).in_batch, 3.0),
        (PRICE, Usage(1_000_000, 0).in_batch + Usage(1_000_000, 0), 3.0),
        (PRICE, Usage(), None),
        (PRICE, Usage(5, None), None),
        (FREE, Usage(), 0.0),
    ],
)
def test_a_reply_costs_what_its_tokens_cost(price: Price, usage: Usage, dollars: float | None) -> None:
    """By hand, for a million tokens: fresh, cached, written to the cache, in a batch, and not told at all."""
    assert price.cost(usage) == (None if dollars is None else pytest.approx(dollars))


def test_what_a_batch_answered_stays_cheaper_when_it_comes_out_of_the_ledger() -> None:
    """A reply that was reused cost then what it cost then; now it costs nothing."""
    usage = Usage(1_000_000, 0, requests=1).in_batch.again
    assert PRICE.cost(usage) == pytest.approx(1.0)
    assert usage.paid.requests == 0
    assert PRICE.cost(usage.paid) == 0.0


def test_a_sum_with_one_unknown_part_is_unknown() -> None:
    """Never a partial sum that looks like the whole."""
    known = (PRICE, Usage(1_000_000, 0))
    assert cost_of([known, (None, Usage(5, 5))]) is None
    assert cost_of([]) is None
    assert cost_of([known, known]) == pytest.approx(4.0)
