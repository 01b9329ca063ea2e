"""The plots of an evaluation report about confidence: can it be taken at its word, and what standing grades risk."""

from __future__ import annotations

from evaluator.core.evaluation import GraderResult
from evaluator.core.metrics.reliability import CoveragePoint, ReliabilityBin
from evaluator.report.evaluation_plots import Plot
from evaluator.report.themed_svg import ACCENT, LINE, SERIES, SOFT, as_svg, plain_axes, short_name, themed_figure
from evaluator.report.wording import counted

_DASHED, _DOTTED = (0, (4, 3)), (0, (2, 2))
_SMALLEST, _LARGEST = 20.0, 220.0  # area of a bin's dot, in square points


def reliability_plot(grader: GraderResult, name: str) -> Plot | None:
    """How often grades were right at each confidence; None where grades carry no confidence."""
    if grader.reliability is None or not grader.reliability.bins:
        return None
    bins = grader.reliability.bins
    figure = themed_figure(5.2, 4.2)
    axes = figure.subplots()
    plain_axes(axes)
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=0.8, linestyle=_DASHED)
    most = max(each.n for each in bins)
    axes.plot(
        [each.mean_predicted for each in bins], [each.mean_observed for each in bins], color=SERIES[0], linewidth=1.2
    )
    axes.scatter(
        [each.mean_predicted for each in bins],
        [each.mean_observed for each in bins],
        s=[_SMALLEST + (_LARGEST - _SMALLEST) * each.n / most for each in bins],
        color=SERIES[0],
        clip_on=False,
        zorder=3,
    )
    axes.grid(color=LINE, linewidth=0.8)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.set_xlabel("confidence")
    axes.set_ylabel("share of grades that were right")
    says = (
        f"How often no level of a grade by {short_name(grader.name)} was off by more than one, at each confidence; on "
        f"the dashed line confidence can be taken at its word, below it the grader is too sure. Larger dots are more "
        f"answers. The mean gap is {grader.reliability.calibration_error}; {_fullest(bins)}."
    )
    return Plot(as_svg(figure, name, says), says)


def coverage_plot(grader: GraderResult, name: str) -> Plot | None:
    """Risk along coverage, with what was promised; None where grades carry no confidence."""
    if grader.coverage is None or not grader.coverage.points:
        return None
    figure = themed_figure(11.4, 3.2)
    axes = figure.subplots()
    plain_axes(axes)
    points = grader.coverage.points
    axes.step([p.coverage for p in points], [p.risk for p in points], where="post", color=ACCENT)
    axes.plot([points[-1].coverage], [points[-1].risk], marker="o", markersize=4, color=ACCENT)
    axes.grid(color=LINE, linewidth=0.8)
    axes.set_xlabel("share of answers whose grade stands, surest first")
    axes.set_ylabel("a level off by more than one")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(bottom=0, top=max(0.1, 1.1 * max(p.risk for p in points)))
    standing = grader.standing
    if standing is not None:
        axes.axhline(standing.promised_risk, color=SOFT, linewidth=0.8, linestyle=_DASHED)
        if standing.coverage.value is not None:
            axes.axvline(standing.coverage.value, color=SOFT, linewidth=0.8, linestyle=_DOTTED)
    says = (
        f"The share of answers with a level off by more than one, when only the surest grades of "
        f"{short_name(grader.name)} stand: {_at_half(points)}{points[-1].risk:.1%} when all "
        f"{counted(points[-1].standing, 'grade')} stand.{_promised(grader)}"
    )
    return Plot(as_svg(figure, name, says), says)


def _at_half(points: tuple[CoveragePoint, ...]) -> str:
    half = next(point for point in points if point.coverage >= 0.5)
    return "" if half is points[-1] else f"{half.risk:.1%} at {half.coverage:.0%} standing, "


def _promised(grader: GraderResult) -> str:
    standing = grader.standing
    if standing is None:
        return ""
    line = f" The dashed line is the risk that may not be passed, {standing.promised_risk:.3g}"
    if standing.coverage.value is None:
        return f"{line}; the calibration could promise it for no grade."
    return f"{line}; the dotted one is where the calibration's threshold lies on this split."


def _fullest(bins: tuple[ReliabilityBin, ...]) -> str:
    fullest = max(bins, key=lambda each: each.n)
    return (
        f"most answers ({fullest.n}) have a confidence of {fullest.low:.1f} to {fullest.high:.1f}, and "
        f"{fullest.mean_observed:.0%} of these were right"
    )
