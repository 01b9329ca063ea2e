"""`evaluator calibrate`: a grader fitted to the raters of an eval set's calibration split, saved as one file."""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import cast

import click

from evaluator.cli.evaluate import questionnaire_of
from evaluator.cli.finite_range import FiniteRange
from evaluator.cli.present_calibration import CalibrationPresenter
from evaluator.cli.price import price_of
from evaluator.cli.spotlight_option import spotlight_option
from evaluator.cli.store_option import chosen_store, store_options
from evaluator.core.budget import Budget
from evaluator.core.prompt import Calls
from evaluator.core.spotlight import Spotlight
from evaluator.errors import BudgetSpentError
from evaluator.files.calibration_file import require_new, write_calibration
from evaluator.files.eval_set_file import find_eval_set, load_eval_set
from evaluator.files.resources import shipped
from evaluator.run.about_grader import costs_money, describe
from evaluator.run.calibrating import Calibrated, CalibrationPlan, calibrate, examples_for, with_examples
from evaluator.run.calibration_data import FitData, fit_data
from evaluator.run.estimate import estimate
from evaluator.run.evaluation_facts import require_same_rubric
from evaluator.run.evaluation_plan import GraderUnderTest
from evaluator.settings import read_settings
from evaluator.wiring import make_plain_grader
from evaluator.wiring_options import GraderOptions
from evaluator.wiring_raters import shows_examples

CALIBRATED, SOME_UNGRADED, BUDGET_SPENT = 0, 3, 5
_SHARE = FiniteRange(0, 1, min_open=True, max_open=True)


@click.command(short_help="Fit a grader to raters' labels; which grades may stand?")
@click.argument("eval_set", metavar="SET")
@click.option("--grader", required=True, metavar="SPEC", help="As for grade.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The calibration's file, such as june.json."
)
@click.option("--prompt", help="levels, checks, or a file.")
@click.option(
    "--calls", type=click.Choice(["all", "per-criterion", "per-check"]), help="How criteria go into requests."
)
@click.option("--samples", type=click.IntRange(1, 25), default=1, show_default=True, help="Readings of each answer.")
@click.option(
    "--examples",
    type=click.IntRange(0, 30),
    default=6,
    show_default=True,
    help="Graded examples of each question to try in the prompt; 0 tries none.",
)
@click.option(
    "--risk", type=_SHARE, default=0.05, show_default=True, help="Share of standing grades that may be wrong."
)
@click.option("--certainty", type=_SHARE, default=0.95, show_default=True, help="How sure the promise has to be.")
@spotlight_option
@click.option("--base-url", help="Address of an OpenAI-compatible server. [env: OPENAI_BASE_URL]")
@click.option("--price", metavar="IN,OUT[,CACHED]", help="US dollars for a million tokens. [default: as listed]")
@click.option("--max-cost", type=FiniteRange(0, min_open=True), metavar="USD", help="Stop asking at this cost.")
@click.option("--timeout", type=FiniteRange(1), help="Seconds for one request. [default: 120; local 600]")
@click.option("--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own.")
@click.option("--prompt-dir", type=click.Path(path_type=Path), multiple=True, help="A folder of prompts of your own.")
@click.option("--gguf", type=click.Path(path_type=Path), help="Another model's file for --grader local.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the local model. [default: 2]")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Answers in flight. [default: 8; local 1]")
@store_options
@click.option("--yes", is_flag=True, help="Do not ask before a run that costs money.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors and the last line.")
def command(
    eval_set: str,
    grader: str,
    out: Path,
    prompt: str | None,
    calls: str | None,
    samples: int,
    examples: int,
    risk: float,
    certainty: float,
    spotlight: str,
    base_url: str | None,
    price: str | None,
    max_cost: float | None,
    timeout: float | None,
    rubrics: tuple[Path, ...],
    prompt_dir: tuple[Path, ...],
    gguf: Path | None,
    threads: int | None,
    concurrency: int | None,
    where: str | None,
    no_store: bool,
    yes: bool,
    quiet: bool,
) -> None:
    """Fit a grader to the labels of the calibration split of SET (a folder or a shipped set's name).

    Tries graded examples in the prompt, maps from the grader's levels to the raters', and a confidence, by
    cross-validation over whole candidates (questions, answers: as the set is split); keeps what helps by more than its
    standard error; says from which confidence on grades may stand without a person. Use the file with
    `evaluator grade --calibration FILE`; measure it with `evaluator eval SET --calibration FILE`.

    Exit codes: 0 written; 3 written, and some answers could not be graded; 5 stopped at --max-cost, nothing written;
    2 wrong usage or input, or too few answers: nothing written.
    """
    settings = read_settings()
    require_new(out)
    folder = find_eval_set(eval_set, [shipped("eval_sets")])
    loaded = load_eval_set(eval_set, [shipped("eval_sets")], [*rubrics, shipped("rubrics")])
    options = GraderOptions(
        prompt=prompt,
        calls=cast(Calls | None, calls),
        samples=samples,
        base_url=base_url or settings.base_url,
        api_key=settings.api_key,
        timeout=timeout,
        concurrency=concurrency,
        price=price_of(price),
        budget=Budget(max_cost) if max_cost else None,
        gguf=gguf,
        threads=threads,
        cache=settings.cache,
        rubrics=rubrics,
        prompts=prompt_dir,
        spotlight=cast(Spotlight, spotlight),
        control=False,  # it raises flags and moves no level: there is nothing in it to fit
    )
    questionnaire = questionnaire_of(folder, loaded)
    plan = CalibrationPlan(examples, shows_examples(grader, questionnaire, options), risk, certainty)
    store = chosen_store(where, settings, no_store=no_store)
    with store or nullcontext():
        made = make_plain_grader(grader, questionnaire, replace(options, ledger=store.ledger() if store else None))
        under_test = GraderUnderTest(grader, describe(made), made)
        require_same_rubric(loaded, under_test)
        presenter = CalibrationPresenter(quiet=quiet)
        try:
            found = asyncio.run(_run(fit_data(loaded), under_test, plan, presenter, out, ask=not yes))
        except BudgetSpentError as error:
            click.echo(f"evaluator: {error}", err=True)
            sys.exit(BUDGET_SPENT)
    sys.exit(SOME_UNGRADED if found.ungraded else CALIBRATED)


async def _run(
    data: FitData,
    each: GraderUnderTest,
    plan: CalibrationPlan,
    presenter: CalibrationPresenter,
    out: Path,
    *,
    ask: bool,
) -> Calibrated:
    """Announce, check, fit, write, show."""
    answers = [labelled.answer for labelled in data.answers]
    async with each.grader as grader:
        showing = with_examples(grader, examples_for(data, data.answers, plan)) if plan.tries_examples else None
        presenter.announce_calibration(
            data,
            each,
            estimate(grader, answers, len(answers)),
            estimate(showing, answers, len(answers)) if showing is not None else None,
        )
        if ask and costs_money(grader):
            presenter.confirm()
        with presenter.waiting(f"Getting {each.name} ready"):
            await grader.check()
        with presenter.progress(plan.passes * len(answers)) as advance:
            found = await calibrate(data, grader, plan, advance=lambda: advance(each.name))
    write_calibration(out, found.calibration)
    presenter.calibrated(found, out)
    return found
