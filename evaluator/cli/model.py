"""`evaluator model`: get the local model, or say where it is."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from evaluator.files.local_model import InstallProgress, default_model, find_default_model, install_default_model
from evaluator.settings import read_settings


@click.group(name="model", short_help="Install the local model.")
def command() -> None:
    """Install the local model that `--grader local` uses, or show where it is."""


@command.command(short_help="Download the local model (1.1 GB), and check it.")
def install() -> None:
    """Download the local model (1.1 GB), check it, and keep it in the user's cache folder.

    An interrupted download goes on where it stopped. Exit codes: 0 it is there; 2 it could not be had.
    """
    folder = read_settings().cache
    console = Console(highlight=False, emoji=False)
    found = find_default_model(folder)
    if found is not None:
        console.print(f"The model is there: {found}", soft_wrap=True)
        return
    model = default_model()
    console.print(f"{model.title} ({model.licence}), {model.size / 1e9:.2f} GB, in {len(model.parts)} parts")
    columns = (BarColumn(bar_width=30), DownloadColumn(), TextColumn("{task.fields[said]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=model.size, said="")

        def progress(at: InstallProgress) -> None:
            bar.update(task, completed=at.bytes_done, said=f"part {at.parts_done} of {at.parts}")

        path = install_default_model(folder, progress)
    console.print(f"Installed and checked: {path}", soft_wrap=True)


@command.command()
def where() -> None:
    """Print where the local model is. Exit codes: 0 it is there; 1 it is not."""
    found = find_default_model(read_settings().cache)
    if found is None:
        click.echo("Not installed. Run: evaluator model install")
        raise SystemExit(1)
    click.echo(str(found))
