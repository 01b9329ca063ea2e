"""`evaluator worker`: grades what is queued in a store, with any number of others."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evaluator.cli.event_loop import run_to_the_end
from evaluator.cli.json_log import log_to_stderr
from evaluator.cli.service_extra import require_service_extra
from evaluator.cli.store_option import opened_store, store_option
from evaluator.core.pace import PaceSettings
from evaluator.settings import read_ats_settings, read_out_settings, read_settings
from evaluator.wiring import GraderOptions

if TYPE_CHECKING:
    from evaluator.run.durable.worker import Worker


@click.command(short_help="Work for the runs and submissions of a store.")
@store_option
@click.option("--grader", help="What grades submissions of the service. Without it the worker leaves them to others.")
@click.option("--samples", type=click.IntRange(1, 25), default=1, show_default=True, help="Readings, of submissions.")
@click.option("--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own.")
@click.option("--prompts", type=click.Path(path_type=Path), multiple=True, help="A folder of prompts of your own.")
@click.option("--base-url", help="Address of an OpenAI-compatible server. [env: OPENAI_BASE_URL]")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 5000),
    default=64,
    show_default=True,
    help="Most requests in flight at once, of all workers together.",
)
@click.option("--rpm", type=click.FloatRange(1), help="Most requests a minute, of all workers together.")
@click.option("--tpm", type=click.FloatRange(1), help="Most tokens a minute, of all workers together.")
@click.option(
    "--drain", type=click.FloatRange(0, 3600), default=30.0, show_default=True, help="Seconds to finish, at the end."
)
@click.option("--until-stdin-closes", is_flag=True, hidden=True, help="End when whoever started it has gone.")
def command(
    where: str | None,
    grader: str | None,
    samples: int,
    rubrics: tuple[Path, ...],
    prompts: tuple[Path, ...],
    base_url: str | None,
    concurrency: int,
    rpm: float | None,
    tpm: float | None,
    drain: float,
    *,
    until_stdin_closes: bool,
) -> None:
    """Grade what `evaluator grade --workers` and the service put into the store's queue.

    Start as many as you like, on as many machines as reach the store: PostgreSQL for several machines, a file for
    one. The limits are those of the endpoint and hold for all workers together; give each worker the same.
    SIGTERM and Ctrl-C finish what is in flight and hand the rest to other workers. What a killed worker had goes to
    others within seconds. The log on standard error is JSON, with ids only.
    """
    require_service_extra()
    from evaluator.wiring_worker import ServiceOptions, make_worker

    settings = read_settings()
    log_to_stderr()
    limits = PaceSettings(most=concurrency, requests_per_minute=rpm, tokens_per_minute=tpm)
    own = GraderOptions(
        base_url=base_url or settings.base_url, api_key=settings.api_key, cache=settings.cache, concurrency=concurrency
    )
    service = None
    if grader is not None:
        service = ServiceOptions(grader, read_ats_settings(), read_out_settings(), rubrics, prompts, samples)
    with opened_store(where, settings) as store:
        worker = make_worker(store, own, limits, drain=drain, service=service)
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
