"""The plots of an evaluation report, each with the sentence that says what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes

from evaluator.core.evaluation import Evaluation, GraderResult, ScopeFigures, Slice
from evaluator.core.metrics.estimate import Estimate
from evaluator.report.themed_svg import ACCENT, CARD, INK, LINE, SERIES, SOFT, as_svg, plain_axes, themed_figure
from evaluator.report.themed_svg import short_name as _name
from evaluator.report.wording import counted

_DARKEST = 0.55


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing and the sentence under it."""

    svg: Markup
    says: str


def agreement_plot(found: Evaluation) -> Plot:
    """Quadratic kappa of every row with its interval, beside the raters' own, scope by scope."""
    scopes = [scope for scope in found.ceiling if scope.kind != "question"]
    rows = len(found.graders) + 1
    figure = themed_figure(11.4, 0.55 + len(scopes) * (0.3 + 0.21 * rows))
    axes = figure.subplots()
    plain_axes(axes)
    at, ticks, labels = 0.0, [], []
    for scope in scopes:
        axes.text(
            -0.01,
            at,
            scope.name,
            ha="right",
            va="center",
            color=INK,
            fontsize=9,
            fontweight="bold",
            transform=axes.get_yaxis_transform(),
        )
        at += 1
        named = [("raters among themselves", scope.figures.quadratic_kappa, INK, "D")]
        for place, grader in enumerate(found.graders):
            figures = grader.scope(scope.id)
            if figures is not None:
                named.append((grader.name, figures.consensus.quadratic_kappa, SERIES[place % len(SERIES)], "o"))
        for name, kappa, colour, marker in named:
            _interval(axes, kappa, at, colour, marker)
            ticks.append(at)
            labels.append(_name(name))
            at += 1
        at += 0.5
    axes.axvline(found.rule.least_kappa, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.grid(axis="x", color=LINE, linewidth=0.8)
    axes.set_yticks(ticks, labels)
    axes.set_ylim(at - 0.5, -0.8)
    left = min([0.0, *(low for low in _lows(found) if low is not None)])
    axes.set_xlim(max(-1.0, left) - 0.02, 1.02)
    axes.set_xlabel("quadratic weighted kappa")
    asked = found.asked[0]
    below = [scope.name for scope in _deciding(asked) if _low(scope.consensus.quadratic_kappa) < found.rule.least_kappa]
    on = f"is below it for {', '.join(below)}" if below else "is at it or above on every criterion and the total"
    says = (
        f"Agreement with the {found.eval_set.consensus}, with 95% intervals; diamonds are the raters among themselves. "
        f"The dashed line is {found.rule.least_kappa:g}: the lower end of {_name(asked.name)} {on}."
    )
    return Plot(as_svg(figure, "agreement", says), says)


def confusion_plot(grader: GraderResult, consensus: str, name: str) -> Plot:
    """Levels of the consensus against the grader's, a matrix a criterion."""
    scopes = [scope for scope in grader.scopes if scope.kind == "criterion" and scope.confusion]
    figure = themed_figure(min(3.8 * len(scopes), 11.4), 3.6)
    for axes, scope in zip(figure.subplots(1, len(scopes), squeeze=False)[0], scopes, strict=True):
        _matrix(axes, scope)
        axes.set_xlabel("grader")
    figure.axes[0].set_ylabel(consensus)
    worst = max(scopes, key=lambda scope: sum(_apart(scope)))
    one, more = _apart(worst)
    says = (
        f"How often {_name(grader.name)} gave each level (columns) where the {consensus} gave each level (rows); the "
        f"outlined cells agree. On {worst.name}, {counted(one, 'answer')} lie one level off and {more} further."
    )
    return Plot(as_svg(figure, name, says), says)


def level_plot(found: Evaluation) -> Plot:
    """The mean level that each grader gives at each consensus level."""
    scopes = [scope for scope in found.graders[0].scopes if scope.kind == "criterion"]
    figure = themed_figure(min(3.8 * len(scopes), 11.4), 3.8)
    cells = figure.subplots(1, len(scopes), squeeze=False, sharey=True)[0]
    for axes, scope in zip(cells, scopes, strict=True):
        plain_axes(axes)
        ends = [scope.scale[0], scope.scale[-1]]
        axes.plot(ends, ends, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
        for place, grader in enumerate(found.graders):
            figures = grader.scope(scope.id)
            if figures is not None and (grader.asked or grader.grader is not None):
                colour = SERIES[place % len(SERIES)]
                levels, means = [p.level for p in figures.by_level], [p.mean for p in figures.by_level]
                axes.plot(
                    levels, means, color=colour, linewidth=1.4, marker="o", markersize=4, label=_name(grader.name)
                )
        axes.grid(color=LINE, linewidth=0.8)
        axes.set_title(scope.name, loc="left", color=INK, fontsize=10)
        axes.set_xlabel(found.eval_set.consensus)
        axes.set_xticks(scope.scale, [f"{level:g}" for level in scope.scale])
        axes.set_yticks(scope.scale, [f"{level:g}" for level in scope.scale])
        axes.set_xlim(ends[0] - 0.2, ends[1] + 0.2)
        axes.set_ylim(ends[0] - 0.2, ends[1] + 0.2)
    cells[0].set_ylabel("mean level given")
    figure.legend(
        *cells[0].get_legend_handles_labels(),
        loc="outside lower left",
        ncols=3,
        frameon=False,
        fontsize=9,
        labelcolor=SOFT,
    )
    lean = _lean(found.asked[0])
    says = (
        f"The mean level given to answers of each level by the {found.eval_set.consensus}: on the dashed line a grader "
        f"is as generous as the raters, above it more so. {_name(found.asked[0].name)} {lean}."
    )
    return Plot(as_svg(figure, "levels", says), says)


def threshold_plot(found: Evaluation) -> Plot | None:
    """Precision and recall of the first asked grader along its score; None where there is no curve."""
    grader = found.asked[0]
    points = grader.pass_fail.curve
    drawn = [(point.threshold, point.figures.precision.value, point.figures.recall.value) for point in points]
    kept = [(at, precision, recall) for at, precision, recall in drawn if precision is not None and recall is not None]
    if len(kept) < 2:
        return None
    figure = themed_figure(11.4, 3.2)
    axes = figure.subplots()
    plain_axes(axes)
    axes.step([at for at, _, _ in kept], [p for _, p, _ in kept], where="post", color=SERIES[0], label="precision")
    axes.step(
        [at for at, _, _ in kept],
        [r for _, _, r in kept],
        where="post",
        color=SERIES[1],
        label="recall",
        linestyle=(0, (5, 2)),
    )
    base = points[0].figures.base_rate.value
    if base is not None:
        axes.axhline(base, color=SOFT, linewidth=0.8, linestyle=(0, (2, 2)), label="base rate")
    axes.grid(color=LINE, linewidth=0.8)
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("score from which an answer is called positive")
    axes.legend(frameon=False, fontsize=9, labelcolor=SOFT, loc="best")
    says = (
        f"Precision and recall of {_name(grader.name)} where an answer is called positive from each score on. Positive "
        f"is: {grader.pass_fail.says}. Precision is to be read against the base rate, "
        + ("n/a." if base is None else f"{base:.0%}.")
    )
    return Plot(as_svg(figure, "threshold", says), says)


def slice_plot(grader: GraderResult, name: str) -> Plot | None:
    """Mean absolute error of every slice with its interval; hollow where a slice is too small to say."""
    if not grader.slices:
        return None
    figure = themed_figure(11.4, 0.6 + 0.21 * (len(grader.slices) + 1.2 * len({each.by for each in grader.slices})))
    axes = figure.subplots()
    plain_axes(axes)
    at, ticks, labels = 0.0, [], []
    for by, group in _groups(grader.slices):
        axes.text(
            -0.01,
            at,
            by,
            ha="right",
            va="center",
            color=INK,
            fontsize=9,
            fontweight="bold",
            transform=axes.get_yaxis_transform(),
        )
        at += 1
        for each in group:
            _interval(axes, each.mean_absolute_error, at, SERIES[0], "o", hollow=each.too_small is not None)
            ticks.append(at)
            labels.append(f"{_name(each.value)} ({each.answers})")
            at += 1
        at += 0.4
    axes.grid(axis="x", color=LINE, linewidth=0.8)
    axes.set_yticks(ticks, labels)
    axes.set_ylim(at - 0.5, -0.8)
    axes.set_xlim(left=-0.02)
    axes.set_xlabel("mean absolute error, in levels")
    says = (
        f"How far {_name(grader.name)} is from the raters in each part of the split (answers in brackets). "
        f"{_worst_slice(grader)}"
    )
    return Plot(as_svg(figure, name, says), says)


def _worst_slice(grader: GraderResult) -> str:
    told = [each for each in grader.slices if each.too_small is None and each.mean_absolute_error.value is not None]
    if not told:
        return "Every part is too small to say (hollow)."
    worst = max(told, key=lambda each: each.mean_absolute_error.value or 0.0)
    value = worst.mean_absolute_error.value or 0.0
    where = f"{worst.by} “{worst.value}”"
    return f"Hollow parts are too small to say. Of the others it is farthest on {where}: {value:.2f} levels."


def _interval(axes: Axes, figure: Estimate, at: float, colour: str, marker: str, *, hollow: bool = False) -> None:
    if figure.value is None:
        axes.text(0.005, at, "n/a", color=SOFT, fontsize=8, va="center", transform=axes.get_yaxis_transform())
        return
    if figure.low is not None and figure.high is not None:
        axes.plot([figure.low, figure.high], [at, at], color=colour, linewidth=1.6, solid_capstyle="butt")
    face = CARD if hollow else colour
    axes.plot([figure.value], [at], marker=marker, markersize=5.5, color=colour, markerfacecolor=face, linestyle="")


def _matrix(axes: Axes, scope: ScopeFigures) -> None:
    from matplotlib.patches import Rectangle

    plain_axes(axes)
    counts = scope.confusion or ()
    most = max((max(row) for row in counts), default=0) or 1
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            shade = _DARKEST * count / most
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=ACCENT, alpha=shade, linewidth=0))
            if row == column:
                axes.add_patch(
                    Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, fill=False, edgecolor=SOFT, linewidth=0.8)
                )
            axes.text(
                column,
                row,
                str(count) if count else "·",
                ha="center",
                va="center",
                fontsize=9,
                color=INK if count else SOFT,
            )
    names = [f"{level:g}" for level in scope.scale]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(-0.5, len(names) - 0.5)
    axes.set_aspect("equal")
    axes.set_title(scope.name, loc="left", color=INK, fontsize=10)


