"""The vocabulary: what a sign matches, which mistakes are told, and that no text makes it slow."""

from __future__ import annotations

import gc
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evaluator.core.rubric import Rubric
from evaluator.core.sign_search import ReadText, SignIndex
from evaluator.core.signs import SignSyntaxError, parse_list_entry, parse_sign
from evaluator.core.vocabulary import Vocabulary, parsed_lists, vocabulary_mistakes

LISTS = {
    "days": parse_list_entry("<number> (day | days | d)"),
    "late": parse_list_entry("after | only known .. later | <days> later"),
}


def matched(sign: str, text: str, within: int | None = 1) -> list[tuple[str, ...]]:
    """The sentences of each match of `sign` in `text`."""
    read = ReadText(text)
    everything = frozenset(range(len(read.sentences)))
    found = SignIndex(LISTS, [parse_sign(sign)]).search(read).matches(0, everything, within)
    return [tuple(read.sentences[at].text for at in match.sentences) for match in found]


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        ("cut off", "A CUT-OFF is set"),
        ("roll* back", "we rolled back at once"),
        ("precio", "el PRECÍO sube"),
        ("split .. time", "split it strictly by the time"),
        ("split ... time", "split, as I said in the first part of this answer already, by time"),
        ("shadow | canary", "first a canary"),
        ("by (date | time)", "ordered by date"),
        ("in [the] next <days>", "in next 30 days"),
        ("in [the] next <days>", "in the next 30d"),
        ("<late>", "it is only known much later"),
        ("<late>", "90 days later"),
        ("p 95 <compare> <number>", "if p95 > 200 then"),
        ("psi <compare> <number>", "PSI ≥ 0,2"),
        ("$ <number>", "one fraud costs €110"),
        ("label <colon>", "Label: any payment missed"),
        ("refund status", "a column refund_status"),
        ("don't know", "we don’t know"),
        ("customer", "the customer's money"),
        ("泄漏", "要避免数据泄漏问题"),
        ("train & test", "the test follows the train"),
        ("(a .. b) c", "a x y b c"),
    ],
)
def test_a_sign_is_found(sign: str, text: str) -> None:
    """Case, accents, hyphens and what is joined to a number make no difference."""
    assert matched(sign, text) == [(text,)]


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        ("cut off", "cut it off"),
        ("roll back", "rolled back"),
        ("split .. time", "split by one two three four five six time"),
        ("split .. time", "time to split"),
        ("split .. time", "split it. By time"),
        ("split ... time", "split it\nby time"),
        ("train & test", "I train. I test."),
        ("rate", "separate"),
        ("cut off", "a cut. Off we go"),
    ],
)
def test_a_sign_is_not_found(sign: str, text: str) -> None:
    """Words stand side by side, within five words, in order and in one sentence where the sign says so."""
    assert matched(sign, text) == []


def test_parts_may_stand_in_neighbouring_sentences_when_the_sign_allows_it() -> None:
    """`within` counts sentences that follow one another; None is the whole text."""
    text = "Refuse. The balance. Other things. More things. The calls."
    assert matched("refuse & balance", text, within=2) == [("Refuse.", "The balance.")]
    assert matched("refuse & calls", text, within=2) == []
    assert matched("refuse & calls", text, within=None) == [("Refuse.", "The calls.")]


@pytest.mark.parametrize(
    ("sign", "part"),
    [
        ("a |", "a word is missing"),
        ("& b", "a word is missing"),
        ("a .... b", "two dots or three"),
        ("(a | b", "not closed"),
        ("a )", "belongs to nothing"),
        ("[a]", "a word is missing"),
        ("<two words>", "a list is written"),
        ("x*", "a stem has at least"),
        ("re*port", "stands only at its end"),
        ("!?", "is no word"),
        ("[a] [b] [c] [d] [e] f", "may be absent"),
        ("(((((a)))))", "inside each other"),
        ("", "a word is missing"),
    ],
)
def test_a_sign_that_does_not_parse_says_why(sign: str, part: str) -> None:
    """The message names the part that is wrong."""
    with pytest.raises(SignSyntaxError, match=part.replace("(", r"\(")):
        parse_sign(sign)


def test_a_list_entry_is_no_whole_sign() -> None:
    """What has to stand near something else belongs in the sign."""
    with pytest.raises(SignSyntaxError, match="belongs in a sign"):
        parse_list_entry("a & b")


RUBRIC = Rubric.model_validate(
    {
        "id": "r",
        "version": 1,
        "title": "R",
        "scale": {"levels": [0, 1]},
        "score_out_of": 1,
        "advance_at": 1,
        "criteria": [
            {
                "id": "care",
                "name": "Care",
                "asks": "Is care taken?",
                "levels": {0: "No.", 1: "Yes."},
                "checks": {"split": "Is it split?"},
                "level_rules": {1: "split"},
            }
        ],
        "red_flags": [{"id": "haste", "name": "Haste", "looks_like": "Hurries."}],
    }
)


def vocabulary(**parts: Any) -> Vocabulary:
    return Vocabulary.model_validate({"id": "r", "version": 1, "rubric": "r", **parts})


