"""What a canary measures, built and carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from threadpoolctl import threadpool_limits

from evaluator.cli.evaluate import questionnaire_of
from evaluator.core.spotlight import Spotlight
from evaluator.files.eval_set_file import find_eval_set, load_eval_set
from evaluator.files.resources import shipped
from evaluator.run.about_grader import describe
from evaluator.run.canary import canary_key, packed, sing, unpacked
from evaluator.run.drift_event import drift_event
from evaluator.run.evaluation import answers_to_evaluate
from evaluator.run.evaluation_plan import EvaluationPlan, GraderUnderTest
from evaluator.store.schedule_shelf import Alarm, JobOutcome
from evaluator.wiring import make_plain_grader
from evaluator.wiring_options import GraderOptions


@dataclass(frozen=True, slots=True)
class CanaryOrder:
    """Which grader is measured on which answers, and how it is asked."""

    grader: str
    eval_set: str
    split: str
    limit: int | None
    samples: int
    spotlight: Spotlight
    base_url: str | None
    api_key: str | None = field(repr=False)
    cache: Path
    concurrency: int
    rubrics: tuple[Path, ...]
    prompts: tuple[Path, ...]


async def measured(order: CanaryOrder, reference: Callable[[str], bytes | None]) -> JobOutcome:
    """Measures, and says what came of it; `reference` gives what is kept under a key. Raises InputError, SetupError."""
    folders = [shipped("eval_sets")]
    loaded = load_eval_set(order.eval_set, folders, [*order.rubrics, shipped("rubrics")])
    plan = EvaluationPlan(split=order.split, limit=order.limit)
    answers_to_evaluate(loaded, plan)
    options = GraderOptions(
        samples=order.samples,
        spotlight=order.spotlight,
        base_url=order.base_url,
        api_key=order.api_key,
        cache=order.cache,
        concurrency=order.concurrency,
        rubrics=order.rubrics,
        prompts=order.prompts,
        control=False,  # levels are compared, and no level rests on it
    )
    questionnaire = questionnaire_of(find_eval_set(order.eval_set, folders), loaded)
    with threadpool_limits(limits=1, user_api="blas"):
        async with make_plain_grader(order.grader, questionnaire, options) as grader:
            each = GraderUnderTest(order.grader, describe(grader), grader)
            key = canary_key(loaded, each, plan)
            kept = reference(key)
            found = await sing(loaded, each, plan, None if kept is None else unpacked(kept))
    state: Literal["done", "alarm"] = "alarm" if found.drifted else "done"
    # One that went wrong from the start is no measure for others.
    is_reference = found.is_reference and not found.drifted
    alarm = Alarm(tuple(each.name for each in found.drifted), drift_event(found)) if found.drifted else None
    return JobOutcome(state, found.said, key, packed(found.evaluation), is_reference, alarm)
