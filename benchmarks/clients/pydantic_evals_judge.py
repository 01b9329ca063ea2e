"""pydantic-evals: a dataset whose evaluator is an LLM judge that is shown question, answer and rubric."""

from __future__ import annotations

import asyncio

from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import LLMJudge

from benchmarks.clients.job import Job, Report, read_job


async def main(job: Job) -> Report:
    """The answers are already written: the task only hands them out."""
    model = OpenAIChatModel("mock", provider=OpenAIProvider(base_url=job.base_url, api_key="sk-mock"))
    settings = {"temperature": 0.0} | ({"timeout": job.timeout} if job.timeout is not None else {})
    rubric = job.workload["system"]["degradation"]
    judge = LLMJudge(rubric=rubric, model=model, include_input=False, model_settings=settings)
    rows = list(job.rows())
    cases = [Case(name=str(number), inputs=number) for number in range(len(rows))]

    async def written(number: int) -> str:
        return rows[number]["answer"]

    dataset = Dataset(name="answers", cases=cases, evaluators=[judge])
    result = await dataset.evaluate(written, max_concurrency=job.concurrency, progress=False)
    report = Report()
    for case in result.cases:
        if case.assertions:
            report.graded += 1
        else:
            report.fail(case.evaluator_failures[0].error_message[:60] if case.evaluator_failures else "no assertion")
    for _ in result.failures:
        report.fail("the task failed")
    return report


if __name__ == "__main__":
    asyncio.run(main(read_job())).print()
