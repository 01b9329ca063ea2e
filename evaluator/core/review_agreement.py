"""How far people and the grader agree, as their reviews show it; every figure with its interval and what it rests on.

A person who sees the grader's level first tends to agree with it. So kappa rests on blind labels alone, and the share
of levels that people confirm is said to be what it is: the production figure, not a measure of agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from evaluator.core.metrics.bootstrap import Resampling, resample_clusters, with_interval
from evaluator.core.metrics.estimate import Estimate, not_available
from evaluator.core.metrics.figures import pair_figures
from evaluator.core.metrics.share import share_of
from evaluator.core.review import Levels
from evaluator.core.rubric import Rubric

ShareKind = Literal["all", "criterion", "question", "grader", "week"]

_SEED = 1
_MOST_DRAWN = 4_000_000  # clusters times resamples: more takes more memory than it adds digits
_LEAST_RESAMPLES = 200
_MOST_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class LabelFact:
    """One person's standing label on one answer. `is_audit`: the answer was drawn, not flagged; `week`: ISO, 2026-W48.

    `levels` are what the person says now, `blind_levels` what they said before the grader's levels were shown.
    """

    user_id: str
    answer: str
    candidate: str
    question_id: str
    grader: str
    week: str
    levels: Levels
    blind_levels: Levels | None
    grader_levels: Levels | None
    is_audit: bool


@dataclass(frozen=True, slots=True)
class ConfirmedShare:
    """The share of levels, and of whole answers, that people left as the grader gave them; `answers` is None for a
    criterion.
    """

    kind: ShareKind
    id: str
    name: str
    levels: Estimate
    answers: Estimate | None

    @property
    def changed(self) -> float | None:
        """The share of levels that people changed."""
        return None if self.levels.value is None else 1 - self.levels.value


@dataclass(frozen=True, slots=True)
class BlindAgreement:
    """Agreement on one criterion (or all together, `id` "all") of labels that were given blind."""

    id: str
    name: str
    exact: Estimate
    quadratic_kappa: Estimate


@dataclass(frozen=True, slots=True)
class ReviewAgreement:
    """All figures of the answers that were labelled by one rubric.

    `with_grader` holds the grader against each blind label; `with_grader_on_drawn` the same on answers that were drawn
    at random although no flag sent them to a person: only these speak for all answers. `between_reviewers` holds two
    people's blind labels of the same answer against each other. All intervals are 95%, candidates drawn whole.
    """

    rubric: str
    reviewers: int
    labels: int
    answers: int
    candidates: int
    blind_labels: int
    shares: tuple[ConfirmedShare, ...]
    with_grader: tuple[BlindAgreement, ...]
    with_grader_on_drawn: tuple[BlindAgreement, ...]
    between_reviewers: tuple[BlindAgreement, ...]

    def shares_by(self, kind: ShareKind) -> tuple[ConfirmedShare, ...]:
        """The shares of one kind, in their order."""
        return tuple(each for each in self.shares if each.kind == kind)


def review_agreement(rubric: Rubric, questions: Mapping[str, str], labels: Sequence[LabelFact]) -> ReviewAgreement:
    """The figures of labels by one rubric. `questions`: titles by id."""
    blind = [each for each in labels if each.blind_levels is not None]
    with_grader = [_Pair(each.candidate, each.blind_levels, each.grader_levels, each.is_audit) for each in blind]
    return ReviewAgreement(
        rubric=f"{rubric.id}@{rubric.version}",
        reviewers=len({each.user_id for each in labels}),
        labels=len(labels),
        answers=len({each.answer for each in labels}),
        candidates=len({each.candidate for each in labels}),
        blind_labels=len(blind),
        shares=tuple(_shares(rubric, questions, labels)),
        with_grader=_agreement(rubric, with_grader),
        with_grader_on_drawn=_agreement(rubric, [each for each in with_grader if each.is_audit]),
        between_reviewers=_agreement(rubric, _between(blind)),
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two readings of one answer."""

    candidate: str
    first: Levels | None
    second: Levels | None
    is_audit: bool = False


