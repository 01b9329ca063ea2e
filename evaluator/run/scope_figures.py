"""A grader's figures on each scope, slices, and the pass/fail view."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from evaluator.core.consensus import consensus_levels
from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.evaluation import LevelMean, PassFail, ResampledBy, ScopeFigures, Slice
from evaluator.core.metrics.alternative_annotator import alternative_annotator_test
from evaluator.core.metrics.bootstrap import Figure, with_interval
from evaluator.core.metrics.ceiling import beside_raters
from evaluator.core.metrics.classification import classification_figures, threshold_curve
from evaluator.core.metrics.estimate import Estimate
from evaluator.core.metrics.figures import SHARES, pair_figures, with_intervals
from evaluator.core.metrics.levels import Readings, nearest_positions, pair
from evaluator.core.positive_class import is_positive, total_score
from evaluator.run.scopes import Item, Levels, Scope

# Below these a slice is marked as too small to say.
LEAST_ANSWERS = 10
LEAST_CLUSTERS = 5
WIDEST = 0.5
SLICED = ("exact", "quadratic_kappa", "mean_absolute_error", "mean_signed_error")
_CURVE_POINTS = 25
_WORD = re.compile(r"\w+")


def scope_figures(
    scope: Scope, readings: Readings, drawn: Mapping[str, Figure], ceiling: Mapping[str, Figure] | None
) -> ScopeFigures:
    """Every figure of a grader's readings of one scope. `drawn` are those against the consensus, `ceiling` the raters'
    own; without a ceiling (a constant) there is nothing but the consensus."""
    total = scope.kind == "total"
    beside = None if ceiling is None else beside_raters(readings, scope.raters, scope.scale, scope.resampling, ceiling)
    return ScopeFigures(
        kind=scope.kind,
        id=scope.id,
        name=scope.name,
        unit=scope.unit,
        scale=scope.scale,
        consensus=with_intervals(drawn, scope.resampling),
        raters={} if beside is None else dict(beside.of_each),
        mean_over_raters=None if beside is None else beside.mean,
        ratio=None if beside is None else beside.ratio,
        replacement=None if beside is None else alternative_annotator_test(readings, scope.raters),
        confusion=None if total else _confusion(scope, readings),
        by_level=() if total else tuple(_by_level(scope, readings)),
    )


def slices_of(
    everything: Scope,
    readings: Readings,
    by: ResampledBy,
    notes: Mapping[str, Sequence[str]],
    columns: Mapping[str, Mapping[str, str]],
) -> tuple[Slice, ...]:
    """The parts of the split: by question, level band, length, rater disagreement, note, and the given columns."""
    found = []
    for name, values in _ways_to_slice(everything, notes, columns):
        for value in sorted({value for each in values for value in each}):
            keep = [value in each for each in values]
            of_part = [reading for reading, kept in zip(readings, keep, strict=True) if kept]
            found.append(_slice(name, value.partition("\t")[2] or value, everything.part(keep, by), of_part))
    return tuple(found)


def _ways_to_slice(
    scope: Scope, notes: Mapping[str, Sequence[str]], columns: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, list[Sequence[str]]]]:
    """Each way with the values of every item; an item may have several, or none."""
    items = scope.items
    quartile = _length_quartiles({item.answer_id: item.labelled for item in items})
    yield "question", [(item.labelled.answer.question_id,) for item in items]
    yield "level band", [_band(scope.scale, level) for level in scope.consensus]
    yield "length", [(quartile[item.answer_id],) for item in items]
    yield "raters", [_rater_agreement(item) for item in items]
    if notes:
        yield "note", [tuple(notes.get(item.answer_id, ("no note",))) for item in items]
    for column, value in columns.items():
        yield column, [(value.get(item.answer_id, "no value"),) for item in items]


def pass_fail_view(
    eval_set: EvalSet,
    answers: Sequence[LabelledAnswer],
    levels: Levels,
    scope: Scope,
    ceiling: Mapping[str, Figure] | None,
) -> PassFail:
    """Precision, recall and the rest against the set's positive class, at the bar and along the grader's score.

    `scope` holds the raters' classes, `ceiling` their own agreement on them (None for a constant).
    """
    truth, called = truth_of(eval_set, answers), calls_of(eval_set, answers, levels)
    classes = [None if call is None else float(call) for call in called]
    drawn = pair_figures(classes, scope.consensus, scope.scale, scope.resampling)
    asked = {question.id: question.criteria for question in eval_set.questionnaire.questions}
    scores = [
        total_score(levels.get(each.answer.answer_id, {}), asked[each.answer.question_id], eval_set.rubric)
        for each in answers
    ]
    return PassFail(
        says=eval_set.manifest.positive_class.says,
        agreement=scope_figures(scope, classes, drawn, ceiling),
        at_bar=classification_figures(truth, called, scope.resampling),
        curve=threshold_curve(truth, scores, scope.resampling, most_points=_CURVE_POINTS),
    )


def calls_of(eval_set: EvalSet, answers: Sequence[LabelledAnswer], levels: Levels) -> list[bool | None]:
    """Whether a grader's levels pass each answer; None where it gave none."""
    return [
        is_positive(eval_set, each, levels[each.answer.answer_id]) if each.answer.answer_id in levels else None
        for each in answers
    ]


