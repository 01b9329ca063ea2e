"""Answers that somebody has scored already, in whatever points, made into an eval set with a holistic rubric."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from evaluator.core.absence import absence_of
from evaluator.core.answer import Answer
from evaluator.core.eval_set import EvalSet, EvalSetManifest, Label, LabelledAnswer, PositiveClass, RaterKind
from evaluator.core.questionnaire import Question, Questionnaire
from evaluator.core.rubric import Criterion, FileRecord, FlagThresholds, Rubric, Scale, Text

# A scale of more levels than eleven (0 to 10) could be anchored by no words that differ.
MOST_STEPS = 10
# A coarser scale is taken where it holds nearly as many scores exactly as the finest: this much less, of 1.
SLACK = 0.05
# Where even the best scale holds fewer scores than this exactly, the points are as good as continuous.
LEAST_EXACT = 0.5
STEPS_FOR_CONTINUOUS = 5
CRITERION = "correctness"
_ANCHOR = re.compile(r"(?P<points>\d+(?:\.\d+)?)\s*[=:]\s*(?P<says>[^;\n]+)")


@dataclass(frozen=True, slots=True)
class GradedQuestion:
    """A question with the points that it was scored out of; `question_id` is as the file has it."""

    question_id: str
    text: str
    reference_answer: str
    marking: str
    """How it was to be marked, in the file's own words; may be empty."""
    score_max: float


@dataclass(frozen=True, slots=True)
class GradedAnswer:
    """An answer and its scores in points by rater; raters who gave none are left out."""

    row: int
    answer_id: str
    candidate_id: str | None
    question_id: str
    text: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class GradedAnswers:
    """What a file of graded answers holds."""

    questions: tuple[GradedQuestion, ...]
    answers: tuple[GradedAnswer, ...]
    raters: tuple[str, ...]

    def shares(self) -> tuple[Fraction, ...]:
        """Every score as a share of its question's maximum, exactly."""
        most = {question.question_id: Fraction(str(question.score_max)) for question in self.questions}
        return tuple(
            Fraction(str(score)) / most[answer.question_id]
            for answer in self.answers
            for score in answer.scores.values()
        )


class AnchorWords(FileRecord):
    """The words for levels up to this share of the full marks."""

    up_to: float
    says: Text


class HolisticWords(FileRecord):
    """The words of a holistic rubric."""

    title: Text
    name: Text
    asks: Text
    level: Text
    anchors: tuple[AnchorWords, ...]


@dataclass(frozen=True, slots=True)
class ImportChoices:
    """What the file does not say: names, who scored, terms, how many steps the scale has, where a pass begins."""

    set_id: str
    title: str
    about: str
    rater_kind: RaterKind
    licence: str
    steps: int | None = None
    pass_share: float = 0.6


def steps_for(shares: Sequence[Fraction]) -> int:
    """The highest level N of a scale 0..N for these shares of the maximum.

    The fewest steps, up to `MOST_STEPS`, on which nearly as many scores lie exactly as on the best; five where
    hardly any scale fits. A scale of two levels only where every score is nothing or all.
    """
    exact = {
        steps: sum((share * steps).denominator == 1 for share in shares) / max(1, len(shares))
        for steps in range(1, MOST_STEPS + 1)
    }
    best = max(exact.values())
    if best < LEAST_EXACT:
        return STEPS_FOR_CONTINUOUS
    return next(steps for steps, held in exact.items() if held >= best - SLACK and (steps > 1 or held == 1))


def between_levels(graded: GradedAnswers, steps: int) -> int:
    """How many scores lie between two levels of a scale 0..steps."""
    return sum((share * steps).denominator != 1 for share in graded.shares())


def eval_set_from(graded: GradedAnswers, choices: ImportChoices, words: HolisticWords) -> EvalSet:
    """The eval set: one criterion, level = score / maximum x steps, kept as it is where it lies between two levels.

    All answers stand in the split `all`; `split_again` divides them. Without candidates every answer is by a
    candidate of its own.
    """
    steps = choices.steps or steps_for(graded.shares())
    ids = safe_identifiers([question.question_id for question in graded.questions], prefix="q")
    most = {question.question_id: Fraction(str(question.score_max)) for question in graded.questions}
    rubric = _rubric(graded, choices, words, steps)
    knows_candidates = any(answer.candidate_id for answer in graded.answers)
    manifest = EvalSetManifest(
        id=choices.set_id,
        version=1,
        title=choices.title,
        questionnaire=choices.set_id,
        rubric=rubric.id,
        rater_kind=choices.rater_kind,
        about=choices.about,
        raters=graded.raters,
        splits={"all": "every answer"},
        split_by="candidate" if knows_candidates else "answer",
        between_levels=between_levels(graded, steps) > 0,
        positive_class=PositiveClass(
            view="score", says=f"a score of {choices.pass_share:.0%} of the full marks or more"
        ),
        licence=choices.licence,
    )
    return EvalSet(
        manifest,
        _questionnaire(graded, choices, rubric, ids),
        rubric,
        tuple(_labelled(answer, ids[answer.question_id], most[answer.question_id], steps) for answer in graded.answers),
    )


