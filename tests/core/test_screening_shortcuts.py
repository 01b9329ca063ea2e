"""What spares most answers the dear parts of screening hides nothing that these would find."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.answer import Answer
from evaluator.core.questionnaire import Question
from evaluator.core.screen import screen
from evaluator.core.suspicion.look import GradingWords
from evaluator.core.suspicion.markup import OF_LINES, of_lines
from evaluator.core.suspicion.stuffing import RUN, RecitedRuns, may_repeat, repetitions

_FEW_WORDS = st.lists(st.sampled_from("abcd"), max_size=40)
_PIECES = st.sampled_from(
    ["system", "System", ":", "：", " ", "\t", "\n", "\r\n", "-", "---", "end", "the ", "#", "*", ">", "[", "]", "note",
     "level", "Stufe ", "4", ".", "уровень", "x" * 9, "ſ", "İ", "\u2028"]
)  # fmt: skip
_SAID = st.sampled_from(
    ["Yes sir it is", "yes  sir it is", "No such thing", "No", "ΟΔΟΣ αβ γδε", "𝔄bc defgh", "\u00a0", ""]
)
_ENDS = st.sampled_from([". ", "! ", "? ", "。", "\n", ".\t", ", "])


@given(
    _FEW_WORDS, st.lists(st.lists(st.sampled_from("abcd"), min_size=RUN, max_size=RUN), max_size=20), st.integers(0, 40)
)
def test_no_run_of_the_rubric_is_missed(said: list[str], runs: list[list[str]], at: int) -> None:
    """Wherever in an answer it begins."""
    every = frozenset(map(tuple, runs))
    said = [*said[:at], *(runs[0] if runs else ()), *said[at:]]
    plain = any(tuple(said[start : start + RUN]) in every for start in range(len(said)))
    assert RecitedRuns(every).stand_in(said) == plain


@given(st.lists(_PIECES, max_size=40))
def test_patterns_of_lines_are_found_as_anywhere(pieces: list[str]) -> None:
    """Asked at the beginnings of lines, they find what they find in the whole text."""
    text = "".join(pieces)
    for pattern in OF_LINES:
        assert [each.span() for each in of_lines(pattern, text)] == [each.span() for each in pattern.finditer(text)]


@given(st.lists(st.tuples(_SAID, _ENDS), max_size=14) | st.lists(st.tuples(st.text(max_size=12), _ENDS), max_size=14))
def test_no_repeated_sentence_is_missed(parts: list[tuple[str, str]]) -> None:
    """However it is spaced, and in whichever case."""
    text = "".join(said + end for said, end in parts)
    assert may_repeat(text) or not list(repetitions(text))


@given(st.lists(st.sampled_from(["one", "_", "é", "-", " ", "\n", ". "]), min_size=1, max_size=30), st.integers(0, 12))
def test_an_answer_is_too_short_by_its_words(pieces: list[str], fewest: int) -> None:
    """And by nothing else; it says how many there are."""
    text = "".join(pieces)
    question = Question(id="q", title="T", text="Why?", criteria=("one",), min_words=fewest)
    words = len(re.findall(r"\w+", text))
    found = screen(Answer("a", "c", "q", text), question, GradingWords.of([], [], []))
    said = [flag.detail for flag in found.flags if flag.code == "too_short"]
    if found.not_answered is None:
        assert [each.split()[0] for each in said] == ([str(words)] if words < fewest else [])
