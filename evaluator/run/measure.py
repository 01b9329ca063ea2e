"""What every grader of one evaluation is measured on: the same answers, scopes, notes and draws."""

from __future__ import annotations

from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.run.evaluation_plan import EvaluationPlan
from evaluator.run.grader_record import notes_of
from evaluator.run.scope_figures import pass_fail_view, scope_figures, slices_of
from evaluator.run.scopes import Levels, Scope, all_levels, scopes_of


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

    def read(self, scope: Scope, levels: Levels) -> list[float | None]:
        """A grader's readings along a scope."""
        return scope.read(levels, self.eval_set.rubric, self.eval_set.questionnaire)

    def figures(self, levels: Levels, *, constant: bool = False) -> dict[str, object]:
        """What is measured of any row from its levels; a constant is not sliced."""
        everything = self.everything
        return {
            "levels": levels,
            "scopes": tuple(scope_figures(scope, self.read(scope, levels), constant=constant) for scope in self.scopes),
            "pass_fail": pass_fail_view(self.eval_set, self.answered, levels, self.plan.by),
            "slices": ()
            if constant
            else slices_of(everything, self.read(everything, levels), self.plan.by, self.notes, self.plan.columns),
        }
