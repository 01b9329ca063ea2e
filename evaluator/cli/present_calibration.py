"""What `evaluator calibrate` shows in a terminal, 80 columns: what was tried, what was kept and why, what may stand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from evaluator.cli.present_evaluation import EvaluationPresenter
from evaluator.cli.terminal import visible
from evaluator.core.calibration import Calibration, Tried
from evaluator.core.calibration_words import standing_in_words
from evaluator.core.metrics.estimate import Estimate
from evaluator.run.calibrating import Calibrated
from evaluator.run.calibration_data import FitData
from evaluator.run.estimate import Estimate as Expected
from evaluator.run.evaluation_plan import GraderUnderTest

_PARTS = {"examples": "Graded examples", "map": "Levels to the raters' scale", "confidence": "Confidence"}
_RATERS = {
    "human": "",
    "model": "The labels are a model's: this brings the grader closer to that model, not to people.",
    "author": "The labels are the authors' own intentions, not independent readings.",
}


class CalibrationPresenter(EvaluationPresenter):
    """Writes for people on standard output."""

    def announce_calibration(
        self, data: FitData, each: GraderUnderTest, expected: Expected, with_examples: Expected | None
    ) -> None:
        """Which answers, who labelled them, and what the grader will take."""
        manifest, units = data.eval_set.manifest, len(set(data.unit_of.values()))
        self.say(f"[bold]{escape(visible(manifest.title))}[/], split calibration: {len(data.answers)} answers")
        self.say(
            f"{len(data.folds())} folds over {units} {manifest.split_by}s (copies kept together); "
            f"labels: {manifest.rater_kind}, raters: {len(manifest.raters)}."
        )
        if _RATERS[manifest.rater_kind]:
            self.say(_RATERS[manifest.rater_kind])
        self.announce_grader(each, expected, 1)
        if with_examples is not None and with_examples.input_tokens:
            cost = with_examples.cost_usd
            price = "price unknown (--price IN,OUT gives it)" if cost is None else f"about ${cost:.2f}"
            tokens = f"about {with_examples.input_tokens:,} tokens in, {with_examples.output_tokens:,} out"
            self.say(f"  And once more with graded examples: {tokens}, {price if cost != 0 else 'free'}")

    def calibrated(self, found: Calibrated, path: Path) -> None:
        """What was tried and kept, what may stand, and where the file is."""
        calibration = found.calibration
        self.say("")
        for part in ("examples", "map"):
            self._tried(part, [each for each in calibration.tried if each.part == part])
        self._confidence(calibration)
        for each in calibration.not_tried:
            self.say(f"[dim]Not tried: {escape(each)}.[/]")
        self.say("")
        style = "bold yellow" if calibration.standing.threshold is None else "bold green"
        self.say(f"[{style}]{escape(standing_in_words(calibration.standing))}[/]")
        for reason, count in found.ungraded.items():
            self.say(f"  [dim]·[/] {count} ungraded: {escape(visible(reason))}")
        self.say("[dim]Figures are out of fold on the split that chose what was kept, and flatter a little.[/]")
        self.say("[dim]Measure it on another split:  evaluator eval SET --calibration FILE[/]")
        self._last.print(f"Written: {escape(str(path))}", soft_wrap=True)

    def _tried(self, part: str, tried: Sequence[Tried]) -> None:
        if not tried:
            return
        self.say(f"[bold]{_PARTS[part]}[/], all criteria together, out of fold")
        table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 1, 0, 0))
        table.add_column("", no_wrap=True, min_width=20)
        for heading in ("RMSE 0-1", "95%", "QWK", "95%", "fall ± s.e."):
            table.add_column(heading, justify="right", no_wrap=True)
        for each in tried:
            fall = "–" if each.gain is None else f"{each.gain:+.4f} ±{each.error:.4f}"
            name = f"[bold]{escape(each.name)}[/] kept" if each.kept else escape(each.name)
            table.add_row(name, *_figure(each.rmse, 3), *_figure(each.quadratic_kappa, 2), fall)
        self._console.print(table)
        self.say(escape(_why(tried)))
        self.say("")

    def _confidence(self, calibration: Calibration) -> None:
        tried = [each for each in calibration.tried if each.part == "confidence"]
        kept = next(each for each in tried if each.kept)
        scores = ", ".join(f"{each.name} {each.loss:.4f}" for each in tried)
        self.say(f"[bold]{_PARTS['confidence']}[/]: {escape(kept.says)} (Brier score out of fold: {escape(scores)}).")


def _why(tried: Sequence[Tried]) -> str:
    """What was kept, in a sentence with the rule."""
    kept = next(each for each in tried if each.kept)
    if kept.gain is None or kept.error is None:
        return f"Kept: {kept.says}. Nothing else lowered the mean squared error by more than its standard error."
    return (
        f"Kept: {kept.says}. It lowers the mean squared error by {kept.gain:.4f}, more than the standard error of "
        f"that fall ({kept.error:.4f}); each is held against what was kept above it."
    )


def _figure(figure: Estimate | None, decimals: int) -> tuple[str, str]:
    if figure is None or figure.value is None:
        return "n/a", "–"
    interval = "none" if figure.low is None else f"{figure.low:.{decimals}f} to {figure.high:.{decimals}f}"
    return f"{figure.value:.{decimals}f}", interval
