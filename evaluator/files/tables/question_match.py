"""Which question a heading, or a cell of a question column, means: by its id, title or text, never by guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rapidfuzz import fuzz, process

from evaluator.core.folding import fold
from evaluator.files.tables.heading import without_numbering

# In per cent of the letters that two spellings share (rapidfuzz.fuzz.ratio after folding). A spelling is accepted
# from here on, if it is as much nearer to its question than to any other as the margin says.
ALIKE_ENOUGH = 88.0
ALIKE_MARGIN = 8.0
# From here to there it may be meant, and the user has to say so; below, it is another thing altogether.
ALIKE_UNCLEAR = 70.0
# Spellings as short as this share letters by chance.
SHORTEST_UNCLEAR = 8  # characters
MOST_REMEMBERED = 1000  # spellings
# A heading that a form cut off, or added advice to, has at least this much of the question in common.
SHORTEST_BEGINNING = 40  # characters


class QuestionHeading(Protocol):
    """What has to be known of a question to find its column."""

    @property
    def id(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class QuestionMatch:
    """What a spelling means.

    `question_id` is set when it is sure; `how` says how the spelling differed ("" where only case, spaces or
    punctuation did). `nearest` is the question it might mean where it is not sure; None where it is unlike all.
    """

    question_id: str | None = None
    how: str = ""
    nearest: str | None = None
    alike: float = 0.0


_TIMES_LONGER = 4
"""What is longer than the longest spelling by more than this is not a question."""


class QuestionMatcher:
    """Finds questions by their id, title, text, or these joined, as forms and people write them."""

    def __init__(self, questions: Sequence[QuestionHeading]) -> None:
        spellings: dict[str, str | None] = {}
        for question in questions:
            for spelling in _spellings(question):
                known = spellings.setdefault(spelling, question.id)
                if known != question.id:
                    spellings[spelling] = None  # two questions share it, so it tells neither
        # An id is unique and is meant first, even if it is also a word of another question's title.
        spellings.update({fold(question.id): question.id for question in questions})
        self._exact = {spelling: owner for spelling, owner in spellings.items() if owner is not None}
        self._spellings = list(self._exact)
        self._met: dict[str, QuestionMatch] = {}
        self._longest = max((len(spelling) for spelling in self._spellings), default=0)

    def match(self, written: str) -> QuestionMatch:
        """The question that `written` means."""
        if len(written) > _TIMES_LONGER * self._longest:
            return QuestionMatch()  # no question: neither looked at nor remembered, however long it is
        # A long table names its few questions in every row; the bound is for a column that holds something else.
        met = self._met.get(written)
        if met is None:
            met = self._find(written)
            if len(self._met) < MOST_REMEMBERED:
                self._met[written] = met
        return met

    def _find(self, written: str) -> QuestionMatch:
        forms = dict.fromkeys((fold(written), fold(without_numbering(written))))
        for form in forms:
            if form in self._exact:
                return QuestionMatch(self._exact[form])
        # The last form has no number before it, which would count as a difference.
        form = list(forms)[-1]
        if not form:
            return QuestionMatch()
        return self._match_beginning(form) or self._match_alike(form)

    def _match_beginning(self, form: str) -> QuestionMatch | None:
        if len(form) < SHORTEST_BEGINNING:
            return None
        cut = {owner for key, owner in self._exact.items() if key.startswith(form)}
        if len(cut) == 1:
            return QuestionMatch(cut.pop(), how="it is the beginning of the question")
        extended = {
            owner for key, owner in self._exact.items() if len(key) >= SHORTEST_BEGINNING and form.startswith(key)
        }
        if len(extended) == 1:
            return QuestionMatch(extended.pop(), how="it begins with the question and says more")
        return None

    def _match_alike(self, form: str) -> QuestionMatch:
        best: dict[str, float] = {}
        for spelling, alike, _ in process.extract(form, self._spellings, scorer=fuzz.ratio, limit=None):
            best.setdefault(self._exact[spelling], alike)
        ranked = sorted(best.items(), key=lambda each: -each[1])
        if not ranked:
            return QuestionMatch()
        nearest, alike = ranked[0]
        next_best = ranked[1][1] if len(ranked) > 1 else 0.0
        if alike >= ALIKE_ENOUGH and alike - next_best >= ALIKE_MARGIN:
            return QuestionMatch(nearest, how=f"{alike:.0f}% alike", alike=alike)
        if alike >= ALIKE_UNCLEAR and len(form) >= SHORTEST_UNCLEAR:
            return QuestionMatch(nearest=nearest, alike=alike)
        held = {owner for key, owner in self._exact.items() if len(key) >= SHORTEST_UNCLEAR and _holds(form, key)}
        if len(held) == 1:
            return QuestionMatch(nearest=held.pop(), alike=alike)
        return QuestionMatch()

    def suggest(self, written: str) -> str | None:
        """The id of the question that shares most words or letters with `written`; None where all are quite unlike it.

        For a message only: a suggestion may be wrong, so it looks wider than a match does.
        """
        written = written[: _TIMES_LONGER * self._longest]
        found = process.extractOne(fold(written), self._spellings, scorer=fuzz.token_set_ratio, score_cutoff=60)
        return self._exact[found[0]] if found else None


def _holds(form: str, key: str) -> bool:
    return f" {key} " in f" {form} "


def _spellings(question: QuestionHeading) -> list[str]:
    """The ways a question is written as a heading, folded."""
    parts = (question.id, question.title, question.text)
    joined = [
        *parts,
        " ".join(parts),
        " ".join(parts[:2]),
        " ".join((parts[0], parts[2])),
        " ".join(parts[1:]),
    ]
    # A title that itself begins with a number must still be found once the number is taken off a heading.
    spellings = [fold(each) for each in joined] + [fold(without_numbering(each)) for each in joined]
    return [each for each in dict.fromkeys(spellings) if each]
