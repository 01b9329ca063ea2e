"""What `evaluator eval` shows in a terminal, 80 columns: what will happen, the verdict first, then the tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from evaluator.cli.present import visible
from evaluator.core.eval_set import EvalSet
from evaluator.core.evaluation import Evaluation, GraderResult, Move
from evaluator.core.metrics.estimate import Estimate
from evaluator.errors import UsageError
from evaluator.run.estimate import Estimate as Expected
from evaluator.run.evaluation_plan import EvaluationPlan, GraderUnderTest

_STYLES = {"adequate": "bold green", "not adequate": "bold red", "cannot tell with this set": "bold yellow"}
_MOST_REASONS = 6


class EvaluationPresenter:
    """Writes for people on standard output."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(quiet=quiet, highlight=False)
        self._last = Console(highlight=False)

    def announce(self, eval_set: EvalSet, plan: EvaluationPlan, answers: int) -> None:
        """Which answers, and who labelled them."""
        manifest = eval_set.manifest
        self._say(f"[bold]{escape(manifest.title)}[/], split {plan.split}: {answers} answers")
        who = "author" if manifest.rater_kind == "author" else f"{manifest.rater_kind} rater"
        self._say(f"Labels by {len(manifest.raters)} {who}{'' if len(manifest.raters) == 1 else 's'}.")

    def announce_grader(self, each: GraderUnderTest, expected: Expected, passes: int) -> None:
        """What each grader will take."""
        self._say(f"[bold]{escape(visible(each.name))}[/]  {escape(each.about)}")
        if expected.input_tokens:
            tokens = f"about {expected.input_tokens * passes:,} tokens in, {expected.output_tokens * passes:,} out"
            cost = expected.cost_usd
            price = "price unknown (--price IN,OUT gives it)" if cost is None else f"about ${cost * passes:.2f}"
            times = f"{passes} passes" if passes > 1 else "1 pass"
            self._say(f"  Expect {times} over the answers, {tokens}, {price if cost != 0 else 'free'}")

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
            self._console.status(escape(what)) if self._console.is_terminal and not self._quiet else nullcontext()
        )
        with shown:
            yield

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[str], None]]:
        """A bar over every pass of every grader."""
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

            def advance(name: str) -> None:
                bar.update(task, advance=1, said=escape(visible(name)))

            yield advance

    def finished(self, found: Evaluation, report: Path) -> None:
        """The verdict, the tables, the gate, and where the report is."""
        self._say("")
        for grader in found.asked:
            self._verdict(grader)
        if len(found.asked) > 1:
            self._say(found.recommendation)
        self._agreement(found)
        self._pass_fail(found)
        self._standing(found)
        self._counts(found)
        self._comparisons(found)
        self._probes(found)
        self._against(found)
        self._say(f"[dim]{escape(found.look.said)}[/]")
        self._gate(found)
        self._last.print(f"Report: {escape(str(report))}", soft_wrap=True)

    def _verdict(self, grader: GraderResult) -> None:
        verdict = grader.verdict
        if verdict is None:
            return
        self._say(f"[{_STYLES[verdict.outcome]}]{escape(visible(verdict.headline))}[/]")
        if verdict.cannot_show:
            self._say(verdict.cannot_show)
        for reason in verdict.because[:_MOST_REASONS]:
            self._say(f"  [dim]·[/] {escape(visible(reason))}")
        if len(verdict.because) > _MOST_REASONS:
            self._say(f"  [dim]· and {len(verdict.because) - _MOST_REASONS} more reasons, in the report[/]")

    def _agreement(self, found: Evaluation) -> None:
        self._say("")
        self._say(f"[bold]Agreement with the {found.eval_set.consensus}[/] (QWK: quadratic weighted kappa, 95%)")
        table = _table("QWK", "95% interval", "exact", "error", "bias", "÷ raters", "n")
        for ceiling in found.ceiling:
            if ceiling.kind == "question":
                continue
            unit = f" [dim]({ceiling.unit})[/]" if ceiling.unit != "levels" else ""
            table.add_row(f"[bold]{escape(visible(ceiling.name))}[/]{unit}")
            among = ceiling.figures
            table.add_row(
                "  [dim]raters among themselves[/]",
                *_kappa(among.quadratic_kappa),
                _plain(among.exact),
                _plain(among.mean_absolute_error),
                "–",
                "–",
                str(among.quadratic_kappa.n),
            )
            for grader in found.graders:
                scope = grader.scope(ceiling.id)
                if scope is None:
                    continue
                figures = scope.consensus
                table.add_row(
                    f"  {escape(visible(grader.name))}",
                    *_kappa(figures.quadratic_kappa),
                    _plain(figures.exact),
                    _plain(figures.mean_absolute_error),
                    _signed(figures.mean_signed_error),
                    _plain(scope.ratio.quadratic_kappa) if scope.ratio else "–",
                    str(figures.quadratic_kappa.n),
                )
        self._console.print(table)
        self._reasons(
            [
                *(each.figures.quadratic_kappa for each in found.ceiling if each.kind != "question"),
                *(
                    figure
                    for grader in found.graders
                    for scope in grader.scopes
                    if scope.kind != "question"
                    for figure in (scope.consensus.quadratic_kappa, scope.consensus.exact)
                ),
            ]
        )
        self._say("[dim]error, bias: mean absolute and signed; ÷ raters: share of the raters' own[/]")
        self._say("[dim]agreement. Every other figure is in the report and in eval.json.[/]")

    def _pass_fail(self, found: Evaluation) -> None:
        first = found.graders[0].pass_fail
        base = first.at_bar.base_rate
        self._say("")
        self._say(f"[bold]Pass or fail[/]: {escape(first.says)} (base rate {base})")
        table = _table("precision", "recall", "F1", "accuracy", "commoner class", "n")
        for grader in found.graders:
            bar = grader.pass_fail.at_bar
            table.add_row(
                escape(visible(grader.name)),
                _plain(bar.precision),
                _plain(bar.recall),
                _plain(bar.f1),
                _plain(bar.accuracy),
                _plain(bar.commoner_class),
                str(bar.accuracy.n),
            )
        self._console.print(table)
        bars = [grader.pass_fail.at_bar for grader in found.graders]
        self._reasons([figure for bar in bars for figure in (bar.precision, bar.recall, bar.f1, bar.accuracy)])

    def _standing(self, found: Evaluation) -> None:
        for grader in found.asked:
            if grader.standing is not None:
                self._say("")
                self._say(f"[bold]Without a person[/], {escape(visible(grader.name))}: {escape(grader.standing.said)}")

    def _counts(self, found: Evaluation) -> None:
        self._say("")
        table = _table("graded", "empty", "failed", "quotes", "cost", "p50/p90")
        for grader in found.graders:
            counts, usage = grader.counts, grader.usage
            quotes = f"{grader.quotes_found} of {grader.quotes_claimed}" if grader.quotes_claimed else "–"
            times = usage.latency_ms if usage else {}
            table.add_row(
                escape(visible(grader.name)),
                str(counts.graded),
                str(counts.not_answered),
                str(counts.ungraded),
                quotes,
                "–" if usage is None else "unknown" if usage.cost_usd is None else f"${usage.cost_usd:.4f}",
                f"{times['p50'] / 1000:.1f}/{times['p90'] / 1000:.1f} s" if times else "–",
            )
        self._console.print(table)
        self._say("[dim]empty: nothing to grade; failed: could not be graded; quotes: found of claimed[/]")
        for grader in found.asked:
            for reason, count in list(grader.counts.reasons.items())[:_MOST_REASONS]:
                self._say(f"  [dim]·[/] {escape(visible(grader.name))}, {count} ungraded: {escape(visible(reason))}")

    def _comparisons(self, found: Evaluation) -> None:
        if not found.comparisons:
            return
        self._say("")
        self._say("[bold]Paired differences[/] of quadratic kappa on the same answers (first − second)")
        for pair in found.comparisons:
            self._say(f"{escape(visible(pair.first))} − {escape(visible(pair.second))}")
            for scope in pair.scopes:
                if scope.id not in {each.id for each in found.ceiling if each.kind != "question"}:
                    continue
                compared = scope.quadratic_kappa
                noise = {None: "", True: "; beyond run noise", False: "; within run noise"}[scope.beyond_run_noise]
                said = f"{_difference(compared.difference)}: {compared.verdict}{noise}"
                self._say(f"  {escape(scope.name)}: {said}")

    def _probes(self, found: Evaluation) -> None:
        for grader in found.asked:
            if grader.probes:
                self._say("")
                self._say(f"[bold]Probes[/] of {escape(visible(grader.name))}: share of levels that moved")
            for probe in grader.probes:
                moved, shift = probe.flips.moved, probe.flips.mean_shift
                self._say(f"  {probe.id}: {_difference(moved, sign='')}, mean shift {_signed(shift)} ({probe.says})")
            if grader.repeats:
                again = grader.repeats.flips.moved
                self._say(f"  {grader.repeats.runs} runs: {_difference(again, sign='')} of levels moved by themselves")

    def _against(self, found: Evaluation) -> None:
        if found.against is None:
            return
        self._say("")
        self._say(f"[bold]Against[/] {escape(found.against.file)} of {found.against.made_at}. {found.against.said}")
        for move in found.against.moves:
            self._say(f"  {_moved(move)}")

    def _gate(self, found: Evaluation) -> None:
        gate = found.gate
        if gate is None:
            return
        self._say("")
        if gate.passed:
            self._last.print(f"[bold green]Gate holds[/] ({len(gate.held)} conditions, {escape(gate.file)})")
            return
        self._last.print(f"[bold red]Gate fails[/] ({escape(gate.file)}):")
        for failure in gate.failures:
            self._last.print(f"  [dim]·[/] {escape(visible(failure))}")

    def _reasons(self, figures: Sequence[Estimate]) -> None:
        """Why figures above are n/a, each reason once."""
        for reason in dict.fromkeys(figure.reason for figure in figures if figure.reason is not None):
            self._say(f"[dim]n/a, because {escape(reason)}[/]")

    def _say(self, text: str) -> None:
        self._console.print(text)


