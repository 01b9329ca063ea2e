"""A table's answers, each with the others that are nearly the same, for whoever grades them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice

from evaluator.core.answer import Answer
from evaluator.core.questionnaire import Questionnaire
from evaluator.files.near_copy_search import NearCopySearch


@contextmanager
def alike_answers(
    answers: Iterable[Answer], questionnaire: Questionnaire, *, limit: int | None = None
) -> Iterator[AlikeAnswers]:
    """The first `limit` answers compared with each other; they can be iterated until the block ends.

    `answers` can be iterated several times, and are the same each time.
    """
    with NearCopySearch([question.text for question in questionnaire.questions]) as search:
        search.look_through(_Some(answers, limit))
        yield AlikeAnswers(answers, search)


class AlikeAnswers:
    """The same answers, in the same order, as often as wanted. Made by `alike_answers`."""

    def __init__(self, answers: Iterable[Answer], search: NearCopySearch) -> None:
        self._answers = answers
        self._search = search

    def __iter__(self) -> Iterator[Answer]:
        for number, answer in enumerate(self._answers):
            alike = self._search.of(number)
            yield replace(answer, alike=alike) if alike else answer


class _Some:
    def __init__(self, answers: Iterable[Answer], limit: int | None) -> None:
        self._answers = answers
        self._limit = limit

    def __iter__(self) -> Iterator[Answer]:
        return islice(iter(self._answers), self._limit)
