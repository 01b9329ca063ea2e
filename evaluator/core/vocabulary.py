"""The vocabulary: for each check of a rubric, the signs by which a matcher without a model knows that it is met."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from evaluator.core.rubric import FileRecord, Identifier, Rubric, Text
from evaluator.core.signs import BUILT_IN, Either, SignSyntaxError, lists_named, parse_list_entry, parse_sign

# Sentences that signs pass over unless they say otherwise: a bare list of terms shows that somebody knows
# the words, a copy of the question that they can copy.
PassedOver = Literal["term_lists", "copied_question"]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_sign(value: Any) -> Any:
    return {"any": [value]} if isinstance(value, str) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed), Field(min_length=1)]


class Sign(FileRecord):
    """One sign, or several that mean the same (`any`), in the language of `evaluator.core.signs`.

    `unless` cancels a match in the same sentences. `questions` restricts the sign to answers to these.
    `within` is how many sentences that follow one another the parts joined by "&" may be spread over, or
    "answer". `also_in` admits sentences that signs otherwise pass over. A file may write a plain string for
    a sign that needs none of this.
    """

    any_of: Annotated[Texts, Field(alias="any")]
    unless: Annotated[tuple[Text, ...], BeforeValidator(_listed)] = ()
    questions: tuple[Identifier, ...] = ()
    within: Annotated[int, Field(ge=1, le=50)] | Literal["answer"] = 1
    also_in: tuple[PassedOver, ...] = ()


Signs = tuple[Annotated[Sign, BeforeValidator(_as_sign)], ...]


class Vocabulary(FileRecord):
    """The signs for one rubric, by criterion and check; `lists` are phrases that signs name as <list>.

    A sentence that meets a sign in `ignore` (for instance one that addresses the grader) counts for nothing.
    """

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    rubric: Identifier
    about: str = ""
    lists: dict[Identifier, Texts] = {}
    ignore: Signs = ()
    criteria: dict[Identifier, dict[Identifier, Signs]] = {}
    red_flags: dict[Identifier, Signs] = {}


def vocabulary_mistakes(
    vocabulary: Vocabulary, rubric: Rubric, questions: Collection[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Everything in `vocabulary` that does not parse or does not fit `rubric`: (path of keys, what is wrong).

    With `questions`, the ids of a questionnaire, a sign that names another question is a mistake too.
    """
    if vocabulary.rubric != rubric.id:
        yield "rubric", f"the vocabulary is for rubric {vocabulary.rubric!r}, this rubric is {rubric.id!r}"
    yield from _list_mistakes(vocabulary)
    yield from _sign_mistakes("ignore", vocabulary.ignore, vocabulary, questions)
    criteria = {criterion.id: criterion for criterion in rubric.criteria}
    for criterion_id, checks in vocabulary.criteria.items():
        if criterion_id not in criteria:
            yield f"criteria.{criterion_id}", f"the rubric has no criterion {criterion_id!r}"
        for check, signs in checks.items():
            key = f"criteria.{criterion_id}.{check}"
            if criterion_id in criteria and check not in criteria[criterion_id].checks:
                yield key, f"criterion {criterion_id!r} has no check {check!r}"
            yield from _sign_mistakes(key, signs, vocabulary, questions)
    flags = {flag.id for flag in rubric.red_flags}
    for flag_id, signs in vocabulary.red_flags.items():
        if flag_id not in flags:
            yield f"red_flags.{flag_id}", f"the rubric has no red flag {flag_id!r}"
        yield from _sign_mistakes(f"red_flags.{flag_id}", signs, vocabulary, questions)


def _list_mistakes(vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    found = False
    for name, entries in vocabulary.lists.items():
        if name in BUILT_IN:
            found = True
            yield f"lists.{name}", f"<{name}> is built in and cannot be written anew"
        for number, entry in enumerate(entries):
            for problem in _problems(entry, _named_in_entry, vocabulary):
                found = True
                yield f"lists.{name}[{number}]", problem
    if not found:
        circle = _in_a_circle({name: _lists_in(entries) for name, entries in vocabulary.lists.items()})
        if circle is not None:
            yield "lists", f"the list <{circle}> contains itself"


def _lists_in(entries: Iterable[str]) -> dict[str, None]:
    return dict.fromkeys(name for entry in entries for name in _named_in_entry(entry) if name not in BUILT_IN)


def _in_a_circle(named: Mapping[str, Iterable[str]]) -> str | None:
    """The first list that, by way of those that it names, contains itself; None where none does."""
    whole: set[str] = set()  # lists that end
    for begin in named:
        open_lists, way = [begin], [iter(named[begin])]
        while way:
            name = next(way[-1], None)
            if name is None:
                whole.add(open_lists.pop())
                way.pop()
            elif name in open_lists:
                return name
            elif name not in whole:
                open_lists.append(name)
                way.append(iter(named[name]))
    return None


def _sign_mistakes(
    key: str, signs: Signs, vocabulary: Vocabulary, questions: Collection[str] | None
) -> Iterator[tuple[str, str]]:
    for number, sign in enumerate(signs):
        for part, texts in (("any", sign.any_of), ("unless", sign.unless)):
            for at, text in enumerate(texts):
                for problem in _problems(text, _named_in_sign, vocabulary):
                    yield f"{key}[{number}].{part}[{at}]", problem
        for at, question in enumerate(sign.questions):
            if questions is not None and question not in questions:
                yield f"{key}[{number}].questions[{at}]", f"the questionnaire has no question {question!r}"


def _problems(text: str, names: Callable[[str], list[str]], vocabulary: Vocabulary) -> Iterator[str]:
    try:
        named = names(text)
    except SignSyntaxError as error:
        yield str(error)
        return
    for name in dict.fromkeys(named):
        if name not in vocabulary.lists and name not in BUILT_IN:
            yield f"there is no list <{name}>"


def _named_in_sign(text: str) -> list[str]:
    return [name for either in parse_sign(text) for name in lists_named(either)]


def _named_in_entry(text: str) -> list[str]:
    return list(lists_named(parse_list_entry(text)))


def parsed_lists(vocabulary: Vocabulary) -> dict[str, Either]:
    """The entries of every named list, all in one. Raises SignSyntaxError."""
    return {
        name: tuple(dict.fromkeys(chain for entry in entries for chain in parse_list_entry(entry)))
        for name, entries in vocabulary.lists.items()
    }
