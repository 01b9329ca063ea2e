"""What an outbound event says: levels with their evidence, flags, and where a person reviews them; no verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from evaluator.core.candidate_key import candidate_key
from evaluator.core.grade import Grade
from evaluator.core.submission import Submission
from evaluator.core.tenant import shown_candidate
from evaluator.run.outbound_decision import decided_answer, decision_of, evidence_of, flags_of, read_decision
from evaluator.store.outbox import OutboundEvent
from evaluator.store.store import Store


def body_of(event: OutboundEvent, store: Store, public_url: str | None) -> bytes | None:
    """The event as JSON, UTF-8; None where what it would tell of is gone."""
    if event.body is not None:  # it was made with the event
        return event.body
    said = _said(event, store, public_url)
    return None if said is None else json.dumps(said, ensure_ascii=False).encode()


def _said(event: OutboundEvent, store: Store, public_url: str | None) -> dict[str, Any] | None:
    submission = store.work.submission(event.submission) if event.submission is not None else None
    if submission is None or submission.state == "erased" or event.run is None:
        return None
    grades = sorted(store.submissions.grades(submission), key=lambda grade: grade.answer_id)
    run = store.runs.get(event.run)
    about: dict[str, Any] = {
        "needs_review": any(grade.needs_review for grade in grades),
        "answers": [answer_of(grade) for grade in grades],
    }
    if event.kind == "review.decided":
        decided = read_decision(event, store)
        if decided is None:
            return None
        about = {
            "needs_review": _waits(submission, grades, store),
            "decision": decision_of(decided),
            "answer": decided_answer(decided),
        }
    return {
        "type": event.kind,
        "timestamp": event.made_at,
        "data": {
            "submission_id": submission.id,
            "tenant": submission.tenant,
            "candidate_id": shown_candidate(submission.tenant, submission.candidate_id),
            "application_id": submission.application_id,
            "questionnaire": submission.questionnaire,
            "state": submission.state,
            **about,
            "review_url": review_url(public_url, run.id if run else None, submission),
            "note": "A score sorts; a person decides.",
        },
    }


def _waits(submission: Submission, grades: Sequence[Grade], store: Store) -> bool:
    """Whether an answer waits for a person, who has not settled it."""
    if submission.run is None or not any(grade.needs_review for grade in grades):
        return False
    _, items, _ = store.reviews.of_candidate(submission.run, submission.candidate_id)
    settled = {item.answer_id for item in items.values() if item.state == "done"}
    return any(grade.needs_review and grade.answer_id not in settled for grade in grades)


def answer_of(grade: Grade) -> dict[str, Any]:
    """One answer: its levels, the candidate's own words that earn them, and what a person should look at."""
    return {
        "question_id": grade.question_id,
        "status": grade.status,
        "reason": grade.reason,
        "score": grade.score,
        "criteria": [
            {"id": each.id, "level": each.level, "evidence": evidence_of(each), "missing": each.missing}
            for each in grade.criteria
        ],
        "flags": flags_of(grade),
    }


def review_url(public_url: str | None, run_id: str | None, submission: Submission) -> str | None:
    """The page where a person sees the candidate; None where the service has no address that people can open."""
    if public_url is None or run_id is None:
        return None
    return f"{public_url.rstrip('/')}/runs/{quote(run_id, safe='')}/candidates/{candidate_key(submission.candidate_id)}"
