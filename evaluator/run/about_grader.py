"""What a grader is, in a sentence for people, and whether it costs money."""

from __future__ import annotations

from evaluator.core.price import Price
from evaluator.core.task import RaterIdentity
from evaluator.run.grader import Grader


def prices_by_model(grader: Grader) -> dict[str, Price | None]:
    """The price of each model that a grader asks."""
    pipeline = grader.pipeline
    return {
        rater.identity.model: price
        for rater, price in zip(pipeline.raters, pipeline.prices, strict=True)
        if rater.identity.model is not None
    }


def costs_money(grader: Grader) -> bool:
    """Whether grading may be billed: a price is known and not zero, or it is not known."""
    return any(price is None or price.costs_money for price in grader.pipeline.prices)


def describe(grader: Grader) -> str:
    """A sentence for people: what this grader is. It stands in every output that shows its grades."""
    sentences = [_describe(rater.identity) for rater in grader.pipeline.raters]
    if len(sentences) == 1:
        return sentences[0]
    return f"A panel of {len(sentences)} graders; the mean of their levels counts. " + " ".join(sentences)


def _describe(identity: RaterIdentity) -> str:
    if not identity.is_language_model:
        return (
            "'baseline' is not a language model: it matches the rubric's vocabulary and does not read. "
            "Take its levels as a first sorting, and read the answers."
        )
    if identity.spec == "local":
        return (
            f"'local' is a small language model ({identity.model}) on this computer. It is a weak grader: "
            "on the shipped test answers its levels agreed with the labels hardly beyond chance (docs/local-model.md). "
            "It shows how the product works; do not sort candidates by it."
        )
    if identity.spec.startswith("scripted:"):
        return "'scripted' repeats replies from a file: a demonstration, no judgement."
    return (
        f"'{identity.spec}' is a language model. How far its levels agree with people's is not known until it is "
        "measured on answers that people graded."
    )