def truth_of(eval_set: EvalSet, answers: Sequence[LabelledAnswer]) -> list[bool | None]:
    """Whether the consensus passes each answer; None where labels are missing."""
    return [is_positive(eval_set, each, consensus_levels(each)) for each in answers]


def _confusion(scope: Scope, readings: Readings) -> tuple[tuple[int, ...], ...]:
    """Consensus level (rows) by grader's level (columns)."""
    pairs = pair(scope.consensus, readings)
    size = len(scope.scale)
    counts = [[0] * size for _ in range(size)]
    rows, columns = nearest_positions(pairs.first, scope.scale), nearest_positions(pairs.second, scope.scale)
    for row, column in zip(rows, columns, strict=True):
        counts[row][column] += 1
    return tuple(tuple(row) for row in counts)


def _by_level(scope: Scope, readings: Readings) -> Iterator[LevelMean]:
    pairs = pair(scope.consensus, readings)
    positions = nearest_positions(pairs.first, scope.scale)
    for place, level in enumerate(scope.scale):
        held = pairs.second[positions == place]
        if len(held):
            yield LevelMean(level=level, n=len(held), mean=float(held.mean()))


def _slice(by: str, value: str, part: Scope, readings: Readings) -> Slice:
    drawn = pair_figures(readings, part.consensus, part.scale, part.resampling, SLICED)
    figures = {key: with_interval(drawn[key], part.resampling, share=key in SHARES) for key in SLICED}
    graded = [item for item, reading in zip(part.items, readings, strict=True) if reading is not None]
    answers = len({item.answer_id for item in graded})
    candidates = len({item.labelled.answer.candidate_id for item in graded})
    return Slice(
        by=by,
        value=value,
        answers=answers,
        candidates=candidates,
        exact=figures["exact"],
        quadratic_kappa=figures["quadratic_kappa"],
        mean_absolute_error=figures["mean_absolute_error"],
        mean_signed_error=figures["mean_signed_error"],
        too_small=_too_small(answers, figures["exact"]),
    )


def _too_small(answers: int, exact: Estimate) -> str | None:
    """Why a slice shows little: too few answers or clusters, or an interval of agreement half the range wide."""
    if answers < LEAST_ANSWERS:
        return f"fewer than {LEAST_ANSWERS} answers"
    if (exact.clusters or 0) < LEAST_CLUSTERS:
        return f"fewer than {LEAST_CLUSTERS} independent groups"
    if exact.low is None or exact.high is None:
        return "no interval"
    return "the interval is half the range wide" if exact.high - exact.low > WIDEST else None


def _band(scale: Sequence[float], level: float | None) -> tuple[str, ...]:
    """The third of the scale that the consensus lies in; a tab keeps the bands in order."""
    if level is None:
        return ()
    place = (level - scale[0]) / (scale[-1] - scale[0])
    return ("1\tlow third",) if place < 1 / 3 else ("2\tmiddle third",) if place <= 2 / 3 else ("3\thigh third",)


def _length_quartiles(answers: Mapping[str, LabelledAnswer]) -> dict[str, str]:
    words = {answer_id: len(_WORD.findall(each.answer.text)) for answer_id, each in answers.items()}
    lengths = sorted(words.values())
    ends = [lengths[max(0, round(len(lengths) * part / 4) - 1)] for part in (1, 2, 3)]
    names = (
        f"1\tup to {ends[0]} words",
        f"2\t{ends[0] + 1} to {ends[1]} words",
        f"3\t{ends[1] + 1} to {ends[2]} words",
        f"4\tover {ends[2]} words",
    )
    return {answer_id: names[sum(count > end for end in ends)] for answer_id, count in words.items()}


def _rater_agreement(item: Item) -> tuple[str, ...]:
    given = [label.level for label in item.labelled.labels if label.criterion_id == item.criterion_id]
    if len(given) < 2:
        return ("one label only",) if given else ()
    return ("raters agree",) if min(given) == max(given) else ("raters differ",)
