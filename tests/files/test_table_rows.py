"""What becomes of each row: answers, absences, repeated answers, and mistakes named by row and column."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.absence import absence_of
from evaluator.core.questionnaire import Question
from evaluator.files.tables.answer_table import open_answer_table
from evaluator.files.tables.findings import MOST_NOTES

HEADER = "candidate_id,question_id,answer\n"


@pytest.mark.parametrize(
    ("cell", "absent"),
    [
        ("", "blank"), ("  \n\t", "blank"), ("\u00a0\u200b", "blank"),
        *((each, "placeholder") for each in (
            "n/a", "N/A", "n.a.", "NA", "none", "None.", "(none)", "-", "\u2014", "---", "...", "?", "see CV",
            "See my CV!", "ver CV", "Voir CV", "siehe Lebenslauf", "k.A.", "N\u00e9ant", "\u65e0", "x", "=" * 60,
        )),
        *((each, "missing") for each in ("#REF!", "#N/A", "#VALUE!", " #DIV/0! ")),
        *((each, None) for each in (
            "no", "No.", "0", "0.74", "I don't know", "none of these columns", "see CV for the project, where I split "
            "by date", "\u041d\u0435\u0442, \u043d\u0435 \u0441\u0442\u0430\u043b \u0431\u044b", "#1 look at the data",
        )),
    ],
)  # fmt: skip
def test_blank_placeholder_and_lost_cells_are_kept_apart(cell: str, absent: str | None) -> None:
    """Left empty, marked as none, lost by a spreadsheet, answered however shortly: four different things."""
    assert absence_of(cell) == absent


@given(st.text(alphabet=st.characters(categories=("L", "N")), min_size=41, max_size=60))
def test_long_text_is_never_a_placeholder(text: str) -> None:
    """No answer of some length is taken for a mark that there is none."""
    assert absence_of(text) is None


def test_a_wide_table_keeps_blank_and_not_there_apart(questions: Sequence[Question], written: Any) -> None:
    """An empty cell is blank; a cell that a short row does not have, and one that broke, are missing."""
    path = written("a.csv", "candidate_id,degradation,fraud_framing,loan_features\nc1,,n/a,a\nc2,b,#REF!\n")
    table = open_answer_table(path, questions)
    assert [(answer.text, answer.absent) for answer in table] == [
        ("", "blank"), ("n/a", "placeholder"), ("a", None), ("b", None), ("#REF!", "missing"), ("", "missing"),
    ]  # fmt: skip
    assert any(
        "column 'fraud_framing': the spreadsheet error #REF!" in note and "(row 3)" in note for note in table.notes
    )


def test_a_long_table_shows_what_a_candidate_was_not_asked(questions: Sequence[Question], written: Any) -> None:
    """A candidate without a row for a question that others have gets a missing answer after the rows."""
    path = written("a.csv", f"{HEADER}c1,degradation,a\nc1,feed_ranking,b\nc2,feed_ranking,c\n")
    table = open_answer_table(path, questions)
    assert [(each.answer_id, each.absent, each.row) for each in table] == [
        ("c1.degradation", None, 2), ("c1.feed_ranking", None, 3), ("c2.feed_ranking", None, 4),
        ("c2.degradation", "missing", None),
    ]  # fmt: skip
    assert (table.candidates, table.count, table.questions_asked) == (2, 4, ("degradation", "feed_ranking"))
    assert "the table does not ask: fraud_framing, loan_features, launch_decision" in table.notes
    assert "a candidate has no row for a question that others were asked: 1 answer is missing" in table.notes


@pytest.mark.parametrize(
    ("duplicates", "text", "dropped"), [("last", "new", "the last one stands, these do not count (row 2)"),
                                        ("first", "old", "the first one stands, these do not count (row 4)")]
)  # fmt: skip
def test_of_two_different_answers_the_policy_decides(
    questions: Sequence[Question], written: Any, duplicates: Any, text: str, dropped: str
) -> None:
    """The last or the first answer of the same candidate stands, and the dropped rows are named."""
    path = written("a.csv", f"{HEADER}c1,degradation,old\nc2,degradation,x\nc1,degradation,new\n")
    table = open_answer_table(path, questions, duplicates=duplicates)
    assert sorted(answer.text for answer in table) == sorted([text, "x"])
    assert table.count == 2
    assert any(dropped in note for note in table.notes)


def test_different_answers_can_be_an_error(written: Any, refusal: Any) -> None:
    """With the policy "error" all of them are listed, each with the other row."""
    path = written(
        "a.csv", f"{HEADER}c1,degradation,a\nc1,degradation,b\nc2,degradation,a\nc2,degradation,\nc1,degradation,c\n"
    )
    told = refusal(path, duplicates="error")
    assert "answered it otherwise in row 2 (rows 3, 6)" in told
    assert ":5:" not in told


def test_the_same_answer_twice_counts_once(questions: Sequence[Question], written: Any) -> None:
    """A row that says the same again is no conflict under any policy."""
    path = written("a.csv", f"{HEADER}c1,degradation,a\nc1,degradation,a\n")
    table = open_answer_table(path, questions, duplicates="error")
    assert [answer.row for answer in table] == [2]
    assert "the same answer of the same candidate again: counted once (row 3)" in table.notes


@pytest.mark.parametrize("duplicates", ["last", "first", "error"])
@pytest.mark.parametrize("rows", [["a", ""], ["", "a"], ["n/a", "a", ""]])
def test_an_empty_cell_never_replaces_an_answer(
    questions: Sequence[Question], written: Any, rows: list[str], duplicates: Any
) -> None:
    """A form handed in again with an empty field does not take the first answer away."""
    path = written("a.csv", HEADER + "".join(f"c1,degradation,{text}\n" for text in rows))
    table = open_answer_table(path, questions, duplicates=duplicates)
    assert [answer.text for answer in table] == ["a"]
    assert any("gives way" in note for note in table.notes)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["", "n/a", "one", "two"])), min_size=1, max_size=12
    ),
    duplicates=st.sampled_from(["last", "first"]),
)
def test_every_candidate_has_one_standing_answer(
    questions: Sequence[Question],
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    duplicates: Any,
) -> None:
    """However rows repeat, each candidate counts once, with a text wherever any of the rows has one."""
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    path.write_text(HEADER + "".join(f"{candidate},degradation,{text}\n" for candidate, text in rows), encoding="utf-8")
    answers = list(open_answer_table(path, questions, duplicates=duplicates))
    found = {answer.candidate_id: answer for answer in answers}
    assert len(answers) == len(found) == len({candidate for candidate, _ in rows})
    for candidate, answer in found.items():
        texts = [text for each, text in rows if each == candidate and text in ("one", "two")]
        if texts:
            assert answer.text == texts[-1 if duplicates == "last" else 0]
        else:
            assert answer.absent is not None


def test_answer_ids_are_taken_from_the_table_and_belong_to_one_answer(
    questions: Sequence[Question], written: Any, refusal: Any
) -> None:
    """A given id is kept, an empty one is made up, one that two answers share is an error."""
    header = "answer_id,candidate_id,question_id,answer\n"
    path = written("a.csv", f"{header}007,c1,degradation,a\n,c2,degradation,b\n")
    assert [answer.answer_id for answer in open_answer_table(path, questions)] == ["007", "c2.degradation"]
    told = refusal(written("b.csv", f"{header}7,c1,degradation,a\n7,c2,degradation,b\n"))
    assert "b.csv:3: answer_id '7' belongs to another answer already" in told


def test_all_mistakes_of_a_table_are_named_at_once(written: Any, refusal: Any) -> None:
    """Unknown questions with the nearest, empty ids, shifted rows: each with file, row and column."""
    path = written(
        "a.csv",
        f"{HEADER}c1,degradation,a\nc2,fraud detection,b\n,degradation,c\nc3,degradation,d,e\nc4,,f\n"
        "#N/A,degradation,g\n1.23457E+17,degradation,h\nc2,fraud detection,b\n",
    )
    told = refusal(path).splitlines()
    for row, what in (
        (3, "column 'question_id': unknown question 'fraud detection'; did you mean 'fraud_framing'? (rows 3, 9)"),
        (4, "column 'candidate_id': has no candidate id"),
        (5, "has more cells than the header has columns (4, not 3)"),
        (6, "column 'question_id': names no question"),
        (7, "has the spreadsheet error #N/A for a candidate id"),
        (8, "a spreadsheet shortened to 1.23457E+17"),
    ):
        assert any(f"a.csv:{row}:" in line and what in line for line in told), (row, told)


def test_a_flood_of_mistakes_is_cut_at_twenty(written: Any, refusal: Any) -> None:
    """Twenty kinds are shown and the rest is counted; a kind is shown once with its first rows and their number."""
    told = refusal(written("a.csv", HEADER + "".join(f"c1,zzz{each}qqq,x\n" for each in range(50))))
    assert told.count("unknown question") == 20
    assert "and 30 more" in told
    told = refusal(written("b.csv", HEADER + ",degradation,x\n" * 50))
    assert "has no candidate id (rows 2, 3, 4, 5, 6 and 45 more)" in told


@pytest.mark.parametrize(
    ("rows", "row", "says"),
    [
        ('c1,degradation,ok\nc2,degradation,"open\nc3,degradation,x\n', 3, "opens a quotation mark"),
        ('c1,degradation,"open\nc2,degradation,"closed"\n', 2, "text after a closing quotation mark"),
    ],
)
def test_a_quote_that_is_not_closed_swallows_nothing(
    written: Any, refusal: Any, rows: str, row: int, says: str
) -> None:
    """Answers are never glued together: the row where the quote begins is named."""
    told = refusal(written("a.csv", HEADER + rows))
    assert f"a.csv:{row}:" in told
    assert says in told


def test_rows_that_are_no_answers_are_passed_over(questions: Sequence[Question], written: Any) -> None:
    """Empty rows and columns, and a header repeated by joining exports, are not candidates."""
    path = written("a.csv", "candidate_id,degradation,,\nc1,x,,\n,,,\n\ncandidate_id,degradation,,\nc2,y,,\n,,,\n")
    table = open_answer_table(path, questions)
    assert [(answer.candidate_id, answer.row) for answer in table] == [("c1", 2), ("c2", 6)]
    assert "the header again, in the middle of the table: not read (row 5)" in table.notes


@pytest.mark.parametrize("content", ["candidate_id,degradation\n", "candidate_id,degradation\n,,\n\n"])
def test_a_header_alone_is_said(written: Any, refusal: Any, content: str) -> None:
    """A table without a single answer is an error, not an empty success."""
    assert "has a header but no answers below it" in refusal(written("a.csv", content))


def test_ids_stay_as_they_are_written(questions: Sequence[Question], written: Any) -> None:
    """Leading zeros, dots, case and inner spaces belong to an id; spaces around it do not."""
    path = written("a.csv", "candidate_id,degradation\n 0042 ,a\n42,b\n1024.0,c\nAB 1,d\nab 1,e\n")
    assert [answer.candidate_id for answer in open_answer_table(path, questions)] == [
        "0042",
        "42",
        "1024.0",
        "AB 1",
        "ab 1",
    ]


def test_text_is_exactly_what_was_handed_in(questions: Sequence[Question], written: Any) -> None:
    """Spaces, line ends and unusual Unicode forms survive: offsets count characters of this text."""
    text = "  e\u0301 \r\n\ttwo  \u200b end \n"
    path = written("a.csv", f'candidate_id,degradation\nc1,"{text}"\n')
    assert [answer.text for answer in open_answer_table(path, questions)] == [text]


def test_a_question_cell_may_differ_a_little(questions: Sequence[Question], written: Any) -> None:
    """In a long table too a small difference is matched and reported with its rows."""
    path = written("a.csv", f"{HEADER}c1,The model that got wors,a\nc2,The model that got wors,b\n")
    table = open_answer_table(path, questions)
    assert table.questions_asked == ("degradation",)
    assert any(
        "'The model that got wors' read as question 'degradation'" in n and "(rows 2, 3)" in n for n in table.notes
    )


FAR = 3000  # candidates between two rows: more than are looked up without the disk


@pytest.mark.parametrize(("duplicates", "stands"), [("last", "new"), ("first", "old")])
def test_rows_far_apart_are_still_known_to_repeat(
    questions: Sequence[Question], written: Any, duplicates: Any, stands: str
) -> None:
    """Thousands of candidates later the policy holds as it does in the next row; the order stays."""
    between = "".join(f"c{each},degradation,x\n" for each in range(FAR))
    path = written("a.csv", f"{HEADER}first,degradation,old\nFirst,degradation,other\n{between}first,degradation,new\n")
    table = open_answer_table(path, questions, duplicates=duplicates)
    answers = [(answer.candidate_id, answer.text) for answer in table]
    assert (table.candidates, table.count, len(answers)) == (FAR + 2, FAR + 2, FAR + 2)
    assert ("first", stands) in answers
    assert ("First", "other") in answers
    middle = [(f"c{each}", "x") for each in range(FAR)]
    assert [each for each in answers if each[0][0] == "c"] == middle
    dropped = 2 if duplicates == "last" else FAR + 4
    assert any(f"these do not count (row {dropped})" in note for note in table.notes)


def test_rows_far_apart_can_be_an_error(written: Any, refusal: Any) -> None:
    """The policy "error" names the other row however long ago it was."""
    between = "".join(f"c{each},degradation,x\n" for each in range(FAR))
    path = written("a.csv", f"{HEADER}first,degradation,old\n{between}first,degradation,new\n")
    told = refusal(path, duplicates="error")
    assert f"a.csv:{FAR + 3}: answers question 'degradation' for a candidate who answered it otherwise in row 2" in told


def test_an_answer_id_given_again_far_below_is_found(written: Any, refusal: Any) -> None:
    """An id belongs to one answer of the whole table."""
    between = "".join(f"{each},c{each},degradation,x\n" for each in range(FAR))
    path = written(
        "a.csv", f"answer_id,candidate_id,question_id,answer\nmine,a,degradation,x\n{between}mine,b,degradation,x\n"
    )
    assert f"a.csv:{FAR + 3}: answer_id 'mine' belongs to another answer already" in refusal(path)


def test_what_far_candidates_were_not_asked_comes_in_their_order(questions: Sequence[Question], written: Any) -> None:
    """Missing answers follow the rows, candidate by candidate as they appeared, whatever their ids."""
    odd = ["zoë", "Zoë", "x" * 256, "\u5f20\u4f1f", "0"]
    between = "".join(f"c{each},degradation,x\nc{each},feed_ranking,y\n" for each in range(FAR))
    path = written("a.csv", HEADER + "".join(f"{each},degradation,x\n" for each in odd) + between)
    missing = [answer for answer in open_answer_table(path, questions) if answer.row is None]
    assert [(each.candidate_id, each.question_id, each.absent) for each in missing] == [
        (candidate, "feed_ranking", "missing") for candidate in odd
    ]


def test_a_million_kinds_of_notes_are_not_kept(questions: Sequence[Question], written: Any) -> None:
    """A column where every question is spelled in its own way gets the first notes and the number of the others."""
    rows = "".join(f"c{each},The model that got wors{each},x\n" for each in range(300))
    notes = open_answer_table(written("a.csv", HEADER + rows), questions).notes
    assert len(notes) == MOST_NOTES + 2
    assert notes[-2].startswith("the table does not ask")
    assert notes[-1] == "and 100 more notes on rows"


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_memory_does_not_grow_with_the_texts(questions: Sequence[Question], tmp_path: Path, suffix: str) -> None:
    """Thirty megabytes of answers are read within a few."""
    path = tmp_path / f"a.{suffix}"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER if suffix == "csv" else "")
        for each in range(1500):
            text = f"{each} " + "words " * 3400
            file.write(
                f"c{each},degradation,{text}\n" if suffix == "csv"
                else f'{{"candidate_id": "c{each}", "question": "degradation", "answer": "{text}"}}\n'
            )  # fmt: skip
    tracemalloc.start()
    count = sum(1 for _ in open_answer_table(path, questions))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 1500
    assert peak < 12_000_000
