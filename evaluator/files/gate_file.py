"""`gate.yaml`, loaded strictly: an unknown key or criterion is an error, so that no condition is silently unheld."""

from __future__ import annotations

from pathlib import Path

from evaluator.core.gate import EVERY_CRITERION, TOTAL, Gate
from evaluator.core.meant import suggestion
from evaluator.core.rubric import Rubric
from evaluator.errors import UsageError, number_of
from evaluator.files.strict_yaml import read_yaml, validated


def load_gate(path: Path, rubric: Rubric) -> Gate:
    """The gate at `path`, for evaluations by this rubric. Raises UsageError with every mistake."""
    document = read_yaml(path, UsageError)
    gate, mistakes = validated(document, Gate)
    known = {EVERY_CRITERION, TOTAL, *(criterion.id for criterion in rubric.criteria)}
    if gate is not None:
        for name in gate.least_quadratic_kappa:
            if name not in known:
                said = f"'{name}' is no criterion of {rubric.id} (write one of: {', '.join(sorted(known))})"
                said += suggestion(name, known)
                mistakes.append(document.mistake(("least_quadratic_kappa", name), said))
        if not gate.model_fields_set:
            mistakes.append(document.mistake((), "holds no condition: it would always pass"))
    if gate is None or mistakes:
        raise UsageError(f"{path} has {number_of(mistakes)}.", mistakes=mistakes)
    return gate