@pytest.mark.parametrize(
    ("parts", "key", "part"),
    [
        ({"rubric": "other"}, "rubric", "for rubric 'other'"),
        ({"criteria": {"cares": {}}}, "criteria.cares", "no criterion 'cares'"),
        ({"criteria": {"care": {"splits": ["a"]}}}, "criteria.care.splits", "no check 'splits'"),
        ({"criteria": {"care": {"split": ["ok", "a ("]}}}, "criteria.care.split[1].any[0]", "a word is missing"),
        ({"criteria": {"care": {"split": ["<lates>"]}}}, "criteria.care.split[0].any[0]", "no list <lates>"),
        (
            {"criteria": {"care": {"split": [{"any": "a", "unless": ["b", "x*"]}]}}},
            "criteria.care.split[0].unless[1]",
            "a stem",
        ),
        (
            {"criteria": {"care": {"split": [{"any": "a", "questions": ["q1", "q9"]}]}}},
            "criteria.care.split[0].questions[1]",
            "no question 'q9'",
        ),
        ({"red_flags": {"hurry": ["a"]}}, "red_flags.hurry", "no red flag 'hurry'"),
        ({"red_flags": {"haste": ["a .."]}}, "red_flags.haste[0].any[0]", "a word is missing"),
        ({"ignore": ["<gone>"]}, "ignore[0].any[0]", "no list <gone>"),
        ({"lists": {"a": ["x", "y & z"]}}, "lists.a[1]", "belongs in a sign"),
        ({"lists": {"number": "x"}}, "lists.number", "built in"),
        ({"lists": {"a": "x <b>", "b": "(y | <a>)"}}, "lists", "contains itself"),
    ],
)
def test_a_mistake_is_told_with_its_place(parts: dict[str, Any], key: str, part: str) -> None:
    """Whoever edits the file sees the path of keys and what is wrong there."""
    ((found_key, message),) = vocabulary_mistakes(vocabulary(**parts), RUBRIC, ["q1"])
    assert found_key == key
    assert part in message


_NAMES = "abcde"


@given(
    st.dictionaries(
        st.sampled_from(_NAMES),
        st.lists(st.sets(st.sampled_from(_NAMES), max_size=2), min_size=1, max_size=2),
        min_size=1,
    )
)
def test_lists_in_a_circle_are_told_as_the_index_finds_them(named: dict[str, list[set[str]]]) -> None:
    """Without an index being made; the same list is named."""
    lists = {
        name: [f"x {' '.join(f'(y | <{each}>)' for each in sorted(entry) if each in named)}" for entry in entries]
        for name, entries in named.items()
    }
    told = [message for key, message in vocabulary_mistakes(vocabulary(lists=lists), RUBRIC) if key == "lists"]
    try:
        SignIndex(parsed_lists(vocabulary(lists=lists)), ())
    except ValueError as error:
        assert told == [str(error)]
    else:
        assert told == []


def test_every_mistake_is_told_at_once() -> None:
    """Not only the first one."""
    wrong = vocabulary(criteria={"care": {"split": ["a (", "<gone>"]}}, red_flags={"hurry": ["*"]})
    assert len(list(vocabulary_mistakes(wrong, RUBRIC))) == 4


def test_a_vocabulary_without_mistakes_has_none_to_tell() -> None:
    """Lists may name lists, and a plain string is a sign."""
    right = vocabulary(
        lists={"soon": "(within | in) <days>", "days": ["<number> days", "a week"]},
        criteria={"care": {"split": ["split <soon>", {"any": ["a", "b & c"], "within": "answer", "unless": "d"}]}},
    )
    assert list(vocabulary_mistakes(right, RUBRIC, [])) == []


@pytest.mark.parametrize(
    "sign",
    [{"any": []}, {"any": ""}, {"any": "a", "within": 0}, {"any": "a", "also_in": ["everywhere"]}, {"some": "a"}, 7],
)
def test_a_sign_of_the_wrong_shape_is_refused(sign: Any) -> None:
    """An unknown key, an empty list and a value off the scale are errors of the file."""
    with pytest.raises(ValidationError):
        vocabulary(criteria={"care": {"split": [sign]}})


@given(st.text())
def test_any_text_is_a_sign_or_a_syntax_error(text: str) -> None:
    """Nothing that a person can type into the file breaks the parser otherwise."""
    try:
        parse_sign(text)
    except SignSyntaxError as error:
        assert str(error)


@given(st.text(alphabet="ab .,?!\n30dé泄"), st.sampled_from(["a .. b", "a ... b & a", "(a | b b) <number>", "<days>"]))
def test_the_words_that_matched_stand_in_the_sentences_told(text: str, sign: str) -> None:
    """A match can be shown word for word."""
    read = ReadText(text)
    everything = frozenset(range(len(read.sentences)))
    for match in SignIndex(LISTS, [parse_sign(sign)]).search(read).matches(0, everything, None):
        shown = " ".join(read.sentences[at].text for at in match.sentences)
        assert all(read.written(place) in shown for place in match.places)


@pytest.mark.parametrize(
    "sign",
    [
        "a .. b .. c",
        "a ... b ... a ... b",
        "(a | a b | b a) .. (b | a b)",
        "<ab> <ab> .. <ab> & <ab> ... c",
        "ab* .. ab* ... ab*",
    ],
)
@pytest.mark.parametrize("piece", ["a ", "b ", "a b ", "ab", "a b. ", "a\n"])
def test_long_repeats_take_linear_time(sign: str, piece: str) -> None:
    """Eight times the text takes about eight times as long, never sixty-four."""
    index = SignIndex({"ab": parse_list_entry("a | b | a .. b | a ... b")}, [parse_sign(sign)])

    def seconds(repeats: int) -> float:
        read = ReadText("a " + piece * repeats)
        everything = frozenset(range(len(read.sentences)))
        gc.disable()  # its passes over the whole process grow faster than the work that is measured
        begun = time.process_time()
        index.search(read).matches(0, everything, 1)
        spent = time.process_time() - begun
        gc.enable()
        return spent

    shorter, longer = (min(seconds(repeats) for _ in range(4)) for repeats in (1000, 8000))
    assert longer < 28 * max(shorter, 0.003)
