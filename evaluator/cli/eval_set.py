"""`evaluator eval-set`: check an eval set, import answers that are scored already, and divide a set anew."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import click

from evaluator.cli.eval_set_from_reviews import from_reviews
from evaluator.cli.finite_range import FiniteRange
from evaluator.core.eval_set import EvalSet, RaterKind, SplitBy
from evaluator.core.eval_set_findings import (
    HONESTY,
    SplitBalance,
    rater_coverage,
    raters_apart,
    split_balance,
    undeclared_notes,
    unused_levels,
)
from evaluator.core.eval_set_split import split_again
from evaluator.core.graded_answers import ImportChoices, between_levels, eval_set_from, safe_identifiers
from evaluator.errors import UsageError
from evaluator.files.eval_set_file import EvalSetCheck, check_eval_set, find_eval_set, load_eval_set
from evaluator.files.eval_set_folder import write_eval_set, write_new_split
from evaluator.files.graded_file import holistic_words, read_graded_file
from evaluator.files.resources import shipped
from evaluator.report.wording import counted

_LISTED = 10
_SHARE = FiniteRange(0, 1, min_open=True, max_open=True)

rubrics_option = click.option(
    "--rubrics", type=click.Path(path_type=Path), multiple=True, help="A folder of rubrics of your own."
)


@click.group(name="eval-set", short_help="Check, import or divide an eval set.")
def command() -> None:
    """Check an eval set, make one of answers that are scored already or reviewed, or divide one anew."""


command.add_command(from_reviews)


@command.command(short_help="Report every mistake in an eval set.")
@click.argument("eval_set")
@rubrics_option
@click.option("--all", "everything", is_flag=True, help=f"List every warning, not only {_LISTED} of a kind.")
def check(eval_set: str, rubrics: tuple[Path, ...], everything: bool) -> None:
    """Report every mistake in EVAL_SET (a folder, or a shipped set's name), and what makes its figures weaker.

    Mistakes: unknown columns and ids, orphan labels, levels off the scale, anything twice, a candidate or a copy of an
    answer in two splits. Warnings: copies within a split, raters far apart, labels that are missing, levels never
    given. Exit codes: 0 no mistake; 2 mistakes, each with file, row and column.
    """
    found = check_eval_set(eval_set, [shipped("eval_sets")], [*rubrics, shipped("rubrics")])
    if found.eval_set is not None:
        _show_contents(found.eval_set)
        warnings = _show_warnings(found, found.eval_set, None if everything else _LISTED)
    else:
        warnings = 0
    for mistake in found.mistakes:
        click.echo(str(mistake))
    mistakes = counted(len(found.mistakes), "mistake") if found.mistakes else "No mistakes"
    click.echo(f"{mistakes}, {counted(warnings, 'warning') if warnings else 'no warnings'} in {found.folder}.")
    if found.mistakes:
        sys.exit(2)


@command.command(name="import", short_help="Make an eval set of a table of labelled answers.")
@click.argument("graded", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new eval set's folder.")
@click.option("--id", "set_id", help="The set's id. [default: the folder's name]")
@click.option("--title", help="What the set is. [default: the data set's or the file's name]")
@click.option(
    "--rater-kind",
    type=click.Choice(get_args(RaterKind)),
    default="human",
    show_default=True,
    help="Who scored the answers; every figure says so.",
)
@click.option(
    "--licence", default="not stated", show_default=True, help="The terms under which the answers may be used."
)
@click.option(
    "--levels", "steps", type=click.IntRange(1, 20), help="Highest level N of the scale 0 to N. [default: found]"
)
@click.option(
    "--pass-share",
    type=FiniteRange(0, 1, min_open=True),
    default=0.6,
    show_default=True,
    help="Share of the full marks that passes.",
)
@click.option("--split-by", type=click.Choice(get_args(SplitBy)), help="[default: candidate where the file has them]")
@click.option("--test-share", type=_SHARE, default=2 / 3, show_default="2/3", help="Share that goes to the test split.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed divides in the same way.")
def import_(
    graded: Path,
    out: Path,
    set_id: str | None,
    title: str | None,
    rater_kind: RaterKind,
    licence: str,
    steps: int | None,
    pass_share: float,
    split_by: SplitBy | None,
    test_share: float,
    seed: int,
) -> None:
    """Make an eval set, with a questionnaire and a holistic rubric, of GRADED: a table of answers with their scores.

    Columns: question, answer, score_human_1, score_max; and where there are any question_id, answer_id, candidate_id,
    reference_answer, rubric, dataset, score_human_2 and more. Scores may be on any scale from 0 to the question's
    maximum. Answers that are copies of each other come into the same split.
    """
    file = read_graded_file(graded, rater_kind)
    name = set_id or out.resolve().name
    answers, questions = file.graded.answers, file.graded.questions
    choices = ImportChoices(
        set_id=safe_identifiers([name], prefix="set_")[name],
        title=title or file.dataset or graded.stem,
        about=f"{counted(len(answers), 'answer')} to {counted(len(questions), 'question')}, "
        f"imported from {graded.name}. {HONESTY[rater_kind]}",
        rater_kind=rater_kind,
        licence=licence,
        steps=steps,
        pass_share=pass_share,
    )
    whole = eval_set_from(file.graded, choices, holistic_words())
    if split_by == "candidate" and whole.manifest.split_by != "candidate":
        raise UsageError(
            f"{graded} has no column candidate_id: the set cannot be divided by candidate.",
            hint="Name the candidates in such a column, or leave --split-by out.",
        )
    divided = split_again(whole, by=split_by or whole.manifest.split_by, test_share=test_share, seed=seed)
    write_eval_set(divided.eval_set, out)
    for note in file.notes:
        click.echo(f"Note: {note}.")
    highest = whole.rubric.scale.highest
    between = between_levels(file.graded, highest)
    if between:
        click.echo(
            f"Note: {counted(between, 'score')} of {len(file.graded.shares())} lie between two levels and are kept so."
        )
    click.echo(f"{counted(len(answers), 'answer')} to {counted(len(questions), 'question')}, levels 0 to {highest}.")
    click.echo(f"A pass is {whole.manifest.positive_class.says}: see advance_at in the rubric.")
    _show_splits(divided.eval_set, divided.held_together)
    click.echo(f"Written to {out}. Look at it with:  evaluator eval-set check {out}")


@command.command(short_help="Divide an eval set into calibration and test anew.")
@click.argument("eval_set")
@click.option("--by", type=click.Choice(get_args(SplitBy)), help="What is kept together. [default: as the set was]")
@click.option("--test-share", type=_SHARE, default=2 / 3, show_default="2/3", help="Share that goes to the test split.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed divides in the same way.")
@click.option("--out", type=click.Path(path_type=Path), help="Write a copy here and leave EVAL_SET as it is.")
@rubrics_option
def split(
    eval_set: str, by: SplitBy | None, test_share: float, seed: int, out: Path | None, rubrics: tuple[Path, ...]
) -> None:
    """Divide EVAL_SET into calibration and test anew, low and high answers alike on both sides.

    Copies of an answer stay on one side. A set that was reported on (history.jsonl) is only divided into a copy: --out.
    """
    folder = find_eval_set(eval_set, [shipped("eval_sets")])
    found = load_eval_set(str(folder), [], [*rubrics, shipped("rubrics")])
    divided = split_again(found, by=by or found.manifest.split_by, test_share=test_share, seed=seed)
    written = write_new_split(folder, divided.eval_set, out)
    _show_splits(divided.eval_set, divided.held_together)
    click.echo(f"Written to {written}.")


def _show_contents(eval_set: EvalSet) -> None:
    manifest = eval_set.manifest
    click.echo(f"{manifest.title} ({manifest.id}, version {manifest.version})")
    click.echo(
        f"{counted(len(eval_set.answers), 'answer')} to {counted(len(eval_set.questionnaire.questions), 'question')}, "
        f"{counted(len(manifest.raters), 'rater')}. "
        f"Divided by {manifest.split_by}."
    )
    click.echo(HONESTY[manifest.rater_kind])
    click.echo(f"Positive: {manifest.positive_class.says}.")
    for balance in split_balance(eval_set):
        click.echo(f"  {balance.split}: {_balance(balance)}")


def _balance(balance: SplitBalance) -> str:
    parts = [counted(balance.answers, "answer")]
    if balance.candidates != balance.answers:
        parts.append(counted(balance.candidates, "candidate"))
    if balance.absent:
        parts.append(f"{balance.absent} blank")
    rate = f" ({balance.base_rate:.0%})" if balance.base_rate is not None else ""
    parts.append(f"{balance.positive} positive and {balance.negative} not{rate}")
    if balance.unknown:
        parts.append(f"{balance.unknown} not fully labelled")
    return ", ".join(parts)


def _show_warnings(found: EvalSetCheck, eval_set: EvalSet, most: int | None) -> int:
    """Print the warnings by kind, at most so many of each; gives how many there are."""
    missing = [
        f"{rater.rater_id}: {rater.given} of {rater.of} labels"
        for rater in rater_coverage(eval_set)
        if rater.given < rater.of
    ]
    unused = [f"{criterion}: {', '.join(map(str, levels))}" for criterion, levels in unused_levels(eval_set).items()]
    one_sided = [
        f"{balance.split}: {_balance(balance)}" for balance in split_balance(eval_set) if balance.base_rate in (0, 1)
    ]
    notes = [f"{note}: {times} times" for note, times in undeclared_notes(eval_set).items()]
    kinds: list[tuple[str, Sequence[object]]] = [
        ("Copies within a split (each counts as an answer of its own)", found.copies_within),
        ("Raters more than a level apart (settle these first)", raters_apart(eval_set)),
        ("Labels missing", missing),
        ("Levels that no rater gave (nothing can be said about them)", unused),
        ("Splits with only one class (precision and recall have no meaning)", one_sided),
        ("Notes that the manifest does not declare in notes_used", notes),
    ]
    for title, warnings in kinds:
        if not warnings:
            continue
        click.echo(f"Warning: {title}: {len(warnings)}")
        for warning in warnings[:most]:
            click.echo(f"  {warning}")
        if most is not None and len(warnings) > most:
            click.echo(f"  and {len(warnings) - most} more (--all)")
    return sum(len(warnings) for _, warnings in kinds)


def _show_splits(eval_set: EvalSet, held_together: int) -> None:
    for balance in split_balance(eval_set):
        click.echo(f"  {balance.split}: {_balance(balance)}")
    if held_together:
        click.echo(f"  {held_together} answers are copies or chained to copies, and were kept on one side.")
