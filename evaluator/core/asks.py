"""An ask: the part of a grading task that goes into one request, and the JSON schema of its reply.

All criteria together is one ask; a criterion a call, or a check a call, are several. Within a reply the
evidence comes before the verdict, so that a model looks before it decides; no total is ever asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NotRequired

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from evaluator.core.prompt import AskFor, Calls, Prompt
from evaluator.core.reply import CheckReply, CriterionReply, RedFlagReply
from evaluator.core.rubric import Criterion, RedFlag

Schema = dict[str, Any]


class ReplySchema(Schema):
    """The schema of a whole reply. It is the same for thousands of requests, so its text is made once."""

    @cached_property
    def text(self) -> str:
        """The schema as JSON, its keys in their own order: the order in which a model writes them."""
        return json.dumps(self)


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request asks: these criteria (for a check a call: this one check), these red flags."""

    asks_for: AskFor
    criteria: tuple[Criterion, ...]
    red_flags: tuple[RedFlag, ...]
    check: str | None = None
    reasons: bool = True
    most_quotes: int | None = None

    @property
    def subject(self) -> str:
        """What it asks about, for messages to people."""
        if self.check:
            return f"{self.criteria[0].id}.{self.check}"
        return ", ".join(criterion.id for criterion in self.criteria) or "red flags"


@dataclass(frozen=True, slots=True)
class AskReply:
    """The part of a reply that answers one ask."""

    criteria: tuple[CriterionReply, ...]
    red_flags: tuple[RedFlagReply, ...]


def asks_of(
    prompt: Prompt, calls: Calls, criteria: Sequence[Criterion], red_flags: Sequence[RedFlag]
) -> tuple[Ask, ...]:
    """The asks that together cover the criteria and, where the prompt asks for them, the red flags."""
    flags = tuple(red_flags) if prompt.asks_red_flags else ()
    if calls == "all":
        return (Ask(prompt.asks_for, tuple(criteria), flags, None, prompt.asks_reasons, prompt.most_quotes),)
    if calls == "per-criterion":
        parts: list[tuple[Criterion, str | None]] = [(criterion, None) for criterion in criteria]
    else:
        parts = [(criterion, check) for criterion in criteria for check in criterion.checks]
    asks = [
        Ask(prompt.asks_for, (criterion,), (), check, prompt.asks_reasons, prompt.most_quotes)
        for criterion, check in parts
    ]
    if flags:
        asks.append(Ask(prompt.asks_for, (), flags))
    return tuple(asks)


def schema_of(ask: Ask, sentences: Sequence[str] = ()) -> ReplySchema:
    """The strict JSON schema of an ask's reply. With `sentences`, a quote can only be one of them."""
    quote: Schema = {"type": "string", "enum": list(dict.fromkeys(sentences))} if sentences else {"type": "string"}
    quotes: Schema = {"type": "array", "items": quote}
    if ask.most_quotes is not None:
        quotes["maxItems"] = ask.most_quotes
    if ask.check is not None:
        return ReplySchema(_object(evidence=quotes, met={"type": "boolean"}))
    parts: Schema = {}
    if ask.criteria:
        verdict = _levels_schema if ask.asks_for == "levels" else _checks_schema
        parts["criteria"] = _object(
            **{criterion.id: verdict(criterion, quotes, ask.reasons) for criterion in ask.criteria}
        )
    if ask.red_flags:
        flag_id = {"type": "string", "enum": [flag.id for flag in ask.red_flags]}
        parts["red_flags"] = {"type": "array", "items": _object(id=flag_id, quote=quote)}
    return ReplySchema(_object(**parts))


def _levels_schema(criterion: Criterion, quotes: Schema, reasons: bool) -> Schema:
    level = {"type": "integer", "enum": sorted(criterion.levels)}
    text = {"type": "string"}
    if not reasons:
        return _object(evidence=quotes, level=level)
    return _object(evidence=quotes, missing=text, rationale=text, level=level)


def _checks_schema(criterion: Criterion, quotes: Schema, reasons: bool) -> Schema:
    check = _object(evidence=quotes, met={"type": "boolean"})
    checks = _object(**dict.fromkeys(criterion.checks, check))
    return _object(checks=checks, missing={"type": "string"}) if reasons else _object(checks=checks)


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class ReplyMismatchError(ValueError):
    """A reply that is no JSON or does not follow the schema; the message quotes nothing of it."""


