"""What a calibration is fitted for, read off a pipeline, and the refusal to use it for anything else."""

from __future__ import annotations

from evaluator.core.calibration import Calibration, FittedFor, FittedRater, differences
from evaluator.errors import CalibrationError
from evaluator.run.pipeline import Pipeline


def fitted_for(pipeline: Pipeline) -> FittedFor:
    """Everything about this pipeline that a calibration depends on."""
    rubric, questionnaire = pipeline.question_set.rubric, pipeline.question_set.questionnaire
    hashes = pipeline.hashes
    return FittedFor(
        raters=tuple(
            FittedRater(
                spec=rater.identity.spec,
                model=rater.identity.model,
                prompt=rater.identity.prompt,
                prompt_sha256=rater.identity.prompt_sha256,
                params=dict(rater.identity.params),
            )
            for rater in pipeline.raters
        ),
        samples=pipeline.samples,
        rubric=f"{rubric.id}@{rubric.version}",
        rubric_sha256=hashes.rubric,
        questionnaire=f"{questionnaire.id}@{questionnaire.version}",
        questionnaire_sha256=hashes.questionnaire,
        schema_sha256=dict(hashes.schemas),
        examples_sha256=hashes.examples,
    )


def require_fitted_for(calibration: Calibration, pipeline: Pipeline) -> None:
    """Raises CalibrationError, naming what differs, unless the calibration was fitted for just this pipeline."""
    said = differences(calibration.fitted_for, fitted_for(pipeline))
    if said:
        raise CalibrationError(
            "This calibration was fitted for something else: " + "; ".join(said) + ".",
            hint="Grade as it was fitted (the file's fitted_for says how), or fit anew: evaluator calibrate.",
        )
