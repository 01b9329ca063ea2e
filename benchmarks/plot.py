"""The plot: CPU an answer and memory of each client as SVG, readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contestants import OURS
from benchmarks.result_row import ResultRow
from benchmarks.table import cpu_an_answer

# Middle grey and two middle hues: enough contrast on white and on near-black, and the ground stays transparent.
_TEXT, _OURS, _OTHERS = "#7d8590", "#2f81f7", "#9a8c5c"


def write_plot(rows: Sequence[ResultRow], path: Path) -> None:
    """Bars by client of the cell `c64`, ours first. Raises ValueError where it has no rows."""
    groups: dict[str, list[ResultRow]] = {}
    for row in rows:
        if row.cell == "c64" and row.cpu_ms is not None:
            groups.setdefault(row.contestant, []).append(row)
    if not groups:
        raise ValueError("there are no results of the cell c64 to plot")
    cpu = {name: each for name, group in groups.items() if (each := cpu_an_answer(group)) is not None}
    groups = {name: groups[name] for name in cpu}
    if not groups:
        raise ValueError("too few answers in the cell c64 for CPU an answer; take --n 2000")
    memory = {name: median(row.peak_mb for row in group) for name, group in groups.items()}
    names = sorted(groups, key=lambda name: cpu[name], reverse=True)
    _draw(
        names, (("CPU milliseconds an answer", cpu, "{:.2f}"), ("Largest resident memory, MB", memory, "{:.0f}")), path
    )


def _draw(names: Sequence[str], panels: Sequence[tuple[str, dict[str, float], str]], path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    quiet: Any = {"text.color": _TEXT, "axes.labelcolor": _TEXT, "xtick.color": _TEXT, "ytick.color": _TEXT}
    with mpl.rc_context({**quiet, "axes.edgecolor": _TEXT, "svg.fonttype": "none", "svg.hashsalt": "benchmarks"}):
        figure = Figure(figsize=(9.0, 0.34 * len(names) + 1.1), layout="constrained")
        for place, (title, values, form) in enumerate(panels, start=1):
            axes = figure.add_subplot(1, len(panels), place)
            bars = axes.barh(
                names, [values[name] for name in names], color=[_OURS if name == OURS else _OTHERS for name in names]
            )
            axes.bar_label(bars, [form.format(values[name]) for name in names], padding=3, fontsize=8)
            largest, least = max(values.values()), min(values.values())
            if least > 0 and largest / least > 30:
                axes.set_xscale("log")
                axes.set_xlim(right=largest * 2.2)
            else:
                axes.set_xlim(right=largest * 1.15)
            axes.set_title(title, fontsize=10, loc="left")
            axes.tick_params(labelsize=8, labelleft=place == 1)
            axes.spines[["top", "right"]].set_visible(False)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})
