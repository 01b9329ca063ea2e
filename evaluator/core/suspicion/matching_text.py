"""The text as it is searched: without characters that have no ink, and with the way back to where each stood."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Format characters without ink, joiners, bidirectional marks, variation selectors, tags: whatever can stand inside a
# word unseen. The answer itself keeps them, for display and for offsets.
_INKLESS = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff"
)
_RUN = re.compile(f"[{_INKLESS}]+")
_WORD = re.compile(r"[^\W_]+")
_WORDS_ONLY = "".join(each if each.isalnum() else " " for each in map(chr, range(128)))


@dataclass(frozen=True, slots=True)
class MatchingText:
    """`text` without inkless characters; `original` gives back where a stretch of it stands in the answer."""

    text: str
    removed: tuple[tuple[int, int], ...]
    """For each stretch that was taken out: its place in `text`, and how many characters were out up to there."""

    @classmethod
    def of(cls, answer: str) -> MatchingText:
        """The answer as it is searched."""
        if answer.isascii() or not _RUN.search(answer):
            return cls(answer, ())
        pieces: list[str] = []
        removed: list[tuple[int, int]] = []
        at = gone = 0
        for run in _RUN.finditer(answer):
            pieces.append(answer[at : run.start()])
            removed.append((run.start() - gone, gone + len(run.group())))
            gone += len(run.group())
            at = run.end()
        return cls("".join([*pieces, answer[at:]]), tuple(removed))

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where characters [start, end) of `text` stand in the answer, with the inkless ones in and beside them."""
        return start + self._gone_before(start, beside=False), end + self._gone_before(end, beside=True)

    def _gone_before(self, at: int, *, beside: bool) -> int:
        gone = 0
        for place, total in self.removed:
            if place < at or (beside and place == at):
                gone = total
            else:
                break
        return gone


def inkless_runs(answer: str) -> tuple[tuple[int, int], ...]:
    """Every stretch of such characters."""
    if answer.isascii():
        return ()
    return tuple(run.span() for run in _RUN.finditer(answer))


def words_of(text: str) -> list[str]:
    """Every run of letters and digits, in order."""
    # Of ASCII many times as fast without a pattern.
    return text.translate(_WORDS_ONLY).split() if text.isascii() else _WORD.findall(text)
