"""What around a word shows that it names a person here: an introduction, a salutation, a signature."""

from __future__ import annotations

import re

_LAST_LINES = 80  # characters that may follow a signature
_BEFORE = 40  # characters before a word that are looked at

# After these a name follows, however it is written.
_INTRODUCED = re.compile(
    r"""(?:
    \b(?:my|full|first|last|the)\s+name(?:'s|\s+is|:) | \bname\s*[:=-] | \bcall(?:ed)?\s+me
    | \bcalled | \bnamed | \bsigned,?
    | \bgo(?:es)?\s+by | (?:regards|wishes|sincerely|cheers|thanks|thank\ you|yours|respectfully),?
    | \b(?:mr|mrs|ms|mx|dr|prof|herr|frau|sr|sra|señor|señora|mme|monsieur|madame|sig)\.?
    | \bmein\ name\ ist | \bich\ hei(?:ß|ss)e | \bgr(?:ü|ue)(?:ß|ss)en?,?
    | \bme\ llamo | \bmi\ nombre\ es | \bsaludos,? | \batentamente,?
    | \bje\ m['\u2019]appelle | \bmon\ nom\ est | \bcordialement,?
    | \bmi\ chiamo | \bme\ chamo | \bmeu\ nome\ (?:é|e) | \batenciosamente,?
    | \bik\ heet | \bmijn\ naam\ is | \bjag\ heter | \bmitt\ namn\ (?:är|ar)
    | \bnazywam\ si[ęe] | \bmam\ na\ imi[ęe] | \bjmenuji\ se | \bbenim\ ad[ıi]m | \bad[ıi]m
    | меня\ зовут | с\ уважением,? | мене\ звати | اسمي | नाम
    )\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
# These go before anything else too ("I am frank about it").
_PRESENTED = re.compile(
    r"""(?:
    \b(?:i|this|it)(?:['\u2019]?m|\s+am|\s+is|['\u2019]s) | \bi, | \bhi,? | \bhello,? | \bdear
    | \bich\ bin | \bsoy | \bje\ suis | \bsono | \bsou | \bik\ ben | \bjag\ är | \bjestem | я
    | [\u2014\u2013-]{1,2} | \bby | \bfrom | \btell | \bask(?:ed)?(?:\ for)? | \blieber | \bliebe
    )\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_DOES_SOMETHING = re.compile(
    r""",?\ and\ I\b | \ here\b | : | ,\ (?:PhD|MSc|MD)
    | ,?\ (?:is|was|has|had|did|says|said|wrote|found|built|made|ran|led|gave|got|took|saw|thinks|thought|knew|speaking
             |[a-z]{2,12}ed)\b""",
    re.VERBOSE,
)
_SENTENCE_ENDS = frozenset(".!?:;\n\r\u2022*-\u2013\u2014\"'([{\u201c\u2018\u00ab\u00bf\u00a1>|\u3002")
_GERMAN = re.compile(r"\b(?:der|die|das|und|nicht|ein|eine|mit|ist|wir|ich|für|auf|von)\b")


def is_introduced(text: str, start: int) -> bool:
    """Whether what begins at `start` is said to be a name."""
    return _INTRODUCED.search(text[max(0, start - _BEFORE) : start]) is not None


def is_presented(text: str, start: int) -> bool:
    """Whether what stands before it often stands before a name."""
    return _PRESENTED.search(text[max(0, start - _BEFORE) : start]) is not None


def is_signature(text: str, start: int, end: int) -> bool:
    """Whether it stands alone on the first line or on one of the last."""
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
    if line_start == 0 and line_end < 0:
        return False
    line_end = len(text) if line_end < 0 else line_end
    alone = not (text[line_start:start] + text[end:line_end]).strip(" \t\r.,!-\u2013\u2014~*")
    return alone and (line_start == 0 or len(text[line_end:].strip()) < _LAST_LINES)


def begins_sentence(text: str, start: int) -> bool:
    """Whether a capital at `start` is owed to the sentence."""
    bare = text[max(0, start - _BEFORE) : start].rstrip(" \t\u00a0")
    return not bare or bare[-1] in _SENTENCE_ENDS


def does_something(text: str, end: int) -> bool:
    """Whether what ends at `end` is followed as the subject of a sentence is."""
    return _DOES_SOMETHING.match(text, end) is not None


def is_german(text: str) -> bool:
    """Whether nouns have capitals here."""
    return len(_GERMAN.findall(text[:2_000])) > max(2, text[:2_000].count(" ") // 12)
