"""What an outbound event says: levels with their evidence, flags, and where a person reviews them; no verdict."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from evaluator.core.candidate_key import candidate_key
from evaluator.core.grade import Grade
from evaluator.core.submission import Submission
from evaluator.core.tenant import shown_candidate
from evaluator.store.outbox import OutboundEvent
from evaluator.store.store import Store


def body_of(event: OutboundEvent, store: Store, public_url: str | None) -> bytes | None:
    """The event as JSON, UTF-8; None where what it would tell of is gone."""
    submission = store.work.submission(event.submission) if event.submission is not None else None
    if submission is None or submission.state == "erased":
        return None
    grades = sorted(store.submissions.grades(submission), key=lambda grade: grade.answer_id)
    run = store.runs.get(event.run)
    said = {
        "type": event.kind,
        "timestamp": event.made_at,
        "data": {
            "submission_id": submission.id,
            "tenant": submission.tenant,
            "candidate_id": shown_candidate(submission.tenant, submission.candidate_id),
            "application_id": submission.application_id,
            "questionnaire": submission.questionnaire,
            "state": submission.state,
            "needs_review": any(grade.needs_review for grade in grades),
            "answers": [answer_of(grade) for grade in grades],
            "review_url": review_url(public_url, run.id if run else None, submission),
            "note": "A score sorts; a person decides.",
        },
    }
    return json.dumps(said, ensure_ascii=False).encode()


def answer_of(grade: Grade) -> dict[str, Any]:
    """One answer: its levels, the candidate's own words that earn them, and what a person should look at."""
    return {
        "question_id": grade.question_id,
        "status": grade.status,
        "reason": grade.reason,
        "score": grade.score,
        "criteria": [
            {
                "id": each.id,
                "level": each.level,
                "evidence": [
                    {"quote": quoted.quote, "start": quoted.start, "end": quoted.end}
                    for quoted in each.evidence
                    if quoted.verified
                ],
                "missing": each.missing,
            }
            for each in grade.criteria
        ],
        "flags": [{"code": flag.code, "severity": flag.severity, "detail": flag.detail} for flag in grade.flags],
    }


def review_url(public_url: str | None, run_id: str | None, submission: Submission) -> str | None:
    """The page where a person sees the candidate; None where the service has no address that people can open."""
    if public_url is None or run_id is None:
        return None
    return f"{public_url.rstrip('/')}/runs/{quote(run_id, safe='')}/candidates/{candidate_key(submission.candidate_id)}"
