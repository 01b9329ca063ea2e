"""The report of an evaluation: one self-contained page, the verdict first, each plot with a sentence.

No script, no address outside the page. What candidates and models wrote is escaped, and characters that hide are
written out, as in the report of a grading run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from evaluator.core.evaluation import Evaluation, GraderResult
from evaluator.core.look import ordinal
from evaluator.core.metrics.comparison import NO_DIFFERENCE
from evaluator.core.metrics.estimate import Estimate, decimals
from evaluator.files.whole_file import whole_file
from evaluator.report.confidence_plots import coverage_plot, reliability_plot
from evaluator.report.evaluation_plots import (
    Plot,
    agreement_plot,
    confusion_plot,
    level_plot,
    slice_plot,
    threshold_plot,
)
from evaluator.report.page_templates import page_templates
from evaluator.report.wording import cost_of

_GENERATOR = "screening answer evaluator evaluation"
# With more questions than this, the table of every figure leaves single questions out; eval.json has them.
_MOST_QUESTIONS = 8
_LOOKS = {"adequate": "meets", "not adequate": "review", "cannot tell with this set": "open"}


@dataclass(frozen=True, slots=True)
class GraderSection:
    """What the page shows of one asked grader."""

    anchor: str
    result: GraderResult
    look: str
    confusion: Plot
    slices: Plot | None
    coverage: Plot | None
    reliability: Plot | None


def write_evaluation_report(path: Path, found: Evaluation) -> None:
    """Writes the report to `path`, whole or not at all. Raises OutputError where it cannot be written."""
    page = _templates().get_template("evaluation.html.j2").render(_context(found))
    with whole_file(path) as partial:
        partial.write_text(page, encoding="utf-8", newline="\n")


def _context(found: Evaluation) -> Mapping[str, Any]:
    sections = [
        GraderSection(
            anchor=f"g{place}",
            result=grader,
            look=_LOOKS[grader.verdict.outcome] if grader.verdict else "open",
            confusion=confusion_plot(grader, found.eval_set.consensus, f"confusion{place}"),
            slices=slice_plot(grader, f"slices{place}"),
            coverage=coverage_plot(grader, f"coverage{place}"),
            reliability=reliability_plot(grader, f"reliability{place}"),
        )
        for place, grader in enumerate(found.asked, start=1)
    ]
    questions = [each for each in found.ceiling if each.kind == "question"]
    deciding = [each for each in found.ceiling if each.kind != "question"]
    detailed = list(found.ceiling) if len(questions) <= _MOST_QUESTIONS else deciding
    return {
        "found": found,
        "set": found.eval_set,
        "sections": sections,
        "agreement": agreement_plot(found),
        "levels": level_plot(found),
        "threshold": threshold_plot(found),
        "deciding": deciding,
        "questions": questions,
        "detailed": detailed,
        "detailed_ids": {each.id for each in detailed},
        "generator": _GENERATOR,
        "no_difference": NO_DIFFERENCE,
    }


@cache
def _templates() -> Environment:
    environment = page_templates()
    environment.filters["figure"] = _figure
    environment.filters["signed"] = _signed
    environment.filters["interval"] = _interval
    environment.filters["why_not"] = _why_not
    environment.filters["cost"] = cost_of
    environment.filters["percent"] = _percent
    environment.filters["percent_interval"] = _percent_interval
    environment.globals["ordinal"] = ordinal
    return environment


def _figure(estimate: Estimate) -> str:
    return "n/a" if estimate.value is None else _two_decimals(estimate.value)


def _percent(estimate: Estimate) -> str:
    return "n/a" if estimate.value is None else f"{estimate.value:.1%}"


def _percent_interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "none"
    return f"{estimate.low:.1%} to {estimate.high:.1%}"


def _two_decimals(value: float) -> str:
    """A minus is a minus, and what rounds to nothing has no sign."""
    return decimals(value).replace("-", "−")


def _signed(estimate: Estimate) -> str:
    return "n/a" if estimate.value is None else decimals(estimate.value, "+").replace("-", "−")


def _interval(estimate: Estimate) -> str:
    """The interval, or nothing; why there is none is `why_not`."""
    if estimate.low is None or estimate.high is None or (estimate.low == estimate.high and estimate.note):
        return ""
    return f"{_two_decimals(estimate.low)} to {_two_decimals(estimate.high)}"


def _why_not(estimate: Estimate) -> str:
    """Why there is no figure, or what qualifies it; empty where it stands by itself."""
    if estimate.value is None:
        return f"n/a, because {estimate.reason}"
    return estimate.note or ""
