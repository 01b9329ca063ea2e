"""What every grader of one evaluation is measured on: the same answers, scopes, notes and draws."""

from __future__ import annotations

from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.evaluation import ScopeCeiling, ScopeFigures
from evaluator.core.metrics.bootstrap import Figure
from evaluator.core.metrics.ceiling import ceiling_figures
from evaluator.core.metrics.figures import pair_figures, with_intervals
from evaluator.core.metrics.levels import Readings
from evaluator.files.answer_language import language_of
from evaluator.run.evaluation_plan import EvaluationPlan
from evaluator.run.grader_record import notes_of
from evaluator.run.scope_figures import pass_fail_view, scope_figures, slices_of
from evaluator.run.scopes import Levels, Scope, all_levels, pass_fail_scope, scopes_of


class Measure:
    """What every grader of one evaluation is measured on."""

    def __init__(
        self,
        eval_set: EvalSet,
        answers: tuple[LabelledAnswer, ...],
        answered: tuple[LabelledAnswer, ...],
        plan: EvaluationPlan,
    ) -> None:
        self.eval_set = eval_set
        self.answers = answers
        self.answered = answered
        self.plan = plan
        self.scopes = scopes_of(eval_set, answered, plan.by)
        self.everything = all_levels(eval_set, answered, plan.by)
        self.notes = notes_of(answers)
        self.columns = {
            "language": {each.answer.answer_id: language_of(each.answer.text) for each in answered},
            **plan.columns,
        }
        self.pass_fail = pass_fail_scope(eval_set, answered, plan.by)
        self.ceilings = {
            (scope.kind, scope.id): ceiling_figures(scope.raters, scope.scale, scope.resampling)
            for scope in (*self.scopes, self.pass_fail)
        }
        self._drawn: dict[tuple[str, str, tuple[float | None, ...]], dict[str, Figure]] = {}

    def read(self, scope: Scope, levels: Levels) -> list[float | None]:
        """A grader's readings along a scope."""
        return scope.read(levels, self.eval_set.rubric, self.eval_set.questionnaire)

    def drawn(self, scope: Scope, readings: Readings) -> dict[str, Figure]:
        """Every statistic of readings against the consensus, drawn once: tables and comparisons share them."""
        key = (scope.kind, scope.id, tuple(readings))
        if key not in self._drawn:
            self._drawn[key] = pair_figures(readings, scope.consensus, scope.scale, scope.resampling)
        return self._drawn[key]

    def ceiling(self, scope: Scope) -> ScopeCeiling:
        """The raters' agreement among themselves on one scope."""
        return ScopeCeiling(
            kind=scope.kind,
            id=scope.id,
            name=scope.name,
            unit=scope.unit,
            figures=with_intervals(self.ceilings[scope.kind, scope.id], scope.resampling),
        )

    def figures(self, levels: Levels, *, constant: bool = False) -> dict[str, object]:
        """What is measured of any row from its levels; a constant is not sliced."""
        everything = self.everything
        return {
            "levels": levels,
            "scopes": tuple(self._scope_figures(scope, levels, constant=constant) for scope in self.scopes),
            "pass_fail": pass_fail_view(
                self.eval_set,
                self.answered,
                levels,
                self.pass_fail,
                None if constant else self.ceilings[self.pass_fail.kind, self.pass_fail.id],
            ),
            "slices": ()
            if constant
            else slices_of(everything, self.read(everything, levels), self.plan.by, self.notes, self.columns),
        }

    def _scope_figures(self, scope: Scope, levels: Levels, *, constant: bool) -> ScopeFigures:
        readings = self.read(scope, levels)
        ceiling = self.ceilings[scope.kind, scope.id]
        return scope_figures(scope, readings, self.drawn(scope, readings), None if constant else ceiling)
