"""The terminal that commands write to for people: text made safe, a wait, a bar, the question before money is spent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evaluator.errors import UsageError

PRICE_UNKNOWN = "no price is known (--price IN,OUT gives it)"


class Terminal:
    """What every presenter writes to: standard output, or with `stderr` that. `quiet` leaves the last lines only."""

    def __init__(self, *, quiet: bool, stderr: bool = False) -> None:
        self._quiet = quiet
        self._console = Console(stderr=stderr, quiet=quiet, highlight=False, emoji=False)
        self._last = Console(stderr=stderr, highlight=False, emoji=False)
        self._errors = Console(stderr=True, highlight=False, emoji=False)

    def say(self, what: RenderableType, *, whole: bool = False) -> None:
        """A line in rich's markup, or a table; `whole` keeps a command from being broken."""
        self._console.print(what, soft_wrap=whole)

    def warn(self, text: str, *, whole: bool = False) -> None:
        """A line on standard error, where a result on standard output must stay whole; also when quiet. `whole` as
        with `say`.
        """
        self._errors.print(escape(text), soft_wrap=whole)

    def confirm(self, why: str = "This run may cost money") -> None:
        """Asks before money is spent, or grades are replaced. Raises UsageError where nobody can answer."""
        if not sys.stdin.isatty():
            raise UsageError(f"{why}, and nobody is there to be asked.", hint="Add --yes to run it.")
        import click

        click.confirm("Go on?", default=True, abort=True, err=True)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Shows that something takes a moment."""
        shown: AbstractContextManager[object] = (
            self._console.status(escape(what)) if self._console.is_terminal and not self._quiet else nullcontext()
        )
        with shown:
            yield

    @contextmanager
    def bar(self, total: int) -> Iterator[Callable[[int, str], float]]:
        """A bar with a few words and the time left; told what is completed, it gives the seconds since it began."""
        bar = Progress(
            BarColumn(bar_width=22),
            MofNCompleteColumn(),
            TextColumn("{task.fields[said]}"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            disable=self._quiet or not self._console.is_terminal,
            transient=True,
        )
        with bar:
            task = bar.add_task("", total=total, said="")

            def advance(completed: int, said: str) -> float:
                bar.update(task, completed=completed, said=said)
                return bar.tasks[0].elapsed or 0.0

            yield advance

    def _say_last(self, text: str, *, whole: bool = False) -> None:
        """A line that stands however quiet it is to be; `whole` keeps a path from being broken."""
        self._last.print(text, soft_wrap=whole)


def visible(text: str) -> str:
    """Text from a table, safe for a terminal: control and direction characters are shown, not obeyed."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
