"""`evaluator grade`: a table of answers in, a folder of grades out."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, aclosing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import click

from evaluator.cli.control_options import control_options
from evaluator.cli.event_loop import run_to_the_end
from evaluator.cli.finite_range import FiniteRange
from evaluator.cli.grading_order import GradingOrder, record, record_end
from evaluator.cli.interruption import writing_may_be_stopped
from evaluator.cli.present import Presenter
from evaluator.cli.present_resumption import say_draining, say_leaving, say_place, say_store
from evaluator.cli.price import price_of
from evaluator.cli.run_options import kept_options, to_go_on
from evaluator.cli.run_place import RunPlace, run_place
from evaluator.cli.spotlight_option import spotlight_option
from evaluator.cli.store_option import chosen_store, store_options
from evaluator.core.answer import Answer
from evaluator.core.budget import Budget
from evaluator.core.prompt import Calls
from evaluator.core.redaction import Redact
from evaluator.core.spotlight import Spotlight
from evaluator.core.work import CHUNK
from evaluator.errors import UsageError
from evaluator.files.calibration_file import load_calibration
from evaluator.files.manifest_file import write_manifest
from evaluator.files.run_folder import RunFolder
from evaluator.files.tables.answer_table import open_answer_table
from evaluator.run.about_grader import costs_money, describe
from evaluator.run.estimate import estimate
from evaluator.run.grading_run import GradingRun
from evaluator.run.queued_grader import QueuedGrader
from evaluator.run.run_ledger import RunLedger
from evaluator.settings import read_settings
from evaluator.store.store import Store
from evaluator.wiring import DEFAULT_QUESTIONNAIRE, make_plain_grader
from evaluator.wiring_options import GraderOptions

ALL_GRADED, SOME_UNGRADED, BUDGET_SPENT, INTERRUPTED = 0, 3, 5, 130


@click.command(short_help="Grade a table of answers.")
@click.argument("table", metavar="INPUT", type=click.Path(path_type=Path))
@click.option("--questionnaire", default=DEFAULT_QUESTIONNAIRE, show_default=True, help="Its name, or a file.")
@click.option(
    "--grader",
    default="local",
    show_default=True,
    help="local, baseline, openai:MODEL, langchain:module:factory, scripted:FILE, panel:SPEC,SPEC.",
)
@click.option("--prompt", help="levels, checks, or a file. [default: what suits the grader and the rubric]")
@click.option(
    "--calls", type=click.Choice(["all", "per-criterion", "per-check"]), help="How criteria go into requests."
)
@click.option("--samples", type=click.IntRange(1, 25), default=1, show_default=True, help="Readings of each answer.")
@click.option("--base-url", help="Address of an OpenAI-compatible server. [env: OPENAI_BASE_URL]")
@click.option("--price", metavar="IN,OUT[,CACHED]", help="US dollars for a million tokens. [default: as listed]")
@click.option("--max-cost", type=FiniteRange(0, min_open=True), metavar="USD", help="Stop asking at this cost.")
@click.option("--timeout", type=FiniteRange(1), help="Seconds for one request. [default: 120; local 600]")
@click.option("--gguf", type=click.Path(path_type=Path), help="Another model's file for --grader local.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the local model. [default: 2]")
@click.option("--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own.")
@click.option("--prompts", type=click.Path(path_type=Path), multiple=True, help="A folder of prompts of your own.")
@click.option("--map", "mapping", metavar="COLUMN=QUESTION", multiple=True, help="What a column holds, where unclear.")
@click.option("--sheet", help="Which sheet of a workbook. [default: the first]")
@click.option(
    "--duplicates",
    type=click.Choice(["last", "first", "error"]),
    default="last",
    show_default=True,
    help="Which stands where a candidate answered a question twice.",
)
@click.option(
    "--redact",
    type=click.Choice(["off", "identity", "all"]),
    default="identity",
    show_default=True,
    help="What a grader does not get to read: names and contacts that the table has, or all that look like contacts.",
)
@control_options
@spotlight_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results. [default: INPUT's name-grades]")
@click.option(
    "--concurrency", type=click.IntRange(1, 5000), help="Most requests in flight at once. [default: 64; local 1]"
)
@click.option("--rpm", type=FiniteRange(1), help="Most requests a minute. [default: what the endpoint says]")
@click.option("--tpm", type=FiniteRange(1), help="Most tokens a minute, estimated before each request.")
@click.option("--limit", type=click.IntRange(1), help="Grade only the first so many answers.")
@click.option("--calibration", type=click.Path(path_type=Path), help="A file of evaluator calibrate, for this grader.")
@click.option("--compare", metavar="SPEC", help="Show a second grader's levels beside, in the report.")
@click.option("--resume", is_flag=True, help="Go on with an earlier run in --out, whatever has changed since.")
@click.option("--workers", is_flag=True, help="Have `evaluator worker`s of the same store do the work.")
@store_options
@click.option("--yes", is_flag=True, help="Do not ask before a run that costs money.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors and the last line.")
@click.option("--json", "as_json", is_flag=True, help="Print the run's manifest as JSON; progress goes to stderr.")
def command(
    table: Path,
    questionnaire: str,
    grader: str,
    prompt: str | None,
    calls: str | None,
    samples: int,
    base_url: str | None,
    price: str | None,
    max_cost: float | None,
    timeout: float | None,
    gguf: Path | None,
    threads: int | None,
    rubrics: tuple[Path, ...],
    prompts: tuple[Path, ...],
    mapping: tuple[str, ...],
    sheet: str | None,
    duplicates: str,
    redact: str,
    spotlight: str,
    control_reading: bool,
    control_below_bar: bool,
    out: Path | None,
    concurrency: int | None,
    rpm: float | None,
    tpm: float | None,
    limit: int | None,
    calibration: Path | None,
    compare: str | None,
    resume: bool,
    workers: bool,
    where: str | None,
    no_store: bool,
    yes: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Grade the answers in INPUT: CSV, TSV, XLSX, JSONL or Parquet, one answer a row or one question a column, as a
    form exports it.

    Writes report.html, grades.xlsx, grades.csv, candidates.csv, grades.jsonl and run.json.

    Exit codes: 0 all graded or explicitly not answered; 3 some answers could not be graded (they are listed);
    5 stopped at --max-cost; 2 wrong usage or input, nothing graded; 130 interrupted, what was graded is kept. Ctrl-C
    finishes what is in flight; again, it stops at once. The same command goes on with a run that did not come to its
    end.
    """
    settings = read_settings()
    context = click.get_current_context()
    if workers:
        _require_what_workers_need(no_store=no_store, max_cost=max_cost)
    options = GraderOptions(
        prompt=prompt,
        calls=cast(Calls | None, calls),
        samples=samples,
        base_url=base_url or settings.base_url,
        api_key=settings.api_key or ("the workers have one" if workers else None),
        timeout=timeout,
        concurrency=concurrency,
        requests_per_minute=rpm,
        tokens_per_minute=tpm,
        price=price_of(price),
        budget=Budget(max_cost) if max_cost else None,
        gguf=gguf,
        threads=threads,
        cache=settings.cache,
        rubrics=rubrics,
        prompts=prompts,
        redact=cast(Redact, redact),
        spotlight=cast(Spotlight, spotlight),
        control=control_reading,
        control_below_bar=control_below_bar,
        calibration=load_calibration(calibration) if calibration else None,
    )
    # The second grader asks in its own way: prompt, calls and calibration were chosen for the first.
    beside = replace(options, prompt=None, calls=None, price=None, calibration=None)
    presenter = Presenter(quiet=quiet, as_json=as_json)
    policy = cast(Literal["last", "first", "error"], duplicates)
    store = chosen_store(where, settings, no_store=no_store)
    with store or nullcontext():
        ledger = RunLedger(store.ledger()) if store else None
        made = make_plain_grader(grader, questionnaire, replace(options, ledger=ledger))
        second = make_plain_grader(compare, questionnaire, replace(beside, ledger=ledger)) if compare else None
        answers = open_answer_table(
            table, made.questionnaire.questions, mapping=mapping_of(mapping), sheet=sheet, duplicates=policy
        )
        kept = kept_options(context, options.base_url)
        named = (store.address.typed if where else None) if store else ""
        order = GradingOrder(made, second, answers, table, out, limit, kept, options.budget, workers, named)
        code = run_to_the_end(_run(order, store, ledger, presenter, resume=resume, ask=not yes))
    sys.exit(code)


