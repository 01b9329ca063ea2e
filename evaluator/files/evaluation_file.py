"""`eval.json`: an evaluation written whole, and read back to be held beside a later one."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from evaluator.core.evaluation import Evaluation
from evaluator.errors import InputError, Mistake
from evaluator.files.whole_file import whole_file


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Writes the evaluation; a file that stands there is replaced whole or not at all. Raises OutputError."""
    with whole_file(path) as partial:
        partial.write_text(evaluation.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_evaluation(path: Path) -> Evaluation:
    """The evaluation in this file. Raises InputError where it is none, naming the first key that is wrong."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return Evaluation.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        mistake = Mistake(str(first["msg"]), str(path), key=".".join(map(str, first["loc"])) or None)
        hint = "Give the eval.json that `evaluator eval` wrote, of this version of its format."
        raise InputError(f"{path} is no evaluation.", hint=hint, mistakes=[mistake]) from None
