"""Which column is which: by heading, by small differences that are reported, by the user's word; never by guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from evaluator.core.questionnaire import Question
from evaluator.files.tables.answer_table import open_answer_table

FRAUD_TEXT = (
    'A payments company asks for a model that "predicts fraud". About 1 payment in 1,000 is fraudulent, and a '
    "decision is needed within 50 ms of the payment. Before choosing any model: describe one training example, what "
    "makes it positive, when its label becomes known, and how you would evaluate the model."
)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize(
    "heading",
    [
        "fraud_framing", "Fraud Framing", "FRAUD-FRAMING", "Predict fraud", "  predict  fraud ", "2. Predict fraud",
        "Q2: Predict fraud", "Question 2 - Predict fraud", "Q2 Predict fraud", "2) Predict fraud *",
        "Predict fraud (required)", "Predict fraud:", FRAUD_TEXT, f"2. {FRAUD_TEXT}", f"Predict fraud: {FRAUD_TEXT}",
        f"Predict fraud\n{FRAUD_TEXT}", f"fraud_framing - {FRAUD_TEXT}", FRAUD_TEXT.upper(),
        FRAUD_TEXT.replace('"', "\u201d"),
    ],
)  # fmt: skip
def test_a_question_is_known_by_its_id_title_or_text(questions: Sequence[Question], written: Any, heading: str) -> None:
    """As forms and people write it: numbered, marked as required, in other case or quotes; nothing to report."""
    table = open_answer_table(written("a.csv", f"candidate_id,{quoted(heading)}\nc1,x\n"), questions)
    assert [(answer.question_id, answer.text) for answer in table] == [("fraud_framing", "x")]
    assert not any("read as question" in note for note in table.notes)


@pytest.mark.parametrize(
    ("heading", "how"),
    [
        ("Predict frauds", "96% alike"),
        ("Predct fraud", "96% alike"),
        (FRAUD_TEXT.replace("About 1 payment", "Roughly 1 payment"), "99% alike"),
        (FRAUD_TEXT[:120] + "\u2026", "it is the beginning of the question"),
        (FRAUD_TEXT + " (at most 300 words, please)", "it begins with the question and says more"),
    ],
)
def test_a_small_difference_is_matched_and_reported(
    questions: Sequence[Question], written: Any, heading: str, how: str
) -> None:
    """A misspelt, shortened or extended heading is read, and the user is told as what."""
    table = open_answer_table(written("a.csv", f"candidate_id,{quoted(heading)}\nc1,x\n"), questions)
    assert table.questions_asked == ("fraud_framing",)
    assert [note for note in table.notes if f"read as question 'fraud_framing' ({how})" in note]


@pytest.mark.parametrize("heading", ["Predict a fraud now", "Your view on: predict fraud, in general, at our company"])
def test_what_may_be_a_question_has_to_be_settled(
    questions: Sequence[Question], written: Any, refusal: Any, heading: str
) -> None:
    """An unclear heading stops before anything is graded, with the option that settles it."""
    path = written("a.csv", f"candidate_id,degradation,{quoted(heading)}\nc1,x,y\n")
    told = refusal(path)
    assert "is like question 'fraud_framing'" in told
    assert "--map" in told
    assert "=fraud_framing" in told
    table = open_answer_table(path, questions, mapping={heading: "fraud_framing"})
    assert table.questions_asked == ("degradation", "fraud_framing")
    assert open_answer_table(path, questions, mapping={heading: "ignore"}).questions_asked == ("degradation",)


def test_an_unclear_heading_beside_the_question_itself_is_left_out(questions: Sequence[Question], written: Any) -> None:
    """A reviewer's remarks on a question are not its answers, and need no settling."""
    path = written("a.csv", "candidate_id,Predict fraud,Predict fraud (notes of the reviewer)\nc1,x,y\n")
    table = open_answer_table(path, questions)
    assert [answer.text for answer in table] == ["x"]
    assert "columns not read: 'Predict fraud (notes of the reviewer)'" in table.notes


