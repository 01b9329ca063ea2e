"""autorubric: a dataset, a rubric with the five levels as options, and its checkpointing evaluation.

It asks one call a criterion unless told otherwise; `--variant per_item` asks one call an answer.
"""

from __future__ import annotations

import asyncio

from autorubric import Criterion, CriterionOption, DataItem, LLMConfig, Rubric, RubricDataset, evaluate
from autorubric.graders import CriterionGrader

from benchmarks.clients.job import Job, Report, read_job


async def main(job: Job) -> Report:
    """`evaluate` writes each result as it comes and goes on where a run of the same name stopped."""
    config = LLMConfig(
        model="openai/mock",
        temperature=0.0,
        api_base=job.base_url,
        api_key="sk-mock",
        max_parallel_requests=job.concurrency,
        **({"timeout": job.timeout} if job.timeout is not None else {}),
    )
    rubric = Rubric([_criterion(criterion) for criterion in job.workload["criteria"]])
    questions = job.workload["questions"]
    items = [
        DataItem(submission=row["answer"], description=str(number), prompt=questions[row["question_id"]])
        for number, row in enumerate(job.rows())
    ]
    grader = CriterionGrader(judge_model_config=config, llm_calls=job.variant or "per_criterion", seed=1)
    result = await evaluate(
        RubricDataset(prompt=None, rubric=rubric, items=items, name="answers"),
        grader,
        show_progress=False,
        max_concurrent_items=job.concurrency,
        experiment_name="answers",
        experiments_dir=job.state / "experiments",
        resume=True,
    )
    report = Report()
    for item in result.item_results:
        votes = item.report.report or []
        if item.error is not None:
            report.fail(item.error.split(":")[0][:60])
        elif len(votes) == len(job.workload["criteria"]) and not any(vote.error for vote in votes):
            report.graded += 1
        else:
            # An abstention is a grade. Here a criterion's record carries an error and the item is scored without it.
            report.wrong += 1
            report.errors["scored without some criteria"] += 1
    return report


def _criterion(criterion: dict[str, object]) -> Criterion:
    levels = dict(criterion["levels"])
    highest = max(int(level) for level in levels)
    options = [CriterionOption(label=f"{level}: {text}", value=int(level) / highest) for level, text in levels.items()]
    return Criterion(name=criterion["id"], requirement=criterion["asks"], options=options, scale_type="ordinal")


if __name__ == "__main__":
    asyncio.run(main(read_job())).print()
