"""What `grader.drifted` says: which grader on which answers, what moved since when; nothing of an answer."""

from __future__ import annotations

import json

from evaluator.core.metrics.estimate import Estimate
from evaluator.run.canary import CanaryFinding


def drift_event(finding: CanaryFinding) -> bytes:
    """The event as JSON, UTF-8, of a finding that drifted."""
    found, earlier = finding.evaluation, finding.reference
    now = found.asked[0]
    then = None if earlier is None else earlier.asked[0]
    measured = found.eval_set
    said = {
        "type": "grader.drifted",
        "timestamp": found.made_at,
        "data": {
            "grader": now.name,
            "prompt": now.prompt,
            "rubric": measured.rubric,
            "questionnaire": measured.questionnaire,
            "eval_set": f"{measured.id}@{measured.version}",
            "split": measured.split,
            "consensus": measured.consensus,
            "reasons": [
                {"code": each.code, "scope": each.scope, **each.figures, "said": each.said} for each in finding.drifted
            ],
            "answers": now.counts.answers,
            "graded": now.counts.graded,
            "quadratic_kappa": {
                "now": _estimate(now.total_kappa),
                "reference": None if then is None else _estimate(then.total_kappa),
            },
            "levels_moved": None if finding.flips is None else _estimate(finding.flips.moved),
            "mean_shift": None if finding.flips is None else _estimate(finding.flips.mean_shift),
            "reference_at": None if earlier is None else earlier.made_at,
            "said": finding.said,
            "note": "Grades since the reference may be off. See: evaluator canary list; meant: evaluator canary accept",
        },
    }
    return json.dumps(said, ensure_ascii=False).encode()


def _estimate(found: Estimate) -> dict[str, float | int | str | None]:
    """With its interval of 95%, and on how many; a value that there is not says why."""
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n, "reason": found.reason}
