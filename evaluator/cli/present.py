"""What the command line shows: what was read, what will happen, progress, and how it ended; 80 columns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from evaluator.cli.results import Results
from evaluator.core.candidate import CandidateStanding
from evaluator.core.pace import PaceTotals
from evaluator.core.rubric import Rubric
from evaluator.errors import UsageError
from evaluator.files.tables.answer_table import AnswerTable
from evaluator.run.estimate import Estimate
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun

_MOST_NOTES = 8
_MOST_CANDIDATES = 15
_BANDS = {"meets_bar": "meets the bar", "below_bar": "below the bar", None: "–"}


class Presenter:
    """Writes for people on standard output; with `as_json` only the manifest goes there, the rest to stderr."""

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        self._as_json = as_json
        self._quiet = quiet
        self._console = Console(stderr=as_json, quiet=quiet, highlight=False)
        self._last = Console(stderr=as_json, highlight=False)

    def table_read(self, source: Path, table: AnswerTable) -> None:
        """What the file turned out to hold, and everything that was matched or left out."""
        counts = f"{_count(table.count, 'answer')} by {_count(table.candidates, 'candidate')}"
        self._say(f"[bold]{escape(visible(source.name))}[/]: {counts} ({table.layout}, {table.format})")
        for note in table.notes[:_MOST_NOTES]:
            self._say(f"  [dim]·[/] {escape(visible(note))}")
        if len(table.notes) > _MOST_NOTES:
            self._say(f"  [dim]· and {len(table.notes) - _MOST_NOTES} more notes, all in run.json[/]")

    def announce(self, grader: Grader, about: str, expected: Estimate) -> None:
        """What will happen, before anything is paid for."""
        rubric, questionnaire = grader.rubric, grader.questionnaire
        self._say(f"[bold]Rubric[/]  {rubric.title} v{rubric.version}; {questionnaire.title} v{questionnaire.version}")
        self._say(f"[bold]Grader[/]  {escape(about)}")
        if expected.input_tokens:
            tokens = f"about {_tokens(expected.input_tokens)} tokens in, {_tokens(expected.output_tokens)} out"
            self._say(f"[bold]Expect[/]  {_count(expected.answers, 'answer')}, {tokens}, {_cost(expected.cost_usd)}")

    def confirm(self) -> None:
        """Asks before money is spent. Raises UsageError where nobody can answer."""
        if not sys.stdin.isatty():
            raise UsageError("This run may cost money, and nobody is there to be asked.", hint="Add --yes to run it.")
        import click

        click.confirm("Go on?", default=True, abort=True, err=True)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Shows that something takes a moment."""
        shown: AbstractContextManager[object] = (
            self._console.status(what) if self._console.is_terminal and not self._quiet else nullcontext()
        )
        with shown:
            yield

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[GradingRun], None]]:
        """A bar with what is done, ungraded, the rate, the cost, the time left."""
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

            def advance(run: GradingRun) -> None:
                elapsed = bar.tasks[0].elapsed or 0.0
                rate = run.done / elapsed if elapsed else 0.0
                pace = f"{rate:.1f}/s" if rate >= 0.5 or not rate else f"{1 / rate:.0f} s each"
                cost = f" · ${run.paid_usd:.2f}" if run.paid_usd else ""
                bar.update(task, completed=run.done, said=f"{run.ungraded} ungraded · {pace}{cost}")

            yield advance

    def finished(self, results: Results, rubric: Rubric) -> None:
        """How it ended: the candidates, what needs a person, what could not be graded, where everything is."""
        manifest = results.manifest
        if self._as_json:
            sys.stdout.write(manifest.model_dump_json(indent=2) + "\n")
        self._say("")
        self._candidates(results.standings, rubric)
        took = f"{manifest.usage.seconds:.0f} s" if manifest.usage.seconds >= 10 else f"{manifest.usage.seconds:.1f} s"
        counted = [f"{manifest.graded} of {manifest.answers} answers graded in {took}"]
        if manifest.not_answered:
            counted.append(f"{manifest.not_answered} not answered")
        counted.append(f"{manifest.to_review} need a person")
        if manifest.usage.cost_usd:
            counted.append(f"${manifest.usage.cost_usd:.4f}")
        self._say("; ".join(counted) + f". Quotes found: {manifest.quotes_found} of {manifest.quotes_claimed}.")
        if manifest.pace is not None and (said := _pacing(manifest.pace)):
            self._say(f"[dim]{said}[/]")
        if manifest.outcome == "stopped":
            self._say(
                f"[bold]Stopped[/]: {escape(manifest.stopped_because or '')}; "
                f"{manifest.graded:,} of {manifest.answers:,} graded."
            )
        if manifest.outcome == "interrupted":
            self._say("[bold]Interrupted[/]: what was graded is kept; the rest is listed as ungraded.")
        if manifest.ungraded:
            self._say(f"[bold]{_count(manifest.ungraded, 'answer')} could not be graded[/] (no score stands for them):")
            for answer_id, reason in results.ungraded[:_MOST_NOTES]:
                self._say(f"  [dim]·[/] {escape(visible(answer_id))}: {escape(visible(reason))}")
            if manifest.ungraded > _MOST_NOTES:
                self._say(f"  [dim]· and {manifest.ungraded - _MOST_NOTES} more, in grades.csv[/]")
        self._last.print(f"Report: {escape(str(results.folder / 'report.html'))}", soft_wrap=True)

    def _candidates(self, standings: list[CandidateStanding], rubric: Rubric) -> None:
        table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
        table.add_column("Candidate", overflow="ellipsis", no_wrap=True, max_width=26)
        table.add_column(f"Score /{rubric.score_out_of:g}", justify="right")
        table.add_column("Graded", justify="right")
        table.add_column("To review", justify="right")
        table.add_column(f"Bar {rubric.advance_at:g}", no_wrap=True)
        for each in standings[:_MOST_CANDIDATES]:
            score = "–" if each.score is None else f"{each.score:.1f}"
            graded = f"{each.graded} of {each.asked}"
            name = escape(visible(each.candidate_id))
            table.add_row(name, score, graded, str(each.to_review), _BANDS[each.band])
        self._console.print(table)
        if len(standings) > _MOST_CANDIDATES:
            self._say(f"[dim]… and {len(standings) - _MOST_CANDIDATES} more candidates, in the report[/]")
        self._say("[dim]A score sorts; a person decides. Nobody is rejected by it.[/]")

    def _say(self, text: str) -> None:
        self._console.print(text)


def visible(text: str) -> str:
    """Text from a table, safe for a terminal: control and direction characters are shown, not obeyed."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _pacing(pace: PaceTotals) -> str | None:
    """What held the run back, in a line; None where nothing did."""
    reasons = []
    if pace.rate_limited:
        reasons.append(f"told {_count(pace.rate_limited, 'time')} that it was too fast (429)")
    if pace.failed:
        reasons.append(f"{_count(pace.failed, 'request')} failed (5xx, timeout, connection)")
    if pace.waited_seconds >= 1:
        reasons.append(f"held back {pace.waited_seconds:,.0f} s by limits by the minute")
    if not reasons:
        return None
    return f"Pacing: up to {_count(pace.highest_concurrency, 'request')} at once; {'; '.join(reasons)}."


def _tokens(number: int) -> str:
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{max(round(number, -3), 1000):,}"


def _cost(dollars: float | None) -> str:
    if dollars is None:
        return "price unknown (--price IN,OUT gives it)"
    return f"about ${dollars:.2f}" if dollars else "free"
