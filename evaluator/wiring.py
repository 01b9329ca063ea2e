"""Where graders are built: from a specification and options to a ready object. Nothing else builds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator.core.pace import PaceSettings
from evaluator.core.task import Rater
from evaluator.errors import UsageError
from evaluator.files.resources import shipped
from evaluator.files.rubric_file import load_question_set
from evaluator.graders.pacers import Pacers
from evaluator.graders.spec import RaterSpec, parse_grader
from evaluator.run.fitted_for import require_fitted_for
from evaluator.run.grader import Grader
from evaluator.run.pipeline import Pipeline
from evaluator.wiring_options import GraderOptions, require_sound
from evaluator.wiring_raters import PACED, make_rater, price_of

if TYPE_CHECKING:
    from evaluator.run.runnable_grader import RunnableGrader

DEFAULT_QUESTIONNAIRE = "ml_engineer_screen"
_MOST_REQUESTS = 64


def make_grader(
    grader: str = "local",
    questionnaire: str = DEFAULT_QUESTIONNAIRE,
    options: GraderOptions | None = None,
) -> RunnableGrader:
    """A grader for a questionnaire (its name, or a path); it is a Runnable of langchain-core too.

    `grader` is what `--grader` takes: `baseline`, `local`, `openai:MODEL`, `langchain:package.module:factory`,
    `scripted:FILE`, `panel:SPEC,SPEC`. Nothing is read from the environment: pass a key in `options`. Raises
    InputError for mistakes in what is named (CalibrationError for a calibration that was fitted for something else)
    and SetupError where a grader lacks what it needs.
    """
    # Here: importing langchain's runnables takes half a second, which commands need not wait for.
    from evaluator.run.runnable_grader import RunnableGrader

    made = make_plain_grader(grader, questionnaire, options)
    return RunnableGrader(made.pipeline, concurrency=made.concurrency)


def make_plain_grader(
    grader: str = "local",
    questionnaire: str = DEFAULT_QUESTIONNAIRE,
    options: GraderOptions | None = None,
) -> Grader:
    """As `make_grader`, for commands: what it makes stands in no chain of langchain's."""
    chosen = options or GraderOptions()
    if not isinstance(chosen, GraderOptions):
        raise UsageError(
            f"The options of a grader are GraderOptions(…), not {type(chosen).__name__}.",
            hint='As in make_grader("baseline", options=GraderOptions(redact="all")).',
        )
    require_sound(chosen)
    specs = parse_grader(grader)
    kinds = {spec.kind for spec in specs}
    folders = [*chosen.rubrics, shipped("rubrics")]
    question_set = load_question_set(questionnaire, folders, vocabulary="baseline" in kinds)
    prices = tuple(price_of(spec, chosen) for spec in specs)
    pacers = chosen.pacers or Pacers(_pace_settings(chosen))
    raters = tuple(
        make_rater(spec, question_set, chosen, price, pacers) for spec, price in zip(specs, prices, strict=True)
    )
    calibration = chosen.calibration
    if calibration is not None:
        question_set = replace(question_set, examples=(*question_set.examples, *calibration.examples))
    pipeline = Pipeline(
        question_set=question_set,
        raters=raters,
        samples=chosen.samples,
        prices=prices,
        version=version("screening-answer-evaluator"),
        now=lambda: datetime.now(UTC),
        pacers=() if chosen.pacers else tuple(pacers.made.values()),
        calibration=calibration,
        redact=chosen.redact,
        reads_control=chosen.control and any(each.identity.can_be_talked_to for each in raters),
        control_below_bar=chosen.control_below_bar,
        yardstick=_yardstick(specs, questionnaire, folders),
    )
    if calibration is not None:
        require_fitted_for(calibration, pipeline)
    return Grader(pipeline, concurrency=_answers_held(chosen, kinds))


def _yardstick(specs: Sequence[RaterSpec], questionnaire: str, folders: Sequence[Path]) -> Callable[[], Rater | None]:
    """Word matching by a vocabulary, to hold beside what models say; made where a first grade needs it."""

    @cache
    def made() -> Rater | None:
        from evaluator.graders.baseline import BaselineRater

        vocabulary = load_question_set(questionnaire, folders).vocabulary
        return None if vocabulary is None else BaselineRater(vocabulary)

    return _nothing if all(spec.kind == "baseline" for spec in specs) else made


def _nothing() -> None:
    return None


def _pace_settings(options: GraderOptions) -> PaceSettings:
    return PaceSettings(
        most=options.concurrency or _MOST_REQUESTS,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
    )


def _answers_held(options: GraderOptions, kinds: Set[str]) -> int:
    """How many answers are being graded at once."""
    if "local" in kinds:
        # It answers one request at a time; more in flight would only wait in it, until their deadline.
        return options.concurrency or 1
    if not kinds & PACED:
        return options.concurrency or 8
    # More than may be asked at once: some only wait to be asked again, and that must not keep others from their turn.
    most = options.concurrency or _MOST_REQUESTS
    return most + most // 2
