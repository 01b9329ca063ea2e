"""What `evaluator eval` shows in a terminal, 80 columns: what will happen, the verdict first, then the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from evaluator.cli.terminal import PRICE_UNKNOWN, Terminal, visible
from evaluator.core.eval_set import EvalSet
from evaluator.core.evaluation import Evaluation, GraderResult, Move
from evaluator.core.metrics.comparison import NO_DIFFERENCE
from evaluator.core.metrics.estimate import Estimate, decimals
from evaluator.report.wording import cost_of, shortened
from evaluator.run.estimate import Estimate as Expected
from evaluator.run.evaluation_plan import EvaluationPlan, GraderUnderTest

_STYLES = {"adequate": "bold green", "not adequate": "bold red", "cannot tell with this set": "bold yellow"}
_SHORT = {"adequate": "adequate", "not adequate": "not", "cannot tell with this set": "cannot tell"}
_MOST_REASONS = 6
_NAME_WIDTH = 28


class EvaluationPresenter(Terminal):
    """Writes for people on standard output."""

    def announce(self, eval_set: EvalSet, plan: EvaluationPlan, answers: int) -> None:
        """Which answers, and who labelled them."""
        manifest = eval_set.manifest
        self.say(f"[bold]{escape(manifest.title)}[/], split {plan.split}: {answers} answers")
        who = "author" if manifest.rater_kind == "author" else f"{manifest.rater_kind} rater"
        self.say(f"Labels by {len(manifest.raters)} {who}{'' if len(manifest.raters) == 1 else 's'}.")

    def announce_grader(self, each: GraderUnderTest, expected: Expected, passes: int) -> None:
        """What each grader will take."""
        self.say(f"[bold]{escape(visible(each.name))}[/]  {escape(each.about)}")
        if expected.input_tokens:
            tokens = f"about {expected.input_tokens * passes:,} tokens in, {expected.output_tokens * passes:,} out"
            cost = expected.cost_usd
            price = PRICE_UNKNOWN if cost is None else f"about ${cost * passes:.2f}"
            times = f"{passes} passes" if passes > 1 else "1 pass"
            self.say(f"  Expect {times} over the answers, {tokens}, {price if cost != 0 else 'free'}")

    @contextmanager
    def progress(self, total: int) -> Iterator[Callable[[str], None]]:
        """A bar over every pass of every grader."""
        with self.bar(total) as show:
            done = 0

            def advance(name: str) -> None:
                nonlocal done
                done += 1
                show(done, escape(visible(name)))

            yield advance

    def finished(self, found: Evaluation, report: Path) -> None:
        """The verdict, the tables, the gate, and where the report is."""
        self.say("")
        for grader in found.asked:
            self._verdict(grader)
        if len(found.asked) > 1:
            self.say(escape(visible(found.recommendation)))
        self._choice(found)
        self._agreement(found)
        self._pass_fail(found)
        self._standing(found)
        self._counts(found)
        self._comparisons(found)
        self._probes(found)
        self._attacks(found)
        self._against(found)
        self.say(f"[dim]{escape(found.look.said)}[/]")
        self._gate(found)
        self._say_last(f"Report: {escape(str(report))}", whole=True)

    def _verdict(self, grader: GraderResult) -> None:
        verdict = grader.verdict
        if verdict is None:
            return
        self.say(f"[{_STYLES[verdict.outcome]}]{escape(visible(verdict.headline))}[/]")
        if verdict.cannot_show:
            self.say(verdict.cannot_show)
        for reason in verdict.because[:_MOST_REASONS]:
            self.say(f"  [dim]·[/] {escape(visible(reason))}")
        if len(verdict.because) > _MOST_REASONS:
            self.say(f"  [dim]· and {len(verdict.because) - _MOST_REASONS} more reasons, in the report[/]")

    def _choice(self, found: Evaluation) -> None:
        if len(found.asked) < 2:
            return
        self.say("")
        self.say("[bold]Which to take[/]: agreement on the total score beside cost and latency")
        table = _table("verdict", "QWK", "95% interval", "cost", "p50")
        for grader in found.asked:
            total, usage = grader.scope("total"), grader.usage
            times = usage.latency_ms if usage else {}
            table.add_row(
                _row(grader.name),
                _SHORT[grader.verdict.outcome] if grader.verdict else "–",
                *(_kappa(total.consensus.quadratic_kappa) if total else ("–", "–")),
                cost_of(usage),
                f"{times['p50'] / 1000:.1f} s" if times else "–",
            )
        self.say(table)

    def _agreement(self, found: Evaluation) -> None:
        self.say("")
        self.say(f"[bold]Agreement with the {found.eval_set.consensus}[/] (QWK: quadratic weighted kappa, 95%)")
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
                    f"  {_row(grader.name)}",
                    *_kappa(figures.quadratic_kappa),
                    _plain(figures.exact),
                    _plain(figures.mean_absolute_error),
                    _signed(figures.mean_signed_error),
                    _plain(scope.ratio.quadratic_kappa) if scope.ratio else "–",
                    str(figures.quadratic_kappa.n),
                )
        self.say(table)
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
        self.say("[dim]error, bias: mean absolute and signed; ÷ raters: share of the raters' own[/]")
        self.say("[dim]agreement. Every other figure is in the report and in eval.json.[/]")

    def _pass_fail(self, found: Evaluation) -> None:
        first = found.graders[0].pass_fail
        base = first.at_bar.base_rate
        self.say("")
        self.say(f"[bold]Pass or fail[/]: {escape(first.says)} (base rate {base})")
        table = _table("precision", "recall", "F1", "accuracy", "commoner class", "n")
        for grader in found.graders:
            bar = grader.pass_fail.at_bar
            table.add_row(
                _row(grader.name),
                _plain(bar.precision),
                _plain(bar.recall),
                _plain(bar.f1),
                _plain(bar.accuracy),
                _plain(bar.commoner_class),
                str(bar.accuracy.n),
            )
        self.say(table)
        bars = [grader.pass_fail.at_bar for grader in found.graders]
        self._reasons([figure for bar in bars for figure in (bar.precision, bar.recall, bar.f1, bar.accuracy)])

    def _standing(self, found: Evaluation) -> None:
        for grader in found.asked:
            if grader.standing is not None:
                self.say("")
                self.say(f"[bold]Without a person[/], {escape(visible(grader.name))}: {escape(grader.standing.said)}")

    def _counts(self, found: Evaluation) -> None:
        self.say("")
        table = _table("graded", "empty", "failed", "quotes", "cost", "p50/p90")
        for grader in found.graders:
            counts, usage = grader.counts, grader.usage
            quotes = f"{grader.quotes_found} of {grader.quotes_claimed}" if grader.quotes_claimed else "–"
            times = usage.latency_ms if usage else {}
            table.add_row(
                _row(grader.name),
                str(counts.graded),
                str(counts.not_answered),
                str(counts.ungraded),
                quotes,
                cost_of(usage),
                f"{times['p50'] / 1000:.1f}/{times['p90'] / 1000:.1f} s" if times else "–",
            )
        self.say(table)
        self.say("[dim]empty: nothing to grade; failed: could not be graded; quotes: found of claimed[/]")
        for grader in found.asked:
            for reason, count in list(grader.counts.reasons.items())[:_MOST_REASONS]:
                self.say(f"  [dim]·[/] {escape(visible(grader.name))}, {count} ungraded: {escape(visible(reason))}")

    def _comparisons(self, found: Evaluation) -> None:
        if not found.comparisons:
            return
        self.say("")
        self.say("[bold]Paired differences[/] of quadratic kappa on the same answers (first − second)")
        for pair in found.comparisons:
            self.say(f"{escape(visible(pair.first))} − {escape(visible(pair.second))}")
            for scope in pair.scopes:
                if scope.id not in {each.id for each in found.ceiling if each.kind != "question"}:
                    continue
                compared = scope.quadratic_kappa
                noise = _noise(scope.beyond_run_noise, compared.verdict)
                said = f"{_difference(compared.difference)}: {compared.verdict}{noise}"
                self.say(f"  {escape(scope.name)}: {said}")

    def _probes(self, found: Evaluation) -> None:
        for grader in found.asked:
            if grader.probes:
                self.say("")
                self.say(f"[bold]Probes[/] of {escape(visible(grader.name))}: share of levels that moved")
            for probe in grader.probes:
                moved, shift = probe.flips.moved, probe.flips.mean_shift
                self.say(f"  {probe.id}: {_difference(moved, sign='')}, mean shift {_signed(shift)} ({probe.says})")
            if grader.repeats:
                again = grader.repeats.flips.moved
                self.say(f"  {grader.repeats.runs} runs: {_difference(again, sign='')} of levels moved by themselves")

    def _attacks(self, found: Evaluation) -> None:
        for grader in found.asked:
            result = grader.attacks
            if result is None:
                continue
            self.say("")
            drawn = f", {result.sampled} drawn" if result.sampled else ""
            self.say(f"[bold]Attacks[/] on {escape(visible(grader.name))} (set {escape(result.set_id)}{drawn})")
            table = _table("succeeded", "95% interval", "detected", "n")
            for row in result.attacks:
                if row.by in ("all", "split", "carrier") or (row.by == "family" and row.succeeded.value):
                    table.add_row(
                        _row(row.value if row.by != "all" else "all attacks"),
                        _share(row.succeeded),
                        _share_interval(row.succeeded),
                        _share(row.detected),
                        str(row.attacks),
                    )
            self.say(table)
            self.say("[dim]succeeded: a level above the honest answer's, and no person looks[/]")
            table = _table("to a person", "95% interval", "noted", "n")
            for alarm in result.alarms:
                if alarm.by in ("all", "split", "native", "group"):
                    table.add_row(
                        _row(alarm.value if alarm.by != "all" else "honest look-alikes"),
                        _share(alarm.to_person),
                        _share_interval(alarm.to_person),
                        _share(alarm.noted),
                        str(alarm.answers),
                    )
            self.say(table)
            if result.ungraded:
                self.say(f"{result.ungraded} of them could not be graded and are in no share.")
            self.say(f"[dim]{escape(result.look)}[/]")

    def _against(self, found: Evaluation) -> None:
        if found.against is None:
            return
        self.say("")
        self.say(f"[bold]Against[/] {escape(found.against.file)} of {found.against.made_at}. {found.against.said}")
        for move in found.against.moves:
            self.say(f"  {_moved(move)}")

    def _gate(self, found: Evaluation) -> None:
        gate = found.gate
        if gate is None:
            return
        self.say("")
        if gate.passed:
            self._say_last(f"[bold green]Gate holds[/] ({len(gate.held)} conditions, {escape(gate.file)})")
            return
        self._say_last(f"[bold red]Gate fails[/] ({escape(gate.file)}):")
        for failure in gate.failures:
            self._say_last(f"  [dim]·[/] {escape(visible(failure))}")

    def _reasons(self, figures: Sequence[Estimate]) -> None:
        """Why figures above are n/a, each reason once."""
        for reason in dict.fromkeys(figure.reason for figure in figures if figure.reason is not None):
            self.say(f"[dim]n/a, because {escape(reason)}[/]")


def _table(*headings: str) -> Table:
    """A table whose first column is a name and the others figures."""
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("", overflow="ellipsis", no_wrap=True, max_width=_NAME_WIDTH, min_width=26)
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _row(name: str) -> str:
    return escape(shortened(visible(name), _NAME_WIDTH - 2))


def _kappa(figure: Estimate) -> tuple[str, str]:
    if figure.low is None or figure.high is None or (figure.low == figure.high and figure.note):
        return _plain(figure), "none"
    return _plain(figure), f"{decimals(figure.low)} to {decimals(figure.high)}"


def _plain(figure: Estimate) -> str:
    return "n/a" if figure.value is None else decimals(figure.value)


def _share(figure: Estimate) -> str:
    return "n/a" if figure.value is None else f"{figure.value:.1%}"


def _share_interval(figure: Estimate) -> str:
    return "–" if figure.low is None or figure.high is None else f"{figure.low:.1%} to {figure.high:.1%}"


def _signed(figure: Estimate) -> str:
    return "n/a" if figure.value is None else decimals(figure.value, "+")


def _difference(figure: Estimate, sign: str = "+") -> str:
    if figure.value is None:
        return f"n/a, because {figure.reason}"
    value = decimals(figure.value, sign)
    if figure.low is None or figure.high is None:
        return value
    return f"{value} ({decimals(figure.low, sign)} to {decimals(figure.high, sign)})"


def _noise(beyond: bool | None, outcome: str) -> str:
    """How a difference stands to run noise; nothing where there is no difference to speak of."""
    if beyond is None or outcome in NO_DIFFERENCE:
        return ""
    return "; beyond run noise" if beyond else "; within run noise"


def _moved(move: Move) -> str:
    change = "" if move.difference is None else f", {_difference(move.difference)}"
    noise = _noise(move.beyond_run_noise, move.outcome)
    said = f"{_plain(move.before)} → {_plain(move.now)}{change}: {move.outcome}{noise}"
    return f"{escape(visible(move.grader))}, {escape(move.name)}: {said}"
