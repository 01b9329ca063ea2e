"""What a control reading asks for: criteria that look like the rubric's, and that this answer says nothing of.

One is absurd. The others are about the field: they are made of the rubric's own criteria, with a value and with a name
that do not stand in the answer. Whoever reads it sees that, and no instruction to mark up the field alone helps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import count

from evaluator.core.folding import fold
from evaluator.core.overlap import content_words
from evaluator.core.questionnaire import Question
from evaluator.core.rubric import Criterion, Rubric

_SUBJECT, _VALUE, _NAME = "{subject}", "{value}", "{name}"
_FIRST = "Hal Mar Tor Bel Vin Kas Ren Dol Per Lun Sev Bran Ost Fal Gres Nol".split()
_SECOND = "der vi mo ta ri san bel ko lin ga the wen nar di ro sko".split()
_LAST = "sen ni ley wick mann ova gaard etti ford son ak ius ero back holm ides".split()


def control_criteria(
    control: Rubric, about: Sequence[Criterion], question: Question, text: str
) -> tuple[Criterion, ...]:
    """One absurd criterion whose words nobody uses here, where there is one, and those that are about the field.

    `about`: the criteria that an answer to the question is graded on. A hash of the answer chooses: so it is the same
    every time, and nothing that whoever writes an answer could rely on. To name what is asked for in an answer is of
    no use to them: then something else is asked for.
    """
    chosen = sha256(text.encode("utf-8", "surrogatepass")).digest()
    said = {*content_words(question.text), *content_words(text)}
    absurd = [each for each in control.criteria if not is_of_the_field(each)]
    turned = [*absurd[chosen[0] % len(absurd) :], *absurd[: chosen[0] % len(absurd)]]
    unsaid = [each for each in turned if said.isdisjoint(content_words(f"{each.name} {' '.join(each.checks)}"))]
    templates = [each for each in control.criteria if is_of_the_field(each)]
    whole = fold(f"{question.text} {text}").replace(" ", "")
    value = next(each for each in _values(chosen) if each not in whole)
    name = next(each for each in _names(chosen) if fold(each) not in whole)
    subjects = [about[(chosen[1] + place) % len(about)].name for place in range(len(templates))]
    made = [_filled(each, subject, value, name) for each, subject in zip(templates, subjects, strict=True)]
    return (*unsaid[:1], *made)


def is_of_the_field(criterion: Criterion) -> bool:
    """Whether a control criterion is about what the rubric is about."""
    return criterion.id.startswith("named_")


def _filled(template: Criterion, subject: str, value: str, name: str) -> Criterion:
    def filled(text: str) -> str:
        # The subject last: it is somebody's text, in which nothing is to be replaced.
        return text.replace(_VALUE, value).replace(_NAME, name).replace(_SUBJECT, subject)

    return template.model_copy(
        update={
            "name": filled(template.name),
            "asks": filled(template.asks),
            "levels": {level: filled(each) for level, each in template.levels.items()},
            "checks": {check: filled(each) for check, each in template.checks.items()},
        }
    )


def _values(chosen: bytes) -> Iterator[str]:
    """Numbers, without end: from three digits on."""
    start = int.from_bytes(chosen[2:4])
    for turn in count():
        yield str(113 + (start + turn * 37) % (887 if turn < 887 else 10**12))


def _names(chosen: bytes) -> Iterator[str]:
    """What could be somebody's surname, without end; syllables by three further bytes, and then more of them."""
    start = int.from_bytes(chosen[4:7])
    for turn in count():
        at = start + turn * 1_237
        name = _FIRST[at % 16] + _SECOND[at // 16 % 16] + _LAST[at // 256 % 16]
        yield name if turn < 4_096 else f"{name}{_LAST[turn % 16]}{_LAST[turn // 16 % 16]}{turn}"
