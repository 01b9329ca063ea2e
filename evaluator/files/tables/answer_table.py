"""A table of answers, opened: the way from a file that a recruiter has to `Answer` records.

    table = open_answer_table(Path("answers.xlsx"), questionnaire.questions)
    for note in table.notes: ...
    for answer in table: ...

Opening reads the file once, to find every mistake, count, and settle repeated answers; iterating reads it again.
CSV, TSV, JSON Lines and Parquet are streamed, and what is remembered of every row is kept on disk: memory does not
grow with the table. (openpyxl keeps the shared texts of a workbook in memory, and a JSON list is parsed whole; both
have a stated limit of size.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.core.answer import Answer
from evaluator.errors import TableError
from evaluator.files.tables.answer_rows import AnswerRows
from evaluator.files.tables.column_plan import ColumnPlanner, Layout, note_unasked
from evaluator.files.tables.delimited_rows import open_delimited
from evaluator.files.tables.findings import Findings
from evaluator.files.tables.frame_rows import FrameRows
from evaluator.files.tables.given_answer_ids import GivenAnswerIds
from evaluator.files.tables.header_row import find_header
from evaluator.files.tables.json_rows import open_json
from evaluator.files.tables.question_match import QuestionHeading, QuestionMatcher
from evaluator.files.tables.standing_answers import Duplicates, StandingAnswers
from evaluator.files.tables.table_format import detect_format
from evaluator.files.tables.table_row import RowSource

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class FileState:
    """The size and time of a file, by which a change between two readings is noticed."""

    size: int
    modified_ns: int


class AnswerTable:
    """Answers that can be iterated as often as wanted, in table order.

    After the rows of a long table come the answers that it lacks: a candidate without a row for a question that
    others have gets an `Answer` with `absent="missing"` and no row.
    """

    def __init__(self, rows: AnswerRows, standing: StandingAnswers, found: Findings, path: Path | None) -> None:
        self._rows = rows
        self._standing = standing
        self._path = path
        self._state = _state(path) if path else None
        self.notes = found.notes
        self.notes_on_rows = found.notes_on_rows

    @property
    def layout(self) -> Layout:
        """Whether a row holds one answer ("long") or all answers of a candidate ("wide")."""
        return self._rows.plan.layout

    @property
    def format(self) -> str:
        """csv, tsv, xlsx, jsonl, json, parquet or data frame."""
        return self._rows.source.format

    @property
    def encoding(self) -> str | None:
        """The Python codec that the text was read with; None for formats that have their own."""
        return self._rows.source.encoding

    @property
    def questions_asked(self) -> tuple[str, ...]:
        """The ids of the questions that the table asks, in the questionnaire's order."""
        return self._standing.asked

    @property
    def candidates(self) -> int:
        """How many candidates the table has."""
        return self._standing.candidates

    @property
    def count(self) -> int:
        """How many answers iteration yields, missing ones included."""
        return self.candidates * len(self.questions_asked)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Answer]:
        """The answers. Raises TableError if the file was changed since it was opened."""
        if self._path is not None and _state(self._path) != self._state:
            raise TableError(f"{self._path} was changed while it was being read.", hint="Start again.")
        # What there is to say was said on opening; this reading finds the same again.
        for each in self._rows.answers(Findings("")):
            if self._standing.stands(each.answer, each.row):
                yield each.answer
        for unanswered in self._standing.unanswered():
            candidate_id, question_id = unanswered.candidate_id, unanswered.question_id
            yield Answer(f"{candidate_id}.{question_id}", candidate_id, question_id, "", absent="missing")

    def to_frame(self) -> pd.DataFrame:
        """All answers as a pandas data frame with the columns of `Answer`; this holds every text in memory."""
        import pandas as pd  # here: half a second to import, that only callers with data frames should wait

        columns = ["answer_id", "candidate_id", "question_id", "text", "absent", "row"]
        return pd.DataFrame([asdict(answer) for answer in self], columns=columns).astype({"row": "Int64"})


def open_answer_table(
    path: Path | str,
    questions: Sequence[QuestionHeading],
    *,
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
    duplicates: Duplicates = "last",
) -> AnswerTable:
    """Open a CSV, TSV, XLSX, JSONL or Parquet file of answers, long or wide.

    `mapping` settles what a column is: heading (or "column D") to a question's id, or to candidate_id, question,
    answer, answer_id or ignore. `sheet` names a sheet of a workbook. `duplicates` says which of a candidate's
    different answers to one question stands. Raises TableError with every mistake of the file.
    """
    path = Path(path)
    file_format = detect_format(path)
    if sheet is not None and file_format != "xlsx":
        raise TableError(f"{path} is a {file_format} file and has no sheets.", hint="Leave the sheet out.")
    planner, matcher = _planner(questions, mapping)
    source: RowSource
    if file_format == "xlsx":
        from evaluator.files.tables.excel_rows import open_excel  # here: openpyxl is slow to import

        source = open_excel(path, sheet)
    elif file_format == "parquet":
        from evaluator.files.tables.parquet_rows import open_parquet  # here: pyarrow is slow to import

        source = open_parquet(path)
    elif file_format in ("json", "jsonl"):
        source = open_json(path, file_format)
    else:
        source = open_delimited(path, file_format, planner.count_known)
    return _open(source, str(path), questions, planner, matcher, duplicates, path)


def open_answer_frame(
    frame: pd.DataFrame,
    questions: Sequence[QuestionHeading],
    *,
    mapping: Mapping[str, str] | None = None,
    duplicates: Duplicates = "last",
) -> AnswerTable:
    """The same for a pandas data frame, long or wide; its index is not read. Rows count from 2, as in a sheet."""
    planner, matcher = _planner(questions, mapping)
    return _open(FrameRows(frame), "data frame", questions, planner, matcher, duplicates, None)


def _planner(
    questions: Sequence[QuestionHeading], mapping: Mapping[str, str] | None
) -> tuple[ColumnPlanner, QuestionMatcher]:
    matcher = QuestionMatcher(questions)
    return ColumnPlanner(matcher, [question.id for question in questions], mapping or {}), matcher


def _open(
    source: RowSource,
    name: str,
    questions: Sequence[QuestionHeading],
    planner: ColumnPlanner,
    matcher: QuestionMatcher,
    duplicates: Duplicates,
    path: Path | None,
) -> AnswerTable:
    findings = Findings(name, source.notes)
    header = find_header(source, planner, name, findings)
    plan = planner.plan(header.headings, findings)
    rows = AnswerRows(source, header, plan, matcher)
    question_ids = [question.id for question in questions]
    standing = StandingAnswers(question_ids, duplicates)
    with GivenAnswerIds() as given_ids:
        for each in rows.answers(findings):
            standing.record(each.answer, each.row, findings)
            if plan.answer_id is not None:
                given_ids.record(each, findings)
    findings.stop_at_mistakes(f"{name} cannot be read.", hint="Correct these places and start again.")
    if not standing.candidates:
        raise TableError(f"{name} has a header but no answers below it.", hint="Export the answers again.")
    if standing.missing:
        missing = "1 answer is" if standing.missing == 1 else f"{standing.missing:,} answers are"
        findings.note(f"a candidate has no row for a question that others were asked: {missing} missing")
    if plan.layout == "long":
        note_unasked([each for each in question_ids if each not in standing.asked], findings)
    return AnswerTable(rows, standing, findings, path)


def _state(path: Path) -> FileState:
    try:
        status = path.stat()
    except OSError as error:
        raise TableError(f"{path} cannot be read any more: {error.strerror}.") from error
    return FileState(status.st_size, status.st_mtime_ns)
