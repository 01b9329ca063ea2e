"""The rubric: criteria whose levels are anchored by what can be observed in an answer's own words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from evaluator.core.rules import Rule, holds, parse_rule

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=80)]
Text = Annotated[
    str, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value), Field(min_length=1)
]


class FileRecord(BaseModel):
    """What every record read from a file shares: an unknown key is an error, and nothing changes it later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Scale(FileRecord):
    """The levels that a criterion can reach, lowest first."""

    levels: Annotated[tuple[int, ...], Field(min_length=2)]

    @property
    def lowest(self) -> int:
        return self.levels[0]

    @property
    def highest(self) -> int:
        return self.levels[-1]


class Criterion(FileRecord):
    """One thing that an answer is graded on.

    `levels` anchors each level in words. `checks` are yes/no questions under the levels and `level_rules`
    turns them into a level: the highest level whose rule holds, else the lowest. A rule written for the
    lowest level is a veto: when it holds, the level is the lowest whatever else is met.
    """

    id: Identifier
    name: Text
    asks: Text
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1
    levels: dict[int, Text]
    guidance: tuple[Text, ...] = ()
    """Where raters hesitated between two levels, and how it was settled; shown to a model."""
    checks: dict[Identifier, Text] = {}
    level_rules: dict[int, Text] = {}

    @cached_property
    def rules(self) -> Mapping[int, Rule]:
        """`level_rules`, parsed, highest level first."""
        return {level: parse_rule(self.level_rules[level]) for level in sorted(self.level_rules, reverse=True)}

    def level_of(self, met: Mapping[str, bool]) -> int:
        """The level that the met checks earn, by `level_rules`."""
        lowest = min(self.levels)
        if lowest in self.rules and holds(self.rules[lowest], met):
            return lowest
        return next((level for level, rule in self.rules.items() if holds(rule, met)), lowest)


class RedFlag(FileRecord):
    """Something that a reviewer should see, whatever the level."""

    id: Identifier
    name: Text
    looks_like: Text


class FlagThresholds(FileRecord):
    """When a grade is sent to a person although nothing failed."""

    near_bar: Annotated[float, Field(ge=0)] = 0.5
    """Distance from the bar, in points of the score, within which a person looks."""
    spread: Annotated[float, Field(ge=0)] = 1.0
    """Difference between two graders or samples, in levels, above which they disagree."""


class Rubric(FileRecord):
    """A published rubric. `score_out_of` rescales the weighted mean level; `advance_at` is the bar."""

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    title: Text
    about: str = ""
    scale: Scale
    score_out_of: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    advance_at: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    red_flags: tuple[RedFlag, ...] = ()
    flags: FlagThresholds = FlagThresholds()

    def criterion(self, criterion_id: str) -> Criterion:
        """The criterion with this id; KeyError where there is none."""
        for criterion in self.criteria:
            if criterion.id == criterion_id:
                return criterion
        raise KeyError(criterion_id)
