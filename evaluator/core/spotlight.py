"""Spotlighting: every word of an answer carries a mark, so that a model can tell at each word whose words they are.

It is the datamarking of Hines et al. (2024, "Defending Against Indirect Prompt Injection Attacks With Spotlighting"),
with one difference: marks are put in, and nothing is taken out, so that the answer comes back to the letter.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from itertools import count
from typing import Annotated, Literal

from pydantic import Field

from evaluator.core.asks import AskReply
from evaluator.core.prompt import MessageTemplate, Prompt
from evaluator.core.rubric import FileRecord, Text

Spotlight = Literal["off", "marks"]

# Marks of one answer cannot overlap: the first sign of a mark is none of the others. So taking every mark out leaves
# exactly what was there before.
_FIRST = "^~"
_REST = "bcdfghjkmnpqrstvwxz23456789"
_LAST = "|"  # so that a mark and a word, or a number, are not read as one
_TRIED_AT_A_LENGTH = 64
# Scripts without spaces between words: Thai to Khmer, and the ideographs with their syllabaries. What stands on, under
# or behind a letter of the former is not parted from it.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u303f\u3040-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
)
_ATTACHED = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3\u17dd"
# A word; of what has no spaces, four letters; and no more than 24 signs, however an answer avoids spaces.
_PIECE = re.compile(rf"[{_UNSPACED}]{{1,4}}[{_ATTACHED}]*|[^\s{_UNSPACED}]{{1,24}}")


def mark_for(text: str) -> str:
    """A mark that does not occur in `text`, such as `^k7|`; longer where the text holds too many of those.

    Like the fence it is derived from the text: the same answer makes the same prompt, and whoever writes a mark into an
    answer changes the answer's.
    """
    for attempt in count():
        digest = hashlib.sha256(f"mark {attempt}\x00{text}".encode("utf-8", "surrogatepass")).digest()
        rest = digest[1 : 3 + min(attempt // _TRIED_AT_A_LENGTH, len(digest) - 3)]
        mark = _FIRST[digest[0] % len(_FIRST)] + "".join(_REST[byte % len(_REST)] for byte in rest) + _LAST
        if mark not in text:
            return mark
    raise AssertionError("unreachable: count() does not end")


def marked(text: str, mark: str) -> str:
    """The text with the mark before each of its words; unchanged without a mark."""
    return _PIECE.sub(lambda found: mark + found[0], text) if mark else text


def unmarked(text: str, mark: str) -> str:
    """The text without the mark, wherever it is: `unmarked(marked(text, mark), mark) == text`."""
    return text.replace(mark, "") if mark else text


def without_marks(reply: AskReply, mark: str) -> AskReply:
    """A model's reply with the words that it quotes as the candidate wrote them, whether it copied marks or not."""
    if not mark:
        return reply
    return AskReply(
        tuple(
            replace(
                criterion,
                quotes=tuple(unmarked(each, mark) for each in criterion.quotes),
                checks=tuple(
                    replace(check, quotes=tuple(unmarked(each, mark) for each in check.quotes))
                    for check in criterion.checks
                ),
                missing=unmarked(criterion.missing, mark),
                rationale=unmarked(criterion.rationale, mark),
            )
            for criterion in reply.criteria
        ),
        tuple(replace(flag, quote=unmarked(flag.quote, mark)) for flag in reply.red_flags),
    )


class SpotlightWords(FileRecord):
    """What a model is told about marks, in a prompt that does not say it itself.

    `before` is the same for every answer and joins the prompt's first message, so that an endpoint can cache it;
    `after` names the mark, behind the answer.
    """

    id: Literal["marks"]
    version: Annotated[int, Field(ge=1)]
    before: Text
    after: Text


def spotlit(prompt: Prompt, words: SpotlightWords) -> Prompt:
    """The prompt with the words about marks in it; unchanged where it names the place `mark` itself."""
    if "mark" in prompt.variables:
        return prompt
    messages = list(prompt.messages)
    first = messages[0]
    if first.role == "system":
        messages[0] = _with_content(first, f"{first.content.rstrip()}\n\n{words.before}")
    else:
        messages[0] = _with_content(first, f"{words.before}\n{first.content}")
    last = messages[-1]
    messages[-1] = _with_content(last, f"{last.content.rstrip()}\n{words.after}")
    return prompt.model_copy(update={"messages": tuple(messages), "variables": (*prompt.variables, "mark")})


def _with_content(message: MessageTemplate, content: str) -> MessageTemplate:
    return message.model_copy(update={"content": content})
