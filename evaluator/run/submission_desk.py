"""The desk of the JSON API: submissions taken in, their state and grades given out, candidates erased."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import shorten

from evaluator.core.candidate import CandidateStanding, standing_of
from evaluator.core.folding import fold
from evaluator.core.grade import Grade
from evaluator.core.identity import Identity, with_id
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.submission import NewSubmission, Submission, SubmittedAnswer, submitted_answer
from evaluator.core.tenant import stored_candidate
from evaluator.core.tracing import Tracer
from evaluator.errors import EvaluatorError, Mistake, SubmissionError, number_of
from evaluator.files.rubric_file import QuestionSet
from evaluator.run.intake import Erase
from evaluator.store.submission_rows import Submitted
from evaluator.store.submission_shelf import SubmissionShelf

_LONGEST_ID = 200  # as the JSON API has it
_SHOWN = 80  # characters of an unknown question's name


@dataclass(frozen=True, slots=True)
class AskedAnswer:
    """An answer as a caller writes it: to a question named by its id, title or text."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class AskedSubmission:
    """A submission as a caller writes it. Without a key, its content is its key."""

    candidate_id: str
    answers: Sequence[AskedAnswer]
    questionnaire: str | None = None
    application_id: str | None = None
    job: str | None = None
    idempotency_key: str | None = None
    identity: Identity | None = field(default=None, repr=False)
    """Who wrote the answers: taken out of what a grader reads."""


@dataclass(frozen=True, slots=True)
class GradedSubmission:
    """A submission with the grades that its answers have so far; `standing` once it is complete."""

    submission: Submission
    grades: tuple[Grade, ...]
    standing: CandidateStanding | None


class SubmissionDesk:
    """What callers of the API may do; every method is for one tenant, who never sees another's."""

    source = "api"

    def __init__(
        self,
        shelf: SubmissionShelf,
        question_set: Callable[[str], QuestionSet],
        default_questionnaire: str,
        erase: Erase,
        rung: Callable[[str], None] = lambda _: None,
        tracer: Tracer | None = None,
    ) -> None:
        """`rung` is told the id of a new submission, after it is kept; it may do nothing, and must be quick."""
        self._tracer = tracer
        self._shelf = shelf
        self._question_set = question_set
        self._default = default_questionnaire
        self._erase = erase
        self._rung = rung

    def submit(self, tenant: str, asked: AskedSubmission) -> Submitted:
        """Takes a submission in. Raises SubmissionError with every mistake, and IdempotencyConflictError."""
        begun = time.time()
        submitted = self._shelf.submit(self._new(tenant, asked, lane_is_bulk=False))
        self._tell(submitted, begun)
        return submitted

    def submit_many(self, tenant: str, asked: Sequence[AskedSubmission]) -> list[Submitted | SubmissionError]:
        """The same for many, in order; one that cannot be taken leaves the others as they are."""
        begun = time.time()
        made: list[NewSubmission | SubmissionError] = []
        for each in asked:
            try:
                made.append(self._new(tenant, each, lane_is_bulk=True))
            except SubmissionError as error:
                made.append(error)
        kept = iter(self._shelf.submit_many([each for each in made if isinstance(each, NewSubmission)]))
        results = [next(kept) if isinstance(each, NewSubmission) else each for each in made]
        for result in results:
            if isinstance(result, Submitted):
                self._tell(result, begun)
        return results

    def find(self, tenant: str, submission_id: str) -> Submission | None:
        """A submission; None where there is none of this tenant's."""
        return self._shelf.find(submission_id, tenant=tenant)

    def graded(self, tenant: str, submission_id: str) -> GradedSubmission | None:
        """A submission with its grades; None where there is none of this tenant's."""
        submission = self._shelf.find(submission_id, tenant=tenant)
        if submission is None:
            return None
        grades = self._shelf.grades(submission)
        try:
            question_set = self._question_set(submission.questionnaire)
        except EvaluatorError:  # it was there when they were graded: the grades stand, nothing is added up
            return GradedSubmission(submission, tuple(grades), None)
        places = {question.id: place for place, question in enumerate(question_set.questionnaire.questions)}
        grades.sort(key=lambda grade: places.get(grade.question_id, len(places)))
        standing = None
        if submission.state == "complete" and grades:
            asked = [grade.question_id for grade in grades]
            standing = standing_of(submission.candidate_id, grades, asked, question_set.rubric)
        return GradedSubmission(submission, tuple(grades), standing)

    def of_candidate(self, tenant: str, candidate_id: str) -> list[Submission]:
        """A candidate's submissions from every way in, the oldest first."""
        return self._shelf.of_candidate(_stored(tenant, candidate_id))

    def erase(self, tenant: str, candidate_id: str) -> Mapping[str, int]:
        """Erases a candidate, for good; how many records of each kind there were. Safe to call again."""
        return self._erase(_stored(tenant, candidate_id))

    def _tell(self, submitted: Submitted, begun: float) -> None:
        if not submitted.is_new:
            return
        self._rung(submitted.id)
        if self._tracer is not None:
            facts = {"evaluator.submission.id": submitted.id, "evaluator.source": self.source}
            of = submitted.id
            with self._tracer.span("receive submission", facts, kind="server", of=of, is_first=True, begun=begun):
                pass  # its id is known only now that it is kept

    def _new(self, tenant: str, asked: AskedSubmission, *, lane_is_bulk: bool) -> NewSubmission:
        _require_candidate(tenant, asked.candidate_id)
        name = asked.questionnaire or self._default
        try:
            questionnaire = self._question_set(name).questionnaire
        except EvaluatorError as error:
            raise SubmissionError(error.message, mistakes=[Mistake(error.message, key="/questionnaire")]) from error
        new = NewSubmission(
            source=self.source,
            idempotency_key="",
            candidate_id=asked.candidate_id,
            questionnaire=name,
            answers=_answers(asked.answers, questionnaire),
            tenant=tenant,
            application_id=asked.application_id,
            job=asked.job,
            lane="bulk" if lane_is_bulk else "webhook",
            identity=with_id(asked.identity, asked.candidate_id),
        )
        # Told apart from keys that callers choose, which may look like anything.
        key = f"key:{asked.idempotency_key}" if asked.idempotency_key else f"content:{new.content_sha256}"
        return new.with_key(key)


