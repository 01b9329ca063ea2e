"""The marks of one answer as they are handed out, and the answer cut at them."""

from __future__ import annotations

import unicodedata

from evaluator.core.answer import Answer
from evaluator.core.lookalike import lookalikes
from evaluator.report.marked_answer import Mark, Segment, segments


class AnswerMarks:
    """Hands out marks; the same words for the same reason are marked once."""

    def __init__(self, answer: Answer, anchor: str) -> None:
        self.text = answer.text
        self._anchor = anchor
        self._by_words: dict[tuple[str, int, int], Mark] = {}
        self._numbers: dict[str, int] = {}

    def make(self, start: int | None, end: int | None, look: str, letter: str, title: str) -> Mark | None:
        """The mark for these characters, or None where there is no place in the answer to mark."""
        if start is None or end is None or not 0 <= start < end <= len(self.text):
            return None
        key = (letter, start, end)
        mark = self._by_words.get(key)
        if mark is None:
            self._numbers[letter] = number = self._numbers.get(letter, 0) + 1
            label = f"{letter}{number}"
            name = label.replace("!", "x")
            mark = Mark(start, end, look, label, f"{label}: {title}", f"{self._anchor}-{name}")
            self._by_words[key] = mark
        return mark

    def segments(self) -> tuple[Segment, ...]:
        """The answer, cut at the marks made so far and at letters that are not what they look like; () where blank."""
        if not self.text.strip():
            return ()
        alike = (
            Mark(each.at, each.at + 1, "lookalike", "", f"{_named(each.letter)}, looks like “{each.like}”", "")
            for each in lookalikes(self.text)
        )
        return tuple(segments(self.text, [*self._by_words.values(), *alike]))


def _named(letter: str) -> str:
    return f"U+{ord(letter):04X} {unicodedata.name(letter, 'unnamed')}"
