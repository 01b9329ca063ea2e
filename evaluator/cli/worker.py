"""`evaluator worker`: grades what is queued in a store, with any number of others."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, cast

import click

from evaluator.cli.awaited_store import address_of, awaited
from evaluator.cli.control_options import control_options_over_settings
from evaluator.cli.event_loop import run_to_the_end
from evaluator.cli.finite_range import FiniteRange
from evaluator.cli.json_log import log_to_stderr
from evaluator.cli.service_extra import require_service_extra
from evaluator.cli.spotlight_option import spotlight_option_over_settings
from evaluator.cli.store_option import opened_store, store_option
from evaluator.cli.thread_turns import take_short_turns
from evaluator.core.pace import PaceSettings
from evaluator.core.spotlight import Spotlight
from evaluator.errors import StoreError
from evaluator.settings import (
    Settings,
    read_ats_settings,
    read_canary_settings,
    read_out_settings,
    read_retention_settings,
    read_settings,
    read_trace_settings,
    read_worker_settings,
)
from evaluator.settings_sources import read_sources
from evaluator.settings_table import DEFAULTS
from evaluator.store.store import Store
from evaluator.wiring_options import GraderOptions

if TYPE_CHECKING:
    from evaluator.run.durable.worker import Worker


@click.command(short_help="Work for the runs and submissions of a store.")
@store_option
@click.option("--grader", help="What grades submissions of the service. Without it the worker leaves them to others.")
@click.option(
    "--samples",
    type=click.IntRange(1, 25),
    help=f"Readings, of submissions.  [default: {DEFAULTS['EVALUATOR_SAMPLES']}]",
)
@spotlight_option_over_settings
@control_options_over_settings
@click.option("--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own.")
@click.option("--prompts", type=click.Path(path_type=Path), multiple=True, help="A folder of prompts of your own.")
@click.option("--base-url", help="Address of an OpenAI-compatible server. [env: OPENAI_BASE_URL]")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 5000),
    help=f"Most requests in flight at once, of all workers together.  [default: {DEFAULTS['EVALUATOR_CONCURRENCY']}]",
)
@click.option("--rpm", type=FiniteRange(1), help="Most requests a minute, of all workers together.")
@click.option("--tpm", type=FiniteRange(1), help="Most tokens a minute, of all workers together.")
@click.option(
    "--drain",
    type=FiniteRange(0, 3600),
    help=f"Seconds to finish, at the end.  [default: {DEFAULTS['EVALUATOR_DRAIN']}]",
)
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="End when whoever started it has gone.")
def command(
    where: str | None,
    grader: str | None,
    samples: int | None,
    spotlight: str | None,
    control_reading: bool | None,
    control_below_bar: bool | None,
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
    take_short_turns()
    limits = PaceSettings(
        most=concurrency or usual.concurrency,
        requests_per_minute=rpm or usual.requests_per_minute,
        tokens_per_minute=tpm or usual.tokens_per_minute,
    )
    own = GraderOptions(
        base_url=base_url or settings.base_url,
        api_key=settings.api_key,
        cache=settings.cache,
        concurrency=limits.most,
        spotlight=cast(Spotlight, spotlight or usual.spotlight),
        control=usual.control_reading if control_reading is None else control_reading,
        control_below_bar=usual.control_below_bar if control_below_bar is None else control_below_bar,
    )
    grader = grader or usual.grader
    drain = usual.drain if drain is None else drain
    service = None
    ended = Event()
    store = _store(where, settings, ended)
    if store is None:
        return
    with store:
        if grader is not None:
            asked = samples or usual.samples
            measured = canary_options(grader, asked, own.spotlight, own.base_url, rubrics, prompts)
            schedules = make_schedules(
                store, read_canary_settings(), read_retention_settings(), partial(canary_beside, store, measured)
            )
            service = ServiceOptions(
                grader, read_ats_settings(), read_out_settings(), rubrics, prompts, asked, schedules
            )
        tracer = make_tracer(read_trace_settings(), "worker")
        worker = make_worker(store, own, limits, drain=drain, service=service, tracer=tracer)
        with nullcontext() if tracer is None else closing(tracer):
            run_to_the_end(_work(worker, ended, until_stdin_closes=until_stdin_closes))


def _store(where: str | None, settings: Settings, ended: Event) -> Store | None:
    """The store, open; None where the worker was told to end while it waited for it. What is heard sets `ended`."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: ended.set())
    try:
        return awaited(
            address_of(where, settings),
            lambda: opened_store(where, settings),
            settings,
            ended,
            logging.getLogger("evaluator.worker").warning,
        )
    except StoreError:
        if ended.is_set():
            return None
        raise


async def _work(worker: Worker, ended: Event, *, until_stdin_closes: bool) -> None:
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, leaving.set)
    if ended.is_set():  # before there was a loop to be told
        leaving.set()
    if until_stdin_closes:
        stdin = sys.stdin.fileno()

        def end() -> None:
            loop.remove_reader(stdin)
            leaving.set()

        loop.add_reader(stdin, end)
    await worker.run(leaving)
