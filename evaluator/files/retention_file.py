"""`retention.yaml`, loaded strictly: a kind that is misspelt would be kept for ever."""

from __future__ import annotations

from pathlib import Path

from evaluator.core.retention_policy import RetentionPolicy
from evaluator.errors import UsageError, number_of
from evaluator.files.strict_yaml import read_yaml, validated


def load_retention_policy(path: Path) -> RetentionPolicy:
    """The policy at `path`. Raises UsageError with every mistake."""
    document = read_yaml(path, UsageError)
    policy, mistakes = validated(document, RetentionPolicy)
    if policy is not None and not policy.model_fields_set:
        mistakes = [document.mistake((), "says nothing: everything would be kept for ever")]
    if policy is not None and policy.answers and policy.grades and policy.answers > policy.grades:
        said = f"is longer than grades ({policy.grades}), which go with their answers"
        mistakes.append(document.mistake(("answers",), said))
    if policy is None or mistakes:
        raise UsageError(f"{path} has {number_of(mistakes)}.", mistakes=mistakes)
    return policy
