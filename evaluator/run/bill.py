"""The bill of a grade: what its readings took, what that costs, and what of it was paid for now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.core.price import Price, cost_of
from evaluator.core.reply import NOTHING_USED, Failure, Reply, Usage


@dataclass(frozen=True, slots=True)
class Priced:
    """What a rater answered, and the price of its tokens; None where no price is known."""

    price: Price | None
    answered: Reply | Failure


@dataclass(frozen=True, slots=True)
class Bill:
    """`usage` is everything, also what came out of the ledger; `cost` (dollars) is its cost, None where not known.

    `paid_usd` is the cost of what was paid for now; None where nothing was, or no price is known.
    """

    usage: Usage
    cost: float | None
    paid_usd: float | None


def bill_of(every: Sequence[Priced]) -> Bill:
    """The bill of these. What failed and took no tokens that anybody told of is not known to cost anything."""
    usage = NOTHING_USED
    for each in every:
        usage = usage + each.answered.usage
    costing = [each for each in every if _costs(each.answered)]
    paid = [(each.price, each.answered.usage.paid) for each in costing]
    return Bill(
        usage,
        cost_of((each.price, each.answered.usage) for each in costing),
        cost_of((price, now) for price, now in paid if now.requests),
    )


def _costs(answered: Reply | Failure) -> bool:
    usage = answered.usage
    return bool(usage.requests) and (isinstance(answered, Reply) or usage.input_tokens is not None)
