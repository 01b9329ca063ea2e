"""Grades written screening answers against a rubric; every level is tied to the candidate's own words.

The names below are the public interface. Each is imported when it is first used, so that importing the package
costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluator.core.answer import Answer as Answer
    from evaluator.core.calibration import Calibration as Calibration
    from evaluator.core.grade import CriterionGrade as CriterionGrade
    from evaluator.core.grade import Evidence as Evidence
    from evaluator.core.grade import Flag as Flag
    from evaluator.core.grade import Grade as Grade
    from evaluator.core.identity import Identity as Identity
    from evaluator.core.price import Price as Price
    from evaluator.core.questionnaire import Questionnaire as Questionnaire
    from evaluator.core.rubric import Rubric as Rubric
    from evaluator.errors import EvaluatorError as EvaluatorError
    from evaluator.errors import InputError as InputError
    from evaluator.errors import NotYetGradedError as NotYetGradedError
    from evaluator.errors import SetupError as SetupError
    from evaluator.errors import StoreError as StoreError
    from evaluator.errors import SubmissionError as SubmissionError
    from evaluator.files.calibration_file import load_calibration as load_calibration
    from evaluator.files.grades_file import read_grades as read_grades
    from evaluator.files.rubric_file import load_questionnaire as load_questionnaire
    from evaluator.files.rubric_file import load_rubric as load_rubric
    from evaluator.files.tables.answer_table import AnswerTable as AnswerTable
    from evaluator.files.tables.answer_table import open_answer_table as open_answer_table
    from evaluator.run.grader import Grader as Grader
    from evaluator.store.store import Store as Store
    from evaluator.store.store import open_store as open_store
    from evaluator.wiring import make_grader as make_grader
    from evaluator.wiring_evaluator import Evaluator as Evaluator
    from evaluator.wiring_options import GraderOptions as GraderOptions

_WHERE = {
    "Answer": "evaluator.core.answer",
    "AnswerTable": "evaluator.files.tables.answer_table",
    "Calibration": "evaluator.core.calibration",
    "CriterionGrade": "evaluator.core.grade",
    "Evaluator": "evaluator.wiring_evaluator",
    "EvaluatorError": "evaluator.errors",
    "Evidence": "evaluator.core.grade",
    "Flag": "evaluator.core.grade",
    "Grade": "evaluator.core.grade",
    "Grader": "evaluator.run.grader",
    "GraderOptions": "evaluator.wiring_options",
    "Identity": "evaluator.core.identity",
    "InputError": "evaluator.errors",
    "NotYetGradedError": "evaluator.errors",
    "Price": "evaluator.core.price",
    "Questionnaire": "evaluator.core.questionnaire",
    "Rubric": "evaluator.core.rubric",
    "SetupError": "evaluator.errors",
    "Store": "evaluator.store.store",
    "StoreError": "evaluator.errors",
    "SubmissionError": "evaluator.errors",
    "load_calibration": "evaluator.files.calibration_file",
    "load_questionnaire": "evaluator.files.rubric_file",
    "load_rubric": "evaluator.files.rubric_file",
    "make_grader": "evaluator.wiring",
    "open_store": "evaluator.store.store",
    "open_answer_table": "evaluator.files.tables.answer_table",
    "read_grades": "evaluator.files.grades_file",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'evaluator' has no attribute {name!r}")
    return getattr(importlib.import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