def _between(blind: Sequence[LabelFact]) -> list[_Pair]:
    by_answer: dict[str, list[LabelFact]] = {}
    for each in blind:
        by_answer.setdefault(each.answer, []).append(each)
    return [
        _Pair(one.candidate, one.blind_levels, other.blind_levels)
        for given in by_answer.values()
        # Who comes first is by id, so that neither side is always the quicker one's.
        for one, other in combinations(sorted(given, key=lambda label: label.user_id), 2)
    ]


def _agreement(rubric: Rubric, pairs: Sequence[_Pair]) -> tuple[BlindAgreement, ...]:
    """By criterion, and all criteria together."""
    readings = [
        (criterion.id, pair.candidate, pair.first[criterion.id], pair.second[criterion.id])
        for pair in pairs
        if pair.first is not None and pair.second is not None
        for criterion in rubric.criteria
        if criterion.id in pair.first and criterion.id in pair.second
    ]
    if not readings:
        return ()
    resampling = _resampling([candidate for _, candidate, _, _ in readings])
    scale = [float(level) for level in rubric.scale.levels]
    rows = [("all", "All criteria"), *((each.id, each.name) for each in rubric.criteria)]
    found = []
    for wanted, name in rows:
        first = [float(one) if wanted in ("all", criterion) else None for criterion, _, one, _ in readings]
        second = [float(other) if wanted in ("all", criterion) else None for criterion, _, _, other in readings]
        if all(reading is None for reading in first):
            continue
        figures = pair_figures(first, second, scale, resampling, ("exact", "quadratic_kappa"))
        found.append(
            BlindAgreement(
                wanted,
                name,
                exact=with_interval(figures["exact"], resampling, share=True),
                quadratic_kappa=with_interval(figures["quadratic_kappa"], resampling),
            )
        )
    return tuple(found)


def _shares(rubric: Rubric, questions: Mapping[str, str], labels: Sequence[LabelFact]) -> Iterable[ConfirmedShare]:
    """Of labels on answers that the grader graded."""
    held = [each for each in labels if each.grader_levels]
    if not held:
        yield ConfirmedShare("all", "all", "All", _nothing(), _nothing())
        return
    levels = [
        (place, criterion, each.grader_levels[criterion] == level)
        for place, each in enumerate(held)
        if each.grader_levels
        for criterion, level in each.levels.items()
        if criterion in each.grader_levels
    ]
    by_level = _resampling([held[place].candidate for place, _, _ in levels])
    by_answer = _resampling([each.candidate for each in held])

    def row(kind: ShareKind, name: str, said: str, wanted: Sequence[bool]) -> ConfirmedShare:
        share = share_of([same if wanted[place] else None for place, _, same in levels], by_level)
        whole = [each.levels == each.grader_levels if is_in else None for each, is_in in zip(held, wanted, strict=True)]
        return ConfirmedShare(kind, name, said, share, share_of(whole, by_answer))

    yield row("all", "all", "All", [True] * len(held))
    for criterion in rubric.criteria:
        of_criterion = [same if name == criterion.id else None for _, name, same in levels]
        if any(each is not None for each in of_criterion):
            yield ConfirmedShare("criterion", criterion.id, criterion.name, share_of(of_criterion, by_level), None)
    for question in dict.fromkeys(sorted(each.question_id for each in held)):
        wanted = [each.question_id == question for each in held]
        yield row("question", question, questions.get(question, question), wanted)
    for grader in dict.fromkeys(sorted(each.grader for each in held)):
        yield row("grader", grader, grader, [each.grader == grader for each in held])
    for week in dict.fromkeys(sorted(each.week for each in held)):
        yield row("week", week, week, [each.week == week for each in held])


def _nothing() -> Estimate:
    return not_available("nobody has reviewed an answer that was graded", 0)


def _resampling(candidates: Sequence[str]) -> Resampling:
    clusters = len(set(candidates))
    resamples = max(_LEAST_RESAMPLES, min(_MOST_RESAMPLES, _MOST_DRAWN // clusters))
    return resample_clusters(candidates, seed=_SEED, resamples=resamples)