def _table(*headings: str) -> Table:
    """A table whose first column is a name and the others figures."""
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("", overflow="ellipsis", no_wrap=True, max_width=28, min_width=26)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _kappa(figure: Estimate) -> tuple[str, str]:
    told = figure.low is not None and not (figure.low == figure.high and figure.note)
    return _plain(figure), f"{figure.low:.2f} to {figure.high:.2f}" if told else "none"


def _plain(figure: Estimate) -> str:
    return "n/a" if figure.value is None else f"{figure.value:.2f}"


def _signed(figure: Estimate) -> str:
    return "n/a" if figure.value is None else f"{figure.value:+.2f}"


def _difference(figure: Estimate, sign: str = "+") -> str:
    if figure.value is None:
        return f"n/a, because {figure.reason}"
    value = f"{figure.value:{sign}.2f}"
    return value if figure.low is None else f"{value} ({figure.low:{sign}.2f} to {figure.high:{sign}.2f})"


def _moved(move: Move) -> str:
    change = "" if move.difference is None else f", {_difference(move.difference)}"
    noise = {None: "", True: "; beyond run noise", False: "; within run noise"}[move.beyond_run_noise]
    said = f"{_plain(move.before)} → {_plain(move.now)}{change}: {move.outcome}{noise}"
    return f"{escape(visible(move.grader))}, {escape(move.name)}: {said}"
