"""Markup that speaks past the reader: roles of a chat, an end of the answer made up, hidden HTML, grades as data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from evaluator.core.suspicion.address import concepts_in
from evaluator.core.suspicion.concepts import weight_of
from evaluator.core.suspicion.finding import Finding

_SPEAKS = 3.5  # weight of the concepts inside a hidden part, for it to be meant for the grader
_PERHAPS = 1.5
_LONGEST_BLOCK = 1_500  # characters of a comment or block that belong to one finding
_RULES = ("--", "==", "**", "##", "~~", "__")
_REST_OF_LINE = rf"[^\n]{{0,{_LONGEST_BLOCK}}}"

_CHAT = re.compile(
    r"<\|[a-z_]{1,20}\|>" + _REST_OF_LINE + r"|\[/?INST\]" + _REST_OF_LINE + r"|<</?SYS>>" + _REST_OF_LINE
    + r"|</?(?:system|assistant|answer|instructions?)>" + _REST_OF_LINE
    + r"|^[ \t#*]{0,6}(?:instruction|response)s?[ \t*]{0,3}:[ \t]*$" ,
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
_ROLE = re.compile(
    r"^[ \t>#*]{0,6}(?:system|assistant|sistema|asistente|assistente|système|systeme|assistent|система|"
    r"ассистент|النظام|"
    r"系统|助手|システム)[ \t*]{0,3}[:：]" + _REST_OF_LINE,
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
_FENCE = re.compile(r"<<\s{0,3}/?answer[-_ ][0-9a-f]{4,64}\s{0,3}>>" + _REST_OF_LINE, re.IGNORECASE)
_END = re.compile(
    r"^[ \t]{0,3}[-=*#_~]{3,20}[ \t]{0,3}(?:the )?(?:end|fin|fim|ende|fine|конец|koniec|نهاية|结束|以上)(?![a-zа-я])"
    + _REST_OF_LINE,
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
_COMMENT = re.compile(rf"<!--.{{0,{_LONGEST_BLOCK}}}?-->", re.DOTALL)
_LINK_COMMENT = re.compile(r"^\[[^\]\n]{1,20}\]:" + _REST_OF_LINE, re.MULTILINE)
_ALT_TEXT = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,400}\)")
_HIDING = re.compile(
    r"<[a-z]{1,10}[^<>\n]{0,200}(?:hidden|display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|"
    r"font-size\s{0,3}:\s{0,3}0|opacity\s{0,3}:\s{0,3}0|color\s{0,3}:\s{0,3}(?:white|#fff))[^<>\n]{0,200}>"
    + _REST_OF_LINE,
    re.IGNORECASE,
)  # fmt: skip
_CODE_COMMENT = re.compile(
    r"(?:^[ \t]*(?:#|//|--)|[;){}][ \t]{1,8}(?:--|//|#))[ \t]" + _REST_OF_LINE + r"|/\*[^*]{0,1000}\*/", re.MULTILINE
)
# A key of the reply, or of a grade, with its value.
_GRADE_KEY = re.compile(
    r"\b(level|score|grade|rating|rationale|verdict|evidence|missing|band|red_flags|criteria|met|nivel|nota|stufe|"
    r"bewertung|veredicto)[\"']?\s{0,3}(?::\s{0,3}[\w\"'\[{+.-]|=\s{0,3}[\d\"'])",
    re.IGNORECASE,
)
_KEYS = frozenset(
    "level score grade rating rationale verdict evidence missing band red flags criteria met nivel nota stufe "
    "bewertung veredicto".split()
)
_FEWEST_KEYS = 2
_DATA_GAP = 300  # characters between two keys of the same block
_NUMBERED_LEVEL = re.compile(
    r"^[ \t>*-]{0,6}(?:level|nivel|nível|niveau|stufe|livello|poziom|уровень|рівень|seviye|المستوى|等级|レベル|"
    r"(?P<ideographs>\d级))[ \t]{0,3}\d?[ \t]{0,3}[:：.)-]",
    re.IGNORECASE | re.MULTILINE,
)


OF_LINES = (_ROLE, _END, _LINK_COMMENT, _NUMBERED_LEVEL)
"""The patterns that begin where a line does and end in it."""


def markup(text: str) -> Iterator[Finding]:
    """Each stretch of such markup. Every pattern is asked only where a character of its own is there."""
    if "<" in text or "[" in text or "nstruction" in text or "esponse" in text:
        yield from _each(_CHAT.finditer(text), text, "Markup of a conversation with a model.")
        yield from _each(_FENCE.finditer(text), text, "A line made to look like the end of the answer.")
    if ":" in text or "：" in text:
        yield from _each(of_lines(_ROLE, text), text, "A line in the name of the system or of the assistant.")
    if any(rule in text for rule in _RULES):
        ends = of_lines(_END, text)
        yield from _each(
            ends, text, "A line made to look like the end of the answer.", reaches=_to_the_end_of_paragraph
        )
    if "<" in text:
        yield from _hidden(_COMMENT.finditer(text), "A comment of HTML, which a page does not show.")
        yield from _hidden(_HIDING.finditer(text), "Text that a page would hide.")
    if "[" in text:
        yield from _hidden(of_lines(_LINK_COMMENT, text), "A note of Markdown, which a page does not show.")
        yield from _hidden(_ALT_TEXT.finditer(text), "Words about a picture, which a page does not show.")
    if "#" in text or "//" in text or "--" in text or "/*" in text:
        yield from _hidden(_CODE_COMMENT.finditer(text), "A comment in code.", least=_SPEAKS)


def grades_as_data(text: str, lowered: str, words: Iterable[str], criterion_names: Sequence[str]) -> Iterator[Finding]:
    """Grades written as data, or as a list of levels: a reply or a rubric made up. `words`: of the lowered text."""
    keys = (
        []
        if len(_KEYS.intersection(words)) < _FEWEST_KEYS
        else [(*found.span(), found[1].lower()) for found in _GRADE_KEY.finditer(text)]
    )
    yield from _runs(keys, text, "A grade made up as data.")
    levels = [(*found.span(), str(found.start())) for found in of_lines(_NUMBERED_LEVEL, text)]
    yield from _runs(levels, text, "Levels made up as a list.")
    for name in criterion_names:
        at = lowered.find(name)
        if at >= 0 and _VALUE.match(text, at + len(name)):
            start = text.rfind("\n", 0, at) + 1
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            yield Finding("injection_suspected", start, end, "A level written beside a criterion's name.", True)


_VALUE = re.compile(
    r"[\"'*_ \t]{0,4}[:=–-]{1,3}[ \t{\"']{0,6}(?:level\W{0,4})?(?:\d|full|max|met|excellent)", re.IGNORECASE
)


def of_lines(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """As `finditer`, for a pattern of `OF_LINES`: asked only where a line begins, it costs little."""
    start = 0
    while True:
        found = pattern.match(text, start)
        if found is not None:
            yield found
        start = text.find("\n", start) + 1
        if start == 0:
            return


def _each(
    found_there: Iterable[re.Match[str]], text: str, says: str, reaches: Callable[[str, int], int] | None = None
) -> Iterator[Finding]:
    for found in found_there:
        end = reaches(text, found.end()) if reaches else found.end()
        yield Finding("injection_suspected", found.start(), end, says, True)


def _hidden(found_there: Iterable[re.Match[str]], says: str, *, least: float = _PERHAPS) -> Iterator[Finding]:
    """What is hidden and says something about grades; other comments are nobody's business."""
    for found in found_there:
        weight = weight_of(concepts_in(found.group()))
        if weight >= least:
            yield Finding("injection_suspected", found.start(), found.end(), says, weight >= _SPEAKS)


def _runs(places: Sequence[tuple[int, int, str]], text: str, says: str) -> Iterator[Finding]:
    """Stretches of whole lines where two different ones, or more, stand close together: (start, end, which)."""
    first = 0
    for place in range(1, len(places) + 1):
        if place < len(places) and places[place][0] - places[place - 1][1] <= _DATA_GAP:
            continue
        if len({which for _, _, which in places[first:place]}) >= _FEWEST_KEYS:
            start = text.rfind("\n", 0, places[first][0]) + 1
            line_end = text.find("\n", places[place - 1][1])
            end = len(text) if line_end < 0 else line_end
            yield Finding("injection_suspected", start, end, says, True)
        first = place


def _to_the_end_of_paragraph(text: str, at: int) -> int:
    end = text.find("\n\n", at)
    return len(text) if end < 0 else end