def _answers(asked: Sequence[AskedAnswer], questionnaire: Questionnaire) -> tuple[SubmittedAnswer, ...]:
    spellings = _spellings(questionnaire)
    found: dict[str, SubmittedAnswer] = {}
    mistakes: list[Mistake] = []
    if not asked:
        mistakes.append(Mistake("there is none; a question that was left blank has an empty text", key="/answers"))
    for number, answer in enumerate(asked):
        place = f"/answers/{number}"
        if not isinstance(answer.question, str) or not isinstance(answer.text, str):
            wrong = "question" if not isinstance(answer.question, str) else "text"
            has = type(getattr(answer, wrong)).__name__
            mistakes.append(Mistake(f"has to be a text, not {has}", key=f"{place}/{wrong}"))
            continue
        question = spellings.get(fold(answer.question))
        place = f"{place}/question"
        if question is None:
            known = ", ".join(each.id for each in questionnaire.questions)
            shown = shorten(answer.question, _SHOWN, placeholder=" …")
            mistakes.append(Mistake(f"{questionnaire.id} has no question {shown!r} (it has {known})", key=place))
        elif question in found:
            mistakes.append(Mistake(f"a second answer to {question}", key=place))
        else:
            found[question] = submitted_answer(question, answer.text)
    if mistakes:
        raise SubmissionError(f"The submission has {number_of(mistakes)}.", mistakes=mistakes)
    return tuple(found[each.id] for each in questionnaire.questions if each.id in found)


def _spellings(questionnaire: Questionnaire) -> Mapping[str, str]:
    texts = {fold(spelling): each.id for each in questionnaire.questions for spelling in (each.text, each.title)}
    return texts | {fold(each.id): each.id for each in questionnaire.questions}


def _require_candidate(tenant: str, candidate_id: str) -> None:
    """Raises SubmissionError: without an id of its own, one candidate's answers would be another's."""
    wrong = None
    if not isinstance(candidate_id, str):
        wrong = f"has to be a text, not {type(candidate_id).__name__}"
    elif not 0 < len(candidate_id) <= _LONGEST_ID:
        wrong = f"has to be 1 to {_LONGEST_ID} characters long"
    elif not candidate_id.isprintable() or candidate_id != candidate_id.strip():
        wrong = "must have no control characters, and no space at its ends"
    if wrong is not None:
        raise SubmissionError("The candidate's id cannot be taken.", mistakes=[Mistake(wrong, key="/candidate_id")])
    _stored(tenant, candidate_id)


def _stored(tenant: str, candidate_id: str) -> str:
    try:
        return stored_candidate(tenant, candidate_id)
    except ValueError as error:
        raise SubmissionError(
            "The candidate's id cannot be taken.", mistakes=[Mistake(str(error), key="/candidate_id")]
        ) from error
