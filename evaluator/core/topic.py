"""The topic of a question: its words and its rubric's, to tell an answer that is about something else altogether."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.core.grade import Flag
from evaluator.core.overlap import content_words, is_content, stem
from evaluator.core.words import words

_FEWEST_WORDS = 15  # different ones that carry content; of fewer nothing can be said
_FIRST_WORDS = 40
_MOST_SHARED = 2
"""An answer that shares as few words as these with its question is off topic more often than not. Chosen on the answers
that docs/attacks.md names; people share at least five in answers that are long enough."""


@dataclass(frozen=True, slots=True)
class Topic:
    """`words` as they are written, in lower case, and `stems`: what an answer to the question may share."""

    words: frozenset[str]
    stems: frozenset[str]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Topic:
        """Of everything that is said to candidates and graders about a question."""
        said = {word.text for text in texts for word in words(text) if is_content(word.text)}
        return cls(frozenset(said), frozenset(map(stem, said)))

    def off_topic(self, text: str, said: Sequence[str] | None = None) -> Flag | None:
        """A note for an answer in the question's language that shares next to nothing with it.

        `said`: what stands between its white space, in lower case, where that is known already.
        """
        written = text.lower().split() if said is None else said
        # Nearly every answer ends here, and most of these within their first sentences.
        if any(len(self.words.intersection(some)) > _MOST_SHARED for some in (written[:_FIRST_WORDS], written)):
            return None
        content = set(content_words(text))
        shared = len(content & self.stems)
        if len(content) < _FEWEST_WORDS or shared > _MOST_SHARED:
            return None
        detail = (
            f"Of {len(content)} different words that carry content, {shared or 'none'} "
            f"{'stands' if shared == 1 else 'stand'} in the question or its rubric: it may answer something else."
        )
        return Flag(code="off_topic", severity="note", detail=detail)
