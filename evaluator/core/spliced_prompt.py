"""A prompt rendered once for many answers: everything but the answer, its fence and its mark is filled in already.

Rendering a template takes half a millisecond; putting an answer between finished pieces takes a few microseconds.
The messages are the same to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.utils.mustache import tokenize

from evaluator.core.prompt import Message, Prompt, Role

# Two sets of stand-ins: what differs between the two renderings is a place, whatever else the texts hold.
_STAND_INS = (
    {"answer": "\x00answer\x01", "fence": "\x00fence\x01", "mark": "\x00mark\x01"},
    {"answer": "\x01answer\x02", "fence": "\x01fence\x02", "mark": "\x01mark\x02"},
)
_PLACES = ("answer", "fence", "mark")


@dataclass(frozen=True, slots=True)
class _SplicedMessage:
    """A message in pieces: `pieces[0] place[0] pieces[1] place[1] …`; every place is `answer`, `fence` or `mark`."""

    role: Role
    pieces: tuple[str, ...]
    places: tuple[str, ...]

    def filled(self, values: Mapping[str, str]) -> Message:
        parts = [self.pieces[0]]
        for place, piece in zip(self.places, self.pieces[1:], strict=True):
            parts += (values[place], piece)
        return Message(self.role, "".join(parts))


@dataclass(frozen=True, slots=True)
class SplicedPrompt:
    """The messages of a prompt with places left for one answer. Messages without a place are the same object always."""

    messages: tuple[Message | _SplicedMessage, ...]

    def render(self, answer: str, fence: str, mark: str = "") -> tuple[Message, ...]:
        """The messages, as `Prompt.render` would make them."""
        values = {"answer": answer, "fence": fence, "mark": mark}
        return tuple(each if isinstance(each, Message) else each.filled(values) for each in self.messages)


def spliced(prompt: Prompt, values: Mapping[str, Any]) -> SplicedPrompt | None:
    """The prompt with everything of `values` but the answer filled in.

    None where the answer is more than a text put into places: shown as numbered sentences, or asked whether it is
    empty. Such a prompt has to be rendered for each answer.
    """
    if not all(_only_places(message.content) for message in prompt.messages):
        return None
    one, other = (
        [_in_pieces(message, stand_in) for message in prompt.render({**values, **stand_in, "sentences": []})]
        for stand_in in _STAND_INS
    )
    return SplicedPrompt(tuple(one)) if one == other else None


def _only_places(template: str) -> bool:
    """Whether the answer, its fence and its mark are put in as they are, and nothing depends on them."""
    return not any(
        kind in ("section", "inverted section") and name in (*_PLACES, "sentences") for kind, name in tokenize(template)
    )


def _in_pieces(message: Message, stand_in: Mapping[str, str]) -> Message | _SplicedMessage:
    pieces, places = [message.content], []
    while True:
        last = pieces.pop()
        found = [(last.index(mark), place) for place, mark in stand_in.items() if mark in last]
        if not found:
            pieces.append(last)
            break
        at, place = min(found)
        pieces += [last[:at], last[at + len(stand_in[place]) :]]
        places.append(place)
    return _SplicedMessage(message.role, tuple(pieces), tuple(places)) if places else message
