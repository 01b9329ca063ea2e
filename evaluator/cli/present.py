"""What the command line shows: what was read, what will happen, progress, and how it ended; 80 columns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from evaluator.cli.terminal import PRICE_UNKNOWN, Terminal, visible
from evaluator.core.budget import Budget
from evaluator.core.candidate import CandidateStanding
from evaluator.core.pace import PaceTotals
from evaluator.core.rubric import Rubric
from evaluator.files.tables.answer_table import AnswerTable
from evaluator.report.wording import counted
from evaluator.run.estimate import Estimate
from evaluator.run.grader import Grader
from evaluator.run.grading_run import GradingRun
from evaluator.run.pipeline import spec_of

if TYPE_CHECKING:
    from evaluator.cli.results import Results  # with everything that writes files for people

_MOST_NOTES = 8
_BANDS = {"meets_bar": "meets the bar", "below_bar": "below the bar", None: "–"}


class Presenter(Terminal):
    """Writes for people on standard output; with `as_json` only the manifest goes there, the rest to stderr."""

    def __init__(self, *, quiet: bool, as_json: bool) -> None:
        super().__init__(quiet=quiet, stderr=as_json)
        self._as_json = as_json

    def table_read(self, source: Path, table: AnswerTable) -> None:
        """What the file turned out to hold, and everything that was matched or left out."""
        counts = f"{counted(table.count, 'answer')} by {counted(table.candidates, 'candidate')}"
        self.say(f"[bold]{escape(visible(source.name))}[/]: {counts} ({table.layout}, {table.format})")
        for note in table.notes[:_MOST_NOTES]:
            self.say(f"  [dim]·[/] {escape(visible(note))}")
        if len(table.notes) > _MOST_NOTES:
            self.say(f"  [dim]· and {len(table.notes) - _MOST_NOTES} more notes, all in run.json[/]")

    def announce(self, grader: Grader, about: str, expected: Estimate) -> None:
        """What will happen, before anything is paid for."""
        rubric, questionnaire = grader.rubric, grader.questionnaire
        self.say(f"[bold]Rubric[/]  {rubric.title} v{rubric.version}; {questionnaire.title} v{questionnaire.version}")
        self.say(f"[bold]Grader[/]  {escape(about)}")
        if expected.input_tokens:
            self.say(f"[bold]Expect[/]  {_expected(expected)}")

    def announce_second(self, grader: Grader, expected: Estimate) -> None:
        """What the grader whose levels are shown beside will take, where it takes anything."""
        if expected.input_tokens:
            spec = escape(visible(spec_of(grader.pipeline.raters)))
            self.say(f"[bold]Beside[/]  for --compare {spec}: {_expected(expected)}")

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[GradingRun], None]]:
        """A bar with what is done, ungraded, the rate, the cost, the time left."""
        with self.bar(total) as show:
            elapsed = 0.0

            def advance(run: GradingRun) -> None:
                nonlocal elapsed
                rate = run.done / elapsed if elapsed else 0.0
                pace = f"{rate:.1f}/s" if rate >= 0.5 or not rate else f"{1 / rate:.0f} s each"
                cost = f" · ${run.paid_usd:.2f}" if run.paid_usd else ""
                elapsed = show(run.done, f"{run.ungraded:,} ungraded · {pace}{cost}")

            yield advance

    def finished(self, results: Results, rubric: Rubric, budget: Budget | None = None, goes_on_with: str = "") -> None:
        """How it ended: the candidates, what needs a person, what could not be graded, where everything is; and where
        something is left, the command that goes on with it.
        """
        manifest = results.manifest
        if self._as_json:
            sys.stdout.write(manifest.model_dump_json(indent=2) + "\n")
        self.say("")
        self._candidates(results.first_standings, manifest.candidates, rubric)
        took = f"{manifest.usage.seconds:.0f} s" if manifest.usage.seconds >= 10 else f"{manifest.usage.seconds:.1f} s"
        parts = [f"{manifest.graded:,} of {manifest.answers:,} answers graded in {took}"]
        if manifest.not_answered:
            parts.append(f"{manifest.not_answered:,} not answered")
        parts.append(f"{results.for_a_person:,} flagged for a person")
        if manifest.usage.cost_usd:
            parts.append(f"${manifest.usage.cost_usd:.4f}")
        if manifest.usage.cached_share is not None and manifest.usage.requests > manifest.usage.reused_requests:
            parts.append(f"{manifest.usage.cached_share:.0%} of the input from the endpoint's cache")
        quotes = f"{manifest.quotes_found:,} of {manifest.quotes_claimed:,}"
        self.say(f"{'; '.join(parts)}.")
        self.say(f"Quotes found: {quotes}.")
        if results.flagged_for:
            reasons = ", ".join(f"{name[:1].lower()}{name[1:]} {count:,}" for name, count in results.flagged_for)
            self.say(f"[dim]A person should look because: {reasons}.[/]")
        if manifest.calibration is not None:
            self.say(escape(manifest.calibration.said))
        if manifest.usage.reused_requests:
            of = f"{manifest.usage.reused_requests:,} of {manifest.usage.requests:,}"
            came = "reply came from the ledger and was" if of == "1 of 1" else "replies came from the ledger and were"
            self.say(f"{of} {came} not paid for again.")
        if manifest.pace is not None and (said := _pacing(manifest.pace)):
            self.say(f"[dim]{said}[/]")
        if budget is not None and (manifest.stopped_because or "").startswith("budget_spent:"):
            goes_on_with = ""  # as it was given, it would stop at once
            self.say(
                f"[bold]Stopped at {budget}[/]; {manifest.graded:,} of {manifest.answers:,} graded; the rest waits: "
                f"run the same command with a higher --max-cost. It goes on with run {manifest.run_id}."
            )
        elif manifest.outcome == "stopped":
            # The code before the colon is for programs; what follows says the same in words.
            because = (manifest.stopped_because or "").partition(": ")[2].rstrip(".")
            self.say(
                f"[bold]Stopped[/]: {escape(visible(because))}; {manifest.graded:,} of {manifest.answers:,} graded."
            )
        elif manifest.outcome == "interrupted":
            self.say("[bold]Interrupted[/]: what was graded is kept; the rest waits.")
        if goes_on_with and manifest.outcome != "finished":
            self.say(f"The same command goes on with run {manifest.run_id}, and so does:")
            self.say(f"  {escape(visible(goes_on_with))}", whole=True)
        self._ungraded(results, goes_on_with)
        self._written(results)
        self._say_last(f"Report: {escape(str(results.folder / 'report.html'))}", whole=True)

    def _ungraded(self, results: Results, goes_on_with: str) -> None:
        """Which answers have no grade, and why; those that only wait need no reason each."""
        if results.waiting:
            wait, stands = ("wait", "them") if results.waiting > 1 else ("waits", "it")
            self.say(
                f"{counted(results.waiting, 'answer')} {wait} for that (no score stands for {stands}): in grades.csv."
            )
        failed = results.manifest.ungraded - results.waiting
        if not failed:
            return
        them = "it" if failed == 1 else "them"
        self.say(f"[bold]{counted(failed, 'answer')} could not be graded[/] (no score stands for {them}):")
        for answer_id, reason in results.first_ungraded:
            self.say(f"  [dim]·[/] {escape(visible(answer_id))}: {escape(visible(reason))}")
        if failed > len(results.first_ungraded):
            self.say(f"  [dim]· and {failed - len(results.first_ungraded):,} more, in grades.csv[/]")
        if goes_on_with and results.manifest.outcome == "finished":
            self.say(f"To ask about {them} again, once the reason is gone:")
            self.say(f"  {escape(visible(goes_on_with))}", whole=True)

    def _written(self, results: Results) -> None:
        """What of a large run is where; a small one's results are all in each file."""
        if results.pages > 1:
            self.say(f"The report has {results.pages} pages; its first one leads to the others.")
        if not results.workbook_has_all:
            self.say("grades.xlsx has the candidates and the flagged answers, grades.csv all.")

    def _candidates(self, standings: Sequence[CandidateStanding], count: int, rubric: Rubric) -> None:
        table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
        table.add_column("Candidate", overflow="ellipsis", no_wrap=True, max_width=26)
        table.add_column(f"Score /{rubric.score_out_of:g}", justify="right")
        table.add_column("Graded", justify="right")
        table.add_column("To review", justify="right")
        table.add_column(f"Bar {rubric.advance_at:g}", no_wrap=True)
        for each in standings:
            score = "–" if each.score is None else f"{each.score:.1f}"
            graded = f"{each.graded} of {each.asked}"
            name = escape(visible(each.candidate_id))
            table.add_row(name, score, graded, str(each.to_review), _BANDS[each.band])
        self.say(table)
        if count > len(standings):
            self.say(f"[dim]… and {counted(count - len(standings), 'more candidate')}, in candidates.csv[/]")
        self.say("[dim]A score sorts; a person decides. Nobody is rejected by it.[/]")


def _pacing(pace: PaceTotals) -> str | None:
    """What held the run back, in a line; None where nothing did."""
    reasons = []
    if pace.rate_limited:
        reasons.append(f"told {counted(pace.rate_limited, 'time')} that it was too fast (429)")
    if pace.failed:
        reasons.append(f"{counted(pace.failed, 'request')} failed (5xx, timeout, connection)")
    if pace.waited_seconds >= 1:
        reasons.append(f"held back {pace.waited_seconds:,.0f} s by limits by the minute")
    if not reasons:
        return None
    return f"Pacing: up to {counted(pace.highest_concurrency, 'request')} at once; {'; '.join(reasons)}."


def _expected(expected: Estimate) -> str:
    tokens = f"about {_tokens(expected.input_tokens)} tokens in, {_tokens(expected.output_tokens)} out"
    return f"{counted(expected.answers, 'answer')}, {tokens}, {_cost(expected.cost_usd)}"


def _tokens(number: int) -> str:
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{max(round(number, -3), 1000):,}"


def _cost(dollars: float | None) -> str:
    if dollars is None:
        return PRICE_UNKNOWN
    return f"about ${dollars:.2f}" if dollars else "free"
