"""An eval set of what people said in reviews: pseudonymous, and divided so that what calibrates never tests.

The side of a candidate follows from the candidate alone. So a set that is made again next month, of more reviews, puts
nobody whom an earlier one calibrated with into its test split.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluator.core.answer import Answer
from evaluator.core.eval_set import EvalSet, EvalSetManifest, Label, LabelledAnswer, PositiveClass
from evaluator.core.eval_set_split import CALIBRATION, TEST
from evaluator.core.metrics.leakage import KeptText, separable_units
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.review import Levels
from evaluator.core.rubric import Rubric

BLIND, SHOWN, ADJUDICATED = "blind", "shown", "adjudicated"


@dataclass(frozen=True, slots=True)
class PersonsLevels:
    """One person's levels for one answer. `how`: given blind, with the grader's levels shown, or as the third who
    decides.
    """

    user_id: str
    levels: Levels
    how: str
    saved_at: str


@dataclass(frozen=True, slots=True)
class ReviewedText:
    """One answer that people labelled, whatever run it was in. `candidate_number` stands for the candidate."""

    answer: Answer
    candidate_number: int
    levels: tuple[PersonsLevels, ...]


@dataclass(frozen=True, slots=True)
class ReviewSetChoices:
    """What the set is called, how it is divided, and whether only blind labels go into it."""

    set_id: str
    title: str
    licence: str
    test_share: float
    blind_only: bool


@dataclass(frozen=True, slots=True)
class ReviewSet:
    """The set, and what was left out of it. `torn`: answers of copies whose candidates fall on different sides."""

    eval_set: EvalSet
    labels: Mapping[str, int]
    """How many people's levels there are of each kind."""
    torn: int
    unwritable: int
    """Answers with characters that no file of text can hold."""


def eval_set_from_reviews(
    texts: Sequence[ReviewedText], questionnaire: Questionnaire, rubric: Rubric, choices: ReviewSetChoices
) -> ReviewSet:
    """The eval set of these answers; every one of them has a label that counts, or it is left out."""
    wanted = [each for text in texts if (each := _counted(text, blind_only=choices.blind_only)).levels]
    writable = [each for each in wanted if _is_writable(each.answer.text)]
    sides, torn = _sides(writable, choices.test_share)
    named = _names(writable)
    answers = tuple(
        _labelled(each, named[each.answer.answer_id], sides[each.answer.answer_id])
        for each in sorted(writable, key=lambda each: (each.candidate_number, each.answer.question_id))
        if each.answer.answer_id in sides
    )
    kinds = Counter(levels.how for each in writable if each.answer.answer_id in sides for levels in each.levels)
    raters = sorted({label.rater_id for each in answers for label in each.labels})
    manifest = _manifest(choices, questionnaire, rubric, raters, answers, kinds)
    return ReviewSet(EvalSet(manifest, questionnaire, rubric, answers), kinds, torn, len(wanted) - len(writable))


def rater_name(user_id: str) -> str:
    """A person's name in a set: the same in every one, and nobody's without the store."""
    return f"person_{hashlib.blake2b(user_id.encode(), digest_size=4).hexdigest()}"


def side_of(candidate_id: str, test_share: float) -> str:
    """The split that a candidate belongs to, in every set."""
    name = b"split\0" + candidate_id.encode("utf-8", "surrogatepass")
    place = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) / (1 << 64)
    return TEST if place < test_share else CALIBRATION


def _counted(text: ReviewedText, *, blind_only: bool) -> ReviewedText:
    levels = tuple(each for each in text.levels if each.how == BLIND or not blind_only)
    return ReviewedText(text.answer, text.candidate_number, levels)


def _is_writable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _sides(texts: Sequence[ReviewedText], test_share: float) -> tuple[dict[str, str], int]:
    """The split of each answer by its id, and how many are left out.

    Copies stand on one side. Where their candidates fall on different ones, the side of most stays and the others go:
    moved, they would test what an earlier set calibrated with.
    """
    units = separable_units(
        [
            KeptText(each.answer.answer_id, "" if each.answer.absent else each.answer.text, str(each.candidate_number))
            for each in texts
        ]
    )
    own = {each.answer.answer_id: side_of(each.answer.candidate_id, test_share) for each in texts}
    members: dict[str, list[str]] = {}
    for answer_id, unit in units.items():
        members.setdefault(unit, []).append(answer_id)
    kept: dict[str, str] = {}
    for together in members.values():
        # Of as many on both sides the test's stay: a test split is what is always too small.
        side = max((CALIBRATION, TEST), key=lambda name: (sum(own[each] == name for each in together), name == TEST))
        kept.update({each: side for each in together if own[each] == side})
    return kept, len(texts) - len(kept)


def _names(texts: Sequence[ReviewedText]) -> dict[str, str]:
    """The answers' names in the set, by their ids; a candidate who answered a question twice has two."""
    named: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for each in texts:
        name = f"c{each.candidate_number}.{each.answer.question_id}"
        seen[name] += 1
        named[each.answer.answer_id] = name if seen[name] == 1 else f"{name}.{seen[name]}"
    return named


def _labelled(text: ReviewedText, name: str, side: str) -> LabelledAnswer:
    answer = Answer(name, f"c{text.candidate_number}", text.answer.question_id, text.answer.text, text.answer.absent)
    labels = tuple(
        Label(name, criterion, rater_name(person.user_id), float(level), person.how)
        for person in text.levels
        for criterion, level in person.levels.items()
    )
    return LabelledAnswer(answer, side, labels)


def _manifest(
    choices: ReviewSetChoices,
    questionnaire: Questionnaire,
    rubric: Rubric,
    raters: Sequence[str],
    answers: Sequence[LabelledAnswer],
    kinds: Mapping[str, int],
) -> EvalSetManifest:
    candidates = {
        name: {each.answer.candidate_id for each in answers if each.split == name} for name in (CALIBRATION, TEST)
    }
    shown = kinds.get(SHOWN, 0)
    anchored = (
        f" {shown} of them were given after the grader's levels had been shown (note '{SHOWN}'): they lean towards "
        "that grader, and its agreement with them flatters it."
        if shown
        else " All were given before the grader's levels were shown."
    )
    return EvalSetManifest(
        id=choices.set_id,
        version=1,
        title=choices.title,
        questionnaire=questionnaire.id,
        rubric=rubric.id,
        rater_kind="human",
        about=f"{len(answers)} answers that {len(raters)} people reviewed, {sum(kinds.values())} labels in all."
        f"{anchored} Answers came to review because a flag or a draw sent them: they are not a sample of all answers.",
        raters=tuple(raters),
        splits={name: f"{len(ids)} candidates; a candidate's side never changes" for name, ids in candidates.items()},
        split_by="candidate",
        positive_class=PositiveClass(
            view="score", says=f"a score of {rubric.advance_at:g} of {rubric.score_out_of:g} or above"
        ),
        notes_used=tuple(sorted(kinds)),
        licence=choices.licence,
    )