async def _run(
    order: GradingOrder, store: Store | None, ledger: RunLedger | None, presenter: Presenter, *, resume: bool, ask: bool
) -> int:
    """Look what is there, announce, ask, check, grade, write. Returns the exit code."""
    async with order.grader as grader, order.second or nullcontext():
        presenter.table_read(order.source, order.table)
        with run_place(order.out, order.source, grader, order.table, order.limit, resume=resume) as place:
            await _announce(order, place, store, ledger, presenter, ask=ask)
            if not order.workers:
                with presenter.waiting("Getting the grader ready"):
                    await grader.check()
                    if order.second is not None:
                        await order.second.check()
            with place.folder() as folder, _compared(order, presenter) as answers:
                return await _grade_into(folder, answers, order, place, store, ledger, presenter)


async def _announce(
    order: GradingOrder,
    place: RunPlace,
    store: Store | None,
    ledger: RunLedger | None,
    presenter: Presenter,
    *,
    ask: bool,
) -> None:
    """What will happen, before anything is paid for or replaced; asks where either may be."""
    grader, resumption = order.grader, place.resumption
    say_place(presenter, place)
    left = order.total - (resumption.kept if resumption else 0)
    presenter.announce(grader, describe(grader), estimate(grader, order.table, left))
    if order.second is not None:
        presenter.announce_second(order.second, estimate(order.second, order.table, order.total))
    graders = [each for each in (grader, order.second) if each is not None]
    asks_a_model = any(rater.identity.is_language_model for each in graders for rater in each.pipeline.raters)
    is_going_on = resumption is not None and not resumption.is_changed
    known = await ledger.known(grader, order.answers()) if ledger and asks_a_model and not is_going_on else None
    if asks_a_model or store is None:
        say_store(presenter, store, known)
    if not ask:
        return
    if resumption is not None and resumption.is_changed:
        presenter.confirm("This run goes on with another that was begun with other settings")
    elif any(costs_money(each) for each in graders) and left:
        if order.second is None and known is not None and known.of and known.is_everything:
            return
        presenter.confirm()