def _apart(scope: ScopeFigures) -> tuple[int, int]:
    """How many answers lie one level off, and how many further."""
    counts = scope.confusion or ()
    gaps = [(abs(row - column), count) for row, line in enumerate(counts) for column, count in enumerate(line)]
    return sum(count for gap, count in gaps if gap == 1), sum(count for gap, count in gaps if gap > 1)


def _lean(grader: GraderResult) -> str:
    def lean(figure: Estimate) -> str:
        if figure.value is None or figure.low is None or figure.high is None:
            return "cannot be told"
        return "generous" if figure.low > 0 else "strict" if figure.high < 0 else "neither"

    leans = {
        scope.name: lean(scope.consensus.mean_signed_error) for scope in grader.scopes if scope.kind == "criterion"
    }
    said = [
        f"is the more {way} on {', '.join(names)}"
        for way in ("generous", "strict")
        if (names := [name for name, found in leans.items() if found == way])
    ]
    return " and ".join(said) if said else "leans to neither side by more than chance would"


def _groups(slices: Sequence[Slice]) -> Iterator[tuple[str, list[Slice]]]:
    for by in dict.fromkeys(each.by for each in slices):
        yield by, [each for each in slices if each.by == by]


def _deciding(grader: GraderResult) -> list[ScopeFigures]:
    return [scope for scope in grader.scopes if scope.kind != "question"]


def _lows(found: Evaluation) -> Iterator[float | None]:
    for grader in found.graders:
        for scope in _deciding(grader):
            yield scope.consensus.quadratic_kappa.low


def _low(figure: Estimate) -> float:
    return -1.0 if figure.low is None else figure.low