_STRICT = ConfigDict(extra="forbid", strict=True)


class _Check(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    evidence: list[str]
    met: bool


class _RedFlag(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    id: str
    quote: str


class _Level(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    evidence: list[str]
    missing: NotRequired[str]
    rationale: NotRequired[str]
    level: int


class _Checks(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    checks: dict[str, _Check]
    missing: NotRequired[str]


class _Levels(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    criteria: NotRequired[dict[str, _Level]]
    red_flags: NotRequired[list[_RedFlag]]


class _CheckLists(TypedDict):
    __pydantic_config__ = _STRICT  # type: ignore[misc]
    criteria: NotRequired[dict[str, _Checks]]
    red_flags: NotRequired[list[_RedFlag]]


# Plain dictionaries: a reply is read once and made into records of our own at once.
_ONE_CHECK = TypeAdapter(_Check)
_LEVELS = TypeAdapter(_Levels)
_CHECK_LISTS = TypeAdapter(_CheckLists)


def parse_reply(ask: Ask, text: str | bytes) -> AskReply:
    """What a model's reply to `ask` says. Raises ReplyMismatchError where it is not what was asked for."""
    try:
        if ask.check is not None:
            check = _ONE_CHECK.validate_json(text)
            replied = CheckReply(ask.check, check["met"], tuple(check["evidence"]))
            return AskReply((CriterionReply(ask.criteria[0].id, None, checks=(replied,)),), ())
        if ask.asks_for == "levels":
            levels = _LEVELS.validate_json(text)
            graded = levels.get("criteria", {})
            _same_keys("criteria", graded, [criterion.id for criterion in ask.criteria])
            criteria = tuple(_level_reply(criterion, graded[criterion.id]) for criterion in ask.criteria)
            return AskReply(criteria, _red_flags(ask, levels.get("red_flags", ())))
        lists = _CHECK_LISTS.validate_json(text)
        checked = lists.get("criteria", {})
        _same_keys("criteria", checked, [criterion.id for criterion in ask.criteria])
        criteria = tuple(_checks_reply(criterion, checked[criterion.id]) for criterion in ask.criteria)
        return AskReply(criteria, _red_flags(ask, lists.get("red_flags", ())))
    except ValidationError as error:
        raise ReplyMismatchError(_first_problem(error)) from None


def _level_reply(criterion: Criterion, said: _Level) -> CriterionReply:
    if said["level"] not in criterion.levels:
        raise ReplyMismatchError(f"level {str(said['level'])[:12]} of {criterion.id} is not on the scale")
    return CriterionReply(
        criterion.id,
        said["level"],
        quotes=tuple(said["evidence"]),
        missing=said.get("missing", ""),
        rationale=said.get("rationale", ""),
    )


def _checks_reply(criterion: Criterion, said: _Checks) -> CriterionReply:
    given = said["checks"]
    _same_keys(f"checks of {criterion.id}", given, list(criterion.checks))
    checks = tuple(
        CheckReply(check, given[check]["met"], tuple(given[check]["evidence"])) for check in criterion.checks
    )
    return CriterionReply(criterion.id, None, checks=checks, missing=said.get("missing", ""))


def _red_flags(ask: Ask, said: Sequence[_RedFlag]) -> tuple[RedFlagReply, ...]:
    known = {flag.id for flag in ask.red_flags}
    for flag in said:
        if flag["id"] not in known:
            raise ReplyMismatchError("a red flag that the rubric does not have")
    return tuple(RedFlagReply(flag["id"], flag["quote"]) for flag in said)


def _same_keys(what: str, said: Mapping[str, Any], asked: Sequence[str]) -> None:
    absent = [key for key in asked if key not in said]
    if absent:
        raise ReplyMismatchError(f"{what}: {', '.join(absent)} is not there")
    if len(said) > len(asked):
        raise ReplyMismatchError(f"{what}: {len(said) - len(asked)} that were not asked for")


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    if first["type"] == "json_invalid":
        return "not JSON"
    # Keys that the model made up may hold the answer's words; only keys that we asked for are repeated.
    place = ".".join(str(part) for part in first["loc"] if str(part).isidentifier())
    return f"{place}: {first['msg']}" if first["type"] != "extra_forbidden" else "a key that was not asked for"
