"""inspect-ai: the task, in a file of its own so that `eval_retry` can load it again."""

from __future__ import annotations

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    ResponseSchema,
    get_model,
)
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.solver import solver
from inspect_ai.util import json_schema

from benchmarks.clients.grade_model import grade_model
from benchmarks.clients.job import read_job

MODEL = "openai-api/mock/mock"


@solver
def already_written() -> Any:
    """The candidate wrote the answer; no model is asked for one."""

    async def solve(state: Any, generate: Any) -> Any:  # noqa: ARG001 inspect-ai gives both
        state.output = ModelOutput.from_content("answer", state.metadata["answer"])
        return state

    return solve


@scorer(metrics=[mean()])
def rubric(arguments: str) -> Any:
    """One call an answer with a strict schema."""
    job = read_job(arguments.split("\n"))
    grade = grade_model(job.workload["criteria"])
    schema = ResponseSchema(name="grade", json_schema=json_schema(grade), strict=True)
    model = get_model(MODEL)
    # The limits of `eval` are those of the solver's calls; a scorer's calls take their own.
    patience = int(job.timeout) if job.timeout is not None else None
    config = GenerateConfig(temperature=0, response_schema=schema, attempt_timeout=patience)

    async def score(state: Any, target: Any) -> Score:  # noqa: ARG001
        system, user = job.messages({"question_id": state.metadata["question_id"], "answer": state.output.completion})
        output = await model.generate(
            [ChatMessageSystem(content=system["content"]), ChatMessageUser(content=user["content"])],
            config=config,
        )
        said = grade.model_validate_json(output.completion)
        levels = [verdict["level"] for verdict in said.model_dump()["criteria"].values()]
        return Score(value=sum(levels) / len(levels), metadata=said.model_dump())

    return score


@task
def grading(arguments: str) -> Task:
    """All answers of the job."""
    job = read_job(arguments.split("\n"))
    samples = [
        Sample(id=number, input=job.workload["questions"][row["question_id"]], target="the rubric", metadata=dict(row))
        for number, row in enumerate(job.rows(), start=1)
    ]
    return Task(dataset=MemoryDataset(samples), solver=already_written(), scorer=rubric(arguments))
