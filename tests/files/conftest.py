"""What the tests of reading answers share: the shipped questions, and tables written for a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from evaluator.core.questionnaire import Question
from evaluator.errors import TableError
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_questionnaire
from evaluator.files.tables.answer_table import open_answer_table

Written = Callable[[str, str | bytes], Path]


@pytest.fixture(scope="session")
def questions() -> Sequence[Question]:
    """The five questions of the shipped questionnaire."""
    return load_questionnaire(shipped("rubrics") / "ml_engineer_core" / "questionnaire.v1.yaml").questions


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a file (text as UTF-8) and gives its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    """Writes a workbook with one sheet of the given rows and gives its path."""

    def write(*rows: Sequence[Any], title: str = "Sheet1") -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = title
        for row in rows:
            sheet.append(list(row))
        path = tmp_path / "answers.xlsx"
        book.save(path)
        return path

    return write


@pytest.fixture
def refusal(questions: Sequence[Question]) -> Callable[..., str]:
    """What a user is told about a table that cannot be read."""

    def told(path: Path, **options: Any) -> str:
        with pytest.raises(TableError) as caught:
            list(open_answer_table(path, questions, **options))
        return str(caught.value)

    return told
