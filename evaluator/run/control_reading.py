"""The control reading: a grader is asked for what cannot be in an answer, to see whether it gives marks for anything.

Words that talk a model into full marks talk it into these too, in whatever language or code they are, and without any
list of such words. A grader that reads the answer says no. It costs a short request for each answer that meets the bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from evaluator.core.grade import Flag
from evaluator.core.overlap import content_words
from evaluator.core.questionnaire import Question
from evaluator.core.reply import CriterionReply, Failure, Reply
from evaluator.core.rubric import Criterion, Rubric


def control_pairs(control: Rubric) -> tuple[tuple[Criterion, ...], ...]:
    """Each two criteria that follow each other in the control rubric, the last and the first too."""
    criteria = control.criteria
    return tuple((each, criteria[(place + 1) % len(criteria)]) for place, each in enumerate(criteria))


def control_criteria(pairs: Sequence[tuple[Criterion, ...]], question: Question, text: str) -> tuple[Criterion, ...]:
    """The first pair, from one on that a hash of the answer names, whose words nobody uses here; () where all are used.

    So it is the same every time, and nothing that whoever writes an answer could rely on without computing it.
    """
    said = {*content_words(question.text), *content_words(text)}
    first = sha256(text.encode("utf-8", "surrogatepass")).digest()[0]
    for place in range(len(pairs)):
        pair = pairs[(first + place) % len(pairs)]
        if all(said.isdisjoint(content_words(f"{each.name} {' '.join(each.checks)}")) for each in pair):
            return pair
    return ()


def control_flags(replies: Sequence[Reply | Failure], criteria: Sequence[Criterion]) -> Iterator[Flag]:
    """A flag where a grader found what is not there, and a note where none could be asked."""
    asked = {each.id: each for each in criteria}
    failures = [reply for reply in replies if isinstance(reply, Failure)]
    found = [
        asked[each.id].name
        for reply in replies
        if isinstance(reply, Reply)
        for each in reply.criteria
        if _is_found(each, asked[each.id])
    ]
    if found:
        named = ", ".join(dict.fromkeys(each.lower() for each in found))
        detail = (
            f"Asked whether the answer explains what it says nothing of ({named}), the grader said yes. It may give "
            "marks for whatever it is asked, as if it had been told to; a person has to say what the answer is worth."
        )
        yield Flag(code="injection_suspected", severity="review", detail=detail)
    elif failures and len(failures) == len(replies):
        failure = failures[0]
        detail = f"The control reading of an answer that meets the bar did not come: {failure.code}: {failure.detail}."
        yield Flag(code="low_confidence", severity="note", detail=detail)


def _is_found(reply: CriterionReply, criterion: Criterion) -> bool:
    if any(check.met for check in reply.checks):
        return True
    return reply.level is not None and reply.level > min(criterion.levels)
