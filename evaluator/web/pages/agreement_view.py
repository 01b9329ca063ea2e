"""What the page of agreement shows: every figure as a number, its interval, what it rests on, and a mark on a scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.core.metrics.estimate import Estimate, decimals
from evaluator.core.review_agreement import BlindAgreement, ConfirmedShare, ReviewAgreement, ShareKind
from evaluator.report.wording import counted


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure. `at`, `low` and `high` are places on the scale in percent, None where there is nothing to draw."""

    name: str
    value: str
    interval: str
    n: int
    at: float | None
    low: float | None
    high: float | None
    why_not: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures that share a scale, from `left` to `right`; `zero` is where 0 lies in percent, None at the left end."""

    title: str
    unit: str
    rows: tuple[FigureRow, ...]
    left: str
    right: str
    zero: float | None
    are_shares: bool


@dataclass(frozen=True, slots=True)
class AgreementView:
    """The figures of one rubric."""

    rubric: str
    rests_on: str
    confirmed: FigureRow | None
    kappa: FigureRow | None
    shares: tuple[Figures, ...]
    kappas: tuple[Figures, ...]
    no_blind: bool
    why_nots: tuple[str, ...]


_KINDS: tuple[tuple[ShareKind, str], ...] = (
    ("criterion", "By criterion"),
    ("question", "By question"),
    ("grader", "By grader and prompt"),
    ("week", "By week"),
)


def agreement_view(found: ReviewAgreement) -> AgreementView:
    """Everything that is shown of these figures."""
    whole = found.shares_by("all")
    shares = [_shares(title, found.shares_by(kind)) for kind, title in _KINDS]
    kappas = [
        _kappas("Grader with reviewers", found.with_grader),
        _kappas("The same, on answers drawn at random", found.with_grader_on_drawn),
        _kappas("Reviewers among themselves", found.between_reviewers),
    ]
    drawn = [each for each in (*shares, *kappas) if each.rows]
    return AgreementView(
        rubric=found.rubric,
        rests_on=f"{counted(found.labels, 'label')} by {counted(found.reviewers, 'reviewer')} on "
        f"{counted(found.answers, 'answer')} of {counted(found.candidates, 'candidate')}; "
        f"{found.blind_labels:,} of the labels were given blind.",
        confirmed=_row("", whole[0].levels, 0.0, are_shares=True) if whole else None,
        kappa=_row("", found.with_grader[0].quadratic_kappa, -1.0, are_shares=False) if found.with_grader else None,
        shares=tuple(each for each in shares if each.rows),
        kappas=tuple(each for each in kappas if each.rows),
        no_blind=not found.with_grader,
        why_nots=tuple(
            dict.fromkeys(
                f"{each.title}, {row.name}: {row.why_not}" for each in drawn for row in each.rows if row.why_not
            )
        ),
    )


def _shares(title: str, shares: Sequence[ConfirmedShare]) -> Figures:
    rows = tuple(_row(each.name, each.levels, 0.0, are_shares=True) for each in shares)
    return Figures(title, "levels left as the grader gave them", rows, "0%", "100%", None, are_shares=True)


def _kappas(title: str, found: Sequence[BlindAgreement]) -> Figures:
    lows = [low for each in found if (low := _lowest(each.quadratic_kappa)) is not None]
    left = min(0.0, *lows, 0.0) if lows else 0.0
    left = max(-1.0, math.floor(left * 5) / 5)
    rows = tuple(_row(each.name, each.quadratic_kappa, left, are_shares=False) for each in found)
    zero = None if left == 0 else 100 * -left / (1 - left)
    return Figures(title, "quadratic weighted kappa", rows, f"{left:g}".replace("-", "−"), "1", zero, are_shares=False)


def _row(name: str, figure: Estimate, left: float, *, are_shares: bool) -> FigureRow:
    def place(value: float | None) -> float | None:
        return None if value is None else round(100 * (max(value, left) - left) / (1 - left), 2)

    shown = _percent if are_shares else _two
    interval = ""
    if figure.low is not None and figure.high is not None:
        ends = [f"{100 * end:.0f}%" if are_shares else _minus(decimals(end)) for end in (figure.low, figure.high)]
        interval = f"{ends[0]} to {ends[1]}"
    return FigureRow(
        name=name,
        value=shown(figure),
        interval=interval,
        n=figure.n,
        at=place(figure.value),
        low=place(figure.low),
        high=place(figure.high),
        why_not=figure.reason or figure.note or "",
    )


def _lowest(figure: Estimate) -> float | None:
    return figure.low if figure.low is not None else figure.value


def _percent(figure: Estimate) -> str:
    return "n/a" if figure.value is None else f"{100 * figure.value:.0f}%"


def _two(figure: Estimate) -> str:
    return "n/a" if figure.value is None else _minus(decimals(figure.value))


def _minus(text: str) -> str:
    return text.replace("-", "−")
