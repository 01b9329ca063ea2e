"""What an evaluation says about itself: the set, the split's fingerprint, the look; and that rubrics are the same."""

from __future__ import annotations

from collections.abc import Sequence

from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.evaluation import SetFacts
from evaluator.core.fingerprint import fingerprint
from evaluator.core.look import LookedGrader, LookRecord
from evaluator.errors import EvalSetError
from evaluator.run.evaluation_plan import EvaluationPlan, GraderUnderTest
from evaluator.run.grader import Grader
from evaluator.run.pipeline import spec_of


def consensus_in_words(eval_set: EvalSet) -> str:
    """What the consensus is: whose, and of how many. Never "human" unless the manifest says so."""
    kind, raters = eval_set.manifest.rater_kind, len(eval_set.manifest.raters)
    who = {"human": "human rater", "model": "model rater", "author": "author"}[kind]
    return f"one {who}'s levels" if raters == 1 else f"{who}s' median"


def require_same_rubric(eval_set: EvalSet, each: GraderUnderTest) -> None:
    """Raises EvalSetError where the grader holds answers to another rubric or questionnaire than the set's."""
    same = fingerprint(each.grader.rubric) == fingerprint(eval_set.rubric)
    if not same or fingerprint(each.grader.questionnaire) != fingerprint(eval_set.questionnaire):
        raise EvalSetError(
            f"{each.name} grades by another rubric or questionnaire than the one that {eval_set.manifest.id} was "
            "labelled by: nothing could be compared."
        )


def look_record(
    graders: Sequence[GraderUnderTest], plan: EvaluationPlan, split_sha256: str, answers: int
) -> LookRecord:
    """The look at the split that this evaluation is."""
    pipeline = graders[0].grader.pipeline
    return LookRecord(
        at=pipeline.now().isoformat(timespec="seconds"),
        split=plan.split,
        split_sha256=split_sha256,
        answers=answers,
        graders=tuple(_looked(each) for each in graders if each.asked),
        rubric_sha256=pipeline.hashes.rubric,
        questionnaire_sha256=pipeline.hashes.questionnaire,
        evaluator_version=pipeline.version,
    )


def _looked(each: GraderUnderTest) -> LookedGrader:
    pipeline = each.grader.pipeline
    identity = pipeline.raters[0].identity
    return LookedGrader(
        grader=spec_of(pipeline.raters),
        prompt=identity.prompt,
        prompt_sha256=identity.prompt_sha256,
        schema_sha256=dict(pipeline.hashes.schemas),
        examples_sha256=pipeline.hashes.examples,
        samples=pipeline.samples,
        calibration_sha256=pipeline.calibration.sha256 if pipeline.calibration else None,
    )


def set_facts(
    eval_set: EvalSet,
    grader: Grader,
    plan: EvaluationPlan,
    answers: Sequence[LabelledAnswer],
    answered: Sequence[LabelledAnswer],
    split_sha256: str,
) -> SetFacts:
    """The set as the evaluation's file and report state it."""
    manifest, hashes = eval_set.manifest, grader.pipeline.hashes
    return SetFacts(
        id=manifest.id,
        version=manifest.version,
        title=manifest.title,
        about=manifest.about,
        licence=manifest.licence,
        rater_kind=manifest.rater_kind,
        raters=manifest.raters,
        consensus=consensus_in_words(eval_set),
        positive_class=manifest.positive_class.says,
        rubric=f"{eval_set.rubric.id}@{eval_set.rubric.version}",
        rubric_sha256=hashes.rubric,
        questionnaire=f"{eval_set.questionnaire.id}@{eval_set.questionnaire.version}",
        questionnaire_sha256=hashes.questionnaire,
        split=plan.split,
        split_sha256=split_sha256,
        answers=len(answers),
        not_answered=len(answers) - len(answered),
        candidates=len({each.answer.candidate_id for each in answers}),
    )


def split_hash(answers: Sequence[LabelledAnswer]) -> str:
    """SHA-256 over the answers and their labels: the same hash is the same test."""
    return fingerprint(
        [
            [
                each.answer.answer_id,
                each.answer.text,
                sorted([label.criterion_id, label.rater_id, label.level] for label in each.labels),
            ]
            for each in answers
        ]
    )
