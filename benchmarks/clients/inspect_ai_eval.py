"""inspect-ai: `eval`, and for a run that was killed `eval_retry` of its newest log."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.clients.job import Job, Report, read_job


def main(job: Job, arguments: list[str]) -> Report:
    """A sample that fails does not stop the others."""
    os.environ.update(MOCK_API_KEY="sk-mock", MOCK_BASE_URL=job.base_url, INSPECT_LOG_LEVEL="error")
    from inspect_ai import eval as evaluate
    from inspect_ai import eval_retry

    logs = job.state / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    task_file = Path(__file__).with_name("inspect_ai_task.py")
    limits = {"max_connections": job.concurrency, "fail_on_error": False, "display": "none", "log_level": "error"}
    before = sorted(logs.glob("*.eval"))
    if job.resume and before:
        done = eval_retry(str(before[-1]), log_dir=str(logs), max_samples=job.concurrency, **limits)
    else:
        done = evaluate(
            f"{task_file}@grading",
            task_args={"arguments": "\n".join(arguments)},
            model="openai-api/mock/mock",
            log_dir=str(logs),
            max_samples=job.concurrency,
            score_display=False,
            **limits,
        )
    report = Report()
    for sample in done[0].samples or []:
        if sample.error is not None:
            report.fail(sample.error.message.split("(")[0][:60])
        elif sample.scores:
            report.graded += 1
    return report


if __name__ == "__main__":
    main(read_job(), sys.argv[1:]).print()
