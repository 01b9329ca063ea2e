"""What is evaluated and how: the graders, the split, the repetitions, the earlier evaluation to be held beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluator.core.attack_plan import AttackPlan
from evaluator.core.evaluation import Evaluation, ResampledBy, VerdictRule
from evaluator.core.probe import PROBES
from evaluator.run.grader import Grader


@dataclass(frozen=True, slots=True)
class GraderUnderTest:
    """A grader with the name that tables give it. `asked` tells those named by the user from the reference row."""

    name: str
    about: str
    grader: Grader
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier evaluation to be held beside, and the file it stands in."""

    file: str
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What is evaluated and how. `columns` are values by answer id for further slices."""

    split: str
    by: ResampledBy = "candidate"
    repeat: int = 1
    probe: bool = False
    limit: int | None = None
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rule: VerdictRule = field(default_factory=VerdictRule)
    earlier: Earlier | None = None
    attacks: AttackPlan | None = None

    def passes(self, *, asked: bool) -> int:
        """How many times a grader reads the split's answers: runs, and the versions of each probe."""
        if not asked:
            return 1
        return self.repeat + (sum(2 if probe.before else 1 for probe in PROBES) if self.probe else 0)
