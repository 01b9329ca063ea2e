"""langchain-openai: a chat model with structured output, all answers in one `abatch`."""

from __future__ import annotations

import asyncio

from langchain_openai import ChatOpenAI

from benchmarks.clients.grade_model import grade_model
from benchmarks.clients.job import Job, Report, read_job, report_of


async def main(job: Job) -> Report:
    """Failures come back in their places."""
    model = ChatOpenAI(model="mock", base_url=job.base_url, api_key="sk-mock", temperature=0, timeout=job.timeout)
    chain = model.with_structured_output(grade_model(job.workload["criteria"]), method="json_schema", strict=True)
    prompts = [job.messages(row) for row in job.rows()]
    results = await chain.abatch(prompts, config={"max_concurrency": job.concurrency}, return_exceptions=True)
    return report_of(results)


if __name__ == "__main__":
    asyncio.run(main(read_job())).print()