@contextmanager
def _compared(order: GradingOrder, presenter: Presenter) -> Iterator[Iterable[Answer]]:
    """The answers, each with the others that are nearly the same: a near copy is flagged in the grades of both."""
    # Here: it brings numpy.
    from evaluator.run.alike_answers import alike_answers

    with ExitStack() as kept_open:
        with presenter.waiting("Comparing the answers with each other"):
            compared = alike_answers(order.table, order.grader.questionnaire, limit=order.limit)
            answers = kept_open.enter_context(compared)
        yield answers


async def _grade_into(
    folder: RunFolder,
    answers: Iterable[Answer],
    order: GradingOrder,
    place: RunPlace,
    store: Store | None,
    ledger: RunLedger | None,
    presenter: Presenter,
) -> int:
    grader, table, run_id = order.grader, order.table, place.run_id
    queued = QueuedGrader(grader, store.work, store.work_watch, chunk=CHUNK) if order.workers and store else None
    run = GradingRun(queued or grader, answers, folder.grades, limit=order.limit)
    beginning = order.manifest(run, place, run_id, table.candidates).model_copy(
        update={"outcome": "running", "answers": order.total}
    )
    write_manifest(folder.path, beginning)
    number = None
    if store is not None:
        number = record(store, order, folder, beginning)
        if queued is not None:
            queued.belongs_to(number)
        else:
            run.log = store.runs.open_log(number)
        if ledger is not None:
            ledger.belongs_to(number)
    if place.resumption is not None:
        await run.take_up()
        if order.budget is not None:
            order.budget.spent_usd += run.paid_usd or 0.0
    interrupted = await _grade(run, queued, presenter, order.total)
    if run.done < order.total:
        run.write_rest()
    # Here: what writes pages and workbooks need not be imported before the first request.
    from evaluator.cli.results import grades_beside, write_results

    goes_on_with = to_go_on(command, order.options, run_id, folder.path, order.store)
    with writing_may_be_stopped(presenter, run_id, goes_on_with):
        async with grades_beside(None if interrupted else order.second, run, folder.path) as beside:
            with presenter.waiting("Writing the report"):
                results = write_results(
                    folder,
                    run,
                    lambda candidates: order.manifest(run, place, run_id, candidates),
                    grader.rubric,
                    grader.questionnaire,
                    table.questions_asked,
                    beside,
                )
    presenter.finished(results, grader.rubric, order.budget, goes_on_with)
    if store is not None and number is not None:
        record_end(store, number, results.manifest, presenter)
    if interrupted:
        return INTERRUPTED
    if run.budget_spent:
        return BUDGET_SPENT
    return SOME_UNGRADED if run.ungraded else ALL_GRADED


async def _grade(run: GradingRun, queued: QueuedGrader | None, presenter: Presenter, total: int) -> bool:
    """Grades everything, or until Ctrl-C; returns whether it was interrupted. The first one lets what is in flight
    finish, the second one does not. Workers are not interrupted by it.
    """
    grading = asyncio.ensure_future(_grade_all(run, presenter, total))
    asked_to_stop = False

    def stop() -> None:
        nonlocal asked_to_stop
        if asked_to_stop:
            grading.cancel()
            return
        asked_to_stop = True
        run.drain()
        if queued is None:
            say_draining(presenter, run.in_flight)
        else:
            queued.leave()
            say_leaving(presenter)

    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop)
    try:
        await grading
    except asyncio.CancelledError:
        return True
    finally:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(each)
    return asked_to_stop and run.done < total


async def _grade_all(run: GradingRun, presenter: Presenter, total: int) -> None:
    with presenter.progress(total) as advance:
        async with aclosing(run.grades()) as grades:
            async for _ in grades:
                advance(run)


def _require_what_workers_need(*, no_store: bool, max_cost: float | None) -> None:
    if no_store:
        raise UsageError("--workers needs a store: answers and grades go through it.", hint="Leave --no-store out.")
    if max_cost is not None:
        raise UsageError(
            "--max-cost does not reach workers, which grade for several runs.",
            hint="Leave one of them out; `evaluator worker --tpm` bounds what workers ask a minute.",
        )


def mapping_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """What --map says. A heading may hold '=' itself, a question's id does not: the last one parts them."""
    mapping = {}
    for pair in pairs:
        column, equals, question = pair.rpartition("=")
        if not equals or not column or not question:
            raise UsageError(f"--map '{pair}' does not say which column is what.", hint="Write --map COLUMN=QUESTION.")
        mapping[column] = question
    return mapping
