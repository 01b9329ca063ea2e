"""Choosing the map from a grader's levels to the raters' by cross-validation, from the simplest up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evaluator.core.calibration import Tried, calibrated_levels
from evaluator.core.confidence import is_wrong
from evaluator.core.grade import CriterionGrade, Grade
from evaluator.core.level_map import LevelMaps
from evaluator.core.metrics.cross_validation import Gain, gain_of
from evaluator.core.metrics.figures import agreement_figures
from evaluator.core.metrics.level_map_fit import AS_IT_IS, LevelReading, MapRecipe, recipes_for
from evaluator.core.metrics.share import share_of
from evaluator.run.calibration_data import FitData


@dataclass(frozen=True, slots=True, eq=False)
class TriedMap:
    """A way to map (None: the grader's levels as they are) with what it gives out of fold.

    `maps` are those fitted without each fold, by fold; `levels` and `losses` (squared errors on 0-1) are along the
    readings. `gain` is over what was kept until then; None for the first.
    """

    recipe: MapRecipe | None
    maps: Mapping[int, LevelMaps]
    levels: Sequence[float]
    losses: Sequence[float]
    gain: Gain | None

    @property
    def mean_loss(self) -> float:
        return sum(self.losses) / len(self.losses)


@dataclass(frozen=True, slots=True, eq=False)
class MapChoice:
    """What was tried on one pass of grades, and which of it is kept."""

    data: FitData
    grades: Mapping[str, Grade]
    readings: Sequence[LevelReading]
    tried: tuple[TriedMap, ...]
    kept: TriedMap

    def final_maps(self) -> LevelMaps | None:
        """The kept way, fitted on all readings; None where levels stay as they are."""
        return self.kept.recipe.fit(self.readings, self._scale) if self.kept.recipe else None

    def criteria_out_of_fold(self, answer_id: str) -> Sequence[CriterionGrade]:
        """An answer's criteria through the map that was fitted without its fold."""
        grade = self.grades[answer_id]
        maps = self.kept.maps.get(self.data.fold(answer_id))
        return calibrated_levels(maps, grade.question_id, grade.criteria, self.data.eval_set.rubric)

    def wrong_out_of_fold(self, answer_id: str) -> bool | None:
        """Whether an answer's grade so mapped has a level off by more than one; None where it cannot be told."""
        return self._wrong(self.kept, answer_id)

    def records(self) -> tuple[Tried, ...]:
        """Everything that was tried, with its figures."""
        return tuple(self._record(each) for each in self.tried)

    @property
    def _scale(self) -> Sequence[int]:
        return self.data.eval_set.rubric.scale.levels

    def _record(self, tried: TriedMap) -> Tried:
        resampling = self.data.resampling([each.answer_id for each in self.readings])
        scale = [float(level) for level in self._scale]
        consensus = [each.consensus for each in self.readings]
        figures = agreement_figures(list(tried.levels), consensus, scale, resampling)
        graded = [answer_id for answer_id in sorted(self.grades) if self.grades[answer_id].status == "graded"]
        wrong = [self._wrong(tried, answer_id) for answer_id in graded]
        return Tried(
            part="map",
            name=tried.recipe.name if tried.recipe else AS_IT_IS,
            says=tried.recipe.says if tried.recipe else "the grader's levels as they are",
            kept=tried is self.kept,
            loss=tried.mean_loss,
            gain=tried.gain.value if tried.gain else None,
            error=tried.gain.error if tried.gain else None,
            rmse=figures.rmse,
            quadratic_kappa=figures.quadratic_kappa,
            wrong=share_of(wrong, self.data.resampling(graded)),
        )

    def _wrong(self, tried: TriedMap, answer_id: str) -> bool | None:
        grade = self.grades[answer_id]
        rubric = self.data.eval_set.rubric
        maps = tried.maps.get(self.data.fold(answer_id))
        levels = {
            each.id: each.expected_level for each in calibrated_levels(maps, grade.question_id, grade.criteria, rubric)
        }
        return is_wrong(levels, self.data.consensus[answer_id], rubric)


def choose_map(data: FitData, grades: Mapping[str, Grade]) -> MapChoice:
    """Walks from the grader's levels as they are to ever more particular maps; each must beat what is kept.

    It does where the mean squared error out of fold falls by more than the standard error of that fall.
    """
    readings = data.readings(grades)
    units = [each.unit for each in readings]
    kept = _tried(data, readings, None)
    tried = [kept]
    for recipe in recipes_for(readings, by_question=data.asks_again):
        found = _tried(data, readings, recipe)
        gain = gain_of(kept.losses, found.losses, units)
        found = replace(found, gain=gain)
        tried.append(found)
        if gain.helps:
            kept = found
    return MapChoice(data, grades, readings, tuple(tried), kept)


def _tried(data: FitData, readings: Sequence[LevelReading], recipe: MapRecipe | None) -> TriedMap:
    scale = data.eval_set.rubric.scale
    maps: dict[int, LevelMaps] = {}
    if recipe is not None:
        for fold in data.folds():
            outside = [each for each in readings if data.fold(each.answer_id) != fold]
            maps[fold] = recipe.fit(outside, scale.levels)
    levels = [
        maps[data.fold(each.answer_id)].expected(each.question_id, each.criterion_id, each.expected_level, each.checks)
        if recipe
        else each.expected_level
        for each in readings
    ]
    width = scale.highest - scale.lowest
    losses = [((level - each.consensus) / width) ** 2 for level, each in zip(levels, readings, strict=True)]
    return TriedMap(recipe, maps, levels, losses, None)
