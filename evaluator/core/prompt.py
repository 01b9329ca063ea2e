"""The prompt: every word that a model reads, as messages with named places for rubric, question and answer.

Templates are mustache, as langchain-core renders it: `{{{name}}}` puts a value in as it is, `{{#list}} …
{{/list}}` repeats for each item or shows the part only where the value is not empty. Values are put in and
never read as templates again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from langchain_core.utils.mustache import render, tokenize
from pydantic import Field

from evaluator.core.rubric import FileRecord, Identifier, Text

Role = Literal["system", "user", "assistant"]
AskFor = Literal["levels", "checks"]
Calls = Literal["all", "per-criterion", "per-check"]

# What a template may name, and what is inside it. A list stands for "repeats"; a dict for its parts.
_QUESTION = {"id": "", "title": "", "text": "", "look_for": "", "reference_answer": ""}
_LEVEL = {"level": "", "text": ""}
_CHECK = {"id": "", "asks": ""}
_CRITERION = {
    "id": "",
    "name": "",
    "asks": "",
    "levels": [_LEVEL],
    "guidance": [{"text": ""}],
    "checks": [_CHECK],
}
# Of the four `by_…` one holds: a template shows the words that are true of an example.
_EXAMPLE = {
    "fence": "",
    "answer": "",
    "grades": [{"criterion": "", "level": "", "evidence": [{"quote": ""}]}],
    "by_human": "",
    "by_model": "",
    "by_author": "",
    "by_unknown": "",
}
PLACES: Mapping[str, Any] = {
    "rubric_title": "",
    "lowest": "",
    "highest": "",
    "question": _QUESTION,
    "criteria": [_CRITERION],
    "red_flags": [{"id": "", "name": "", "looks_like": ""}],
    "examples": [_EXAMPLE],
    "fence": "",
    "answer": "",
    "mark": "",
    "sentences": [{"number": "", "text": ""}],
    "unfound": [{"quote": ""}],
    "unsupported": [{"name": ""}],
}


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation with a model."""

    role: Role
    content: str


class MessageTemplate(FileRecord):
    """A message with places to fill."""

    role: Role
    content: Text


class Prompt(FileRecord):
    """A published prompt.

    `asks_for`: levels, or yes/no checks from which the levels follow in code. `calls`: how the criteria are
    spread over requests unless the command line says otherwise. `variables`: the places that the messages
    name, written out so that a misspelt one is a mistake and not an empty string. `repair` is sent after a
    reply whose quotes are not in the answer. `parameters` go to the endpoint as they are.
    """

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    about: Text
    asks_for: AskFor
    calls: Calls = "all"
    asks_red_flags: bool = True
    asks_reasons: bool = True
    """Whether a reply says what is missing and why; a small model is quicker and no worse without."""
    most_quotes: Annotated[int, Field(ge=1)] | None = None
    """The most quotes under one verdict; the schema then says so, which not every endpoint takes."""
    quotes_from: Literal["answer", "sentences"] = "answer"
    """`sentences`: the answer is shown as numbered sentences and a quote is chosen from them."""
    variables: tuple[str, ...]
    messages: Annotated[tuple[MessageTemplate, ...], Field(min_length=1)]
    repair: tuple[MessageTemplate, ...] = ()
    parameters: dict[str, float | int | str | bool] = {}
    sampling_parameters: dict[str, float | int | str | bool] = {"temperature": 0.7}
    """Laid over `parameters` when several samples are drawn, which at temperature 0 would be nearly the same."""

    def render(self, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """The messages with every place filled."""
        return _rendered(self.messages, values)

    def render_repair(self, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """The messages that ask once more, to be appended after the model's own reply."""
        return _rendered(self.repair, values)


def template_mistakes(prompt: Prompt) -> Iterator[tuple[str, str]]:
    """Each mistake in a prompt's templates as (key, what is wrong): unknown places, undeclared, never used."""
    used: set[str] = set()
    for part, messages in (("messages", prompt.messages), ("repair", prompt.repair)):
        for number, message in enumerate(messages):
            key = f"{part}[{number}].content"
            try:
                tokens = list(tokenize(message.content))
            except SyntaxError as error:
                yield key, f"the template does not parse: {error}"
                continue
            for name, wrong in _walk(tokens):
                used.add(name.split(".")[0])
                if wrong:
                    yield key, wrong
    for name in sorted(used & set(PLACES) - set(prompt.variables)):
        yield "variables", f"the messages use '{name}', which is not listed"
    for name in sorted(set(prompt.variables) - used):
        yield "variables", f"'{name}' is listed but no message uses it"
    if "answer" not in used and "sentences" not in used:
        yield "messages", "no message shows the answer: use {{{answer}}} or {{#sentences}}"
    if ("sentences" in used) != (prompt.quotes_from == "sentences"):
        yield "quotes_from", "the places {{#sentences}} and 'quotes_from: sentences' go together"


def _walk(tokens: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str | None]]:
    """Every place that a template names, with what is wrong about it (None: nothing)."""
    scopes: list[Any] = [PLACES]
    for kind, name in tokens:
        if kind == "end":
            scopes.pop()
        elif kind in ("section", "inverted section"):
            found = _look_up(name, scopes)
            yield name, None if found is not None else f"unknown place '{name}'"
            inside = found[0] if isinstance(found, list) else found
            scopes.append(inside if kind == "section" and isinstance(inside, dict) else {})
        elif kind == "variable" and name != ".":
            yield name, f"'{{{{{name}}}}}' would be escaped for HTML: write '{{{{{{{name}}}}}}}'"
        elif kind == "no escape":
            found = _look_up(name, scopes)
            yield name, None if found == "" else f"unknown place '{name}'"


def _look_up(name: str, scopes: Sequence[Any]) -> Any:
    for scope in reversed(scopes):
        found: Any = scope
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict | Mapping) else None
        if found is not None:
            return found
    return None


def _rendered(messages: Sequence[MessageTemplate], values: Mapping[str, Any]) -> tuple[Message, ...]:
    return tuple(Message(message.role, render(message.content, dict(values))) for message in messages)
