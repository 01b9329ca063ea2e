"""The rule language: what it takes, what it means, and what it says about mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.rules import AtLeast, Name, Rule, RuleSyntaxError, checks_named, holds, parse_rule

NAMES = ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("rule", "met", "expected"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a and b", "a", False),
        ("a and b", "ab", True),
        ("a or b", "b", True),
        ("a or b and c", "a", True),
        ("a or b and c", "b", False),
        ("(a or b) and c", "a", False),
        ("(a or b) and c", "bc", True),
        ("at_least(2, a, b, c)", "a", False),
        ("at_least(2, a, b, c)", "ac", True),
        ("at_least(2, a and b, c, d)", "abc", True),
        ("at_least ( 1 , a )", "a", True),
        ("a\n and\tb", "ab", True),
    ],
)
def test_a_rule_holds_for_the_checks_that_meet_it(rule: str, met: str, expected: bool) -> None:
    """`and` binds tighter than `or`; at_least counts rules."""
    assert holds(parse_rule(rule), {name: name in met for name in NAMES}) is expected


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "found the end at character 1"),
        ("a and", "found the end at character 6"),
        ("a b", "expected 'and', 'or' or the end, found 'b' at character 3"),
        ("and a", "found 'and' at character 1"),
        ("(a", "expected ')'"),
        ("a)", "found ')' at character 2"),
        ("at_least(a, b)", "expected a whole number, found 'a' at character 10"),
        ("at_least(3, a, b)", "at_least(3, …) with 2 rules"),
        ("at_least(0, a)", "at_least(0, …)"),
        ("at_least(" + "9" * 10_000 + ", a)", "at_least(999999999999, …)"),
        ("a.__class__", "found '.' at character 2"),
        ("not a", "found 'a' at character 5"),
        ("(" * 100 + "a" + ")" * 100, "parentheses inside each other"),
    ],
)
def test_a_mistake_is_named_with_its_place(rule: str, said: str) -> None:
    """Nothing is guessed and nothing is evaluated."""
    with pytest.raises(RuleSyntaxError) as caught:
        parse_rule(rule)
    assert said in str(caught.value)


rules = st.recursive(
    st.sampled_from(NAMES).map(Name),
    lambda inner: st.lists(inner, min_size=1, max_size=4).flatmap(
        lambda parts: st.integers(1, len(parts)).map(lambda count: AtLeast(count, tuple(parts)))
    ),
    max_leaves=12,
)


def written(rule: Rule) -> str:
    if isinstance(rule, Name):
        return rule.check
    return f"at_least({rule.count}, {', '.join(written(part) for part in rule.rules)})"


@given(rules, st.fixed_dictionaries({name: st.booleans() for name in NAMES}))
def test_a_written_rule_reads_back_as_itself(rule: Rule, met: dict[str, bool]) -> None:
    """Writing and parsing change neither what a rule names nor when it holds."""
    again = parse_rule(written(rule))
    assert again == rule
    assert holds(again, met) == holds(rule, met)
    assert set(checks_named(again)) <= set(NAMES)


@given(rules, st.fixed_dictionaries({name: st.booleans() for name in NAMES}), st.sampled_from(NAMES))
def test_one_more_check_met_never_breaks_a_rule(rule: Rule, met: dict[str, bool], name: str) -> None:
    """Without 'not', rules are monotone: more evidence cannot lower a level."""
    assert holds(rule, met | {name: True}) >= holds(rule, met)


@given(st.text(max_size=60))
def test_any_text_parses_or_says_why_not(text: str) -> None:
    """No other error comes out of the parser, whatever is written."""
    try:
        parse_rule(text)
    except RuleSyntaxError as error:
        assert str(error)


@given(st.text(alphabet="()ab,andort_leas123 ", max_size=80))
def test_near_rules_parse_or_say_why_not(text: str) -> None:
    """The same for texts made of the language's own characters."""
    try:
        parse_rule(text)
    except RuleSyntaxError as error:
        assert str(error)
