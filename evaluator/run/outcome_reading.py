"""What stands of a submission, read from the store: the grader's levels, or people's where they settled on some."""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.core.grade import Grade
from evaluator.core.outcome import Outcome, OutcomeAnswer, OutcomeCriterion
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.review import ItemReview, replay
from evaluator.core.rubric import Rubric
from evaluator.core.score import score_of
from evaluator.core.submission import Submission
from evaluator.run.outbound_body import review_url
from evaluator.store.store import Store


def read_outcome(submission: Submission, store: Store, public_url: str) -> Outcome | None:
    """The outcome of a submission that is complete; None where it is not, or not any more."""
    if submission.state not in ("complete", "set_aside") or submission.run is None:
        return None
    record = store.runs.get(submission.run)
    address = review_url(public_url, record.id if record else None, submission)
    if record is None or address is None:
        return None
    rubric, questionnaire = record.order.rubric, record.order.questionnaire
    _, items, entries = store.reviews.of_candidate(submission.run, submission.candidate_id)
    reviews = {name: replay(entries.get(name, ()), item.needed) for name, item in items.items()}
    grades = {grade.question_id: grade for grade in store.submissions.grades(submission)}
    return Outcome(
        submission=submission.id,
        candidate=submission.context.get("candidate"),
        application=submission.application_id,
        opportunity=submission.context.get("opportunity"),
        questionnaire=questionnaire.title,
        highest_level=rubric.scale.highest,
        score_out_of=rubric.score_out_of,
        answers=tuple(
            _answer(grades[question.id], questionnaire, rubric, reviews.get(grades[question.id].answer_id))
            for question in questionnaire.questions
            if question.id in grades
        ),
        review_url=address,
        completed_at=submission.completed_at,
    )


def _answer(grade: Grade, questionnaire: Questionnaire, rubric: Rubric, review: ItemReview | None) -> OutcomeAnswer:
    final = None if review is None else review.final_levels
    levels: Mapping[str, int] = final or {each.id: each.level for each in grade.criteria}
    evidence = {each.id: tuple(said.quote for said in each.evidence if said.verified) for each in grade.criteria}
    return OutcomeAnswer(
        question_id=grade.question_id,
        title=questionnaire.question(grade.question_id).title,
        status=grade.status,
        reason=grade.reason,
        score=score_of(final, rubric) if final else grade.score,
        criteria=tuple(
            OutcomeCriterion(name, rubric.criterion(name).name, level, evidence.get(name, ()))
            for name, level in levels.items()
        ),
        flags=tuple(flag.code for flag in grade.flags),
        by_person=final is not None,
        waits=grade.needs_review and final is None,
    )
