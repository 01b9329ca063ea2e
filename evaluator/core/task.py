"""The grading task: everything that a rater needs to read one answer, and nothing about who wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from evaluator.core.examples import GradedExample
from evaluator.core.prompt import AskFor
from evaluator.core.questionnaire import Question
from evaluator.core.reply import Failure, Reply, Usage
from evaluator.core.rubric import Criterion, Rubric


@dataclass(frozen=True, slots=True)
class GradingTask:
    """One answer to read against one rubric.

    `text` is the answer and the only thing of the candidate's that a rater sees. `sample` tells repeated
    readings apart. `candidate_id` is for the ledger alone, so that a reply can be erased with its candidate: it
    goes into no request.
    """

    text: str
    question: Question
    rubric: Rubric
    criteria: tuple[Criterion, ...]
    examples: tuple[GradedExample, ...] = ()
    sample: int = 0
    candidate_id: str | None = None


@dataclass(frozen=True, slots=True)
class RaterIdentity:
    """What tells one rater's replies from another's; all of it goes into the fingerprint and the provenance."""

    spec: str
    model: str | None
    prompt: str | None
    prompt_sha256: str | None
    asks_for: AskFor | None = None
    params: tuple[tuple[str, float | int | str | bool | None], ...] = ()
    is_language_model: bool = True
    address: str | None = None
    """The endpoint's, without user or password; None where there is only one place that the model can be."""

    @property
    def can_be_talked_to(self) -> bool:
        """Whether it reads what it is given: a script's replies come in their turn, whatever is asked."""
        return self.is_language_model and not self.spec.startswith("scripted:")


class Rater(Protocol):
    """Reads an answer: a model behind a prompt, or a matcher of words."""

    @property
    def identity(self) -> RaterIdentity: ...

    async def check(self) -> None:
        """Raises GraderSetupError where no answer could be read: no server, a wrong key."""
        ...

    async def close(self) -> None: ...

    def expected_usage(self, task: GradingTask) -> Usage:
        """The tokens that reading this answer will probably take; none where there is no model."""
        ...

    async def rate(self, task: GradingTask) -> Reply | Failure: ...
