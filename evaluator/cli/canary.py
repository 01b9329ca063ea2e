"""`evaluator canary`: the golden set graded anew, held beside the first time, so that a grader that drifts is seen."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from evaluator.cli.spotlight_option import spotlight_option_over_settings
from evaluator.cli.store_option import opened_store, store_option
from evaluator.cli.terminal import visible
from evaluator.core.spotlight import Spotlight
from evaluator.errors import UsageError
from evaluator.settings import read_canary_settings, read_settings, read_worker_settings

if TYPE_CHECKING:
    from evaluator.store.schedule_shelf import JobOutcome
    from evaluator.store.store import Store

NAME = "canary"
DRIFTED = 4  # the exit code of a gate that does not hold


@click.group(name="canary", short_help="Has the grader drifted? The golden set, graded anew.")
def command() -> None:
    """Grade a labelled set again and again, and say when the levels are not what they were.

    Workers do it by themselves where EVALUATOR_CANARY_AT says when.
    """


@command.command()
@click.option("--grader", help="What is measured. [default: the workers', EVALUATOR_GRADER]")
@click.option("--set", "eval_set", help="An eval set: a folder, or a shipped one's name. [env: EVALUATOR_CANARY_SET]")
@click.option("--split", help="Its split. [env: EVALUATOR_CANARY_SPLIT]")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many answers. [env: EVALUATOR_CANARY_LIMIT]")
@click.option("--samples", type=click.IntRange(1, 25), help="Readings of each answer.")
@spotlight_option_over_settings
@click.option("--base-url", help="Address of an OpenAI-compatible server. [env: OPENAI_BASE_URL]")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=2, show_default=True, help="Answers in flight.")
@click.option("--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own.")
@click.option("--prompts", type=click.Path(path_type=Path), multiple=True, help="A folder of prompts of your own.")
@click.option("--due", hidden=True, help="A worker's: the time that it was due.")
@click.option("--owner", hidden=True, help="A worker's: who does it.")
@store_option
def run(
    grader: str | None,
    eval_set: str | None,
    split: str | None,
    limit: int | None,
    samples: int | None,
    spotlight: str | None,
    base_url: str | None,
    concurrency: int,
    rubrics: tuple[Path, ...],
    prompts: tuple[Path, ...],
    due: str | None,
    owner: str | None,
    where: str | None,
) -> None:
    """Measure now, hold it beside the reference, keep what came of it. Every answer is asked anew.

    Exit codes: 0 as it was (or the first time); 4 it drifted; 2 it could not be measured.
    """
    from evaluator.cli.canary_beside import end_with_worker
    from evaluator.cli.canary_measure import CanaryOrder, measured

    settings, usual, worker = read_settings(), read_canary_settings(), read_worker_settings()
    spec = grader or worker.grader
    if spec is None:
        raise UsageError("Nothing says which grader is to be measured.", hint="Give --grader, or set EVALUATOR_GRADER.")
    order = CanaryOrder(
        grader=spec,
        eval_set=eval_set or usual.eval_set,
        split=split or usual.split,
        limit=limit or usual.limit,
        samples=samples or worker.samples,
        spotlight=cast(Spotlight, spotlight or worker.spotlight),
        base_url=base_url or settings.base_url,
        api_key=settings.api_key,
        cache=settings.cache,
        concurrency=concurrency,
        rubrics=rubrics,
        prompts=prompts,
    )
    if owner is not None:
        end_with_worker()
    with opened_store(where, settings) as store:
        outcome = asyncio.run(measured(order, lambda key: store.schedules.reference(NAME, key)))
        _keep(store, outcome, due, owner)
    click.echo(visible(outcome.said))
    if outcome.state == "alarm":
        click.echo("The grader has drifted. Where that was meant:  evaluator canary accept", err=True)
        if due is None:
            sys.exit(DRIFTED)


@command.command(name="list")
@store_option
def show(where: str | None) -> None:
    """Show what canaries found, the newest first."""
    with opened_store(where, read_settings()) as store:
        found = store.schedules.history(NAME)
    if not found:
        click.echo("There was none yet. Ask for one:  evaluator canary run")
    for each in found:
        state = {"alarm": "DRIFTED", "done": "as it was"}.get(each.state, each.state)
        state = "reference" if each.is_reference and each.state == "done" else state
        click.echo(f"{each.due_at[:16].replace('T', ' ')}  {state:9}  {visible(each.said or '')}")


@command.command()
@store_option
def accept(where: str | None) -> None:
    """The last one is what it should be: later ones are held beside it."""
    with opened_store(where, read_settings()) as store:
        found = store.schedules.make_reference(NAME)
    if found is None:
        raise UsageError("No canary has measured anything yet.", hint="Ask for one:  evaluator canary run")
    click.echo(f"The canary of {found.due_at} is the reference now: {visible(found.said or '')}")


def _keep(store: Store, outcome: JobOutcome, due: str | None, owner: str | None) -> None:
    if due is None or owner is None:
        store.schedules.add_finished(NAME, datetime.now(UTC), outcome)
        return
    store.schedules.finish(NAME, due, owner, outcome)
