"""`evaluator eval`: graders measured on an eval set; a verdict, a report, and a gate for continuous integration."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import click
from threadpoolctl import threadpool_limits

from evaluator.cli.control_options import control_options
from evaluator.cli.finite_range import FiniteRange
from evaluator.cli.present_evaluation import EvaluationPresenter
from evaluator.cli.price import price_of
from evaluator.cli.spotlight_option import spotlight_option
from evaluator.cli.store_option import chosen_store, store_options
from evaluator.core.attack_plan import AttackPlan, plan_attacks
from evaluator.core.budget import Budget
from evaluator.core.calibration import Calibration
from evaluator.core.eval_set import EvalSet
from evaluator.core.evaluation import Evaluation, ResampledBy
from evaluator.core.gate import Gate, judge
from evaluator.core.prompt import Calls
from evaluator.core.redaction import Redact
from evaluator.core.spotlight import Spotlight
from evaluator.errors import UsageError
from evaluator.files.attack_set_folder import SHIPPED, find_attack_set, load_attack_set
from evaluator.files.calibration_file import load_calibration
from evaluator.files.eval_set_file import find_eval_set, load_eval_set
from evaluator.files.evaluation_file import read_evaluation, write_evaluation
from evaluator.files.evaluation_folder import EVALUATION, REPORT, new_evaluation_folder
from evaluator.files.gate_file import load_gate
from evaluator.files.look_history import record_look
from evaluator.files.resources import shipped
from evaluator.files.slice_columns import read_slice_columns
from evaluator.report.evaluation_page import write_evaluation_report
from evaluator.run.about_grader import costs_money, describe
from evaluator.run.estimate import estimate
from evaluator.run.evaluation import answers_to_evaluate, evaluate
from evaluator.run.evaluation_plan import Earlier, EvaluationPlan, GraderUnderTest
from evaluator.settings import read_settings
from evaluator.wiring import make_plain_grader
from evaluator.wiring_options import GraderOptions

MEASURED, SOME_UNGRADED, GATE_FAILED, BUDGET_SPENT = 0, 3, 4, 5
BASELINE = "baseline"


@click.command(short_help="Measure graders on answers that raters labelled.")
@click.argument("eval_set", metavar="SET")
@click.option(
    "--grader", "graders", multiple=True, required=True, metavar="SPEC", help="As for grade; may be repeated."
)
@click.option("--split", default="test", show_default=True, help="Which split of the set.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the results. [default: the set's name-eval]")
@click.option("--prompt", "prompts", multiple=True, help="levels, checks, or a file; repeated, they are compared.")
@click.option(
    "--calls", type=click.Choice(["all", "per-criterion", "per-check"]), help="How criteria go into requests."
)
@click.option(
    "--samples",
    type=click.IntRange(1, 25),
    multiple=True,
    help="Readings of each answer; repeated, they are compared. [default: 1]",
)
@click.option("--repeat", type=click.IntRange(1, 25), default=1, show_default=True, help="Runs, to see run noise.")
@click.option("--slice", "columns", multiple=True, metavar="COLUMN", help="Slice by a column of the set's slices.csv.")
@click.option(
    "--resample",
    type=click.Choice(["candidate", "question"]),
    default="candidate",
    show_default=True,
    help="What the intervals draw whole.",
)
@click.option("--probe", is_flag=True, help="Grade changed answers too: the level must not move.")
@click.option(
    "--attacks",
    "attack_set",
    metavar="SET",
    is_flag=False,
    flag_value=SHIPPED,
    help="Try attacks and honest look-alikes too; SET: a folder of your own. [default where no SET: the shipped ones]",
)
@click.option(
    "--attack-sample", type=click.IntRange(1), metavar="N", help="Only N attacks of its test split, and N honest."
)
@click.option(
    "--calibration",
    "calibrations",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A file of evaluator calibrate, for one of the graders; may be repeated.",
)
@click.option("--gate", type=click.Path(path_type=Path), help="A gate.yaml; exit code 4 where it does not hold.")
@click.option("--against", type=click.Path(path_type=Path), help="An earlier eval.json: show what moved.")
@click.option("--base-url", help="Address of an OpenAI-compatible server. [env: OPENAI_BASE_URL]")
@click.option("--price", metavar="IN,OUT[,CACHED]", help="US dollars for a million tokens. [default: as listed]")
@click.option("--max-cost", type=FiniteRange(0, min_open=True), metavar="USD", help="Stop asking at this cost.")
@click.option("--timeout", type=FiniteRange(1), help="Seconds for one request. [default: 120; local 600]")
@control_options
@click.option(
    "--redact",
    type=click.Choice(["off", "identity", "all"]),
    default="identity",
    show_default=True,
    help="As for grade: what a grader does not get to read.",
)
@spotlight_option
@click.option("--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own.")
@click.option("--prompt-dir", type=click.Path(path_type=Path), multiple=True, help="A folder of prompts of your own.")
@click.option("--gguf", type=click.Path(path_type=Path), help="Another model's file for --grader local.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the local model. [default: 2]")
@click.option("--concurrency", type=click.IntRange(1, 1000), help="Answers in flight. [default: 8; local 1]")
@click.option("--limit", type=click.IntRange(1), help="Only the first so many answers of the split.")
@store_options
@click.option("--yes", is_flag=True, help="Do not ask before a run that costs money.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors and the last line.")
def command(
    eval_set: str,
    graders: tuple[str, ...],
    split: str,
    out: Path | None,
    prompts: tuple[str, ...],
    calls: str | None,
    samples: tuple[int, ...],
    repeat: int,
    columns: tuple[str, ...],
    resample: str,
    probe: bool,
    attack_set: str | None,
    attack_sample: int | None,
    calibrations: tuple[Path, ...],
    gate: Path | None,
    against: Path | None,
    base_url: str | None,
    price: str | None,
    max_cost: float | None,
    timeout: float | None,
    redact: str,
    spotlight: str,
    control_reading: bool,
    control_below_bar: bool,
    rubrics: tuple[Path, ...],
    prompt_dir: tuple[Path, ...],
    gguf: Path | None,
    threads: int | None,
    concurrency: int | None,
    limit: int | None,
    where: str | None,
    no_store: bool,
    yes: bool,
    quiet: bool,
) -> None:
    """May these graders grade such answers? Grades a split of SET (a folder or a shipped set's name) and holds the
    levels against its raters'. `baseline` and "always the commonest level" stand in every table.

    Writes eval.json (every figure) and report.html.

    Exit codes: 0 measured, whatever the verdict; 3 some answers could not be graded; 4 the gate does not hold;
    5 stopped at --max-cost, measured on what was graded; 2 wrong usage or input, or leakage between examples and the
    split: nothing graded.
    """
    settings = read_settings()
    folder = find_eval_set(eval_set, [shipped("eval_sets")])
    loaded = load_eval_set(eval_set, [shipped("eval_sets")], [*rubrics, shipped("rubrics")])
    conditions = load_gate(gate, loaded.rubric) if gate else None
    attack_folder = find_attack_set(attack_set, [shipped("eval_sets")]) if attack_set else None
    plan = EvaluationPlan(
        split=split,
        by=cast(ResampledBy, resample),
        repeat=repeat,
        probe=probe,
        limit=limit,
        columns=read_slice_columns(folder, columns, loaded),
        earlier=Earlier(str(against), read_evaluation(against)) if against else None,
        attacks=_attack_plan(attack_folder, attack_sample, loaded),
    )
    _require_for_gate(conditions, plan)
    options = GraderOptions(
        calls=cast(Calls | None, calls),
        base_url=base_url or settings.base_url,
        api_key=settings.api_key,
        timeout=timeout,
        concurrency=concurrency,
        price=price_of(price),
        budget=Budget(max_cost) if max_cost else None,
        gguf=gguf,
        threads=threads,
        cache=settings.cache,
        redact=cast(Redact, redact),
        spotlight=cast(Spotlight, spotlight),
        control=control_reading,
        control_below_bar=control_below_bar,
        rubrics=rubrics,
        prompts=prompt_dir,
    )
    presenter = EvaluationPresenter(quiet=quiet)
    store = chosen_store(where, settings, no_store=no_store)
    # The tables are small: threads for their products would spend more time waiting for each other than working.
    with store or nullcontext(), threadpool_limits(limits=1, user_api="blas"):
        kept = replace(options, ledger=store.ledger() if store else None)
        fitted = [load_calibration(path) for path in calibrations]
        questionnaire = questionnaire_of(folder, loaded)
        under_test = list(_graders(graders, prompts, samples or (1,), fitted, questionnaire, kept))
        with new_evaluation_folder(out, loaded.manifest.id) as target:
            code = asyncio.run(
                _run(
                    loaded,
                    under_test,
                    plan,
                    folder,
                    attack_folder,
                    target,
                    presenter,
                    conditions,
                    str(gate),
                    ask=not yes,
                )
            )
    sys.exit(code)


async def _run(
    eval_set: EvalSet,
    graders: Sequence[GraderUnderTest],
    plan: EvaluationPlan,
    folder: Path,
    attack_folder: Path | None,
    target: Path,
    presenter: EvaluationPresenter,
    gate: Gate | None,
    gate_name: str,
    *,
    ask: bool,
) -> int:
    """Announce, check, measure, judge, write, show. Returns the exit code."""
    answers = [each.answer for each in answers_to_evaluate(eval_set, plan)]
    async with AsyncExitStack() as stack:
        for each in graders:
            await stack.enter_async_context(each.grader)
        presenter.announce(eval_set, plan, len(answers))
        for each in graders:
            passes = plan.passes(asked=each.asked)
            presenter.announce_grader(each, estimate(each.grader, answers, len(answers)), passes)
        if ask and any(costs_money(each.grader) for each in graders):
            presenter.confirm()
        for each in graders:
            with presenter.waiting(f"Getting {each.name} ready"):
                await each.grader.check()
        tried = len(plan.attacks.answers) if plan.attacks else 0
        total = sum(len(answers) * plan.passes(asked=each.asked) + each.asked * tried for each in graders)
        with presenter.progress(total) as advance:
            found = await evaluate(
                eval_set,
                graders,
                plan,
                look=partial(record_look, folder),
                attack_look=partial(record_look, attack_folder) if attack_folder else None,
                advance=advance,
            )
    if gate is not None:
        found = found.model_copy(update={"gate": judge(gate, found, gate_name)})
    with presenter.waiting("Writing the report"):
        write_evaluation(target / EVALUATION, found)
        write_evaluation_report(target / REPORT, found)
    presenter.finished(found, target / REPORT)
    return _exit_code(found)


def _exit_code(evaluation: Evaluation) -> int:
    reasons = [reason for grader in evaluation.graders for reason in grader.counts.reasons]
    if any("budget_spent: " in reason for reason in reasons):
        return BUDGET_SPENT
    if evaluation.gate is not None and not evaluation.gate.passed:
        return GATE_FAILED
    return SOME_UNGRADED if any(grader.counts.ungraded for grader in evaluation.graders) else MEASURED


def _graders(
    specs: Sequence[str],
    prompts: Sequence[str],
    samples: Sequence[int],
    calibrations: Sequence[Calibration],
    questionnaire: str,
    options: GraderOptions,
) -> Iterator[GraderUnderTest]:
    """Every asked grader with every prompt and number of samples, calibrated where a file was given for it, and the
    baseline as it is where nobody asked for that."""
    calibration_of = _calibration_of(specs, prompts, calibrations)
    for spec in dict.fromkeys(specs):
        # The baseline takes no prompt, and reads an answer the same way each time.
        takes_both = spec != BASELINE
        for prompt in dict.fromkeys(prompts) if prompts and takes_both else (None,):
            for count in dict.fromkeys(samples) if takes_both else (1,):
                calibration = calibration_of.get(spec)
                chosen = replace(options, prompt=prompt, samples=count, calibration=calibration)
                told_apart = [prompt] if prompt and len(set(prompts)) > 1 else []
                if len(set(samples)) > 1 and takes_both:
                    told_apart.append("1 sample" if count == 1 else f"{count} samples")
                name = f"{spec} [{', '.join(told_apart)}]" if told_apart else spec
                name = f"{name} (calibrated)" if calibration else name
                grader = make_plain_grader(spec, questionnaire, chosen)
                yield GraderUnderTest(name, describe(grader), grader)
    if BASELINE not in specs or BASELINE in calibration_of:
        options_of_baseline = GraderOptions(rubrics=options.rubrics, redact=options.redact)
        grader = make_plain_grader(BASELINE, questionnaire, options_of_baseline)
        yield GraderUnderTest(BASELINE, describe(grader), grader, asked=False)


def _calibration_of(
    specs: Sequence[str], prompts: Sequence[str], calibrations: Sequence[Calibration]
) -> dict[str, Calibration]:
    """The calibration of each grader that has one. Raises UsageError where it cannot be told which is whose."""
    found: dict[str, Calibration] = {}
    for each in calibrations:
        name = each.fitted_for.grader
        # With one grader the refusal names everything that differs, its name included.
        spec = specs[0] if len(set(specs)) == 1 else next((spec for spec in specs if spec == name), None)
        if spec is None:
            asked = ", ".join(dict.fromkeys(specs))
            raise UsageError(f"A calibration was fitted for {name}, and the graders are {asked}.")
        if spec in found:
            raise UsageError(f"Two calibrations were given for {spec}.", hint="Give one for each grader.")
        if spec != BASELINE and len(set(prompts)) > 1:
            raise UsageError(
                f"{spec} is asked with several prompts, and a calibration is for one of them.",
                hint="Evaluate them one at a time.",
            )
        found[spec] = each
    return found


def questionnaire_of(folder: Path, eval_set: EvalSet) -> str:
    """Where the grader finds the questionnaire that the set was loaded with: beside the set, or by its name."""
    if any(folder.glob("questionnaire.v*.yaml")):
        return str(folder)
    named = eval_set.manifest.questionnaire
    return str(folder / named) if (folder / named).exists() else named


def _attack_plan(folder: Path | None, sample: int | None, eval_set: EvalSet) -> AttackPlan | None:
    if folder is None:
        if sample is not None:
            raise UsageError("--attack-sample says how many attacks, and none are asked for.", hint="Add --attacks.")
        return None
    return plan_attacks(load_attack_set(folder, eval_set.questionnaire), sample)


def _require_for_gate(gate: Gate | None, plan: EvaluationPlan) -> None:
    if gate is None:
        return
    if gate.most_flips is not None and not plan.probe:
        raise UsageError("The gate limits flips, and nothing probes for them.", hint="Add --probe.")
    if (gate.most_attack_success is not None or gate.most_false_alarms is not None) and plan.attacks is None:
        raise UsageError("The gate limits what attacks may do, and none are tried.", hint="Add --attacks.")
    if gate.no_worse_than_before and plan.earlier is None:
        raise UsageError("The gate compares with an earlier evaluation.", hint="Add --against OLD/eval.json.")
