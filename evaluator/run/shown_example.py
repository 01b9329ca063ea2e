"""A graded example as a prompt shows it: somebody wrote that answer too, and no grader needs their contacts."""

from __future__ import annotations

from evaluator.core.examples import GradedExample
from evaluator.core.redaction import Redact, redact


def shown_example(example: GradedExample, how: Redact) -> GradedExample:
    """The example without whatever looks like an e-mail address, phone number, link, handle or postal address.

    Nobody says who wrote it, so there are no names to look for: whoever adds examples takes those out. Unchanged where
    nothing is found, and where nothing is to be taken out of answers either (`off`).
    """
    if how == "off":
        return example
    redaction = redact(example.answer, None, "all")
    if not redaction.replacements:
        return example
    words = {example.answer[each.start : each.end]: each.placeholder for each in redaction.replacements}

    def without(quote: str) -> str:
        for said in sorted(words, key=len, reverse=True):
            quote = quote.replace(said, words[said])
        return quote

    evidence = {criterion: tuple(map(without, quotes)) for criterion, quotes in example.evidence.items()}
    return example.model_copy(update={"answer": redaction.text, "evidence": evidence})
