"""`evaluator grade`: a table of answers in, a folder of grades out."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import click

from evaluator.cli.event_loop import run_to_the_end
from evaluator.cli.present import Presenter
from evaluator.cli.price import price_of
from evaluator.cli.results import grades_beside, write_results
from evaluator.core.prompt import Calls
from evaluator.errors import UsageError
from evaluator.files.run_folder import new_run_folder
from evaluator.files.tables.answer_table import AnswerTable, open_answer_table
from evaluator.run.estimate import estimate
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun
from evaluator.settings import read_settings
from evaluator.wiring import DEFAULT_QUESTIONNAIRE, GraderOptions, costs_money, describe, make_grader

ALL_GRADED, SOME_UNGRADED, INTERRUPTED = 0, 3, 130


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
@click.option("--price", metavar="IN,OUT", help="US dollars for a million tokens of input and of output.")
@click.option("--timeout", type=click.FloatRange(1), help="Seconds for one request. [default: 120; local 600]")
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
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results. [default: INPUT's name-grades]")
@click.option(
    "--concurrency", type=click.IntRange(1, 5000), help="Most requests in flight at once. [default: 64; local 1]"
)
@click.option("--rpm", type=click.FloatRange(1), help="Most requests a minute. [default: what the endpoint says]")
@click.option("--tpm", type=click.FloatRange(1), help="Most tokens a minute, estimated before each request.")
@click.option("--limit", type=click.IntRange(1), help="Grade only the first so many answers.")
@click.option("--compare", metavar="SPEC", help="Show a second grader's levels beside, in the report.")
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
    timeout: float | None,
    gguf: Path | None,
    threads: int | None,
    rubrics: tuple[Path, ...],
    prompts: tuple[Path, ...],
    mapping: tuple[str, ...],
    sheet: str | None,
    duplicates: str,
    out: Path | None,
    concurrency: int | None,
    rpm: float | None,
    tpm: float | None,
    limit: int | None,
    compare: str | None,
    yes: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Grade the answers in INPUT: CSV, TSV, XLSX, JSONL or Parquet, one answer a row or one question a column, as a
    form exports it.

    Writes report.html, grades.xlsx, grades.csv, candidates.csv, grades.jsonl and run.json.

    Exit codes: 0 all graded or explicitly not answered; 3 some answers could not be graded (they are listed);
    2 wrong usage or input, nothing graded; 130 interrupted, what was graded is kept.
    """
    settings = read_settings()
    options = GraderOptions(
        prompt=prompt,
        calls=cast(Calls | None, calls),
        samples=samples,
        base_url=base_url or settings.base_url,
        api_key=settings.api_key,
        timeout=timeout,
        concurrency=concurrency,
        requests_per_minute=rpm,
        tokens_per_minute=tpm,
        price=price_of(price),
        gguf=gguf,
        threads=threads,
        cache=settings.cache,
        rubrics=rubrics,
        prompts=prompts,
    )
    # The second grader asks in its own way: prompt and calls were chosen for the first.
    beside = replace(options, prompt=None, calls=None, price=None)
    presenter = Presenter(quiet=quiet, as_json=as_json)
    made = make_grader(grader, questionnaire, options)
    second = make_grader(compare, questionnaire, beside) if compare else None
    policy = cast(Literal["last", "first", "error"], duplicates)
    answers = open_answer_table(
        table, made.questionnaire.questions, mapping=_mapping(mapping), sheet=sheet, duplicates=policy
    )
    code = run_to_the_end(_run(made, second, answers, table, out, limit, presenter, ask=not yes))
    sys.exit(code)


async def _run(
    grader: Grader,
    second: Grader | None,
    table: AnswerTable,
    source: Path,
    out: Path | None,
    limit: int | None,
    presenter: Presenter,
    *,
    ask: bool,
) -> int:
    """Check, announce, grade, write. Returns the exit code."""
    async with grader:
        total = min(table.count, limit or table.count)
        presenter.table_read(source, table)
        presenter.announce(grader, describe(grader), estimate(grader, table, total))
        if ask and (costs_money(grader) or (second is not None and costs_money(second))):
            presenter.confirm()
        with presenter.waiting("Getting the grader ready"):
            await grader.check()
        with new_run_folder(out, source) as folder:
            run = GradingRun(grader, table, folder.grades, limit=limit)
            interrupted = await _grade(run, presenter, total)
            if interrupted:
                run.write_rest()
            beside = await grades_beside(second, run) if second is not None and not interrupted else None
            with presenter.waiting("Writing the report"):
                results = write_results(folder, run, grader, table, source, beside)
            presenter.finished(results, grader.rubric)
    if interrupted:
        return INTERRUPTED
    return SOME_UNGRADED if run.ungraded else ALL_GRADED


async def _grade(run: GradingRun, presenter: Presenter, total: int) -> bool:
    """Grades everything, or until Ctrl-C; returns whether it was interrupted."""
    grading = asyncio.ensure_future(_grade_all(run, presenter, total))
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, grading.cancel)
    try:
        await grading
    except asyncio.CancelledError:
        return True
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    return False


async def _grade_all(run: GradingRun, presenter: Presenter, total: int) -> None:
    with presenter.progress(total) as advance:
        async with aclosing(run.grades()) as grades:
            async for _ in grades:
                advance(run)


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    """What --map says. A heading may hold '=' itself, a question's id does not: the last one parts them."""
    mapping = {}
    for pair in pairs:
        column, equals, question = pair.rpartition("=")
        if not equals or not column or not question:
            raise UsageError(f"--map '{pair}' does not say which column is what.", hint="Write --map COLUMN=QUESTION.")
        mapping[column] = question
    return mapping
