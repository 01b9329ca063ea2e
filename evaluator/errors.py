"""The errors a user can meet, drawn once; each says what was wrong, where, and what to do next.

    EvaluatorError
    ├── InputError                 something the user wrote is wrong (exit code 2)
    │   ├── UsageError             a command or a call with arguments that do not fit
    │   ├── TableError             a table of answers that cannot be read
    │   ├── RubricError            a rubric, questionnaire or vocabulary file with mistakes
    │   ├── PromptError            a prompt file with mistakes
    │   ├── EvalSetError           an eval set with mistakes
    │   │   └── LeakageError       the same answer or candidate on both sides of a split
    │   ├── CalibrationError       a calibration file that does not fit what it is used for
    │   ├── OutputError            a place that results cannot be written to
    │   ├── QuestionMapError       a file that maps an ATS's questions, with mistakes
    │   ├── SubmissionError        a submission that cannot be taken as it is
    │   │   └── IdempotencyConflictError   the same idempotency key with other content
    │   ├── NotThereError          something named on a page that is not there, or not for whoever asks
    │   └── NotAllowedError        something that this person may not do now
    ├── BudgetSpentError           what may be paid was spent before there was enough to make anything of (exit code 5)
    └── SetupError                 something outside the input is not ready (exit code 2)
        ├── GraderSetupError       a grader that cannot start: no key, no server, wrong model name
        ├── LocalServerError       the local model's server does not start or stopped
        ├── ModelInstallError      the local model cannot be downloaded or does not verify
        ├── AtsUnavailableError    an ATS does not answer now, and may later
        ├── AtsRefusedError        an ATS refuses what it is asked: a wrong key, an address that is not allowed
        ├── NotYetGradedError      a submission that is not graded by its deadline; it is kept, and will be
        └── StoreError             the store cannot be opened, read or written: full, locked, damaged, newer

An answer that could not be graded is not an error but a value: `evaluator.core.reply.Failure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a file that somebody wrote: where it is and what is wrong."""

    message: str
    file: str | None = None
    line: int | None = None  # counted from 1
    column: str | None = None  # a table's column
    key: str | None = None  # a path of keys, such as criteria[0].levels

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        for label, value in (("column", self.column), ("", self.key)):
            if value:
                named = f"{label} {value!r}" if label else value
                place = f"{place}: {named}" if place else named
        return f"{place}: {self.message}" if place else self.message


def number_of(mistakes: Sequence[object]) -> str:
    """How many mistakes something has, in words."""
    return "one mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"


class EvaluatorError(Exception):
    """Anything this package raises on purpose. `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class InputError(EvaluatorError):
    """Something the user wrote is wrong; `mistakes` holds every one that was found, not only the first."""

    def __init__(self, message: str, *, hint: str | None = None, mistakes: Sequence[Mistake] = ()) -> None:
        super().__init__(message, hint=hint)
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        lines = [self.message, *(f"  {mistake}" for mistake in self.mistakes)]
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)


class UsageError(InputError):
    """A command or a call with arguments that do not fit together."""


class TableError(InputError):
    """A table of answers that cannot be read, or whose columns cannot be told apart."""


class RubricError(InputError):
    """A rubric, questionnaire, vocabulary or examples file with mistakes."""


class PromptError(InputError):
    """A prompt file with mistakes, or one that does not fit the rubric it is used with."""


class EvalSetError(InputError):
    """An eval set with mistakes."""


class LeakageError(EvalSetError):
    """The same answer, a near copy of it, or the same candidate on both sides of a split."""


class CalibrationError(InputError):
    """A calibration file that is damaged or was fitted for something else."""


class QuestionMapError(InputError):
    """A file that says what an ATS's questions are, with mistakes."""


class SubmissionError(InputError):
    """A submission that cannot be taken: an unknown question, an answer twice, an id that is none."""


class IdempotencyConflictError(SubmissionError):
    """The idempotency key was used before, for other content."""


class OutputError(InputError):
    """A place that results cannot be written to."""


class NotThereError(InputError):
    """Something named that is not there, or that whoever asks may not know of."""


class NotAllowedError(InputError):
    """Something that this person may not do, or not now."""


class BudgetSpentError(EvaluatorError):
    """The most that may be paid was reached before there was enough to make anything of it."""


class SetupError(EvaluatorError):
    """Something that grading needs is not ready: a key, a server, a model."""


class GraderSetupError(SetupError):
    """A grader that cannot start: no key, a wrong key, an unknown model, no server at the address."""


class LocalServerError(SetupError):
    """The local model's server does not start, or stopped."""


class ModelInstallError(SetupError):
    """The local model cannot be downloaded, joined or verified."""


class AtsUnavailableError(SetupError):
    """An ATS does not answer now. `retry_after`: seconds that it asks to be left alone; None where it says nothing."""

    def __init__(self, message: str, *, hint: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class AtsRefusedError(SetupError):
    """An ATS refuses what it is asked, and will do so again: a wrong key, an address that is not allowed."""


class NotYetGradedError(SetupError):
    """A submission is not graded by its deadline. It is kept and will be: `submission_id` finds it."""

    def __init__(self, message: str, *, submission_id: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.submission_id = submission_id


class StoreError(SetupError):
    """The store cannot be opened, read or written."""
