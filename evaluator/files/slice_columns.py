"""`slices.csv` of an eval set: further columns about its answers or candidates, by which figures can be sliced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evaluator.core.eval_set import EvalSet
from evaluator.errors import EvalSetError, UsageError, number_of
from evaluator.files.named_table import read_named_table

SLICES = "slices.csv"
_KEYS = ("answer_id", "candidate_id")


def read_slice_columns(folder: Path, columns: Sequence[str], eval_set: EvalSet) -> dict[str, dict[str, str]]:
    """For each column, its value by answer id; an answer without a value is left out.

    The file's key is a column `answer_id` or `candidate_id`. Raises EvalSetError where the file cannot be read and
    UsageError where there is no such file or column.
    """
    if not columns:
        return {}
    path = folder / SLICES
    if not path.is_file():
        raise UsageError(
            f"--slice {columns[0]}: the eval set has no {SLICES}.",
            hint=f"Write {path} with a column answer_id (or candidate_id) and a column {columns[0]}.",
        )
    table = read_named_table(path, (), extra_allowed=True)
    if table.mistakes:
        raise EvalSetError(f"{path} has {number_of(table.mistakes)}.", mistakes=table.mistakes)
    key = next((name for name in _KEYS if name in table.columns), None)
    if key is None:
        raise UsageError(f"{path} has neither a column answer_id nor a column candidate_id.")
    unknown = [column for column in columns if column not in table.columns]
    if unknown:
        raise UsageError(f"{path} has no column '{unknown[0]}'.", hint=f"It has: {', '.join(table.columns)}.")
    found: dict[str, dict[str, str]] = {column: {} for column in columns}
    rows = {row.text(key): row for row in table.rows}
    for each in eval_set.answers:
        row = rows.get(each.answer.answer_id if key == "answer_id" else each.answer.candidate_id)
        for column in columns:
            if row is not None and row.text(column):
                found[column][each.answer.answer_id] = row.text(column)
    return found