def test_columns_unlike_any_question_are_listed(questions: Sequence[Question], written: Any) -> None:
    """Other columns are left out in one note, and so are questions that the table does not ask."""
    path = written("a.csv", "candidate_id,City,degradation,,Years\nc1,Riga,x,,3\n")
    table = open_answer_table(path, questions)
    assert table.notes == (
        "columns not read: 'City', 'Years'",
        "the table does not ask: fraud_framing, loan_features, feed_ranking, launch_decision",
        'if a column that was not read holds one of these, say so with --map "COLUMN=WHAT"',
    )


def test_two_columns_for_one_question_are_an_error(questions: Sequence[Question], written: Any, refusal: Any) -> None:
    """Which of two is meant is the user's to say; repeated headings are told apart by their letters."""
    path = written("a.csv", "candidate_id,Predict fraud,Predict fraud\nc1,x,y\n")
    assert "columns B and C are both read as question 'fraud_framing'" in refusal(path)
    table = open_answer_table(path, questions, mapping={"column B": "ignore"})
    assert [answer.text for answer in table] == ["y"]
    assert '"column B=fraud_framing" or "column C=fraud_framing"' in refusal(
        path, mapping={"Predict fraud": "fraud_framing"}
    )


@pytest.mark.parametrize(
    "header",
    ["candidate_id,question_id,answer", "Candidate ID,Question,Answer", "CANDIDATE,QUESTION TITLE,RESPONSE",
     "Applicant-ID,Question text,Answer text", "E-mail,question id,Reply"],
)  # fmt: skip
def test_long_tables_are_known_by_their_headings(questions: Sequence[Question], written: Any, header: str) -> None:
    """Common spellings of the three columns are accepted whatever their case, spaces and underscores."""
    table = open_answer_table(written("a.csv", f"{header}\nc1,Predict fraud,x\n"), questions)
    assert table.layout == "long"
    assert [(answer.answer_id, answer.text) for answer in table] == [("c1.fraud_framing", "x")]


@pytest.mark.parametrize(
    ("header", "row", "candidate"),
    [
        ("Email,Candidate ID,ID,degradation", "a@x.org,c1,7,x", "c1"),
        ("Email,Application ID,#,degradation", "a@x.org,a9,7,x", "a9"),
        ("Email,ID,Name,degradation", "a@x.org,0007,Ann,x", "0007"),
        ("#,degradation,Network ID", "h4sh,x,n3t", "h4sh"),
        ("degradation,Network ID,Email", "x,n3t,a@x.org", "n3t"),
        ("Timestamp,E-mail address,degradation", "2026,a@x.org,x", "a@x.org"),
        ("Timestamp,Name,degradation", "2026,Ann,x", "row-2"),
    ],
)
def test_the_candidate_is_named_by_the_best_column(
    questions: Sequence[Question], written: Any, header: str, row: str, candidate: str
) -> None:
    """An id before a form's number before an address before the row's number; never a name."""
    table = open_answer_table(written("a.csv", f"{header}\n{row}\n"), questions)
    assert [answer.candidate_id for answer in table] == [candidate]
    assert not any("Ann" in note for note in table.notes)


def test_names_are_not_taken_for_ids(questions: Sequence[Question], written: Any, refusal: Any) -> None:
    """A column 'Candidate' that holds names is refused, unless the user says that these are ids."""
    path = written("a.csv", "Candidate,degradation\nAnn Example,x\nBo Example,y\n")
    told = refusal(path)
    assert "seems to hold names" in told
    assert "Ann" not in told
    assert open_answer_table(path, questions, mapping={"Candidate": "candidate_id"}).candidates == 2
    assert open_answer_table(written("b.csv", "Candidate,degradation\nCandidate A,x\n"), questions).candidates == 1


