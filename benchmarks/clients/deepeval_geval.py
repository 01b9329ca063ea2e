"""deepeval: GEval with given evaluation steps, one call an answer."""

from __future__ import annotations

import os

from benchmarks.clients.job import Job, Report, read_job


def main(job: Job) -> Report:
    """In its own folder: it keeps state where it is run."""
    os.environ.update(
        DEEPEVAL_TELEMETRY_OPT_OUT="YES", DEEPEVAL_NO_INSPECT_PROMPT="1", DEEPEVAL_UPDATE_WARNING_OPT_OUT="YES"
    )
    if job.timeout is not None:
        os.environ["DEEPEVAL_PER_ATTEMPT_TIMEOUT_SECONDS_OVERRIDE"] = str(job.timeout)
    rows = list(job.rows())
    workload = job.workload
    (job.state / "deepeval").mkdir(parents=True, exist_ok=True)
    os.chdir(job.state / "deepeval")
    from deepeval import evaluate
    from deepeval.evaluate.configs import AsyncConfig, CacheConfig, DisplayConfig, ErrorConfig
    from deepeval.metrics import GEval
    from deepeval.models import LocalModel
    from deepeval.test_case import LLMTestCase, SingleTurnParams

    metric = GEval(
        name="rubric",
        evaluation_steps=[f"{criterion['id']}: {criterion['asks']}" for criterion in workload["criteria"]],
        evaluation_params=[SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT],
        model=LocalModel(model="mock", base_url=job.base_url, api_key="sk-mock", temperature=0),
    )
    cases = [LLMTestCase(input=workload["questions"][row["question_id"]], actual_output=row["answer"]) for row in rows]
    done = evaluate(
        cases,
        [metric],
        async_config=AsyncConfig(max_concurrent=job.concurrency),
        display_config=DisplayConfig(print_results=False, show_indicator=False, inspect_after_run=False),
        cache_config=CacheConfig(write_cache=True, use_cache=job.resume),
        error_config=ErrorConfig(ignore_errors=True),
    )
    report = Report()
    for result in done.test_results:
        for measured in result.metrics_data or []:
            if measured.error is not None or measured.score is None:
                report.fail(str(measured.error)[:60])
            else:
                report.graded += 1
    return report


if __name__ == "__main__":
    main(read_job()).print()
