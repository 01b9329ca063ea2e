"""The requests that a table of answers needs and the ledger does not hold: the ordinary pipeline, asking nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field

from evaluator.core.answer import Answer
from evaluator.core.reply import FailureCode
from evaluator.errors import GraderSetupError
from evaluator.run.grader import Grader

# The endpoint did not answer at all: what is collected would fail alike.
_NO_TRIAL: frozenset[FailureCode] = frozenset(
    {
        "wrong_key",
        "unknown_model",
        "connection",
        "timeout",
        "server_error",
        "rate_limited",
        "bad_request",
        "endpoint_down",
    }
)


@dataclass(slots=True)
class Collected:
    """How the answers stand. `ready` need nothing more, `waiting` wait for replies, `left` are not asked for."""

    ready: int = 0
    waiting: int = 0
    left: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why the `left` ones are: reason and count."""
    paid_usd: float = 0.0


async def collect_requests(
    grader: Grader, answers: Iterable[Answer], *, advance: Callable[[], None] = lambda: None
) -> Collected:
    """Runs every answer through a grader whose models collect. Raises GraderSetupError where its trial failed."""
    found = Collected()
    async with aclosing(grader.outcomes(answers)) as outcomes:
        async for outcome in outcomes:
            advance()
            found.paid_usd += outcome.paid_usd or 0.0
            failure = outcome.failure
            if failure is None and outcome.grade.status != "ungraded":
                found.ready += 1
            elif failure is not None and failure.code == "waits_for_batch":
                found.waiting += 1
            elif failure is not None and failure.code in _NO_TRIAL:
                raise GraderSetupError(
                    f"A first request was asked to see what the model takes, and it failed: {failure.detail}.",
                    hint="Mend that, or leave the trial out with --no-trial.",
                )
            else:
                reason = outcome.grade.reason or "a part of its readings is missing"
                found.left += 1
                found.reasons[reason] = found.reasons.get(reason, 0) + 1
    return found