def test_the_users_word_settles_every_column(questions: Sequence[Question], written: Any) -> None:
    """With --map a table in any language, with any headings, can be read, wide or long."""
    wide = written("w.csv", "Kennung;Frage eins;Bemerkung\nk1;gut;-\n")
    table = open_answer_table(wide, questions, mapping={"kennung": "candidate_id", "Frage eins": "degradation"})
    assert [(answer.answer_id, answer.text) for answer in table] == [("k1.degradation", "gut")]
    long = written("l.csv", "a;b;c;d\nk1;degradation;gut;17\n")
    roles = {"a": "candidate_id", "b": "question", "c": "answer", "d": "answer_id"}
    assert [answer.answer_id for answer in open_answer_table(long, questions, mapping=roles)] == ["17"]


def test_a_mapping_that_does_not_fit_lists_what_there_is(written: Any, refusal: Any) -> None:
    """An unknown column, an unknown question and a target given twice are all said at once."""
    path = written("a.csv", "candidate_id,first,second,third\nc1,x,y,z\n")
    told = refusal(
        path, mapping={"frist": "degradation", "second": "fraud", "first": "feed_ranking", "third": "feed_ranking"}
    )
    assert "column 'frist': there is no such column; did you mean 'first'?" in told
    assert "column 'second': 'fraud' is neither a question (degradation, fraud_framing" in told
    assert "column 'third': 'feed_ranking' is given to column 'first' already" in told
    assert "Columns: 'candidate_id', 'first', 'second', 'third'." in told


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("candidate_id,question_id,text", "missing column answer"),
        ("candidate_id,answer", "missing column question"),
        ("question_id,answer", "no column names the candidate"),
        ("ID,question_id,answer", "no column names the candidate"),
        ("candidate_id,first,second", "no column is headed by a question's id, title or text"),
        ("candidate_id,question_id,answer,degradation", "is headed by a question, but 'question_id' and 'answer'"),
    ],
)
def test_a_missing_column_is_named(written: Any, refusal: Any, header: str, says: str) -> None:
    """What is missing is said with the columns that were found."""
    told = refusal(written("a.csv", f"{header}\n{','.join('x' * len(header.split(',')))}\n"))
    assert says in told
    assert "Columns: '" in told


@pytest.mark.parametrize(
    ("header", "option"),
    [
        ("candidate_id,question,what they wrote", '--map "what they wrote=answer"'),
        ("candidate_id,asked,answer", '--map "asked=question"'),
        ("number,question,answer", '--map "number=candidate_id"'),
        ("id,what was fraud", '--map "what was fraud=degradation"'),
    ],
)
def test_a_refusal_gives_a_line_to_copy(written: Any, refusal: Any, header: str, option: str) -> None:
    """The option names a column of this table; what a column can hold is said once."""
    told = refusal(written("a.csv", f"{header}\n{','.join('x' * len(header.split(',')))}\n"))
    assert option in told
    assert "candidate_id, question, answer, answer_id, ignore" in told


def test_a_title_above_the_header_is_skipped_with_a_note(
    questions: Sequence[Question], written: Any, workbook: Any
) -> None:
    """The header is the first row that names enough columns; rows keep the numbers that a spreadsheet shows."""
    path = written("a.csv", "Screening answers,,\n,,\nexported 2026-03-01,,\ncandidate_id,degradation,\nc1,x,\n")
    table = open_answer_table(path, questions)
    assert [answer.row for answer in table] == [5]
    assert "row 4 is the header; what stands above it (rows 1 to 3) is not read" in table.notes
    sheet = workbook(["Screening answers"], ["candidate_id", "degradation"], ["c1", "x"])
    assert [answer.row for answer in open_answer_table(sheet, questions)] == [3]


def test_a_table_without_a_header_is_said(written: Any, refusal: Any) -> None:
    """The first answer is not taken for the columns' names."""
    assert "has no header row" in refusal(written("a.csv", "c1,degradation,text\nc1,fraud_framing,text\n"))
