"""`evaluator runs`: what was graded, as the store has it; go on with a run, write its results again, delete it."""

from __future__ import annotations

import contextlib
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from evaluator.cli.present_runs import as_json, say_run, say_runs
from evaluator.cli.run_options import given_again
from evaluator.cli.store_option import existing_store, opened_store, store_option
from evaluator.errors import UsageError
from evaluator.report.wording import counted
from evaluator.settings import read_settings
from evaluator.store.store import Store


def _opened(where: str | None) -> Store:
    return existing_store(where, read_settings())


@click.group(name="runs", short_help="List, show, resume, export, delete or prune runs.")
def command() -> None:
    """Runs of `evaluator grade`, as the store has them. RUN is a run's id, or its beginning."""


@command.command(name="list")
@store_option
@click.option("--json", "to_json", is_flag=True, help="Print JSON.")
def list_runs(where: str | None, *, to_json: bool) -> None:
    """The runs in the store, the newest first."""
    # Before the first run there is no store, and no run: nobody named one that is elsewhere.
    with _opened(where) if where else opened_store(where, read_settings()) as store:
        records = store.runs.all()
        if to_json:
            click.echo(json.dumps([as_json(record) for record in records], indent=2))
        else:
            say_runs(records, store.address)


@command.command(short_help="What was graded, by what, how far, at what cost.")
@click.argument("run")
@store_option
@click.option("--json", "to_json", is_flag=True, help="Print JSON.")
def show(run: str, where: str | None, *, to_json: bool) -> None:
    """What was graded, by what, with which versions, how far, at what cost."""
    with _opened(where) as store:
        record = store.runs.find(run)
        if to_json:
            click.echo(json.dumps(as_json(record), indent=2))
        else:
            say_run(record, store.runs.holding(record.number))


@command.command(short_help="Go on with a run as it was begun.")
@click.argument("run")
@store_option
@click.option("--yes", is_flag=True, help="Do not ask before a run that costs money.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors and the last line.")
@click.pass_context
def resume(context: click.Context, run: str, where: str | None, *, yes: bool, quiet: bool) -> None:
    """Go on with a run as it was begun, from any folder; the key comes from the environment."""
    from evaluator.cli.grade import command as grade  # here: it imports what grading needs

    with _opened(where) as store:
        address = store.address
        record = store.runs.find(run)
    given_in, folder = Path(record.order.options["given_in"]), Path(record.order.folder)
    if not given_in.is_dir():
        raise UsageError(
            f"Run {record.id} was begun in {given_in}, which is not there any more.",
            hint=f"Its input was {record.order.input_path}. Run evaluator grade on it: the ledger has the replies.",
        )
    is_there = (folder / "run.json").exists()
    if not is_there and not quiet:
        said = f"The results of run {record.id} are no longer in {folder}: this begins a new run there."
        click.echo(f"{said}\nReplies that are in the ledger are not paid for again.", err=True)
    # Whatever it was given by a relative path is found again from where it was given.
    with contextlib.chdir(given_in):
        context.invoke(
            grade,
            **given_again(grade, record.order.options),
            out=folder,
            resume=is_there,
            where=str(address.path) if address.path else address.url.render_as_string(hide_password=False),
            no_store=False,
            yes=yes,
            quiet=quiet,
            as_json=False,
        )


@command.command(short_help="Write a run's results again.")
@click.argument("run")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the results.")
@store_option
def export(run: str, out: Path, where: str | None) -> None:
    """Write a run's results again, as `evaluator grade` does, from the store alone."""
    from evaluator.cli.export_run import export_run  # here: it imports what reports need

    with _opened(where) as store:
        record = store.runs.find(run)
        written = export_run(store, record, out)
    click.echo(f"{written:,} answers of run {record.id} are in {out}")


@command.command(short_help="Delete a run with its answers and grades.")
@click.argument("run")
@store_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(run: str, where: str | None, *, yes: bool) -> None:
    """Delete a run from the store, with its answers, its grades and the replies that no other run uses.

    The folder with its results is not touched.
    """
    with _opened(where) as store:
        record = store.runs.find(run)
        if record.state == "running":
            raise UsageError(f"Run {record.id} is being graded now.", hint="Stop it first, with Ctrl-C where it runs.")
        holding = store.runs.holding(record.number)
        replies = counted(holding.replies, "reply", "replies")
        what = f"{counted(holding.answers, 'answer')}, {counted(holding.grades, 'grade')}, {replies}"
        click.echo(f"Run {record.id} of {record.order.manifest.input_name}: {what}. This cannot be undone.")
        _ask("Delete it?", yes=yes)
        store.runs.delete(record.number)
        click.echo(f"Deleted. Its results in {record.order.folder} are as they were.")


@command.command(short_help="Delete old replies that belong to no run.")
@click.option(
    "--older-than", type=click.IntRange(0), default=30, show_default=True, metavar="DAYS", help="Kept so long ago."
)
@store_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def prune(older_than: int, where: str | None, *, yes: bool) -> None:
    """Delete old replies that belong to no run: of `evaluator eval`, of Python programs, and of batches that were
    collected and never graded.

    They were paid for: whoever asks the same again pays again. Replies that a run uses stay until it is deleted.
    """
    kept_before = datetime.now(UTC) - timedelta(days=older_than)
    with _opened(where) as store:
        found = store.loose_replies.count(kept_before)
        if not found.replies:
            click.echo(f"No reply that is older than {older_than} days is without a run.")
            return
        kept = f"kept from {(found.first or '')[:10]} to {(found.last or '')[:10]}"
        click.echo(
            f"{counted(found.replies, 'reply', 'replies')} without a run, {kept}, {found.bytes / 1e6:,.1f} MB of text."
        )
        click.echo("Asked for again, they are paid for again. This cannot be undone.")
        _ask("Delete them?", yes=yes)
        click.echo(f"Deleted: {counted(store.loose_replies.delete(kept_before), 'reply', 'replies')}.")


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("Nobody is there to be asked.", hint="Add --yes to delete.")
    click.confirm(question, abort=True)
