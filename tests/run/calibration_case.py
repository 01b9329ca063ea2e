"""Made-up calibration splits with known raters, and a grader whose mistakes are known, for the tests of calibration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np

from evaluator.core.answer import Answer
from evaluator.core.calibration import Calibration
from evaluator.core.eval_set import EvalSet, EvalSetManifest, Label, LabelledAnswer
from evaluator.core.questionnaire import Question, Questionnaire
from evaluator.core.reply import CheckReply, CriterionReply, Reply, Usage
from evaluator.core.rubric import Criterion, Rubric, Scale
from evaluator.core.task import GradingTask, RaterIdentity
from evaluator.files.rubric_file import QuestionSet
from evaluator.run.calibrating import CalibrationPlan, calibrate
from evaluator.run.calibration_data import fit_data
from evaluator.run.grader import Grader
from evaluator.run.pipeline import Pipeline

LEVELS = (0, 1, 2, 3, 4)
# By answer's first word: the levels that the grader gives, one for each criterion, or the checks that it finds met.
Says = Mapping[str, tuple[int, ...]]


@cache
def rubric(criteria: int = 1, checks: bool = False) -> Rubric:
    names = ("right", "clear", "short")[:criteria]
    return Rubric(
        id="made_up",
        version=1,
        title="Made up",
        scale=Scale(levels=LEVELS),
        score_out_of=10,
        advance_at=6,
        criteria=tuple(
            Criterion(
                id=name,
                name=name.title(),
                asks="How far?",
                levels={level: f"level {level}" for level in LEVELS},
                checks={f"c{level}": f"Is it {level}?" for level in LEVELS[1:]} if checks else {},
                level_rules={level: f"c{level}" for level in LEVELS[1:]} if checks else {},
            )
            for name in names
        ),
    )


def questionnaire(questions: int = 2, criteria: int = 1) -> Questionnaire:
    names = tuple(each.id for each in rubric(criteria).criteria)
    return Questionnaire(
        id="made_up_questions",
        version=1,
        title="Made up",
        rubric="made_up",
        questions=tuple(
            Question(id=f"q{number}", title=f"Question {number}", text="Why?", criteria=names, min_words=0)
            for number in range(questions)
        ),
    )


def text_of(name: str, words: int = 14) -> str:
    """A text that only this answer has, its name in front."""
    return f"{name} " + " ".join(f"{name}w{place}x{place * place % 7}" for place in range(words)) + "."


def labelled_set(
    consensus: Mapping[str, tuple[float, ...]],
    *,
    split: Callable[[str], str] = lambda _: "calibration",
    candidate: Callable[[str], str] = lambda name: name,
    question: Callable[[str], str] = lambda name: f"q{int(name[1:]) % 2}",
    questions: int = 2,
    raters: tuple[str, ...] = ("ann",),
    off: Mapping[tuple[str, str], float] | None = None,
    words: int = 14,
    **manifest: Any,
) -> EvalSet:
    """A set of answers named like "a007" whose raters all give the consensus, moved by `off` (name, rater)."""
    criteria = len(next(iter(consensus.values())))
    names = [each.id for each in rubric(criteria).criteria]
    record = EvalSetManifest.model_validate(
        {
            "id": "made_up_set",
            "version": 1,
            "title": "Made up",
            "questionnaire": "made_up_questions",
            "rubric": "made_up",
            "rater_kind": "human",
            "about": "Made for a test.",
            "raters": raters,
            "splits": {"calibration": "some", "test": "others"},
            "split_by": "candidate",
            "positive_class": {"view": "score", "says": "a pass"},
            "licence": "none",
            **manifest,
        }
    )
    answers = tuple(
        LabelledAnswer(
            Answer(name, candidate(name), question(name), text_of(name, words)),
            split(name),
            tuple(
                Label(name, criterion, rater, level + (off or {}).get((name, rater), 0.0))
                for criterion, level in zip(names, levels, strict=True)
                for rater in raters
            ),
        )
        for name, levels in consensus.items()
    )
    return EvalSet(record, questionnaire(questions, criteria), rubric(criteria), answers)


class KnownRater:
    """Gives each answer, told by its first word, the levels that a test wants; remembers every task."""

    def __init__(self, says: Says, helped: Says | None = None, *, spec: str = "known", model: str = "m-1") -> None:
        self.tasks: list[GradingTask] = []
        self._says = says
        self._helped = helped or {}
        self._identity = RaterIdentity(spec=spec, model=model, prompt="told@1", prompt_sha256="0" * 64)

    @property
    def identity(self) -> RaterIdentity:
        return self._identity

    async def check(self) -> None:
        """Always ready."""

    async def close(self) -> None:
        """Holds nothing."""

    def expected_usage(self, task: GradingTask) -> Usage:
        return Usage(input_tokens=0, output_tokens=0)

    async def rate(self, task: GradingTask) -> Reply:
        self.tasks.append(task)
        name = task.text.split()[0]
        levels = self._helped.get(name, self._says[name]) if task.examples else self._says[name]
        asks_checks = bool(task.criteria[0].checks)
        return Reply(
            criteria=tuple(
                CriterionReply(
                    id=criterion.id,
                    level=None if asks_checks else level,
                    quotes=() if asks_checks else (name,),
                    checks=tuple(CheckReply(f"c{each}", each == level, (name,)) for each in LEVELS[1:])
                    if asks_checks
                    else (),
                )
                for criterion, level in zip(task.criteria, levels, strict=True)
            ),
            model="m-1",
        )


def grader_of(rater: KnownRater, eval_set: EvalSet, samples: int = 1) -> Grader:
    """A grader with this rater for the set's questions."""
    questions = QuestionSet(eval_set.questionnaire, eval_set.rubric)
    return Grader(Pipeline(questions, (rater,), samples, (None,), "0.0", lambda: datetime(2026, 1, 1, tzinfo=UTC)))


def calibrated(pipeline: Pipeline, calibration: Calibration) -> Grader:
    """The same grader with the calibration."""
    shown = replace(pipeline.question_set, examples=(*pipeline.question_set.examples, *calibration.examples))
    return Grader(replace(pipeline, question_set=shown, calibration=calibration))


def fitted(eval_set: EvalSet, rater: KnownRater, **plan: Any) -> Calibration:
    """The calibration of this rater on the set."""
    chosen = CalibrationPlan(**{"examples": 0, "shows_examples": True, "risk": 0.05, "certainty": 0.95, **plan})
    return asyncio.run(calibrate(fit_data(eval_set), grader_of(rater, eval_set), chosen)).calibration


def noisy(
    count: int, seed: int, *, bias: float = 1.0, noise: float = 0.5
) -> tuple[dict[str, tuple[int, ...]], dict[str, tuple[float, ...]]]:
    """What a grader says, and what the raters say: `bias` levels more than the grader, and noise."""
    random = np.random.default_rng(seed)
    says, consensus = {}, {}
    for number in range(count):
        level = int(random.integers(0, 5))
        truth = float(np.clip(round(level + bias + random.normal(0, noise)), 0, 4))
        says[f"a{number:03d}"], consensus[f"a{number:03d}"] = (level,), (truth,)
    return says, consensus
