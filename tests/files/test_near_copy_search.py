"""The search for near copies: who copied is found among honest answers, and nobody else."""

from __future__ import annotations

import csv
from itertools import chain

import pytest

from evaluator import Answer, make_grader
from evaluator.core.identity import Identity
from evaluator.core.near_copy.found import MOST_NAMED
from evaluator.files.near_copy_search import NearCopySearch
from evaluator.files.resources import shipped

QUESTIONS = ["How do you find out why the model got worse?", "What is a training example?"]
TEXT = (
    "First I ask whether both numbers measure the same thing. Churn offline was no active contract 90 days after the "
    "snapshot, per customer; after three months most live customers are not mature yet, so I compute it anew on the "
    "first cohort only. If it goes back up, the drop was the label."
)
EDITED = TEXT.replace("customer", "client").replace("First I ask", "To begin with, I would ask") + " That is my plan."
OTHERS = [
    f"My {place}th thought is about the feed: {word} came late in week {place}, and nobody told {word} owners that the "
    f"column {word} was renamed, so {place} percent of the rows were empty and the score was the default one for them."
    for place, word in enumerate(("plan", "tenure", "country", "device", "channel", "bureau"), start=3)
]


def answers_of(*texts: str, question: str = "q") -> list[Answer]:
    return [Answer(f"a{place}", f"c{place}", question, text, row=place + 2) for place, text in enumerate(texts)]


def rows_alike(answers: list[Answer]) -> list[list[int | None]]:
    """For each answer, the rows of those that it is nearly the same as."""
    with NearCopySearch(QUESTIONS) as search:
        search.look_through(answers)
        return [[each.row for each in search.of(place)] for place in range(len(answers))]


def test_a_copy_with_edits_names_the_original_and_the_original_the_copy():
    """Both answers say which row of the table the other stands in; the honest ones say nothing."""
    assert rows_alike(answers_of(*OTHERS, TEXT, EDITED)) == [[]] * len(OTHERS) + [[9], [8]]


def test_a_passage_that_both_repeat_is_not_common_for_that():
    """How often one answer says something does not make it what everybody says."""
    shared = "we hold the logged features of serving against those of training and count each column that differs"
    one, other = (f"{f'{shared} ' * 30} {' '.join(each.split()[-14:])}" for each in OTHERS[:2])
    assert rows_alike(answers_of(*OTHERS[2:], one, other))[-2:] == [[7], [6]]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(Answer("b", "c0", "q", EDITED, row=3), id="the same candidate answers twice"),
        pytest.param(Answer("b", "c1", "other", EDITED, row=3), id="an answer to another question"),
        pytest.param(
            Answer("b", "c1", "q", EDITED, row=3, identity=Identity(emails=("Ann@example.org",))),
            id="the same person by e-mail",
        ),
    ],
)
def test_whoever_repeats_themselves_copies_nobody(second):
    """Only answers of two people to one question are held against each other."""
    first = Answer("a", "c0", "q", TEXT, row=2, identity=Identity(emails=("ann@example.org",)))
    assert rows_alike([first, second]) == [[], []]


def test_short_answers_are_alike_by_chance():
    """ "I do not know" is nobody's property."""
    assert rows_alike(answers_of(*["I would look at the labels first and then at the inputs."] * 3)) == [[], [], []]


def test_a_ring_of_copies_is_found_whole_and_named_in_part():
    """Forty people with one text: every one of them is flagged, and at most five others are named."""
    ring = [TEXT.replace("90 days", f"{place} days") for place in range(40)]
    found = rows_alike(answers_of(*OTHERS, *ring))
    assert all(found[len(OTHERS) :])
    assert not any(found[: len(OTHERS)])
    assert max(map(len, found)) <= MOST_NAMED


def test_a_copy_is_found_in_any_script():
    """Chinese has no spaces; a copy with a few signs changed is a copy."""
    text = (
        "一笔付款是一个样本，只用当时已知的信息。一百二十天内有欺诈拒付才算正例，"
        "所以最近四个月不能当负例。指标看每误拒一个好客户能挽回多少钱。"
    )
    assert rows_alike(answers_of(text, text.replace("样本", "例子"))) == [[3], [2]]


def test_nothing_is_no_copy():
    """Empty fields are all the same and mean nothing."""
    empty = [Answer(f"a{place}", f"c{place}", "q", "", absent="blank", row=place) for place in range(4)]
    assert rows_alike(empty) == [[]] * 4
    assert rows_alike([]) == []


def test_what_the_shipped_set_holds_is_found():
    """The half that chose no threshold: at least 33 of its 38 copies, and none of 83 honest answers."""
    with (shipped("eval_sets") / "near_copies" / "answers.csv").open(encoding="utf-8", newline="") as file:
        part = [row for row in csv.DictReader(file) if row["split"] == "test"]
    place = {row["answer_id"]: number for number, row in enumerate(part)}
    answers = [
        Answer(row["answer_id"], row["candidate_id"], row["question_id"], row["answer"], row=number)
        for number, row in enumerate(part)
    ]
    with NearCopySearch([each.text for each in make_grader("baseline").questionnaire.questions]) as search:
        search.look_through(answers)
        named = [{each.row for each in search.of(number)} for number in range(len(part))]
    copies = [row for row in part if row["copy_of"]]
    found = sum(place[row["copy_of"]] in named[place[row["answer_id"]]] for row in copies)
    of_a_copy = set(chain.from_iterable((row["answer_id"], row["copy_of"]) for row in copies))
    honest = [row["answer_id"] for row in part if row["answer_id"] not in of_a_copy]
    assert (len(copies), len(honest)) == (38, 83)
    assert found >= 33
    assert [each for each in honest if named[place[each]]] == []
