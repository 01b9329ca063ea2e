"""What the command line says about what is there already: an earlier run's grades, and replies in the ledger."""

from __future__ import annotations

from rich.markup import escape

from evaluator.cli.present import Presenter
from evaluator.cli.run_place import RunPlace
from evaluator.cli.terminal import visible
from evaluator.run.resumption import Resumption
from evaluator.run.run_ledger import Known
from evaluator.store.store import Store


def say_place(presenter: Presenter, place: RunPlace) -> None:
    """Which run is gone on with, how much of it stands, and what has changed."""
    for other in place.others:
        where = escape(visible(str(other.path)))
        presenter.say(f"[bold]Note[/]    {where} holds an unfinished run with other settings;")
        presenter.say("        --resume goes on with it. This one gets a folder of its own.")
    if place.resumption is not None:
        _say_resumption(presenter, place.resumption)


def say_store(presenter: Presenter, store: Store | None, known: Known | None) -> None:
    """Where replies are kept, and how many of those that are needed are there."""
    if store is None:
        presenter.say("[bold]Store[/]   none: replies are not kept, and another run pays for them again")
        return
    presenter.say(f"[bold]Store[/]   {escape(visible(str(store.address)))}")
    if known is not None and known.kept:
        first = "" if known.is_all else "first "
        if known.of == 1:
            presenter.say("        The one reply that is needed is in the ledger already")
            return
        presenter.say(f"        {known.kept:,} of the {first}{known.of:,} replies are in the ledger already")


def say_draining(presenter: Presenter, in_flight: int) -> None:
    """What the first Ctrl-C does."""
    answers = "1 answer" if in_flight == 1 else f"{in_flight:,} answers"
    presenter.warn(f"Stopping: finishing {answers} in flight; Ctrl-C again stops now.")


def say_leaving(presenter: Presenter) -> None:
    """What Ctrl-C does where workers do the work."""
    presenter.warn("Leaving: the workers go on with what is queued; the same command watches again.")


def _say_resumption(presenter: Presenter, resumption: Resumption) -> None:
    run, path = escape(visible(resumption.run.manifest.run_id)), escape(visible(str(resumption.run.path)))
    stands = f"{resumption.kept:,} of {resumption.answers:,} answers are graded"
    presenter.say(f"[bold]Resume[/]  resuming run {run} in {path}: {stands}")
    for change in resumption.changes:
        presenter.say(f"  [dim]·[/] changed since it began: {escape(visible(change))}")
    if resumption.again:
        presenter.say(f"  [dim]·[/] {resumption.again:,} graded answers are asked again: their grades are replaced")
