"""A filled schema is an instance of the schema."""

from __future__ import annotations

import enum
import json
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from benchmarks.mock.answer_text import answer_in, marker_in, quotes_from
from benchmarks.mock.filled_schema import VARIANTS, FilledSchema, fill


class Verdict(enum.Enum):
    MET = "met"
    UNMET = "unmet"


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    evidence: list[str]
    quote: str
    level: Literal[0, 1, 2, 3, 4]
    verdict: Verdict
    share: Annotated[float, Field(ge=0, le=1)]
    rank: Annotated[int, Field(gt=2, lt=6)]
    note: Annotated[str, Field(min_length=40, max_length=50)]
    perhaps: int | None


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: dict[str, Part] = {}
    first: Part
    some: Annotated[list[Part], Field(min_length=2, max_length=3)]
    red_flags: list[Part]
    done: bool
    child: Whole | None = None


@pytest.mark.parametrize("variant", range(VARIANTS))
def test_a_pydantic_model_accepts_what_was_filled_for_it(variant: int) -> None:
    """Enums, bounds, references, recursion, optional parts."""
    filled = FilledSchema(fill(Whole.model_json_schema(), variant))
    quotes = ['he said "no" \\ then\nleft'] * filled.places
    whole = Whole.model_validate_json(json.loads(filled.with_quotes(quotes)))
    assert whole.first.quote == quotes[0]
    assert whole.red_flags == []


def test_levels_differ_between_criteria_and_between_variants() -> None:
    """Or every grade of a benchmark would be the same."""
    level = {"type": "object", "properties": {"level": {"type": "integer", "enum": [0, 1, 2, 3, 4]}}}
    schema = {"type": "object", "properties": dict.fromkeys("abcdef", level)}
    levels = {tuple(part["level"] for part in fill(schema, variant).values()) for variant in range(VARIANTS)}
    assert len(levels) >= 5
    assert all(len(set(each)) > 1 for each in levels)


FENCED = "an example\n<<answer-0000000000000000>>\nnot this\n<<answer-0000000000000000>>\n"


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (
            "<<answer-0123456789abcdef>>\nthe “answer”\nin two lines\n<<answer-0123456789abcdef>>\nGrade it.",
            "the “answer”\nin two lines",
        ),
        (FENCED + "<<answer-0123456789abcdef>>\nplain\n<<answer-0123456789abcdef>>", "plain"),
        ("Grade: <answer>A0000007 some words</answer>", "A0000007 some words</answer>"),
        ("nothing but words", "nothing but words"),
        ("<<answer-0123456789abcdef>> stands there once", "<<answer-0123456789abcdef>> stands there once"),
    ],
)
def test_the_answer_is_found_in_the_messages(content: str, answer: str) -> None:
    """Between the last fence lines; after the marker; else the last message."""
    for ascii_only in (True, False):
        messages = json.dumps([{"role": "user", "content": content}], ensure_ascii=ascii_only).encode()
        assert answer_in(messages) == answer


def test_a_marker_is_seven_digits_after_an_a() -> None:
    """Anything else is none."""
    assert marker_in(b"... A0000123 words") == b"A0000123"
    assert marker_in(b"... A000123 words") is None


@pytest.mark.parametrize("text", ["", "x", "one two", "word " * 60, "äöü " * 30 + "\n" + "second line " * 5, "\n\n x"])
def test_a_quote_stands_in_the_answer_on_one_line(text: str) -> None:
    """Wherever in it the quote begins."""
    for number in range(64):
        for quote in quotes_from(text.strip(), bytes([number, 7 * number % 256]) * 8, 3):
            assert quote in text
            assert "\n" not in quote
            assert bool(quote) == bool(text.strip())
