"""The rule language that turns yes/no checks into a level: `and`, `or`, parentheses, `at_least(n, …)`.

    rule   = term ("or" term)*
    term   = factor ("and" factor)*
    factor = NAME | "(" rule ")" | "at_least" "(" NUMBER ("," rule)+ ")"

`and` binds tighter than `or`, as in Python. A rule is parsed here and walked, never evaluated as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# White space is in none of them: a pattern that took it along would look at a long stretch from each of its places.
_TOKEN = re.compile(r"(?P<name>[^\W\d]\w*)|(?P<number>\d+)|(?P<mark>[(),])|(?P<other>\S)")
_DEEPEST = 50  # nesting; far beyond any rule a person writes, and well inside Python's own stack


class RuleSyntaxError(ValueError):
    """A rule that does not parse; the message names the place, counted in characters from 1."""


@dataclass(frozen=True, slots=True)
class Name:
    """A check: holds when the check is met."""

    check: str


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Holds when at least `count` of `rules` hold; `and` and `or` are its two ends."""

    count: int
    rules: tuple[Rule, ...]


Rule = Name | AtLeast


def parse_rule(text: str) -> Rule:
    """The rule that `text` writes. Raises RuleSyntaxError, which says what was expected and where."""
    parser = _Parser(text)
    rule = parser.rule(depth=0)
    parser.expect_end()
    return rule


def holds(rule: Rule, met: Mapping[str, bool]) -> bool:
    """Whether `rule` holds for the checks in `met`; a check that is not in it raises KeyError."""
    if isinstance(rule, Name):
        return met[rule.check]
    return sum(holds(part, met) for part in rule.rules) >= rule.count


def checks_named(rule: Rule) -> Iterator[str]:
    """Every check that the rule names, in order, repeats included."""
    if isinstance(rule, Name):
        yield rule.check
    else:
        for part in rule.rules:
            yield from checks_named(part)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = [
            _Token(str(found.lastgroup), found.group(str(found.lastgroup)), found.start(str(found.lastgroup)) + 1)
            for found in _TOKEN.finditer(text)
        ]
        self._end = _Token("end", "the end", len(text) + 1)
        self._next = 0

    def rule(self, depth: int) -> Rule:
        parts = [self._term(depth)]
        while self._peek().text == "or":
            self._take()
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else AtLeast(1, tuple(parts))

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            raise self._expected("'and', 'or' or the end")

    def _term(self, depth: int) -> Rule:
        parts = [self._factor(depth)]
        while self._peek().text == "and":
            self._take()
            parts.append(self._factor(depth))
        return parts[0] if len(parts) == 1 else AtLeast(len(parts), tuple(parts))

    def _factor(self, depth: int) -> Rule:
        if depth > _DEEPEST:
            raise RuleSyntaxError(f"more than {_DEEPEST} parentheses inside each other")
        token = self._peek()
        if token.text == "(":
            self._take()
            inner = self.rule(depth + 1)
            self._expect(")")
            return inner
        if token.kind != "name" or token.text in ("and", "or"):
            raise self._expected("a check's name, 'at_least' or '('")
        self._take()
        return self._at_least(depth) if token.text == "at_least" else Name(token.text)

    def _at_least(self, depth: int) -> Rule:
        self._expect("(")
        number = self._peek()
        if number.kind != "number":
            raise self._expected("a whole number")
        self._take()
        rules = []
        while self._peek().text == ",":
            self._take()
            rules.append(self.rule(depth + 1))
        self._expect(")")
        # Compared as text first: a number of thousands of digits must not reach int().
        if len(number.text) > 4 or not 1 <= int(number.text) <= len(rules):
            shown = number.text[:12]
            raise RuleSyntaxError(f"at_least({shown}, …) with {len(rules)} rules at character {number.place}")
        return AtLeast(int(number.text), tuple(rules))

    def _peek(self) -> _Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else self._end

    def _take(self) -> None:
        self._next += 1

    def _expect(self, mark: str) -> None:
        if self._peek().text != mark:
            raise self._expected(f"'{mark}'")
        self._take()

    def _expected(self, what: str) -> RuleSyntaxError:
        token = self._peek()
        found = token.text if token.kind == "end" else f"'{token.text}'"
        return RuleSyntaxError(f"expected {what}, found {found} at character {token.place}")
