"""An outcome in a few plain words, for the fields and notes of other systems."""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.core.outcome import Outcome, OutcomeAnswer

_LONGEST_QUOTE = 160
DECIDES = "A score sorts; a person decides."


def headline(outcome: Outcome) -> str:
    """Whether a person has to look, or did."""
    if outcome.waits:
        return "Needs a person"
    if any(each.by_person for each in outcome.answers):
        return "Graded, reviewed by a person"
    return "Graded, nothing needs a person"


def score_text(outcome: Outcome) -> str:
    """The score on its scale, or that there is none."""
    if outcome.score is None:
        return "no score: not every answer could be graded"
    return f"{outcome.score:.1f} of {outcome.score_out_of:g}"


def by_question(outcome: Outcome) -> Mapping[str, str]:
    """For each question, by its title: levels with evidence, and flags."""
    titles = [each.title for each in outcome.answers]
    return {
        each.title if titles.count(each.title) == 1 else f"{each.title} ({each.question_id})": answer_text(
            each, outcome
        )
        for each in outcome.answers
    }


def answer_text(answer: OutcomeAnswer, outcome: Outcome) -> str:
    """One answer on one line."""
    parts = []
    if answer.status == "not_answered":
        parts.append("not answered")
    elif answer.score is None:
        parts.append(f"not graded: {answer.reason or 'a person has to'}")
    else:
        parts.append(f"{answer.score:.1f} of {outcome.score_out_of:g}")
    parts += [
        f"{each.name}: level {each.level} of {outcome.highest_level}{_quotes(each.evidence)}"
        for each in answer.criteria
    ]
    if answer.flags:
        parts.append(f"flags: {', '.join(answer.flags)}")
    if answer.by_person:
        parts.append("levels by a person")
    elif answer.waits:
        parts.append("needs a person")
    return "; ".join(parts)


def _quotes(evidence: tuple[str, ...]) -> str:
    return " (" + ", ".join(f"“{_short(each)}”" for each in evidence) + ")" if evidence else ""


def _short(quote: str) -> str:
    plain = " ".join(quote.split())
    return plain if len(plain) <= _LONGEST_QUOTE else plain[: _LONGEST_QUOTE - 1] + "…"
