"""Which of several graders to take: the cheapest adequate one, where there is one."""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.core.evaluation import GraderResult


def recommend(results: Sequence[GraderResult]) -> str:
    """A sentence on the asked graders. A cost that is not known is said, never taken for nothing."""
    asked = [result for result in results if result.asked]
    adequate = [result for result in asked if result.verdict and result.verdict.outcome == "adequate"]
    if not adequate:
        count = "The grader is" if len(asked) == 1 else f"None of the {len(asked)} graders is"
        negated = " not" if len(asked) == 1 else ""
        return f"{count}{negated} shown to be adequate here: let a person read every answer that counts."
    if len(asked) == 1:
        return "Adequate by this set: still let a person decide, and look at the flagged answers first."
    priced = [(result.usage.cost_usd, result) for result in adequate if result.usage]
    known = [(cost, result) for cost, result in priced if cost is not None]
    names = ", ".join(result.name for result in adequate)
    if len(known) < len(adequate):
        fewest = min(adequate, key=lambda result: result.samples)
        if len({(result.grader, result.prompt_sha256) for result in adequate}) == 1:
            # The price is not known, but the same grader never costs less for reading more often.
            return f"Adequate: {names}. {fewest.name} asks least of the same grader, and so costs least."
        return f"Adequate: {names}. A cost is not known (give --price IN,OUT), so the cheapest cannot be named."
    cost, cheapest = min(known, key=lambda each: (each[0], each[1].samples, _latency(each[1])))
    return f"Adequate: {names}. The cheapest of them is {cheapest.name} ({cost:.4f} US dollars for this split)."


def _latency(result: GraderResult) -> float:
    return result.usage.latency_ms.get("p50", 0.0) if result.usage else 0.0
