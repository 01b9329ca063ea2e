"""`evaluator worker`: grades what is queued in a store, with any number of others."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from evaluator.cli.event_loop import run_to_the_end
from evaluator.cli.json_log import log_to_stderr
from evaluator.cli.service_extra import require_service_extra
from evaluator.cli.spotlight_option import spotlight_option_over_settings
from evaluator.cli.store_option import opened_store, store_option
from evaluator.core.pace import PaceSettings
from evaluator.core.spotlight import Spotlight
from evaluator.settings import (
    read_ats_settings,
    read_canary_settings,
    read_out_settings,
    read_retention_settings,
    read_settings,
    read_trace_settings,
    read_worker_settings,
)
from evaluator.settings_sources import read_sources
from evaluator.wiring import GraderOptions

if TYPE_CHECKING:
    from evaluator.run.durable.worker import Worker


@click.command(short_help="Work for the runs and submissions of a store.")
@store_option
@click.option("--grader", help="What grades submissions of the service. Without it the worker leaves them to others.")
@click.option("--samples", type=click.IntRange(1, 25), help="Readings, of submissions.  [default: 1]")
@spotlight_option_over_settings
@click.option("--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own.")
@click.option("--prompts", type=click.Path(path_type=Path), multiple=True, help="A folder of prompts of your own.")
@click.option("--base-url", help="Address of an OpenAI-compatible server. [env: OPENAI_BASE_URL]")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 5000),
    help="Most requests in flight at once, of all workers together.  [default: 64]",
)
@click.option("--rpm", type=click.FloatRange(1), help="Most requests a minute, of all workers together.")
@click.option("--tpm", type=click.FloatRange(1), help="Most tokens a minute, of all workers together.")
@click.option("--drain", type=click.FloatRange(0, 3600), help="Seconds to finish, at the end.  [default: 30]")
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="End when whoever started it has gone.")
def command(
    where: str | None,
    grader: str | None,
    samples: int | None,
    spotlight: str | None,
    rubrics: tuple[Path, ...],
    prompts: tuple[Path, ...],
    base_url: str | None,
    concurrency: int | None,
    rpm: float | None,
    tpm: float | None,
    drain: float | None,
    *,
    until_stdin_closes: bool,
) -> None:
    """Grade what `evaluator grade --workers` and the service put into the store's queue.

    Start as many as you like, on as many machines as reach the store: PostgreSQL for several machines, a file for
    one. The limits are those of the endpoint and hold for all workers together; give each worker the same.
    SIGTERM and Ctrl-C finish what is in flight and hand the rest to other workers. What a killed worker had goes to
    others within seconds. The log on standard error is JSON, with ids only. What no option says is taken from the
    settings: docs/settings.md.
    """
    require_service_extra()
    from evaluator.cli.canary_beside import canary_beside, canary_options
    from evaluator.wiring_schedules import make_schedules
    from evaluator.wiring_settings import check_settings
    from evaluator.wiring_traces import make_tracer
    from evaluator.wiring_worker import ServiceOptions, make_worker

    check_settings(read_sources(os.environ))
    settings, usual = read_settings(), read_worker_settings()
    log_to_stderr()
    limits = PaceSettings(
        most=concurrency or usual.concurrency,
        requests_per_minute=rpm or usual.requests_per_minute,
        tokens_per_minute=tpm or usual.tokens_per_minute,
    )
    own = GraderOptions(
        base_url=base_url or settings.base_url, api_key=settings.api_key, cache=settings.cache, concurrency=limits.most
    )
    grader = grader or usual.grader
    drain = usual.drain if drain is None else drain
    service = None
    with opened_store(where, settings) as store:
        if grader is not None:
            asked = samples or usual.samples
            marks = cast(Spotlight, spotlight or usual.spotlight)
            measured = canary_options(grader, asked, marks, own.base_url, rubrics, prompts)
            schedules = make_schedules(
                store, read_canary_settings(), read_retention_settings(), partial(canary_beside, store, measured)
            )
            service = ServiceOptions(
                grader, read_ats_settings(), read_out_settings(), rubrics, prompts, asked, marks, schedules
            )
        tracer = make_tracer(read_trace_settings(), "worker")
        worker = make_worker(store, own, limits, drain=drain, service=service, tracer=tracer)
        with nullcontext() if tracer is None else closing(tracer):
            run_to_the_end(_work(worker, until_stdin_closes=until_stdin_closes))


async def _work(worker: Worker, *, until_stdin_closes: bool) -> None:
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, leaving.set)
    if until_stdin_closes:
        stdin = sys.stdin.fileno()

        def end() -> None:
            loop.remove_reader(stdin)
            leaving.set()

        loop.add_reader(stdin, end)
    await worker.run(leaving)