def safe_identifiers(names: Sequence[str], *, prefix: str) -> dict[str, str]:
    """For each name an identifier (letters, digits, underscores), no two alike; the same names give the same ones."""
    found: dict[str, str] = {}
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        stem = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:70]
        if not stem or stem[0].isdigit():
            stem = f"{prefix}{stem}"
        made, number = stem, 1
        while made in found.values():
            number += 1
            made = f"{stem}_{number}"
        found[name] = made
    return found


def _labelled(answer: GradedAnswer, question_id: str, score_max: Fraction, steps: int) -> LabelledAnswer:
    labels = tuple(
        Label(answer.answer_id, CRITERION, rater, round(float(Fraction(str(score)) / score_max * steps), 6))
        for rater, score in answer.scores.items()
    )
    candidate = answer.candidate_id or answer.answer_id
    text = answer.text
    return LabelledAnswer(
        Answer(answer.answer_id, candidate, question_id, text, absence_of(text), answer.row), "all", labels
    )


def _rubric(graded: GradedAnswers, choices: ImportChoices, words: HolisticWords, steps: int) -> Rubric:
    maxima = {question.score_max for question in graded.questions}
    # Questions with different maxima have only the share of the full marks in common.
    out_of = maxima.pop() if len(maxima) == 1 else 1.0
    marking = _shared_marking(graded)
    anchors = _anchors_in(marking, out_of, steps)
    return Rubric(
        id=f"{choices.set_id[:70]}_holistic",
        version=1,
        title=words.title,
        about=f"Made by an import: a level is a share of the full marks, in steps of one in {steps}.",
        scale=Scale(levels=tuple(range(steps + 1))),
        score_out_of=out_of,
        advance_at=round(out_of * choices.pass_share, 6),
        criteria=(
            Criterion(
                id=CRITERION,
                name=words.name,
                asks=words.asks,
                levels=anchors or {level: _anchor(Fraction(level, steps), words) for level in range(steps + 1)},
                guidance=(marking,) if marking and not anchors else (),
            ),
        ),
        # Half a level on either side of the bar.
        flags=FlagThresholds(near_bar=round(out_of / steps / 2, 6)),
    )


def _shared_marking(graded: GradedAnswers) -> str:
    """The one marking that all questions have; "" where they differ."""
    markings = {question.marking for question in graded.questions}
    return markings.pop() if len(markings) == 1 else ""


def _anchors_in(marking: str, out_of: float, steps: int) -> dict[int, str] | None:
    """The anchors that a marking such as "0 = wrong; 1 = in part; 2 = right" gives; None unless it has every level."""
    found: dict[int, str] = {}
    for matched in _ANCHOR.finditer(marking):
        level = Fraction(matched["points"]) / Fraction(str(out_of)) * steps
        if level.denominator == 1:
            found[int(level)] = matched["says"].strip()
    return dict(sorted(found.items())) if sorted(found) == list(range(steps + 1)) else None


def _anchor(share: Fraction, words: HolisticWords) -> str:
    reached = (anchor.says for anchor in words.anchors if share <= Fraction(str(anchor.up_to)))
    says = next(reached, words.anchors[-1].says)
    return words.level.format(percent=round(100 * share), says=says)


def _questionnaire(
    graded: GradedAnswers, choices: ImportChoices, rubric: Rubric, ids: Mapping[str, str]
) -> Questionnaire:
    shared = _shared_marking(graded)
    return Questionnaire(
        id=choices.set_id,
        version=1,
        title=choices.title,
        rubric=rubric.id,
        questions=tuple(
            Question(
                id=ids[question.question_id],
                title=textwrap.shorten(f"{question.question_id}: {question.text}", 70, placeholder=" …"),
                text=question.text,
                criteria=(CRITERION,),
                look_for="" if shared else question.marking,
                reference_answer=question.reference_answer,
                # How long an answer should be is not known.
                min_words=0,
            )
            for question in graded.questions
        ),
    )
