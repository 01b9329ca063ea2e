"""`evaluator retention`: what the store has kept long enough is deleted; shown first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from evaluator.cli.store_option import existing_store, store_option
from evaluator.cli.terminal import visible
from evaluator.errors import UsageError
from evaluator.settings import read_retention_settings, read_settings
from evaluator.store.retention import Overdue, Periods
from evaluator.store.store import Store
from evaluator.wiring_schedules import periods_of

_SIX_MONTHS, _FOUR_YEARS = 183, 4 * 365 + 1
_DAYS = click.IntRange(1)


@click.group(name="retention", short_help="Delete what was kept long enough.")
def command() -> None:
    """For how long replies, answers, grades and logs are kept. Nothing is deleted unless you say for how long."""


@command.command(short_help="Show what was kept long enough; --yes deletes it.")
@click.option("--replies", type=_DAYS, metavar="DAYS", help="Replies of models, since they came.")
@click.option("--answers", type=_DAYS, metavar="DAYS", help="Texts and quotes, since the run's end; levels stay.")
@click.option("--grades", type=_DAYS, metavar="DAYS", help="Whole runs with reviews and answers, since their end.")
@click.option("--logs", type=_DAYS, metavar="DAYS", help="Records of erasures, and the log of who used the pages.")
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that says it. [env: EVALUATOR_RETENTION_POLICY]",
)
@click.option("--yes", is_flag=True, help="Delete it; without, it is only shown.")
@store_option
def apply(
    replies: int | None,
    answers: int | None,
    grades: int | None,
    logs: int | None,
    policy: Path | None,
    where: str | None,
    *,
    yes: bool,
) -> None:
    """Show what is older than the given DAYS, and with --yes delete it from the store.

    The folders of runs are named, and are yours to delete. Workers do it by themselves where EVALUATOR_RETENTION_AT
    says when.
    """
    periods = _periods(Periods(replies, answers, grades, logs), policy)
    for warning in warnings_of(periods):
        click.echo(f"Note: {warning}", err=True)
    now = datetime.now(UTC)
    with existing_store(where, read_settings()) as store:
        found = store.retention.overdue(periods, now)
        folders = [visible(record.order.folder) for record in store.runs.all() if record.number in _runs_of(found)]
        _refuse_running(store, found)
        if yes:
            store.retention.apply(periods, now)
        if not found.counts:
            click.echo(f"Nothing in {store.address} is older than that.")
            return
        click.echo(f"{'Deleted from' if yes else 'Would be deleted from'} {store.address}:")
        for name, count in found.counts.items():
            click.echo(f"  {count:>9,} {name}")
        for folder in folders:
            still = "still holds them" if Path(folder).exists() else "is not there any more"
            click.echo(f"The folder {folder} {still}.")
        if not yes:
            click.echo("Add --yes to delete it.")


def _periods(given: Periods, policy: Path | None) -> Periods:
    """What the options say, or else the policy."""
    if given != Periods():
        if policy is not None:
            raise UsageError("--policy says it, and so do other options.", hint="Leave one of them out.")
        return given
    policy = policy or read_retention_settings().policy
    if policy is None:
        raise UsageError(
            "Nothing says how long anything is kept.",
            hint="Give --replies, --answers, --grades or --logs, or a file with --policy.",
        )
    return periods_of(policy)


def warnings_of(periods: Periods) -> Iterator[str]:
    """What the law may ask to be kept for longer than that."""
    if periods.logs is not None and periods.logs < _SIX_MONTHS:
        yield "the EU AI Act has logs of hiring systems kept for six months or more (articles 19 and 26)."
    for name, days in (("answers", periods.answers), ("grades", periods.grades), ("logs", periods.logs)):
        if days is not None and days < _FOUR_YEARS:
            yield f"California has records of automated hiring decisions kept for four years; {name} are among them."
            return


def _runs_of(found: Overdue) -> set[int]:
    return {*found.runs, *found.answers_of}


def _refuse_running(store: Store, found: Overdue) -> None:
    running = [
        record.id for record in store.runs.all() if record.number in _runs_of(found) and record.state == "running"
    ]
    if running:
        raise UsageError(f"Run {running[0]} is being graded now.", hint="Stop it, or wait for its end.")
