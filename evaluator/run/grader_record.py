"""What one run of a grader over the split left behind besides levels: counts, quotes, flags, cost, disagreements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from evaluator.core.consensus import consensus_levels, rater_levels
from evaluator.core.eval_set import EvalSet, LabelledAnswer
from evaluator.core.evaluation import Counts, Disagreement, EvaluationUsage, FlagCount, NoteFlags
from evaluator.core.grade import CriterionGrade, Grade
from evaluator.core.score import rounded_level
from evaluator.run.scopes import Levels

WORST = 10
# Which flags count as having noticed what a rater's note says. `hard_case` is noticed by any flag of doubt.
NOTICED_BY: Mapping[str, tuple[str, ...]] = {
    "manipulation": ("injection_suspected", "hidden_characters", "keyword_stuffing"),
    "off_topic": ("off_topic", "copied_question"),
    "other_language": ("other_language",),
    "hard_case": ("graders_disagree", "low_confidence", "near_bar"),
}
NOT_ANSWERED = "not_answered"


def notes_of(answers: Iterable[LabelledAnswer]) -> dict[str, tuple[str, ...]]:
    """The notes that more than half of an answer's raters wrote, by answer id; answers without one are left out."""
    found = {}
    for each in answers:
        raters = {label.rater_id for label in each.labels}
        wrote = Counter(note for note, _ in {(label.note, label.rater_id) for label in each.labels if label.note})
        agreed = tuple(sorted(note for note, count in wrote.items() if 2 * count > len(raters)))
        if agreed:
            found[each.answer.answer_id] = agreed
    return found


def counts_of(grades: Iterable[Grade]) -> Counts:
    """How the answers came out, with the reasons of those that were not graded."""
    listed = list(grades)
    statuses = Counter(grade.status for grade in listed)
    reasons = Counter(grade.reason or "no reason was recorded" for grade in listed if grade.status == "ungraded")
    return Counts(
        answers=len(listed),
        graded=statuses["graded"],
        not_answered=statuses["not_answered"],
        ungraded=statuses["ungraded"],
        reasons=dict(reasons.most_common()),
    )


def quotes_of(grades: Iterable[Grade]) -> Counter[bool]:
    """How many quotes were found in the answers (True) and how many were not."""
    return Counter(quote.verified for grade in grades for criterion in grade.criteria for quote in criterion.evidence)


def flags_raised(grades: Iterable[Grade]) -> tuple[FlagCount, ...]:
    """On how many answers each flag was raised, the commonest first."""
    raised: Counter[str] = Counter()
    to_review: Counter[str] = Counter()
    for grade in grades:
        raised.update({flag.code for flag in grade.flags})
        to_review.update({flag.code for flag in grade.flags if flag.severity == "review"})
    return tuple(FlagCount(code=code, answers=n, to_review=to_review[code]) for code, n in raised.most_common())


def notes_noticed(grades: Mapping[str, Grade], notes: Mapping[str, Sequence[str]]) -> tuple[NoteFlags, ...]:
    """For each note, the answers that deserve it and what the flags did on them and elsewhere."""
    found = []
    for note in sorted({note for each in notes.values() for note in each}):
        codes = NOTICED_BY.get(note, ())
        deserving = [grade for answer_id, grade in grades.items() if note in notes.get(answer_id, ())]
        others = [grade for answer_id, grade in grades.items() if note not in notes.get(answer_id, ())]
        found.append(
            NoteFlags(
                note=note,
                flags=codes or ((f"status {NOT_ANSWERED}",) if note == NOT_ANSWERED else ()),
                deserved=len(deserving),
                raised=sum(_noticed(grade, note, codes) for grade in deserving),
                to_person=sum(grade.needs_review for grade in deserving),
                elsewhere=len(others),
                raised_elsewhere=sum(_noticed(grade, note, codes) for grade in others),
            )
        )
    return tuple(found)


def usage_of(grades: Iterable[Grade]) -> EvaluationUsage:
    """Tokens, cost and latency of one run; what no endpoint reported is None."""
    made = [grade.provenance for grade in grades]
    times = [each.latency_ms for each in made if each.latency_ms is not None]
    asked = [each for each in made if each.requests]
    costs = [each.cost_usd for each in asked]
    known = [cost for cost in costs if cost is not None]
    free = 0.0 if not asked else None
    return EvaluationUsage(
        requests=sum(each.requests for each in made),
        input_tokens=_sum(each.input_tokens for each in made),
        output_tokens=_sum(each.output_tokens for each in made),
        cost_usd=sum(known) if known and len(known) == len(costs) else free,
        latency_ms={name: float(np.percentile(times, part)) for name, part in _PERCENTILES} if times else {},
    )


_PERCENTILES = (("p50", 50), ("p90", 90), ("p99", 99))


def worst_disagreements(
    eval_set: EvalSet, answers: Sequence[LabelledAnswer], grades: Mapping[str, Grade], levels: Levels
) -> tuple[Disagreement, ...]:
    """The levels that lie farthest from the consensus, by distance, then in the set's order."""
    found: list[tuple[float, LabelledAnswer, CriterionGrade, float]] = []
    for each in answers:
        grade = grades.get(each.answer.answer_id)
        agreed = consensus_levels(each)
        for criterion in grade.criteria if grade is not None else ():
            if criterion.id in agreed:
                gap = abs(levels[each.answer.answer_id][criterion.id] - agreed[criterion.id])
                found.append((gap, each, criterion, agreed[criterion.id]))
    worst = sorted((each for each in found if each[0] >= 1), key=lambda each: -each[0])[:WORST]
    return tuple(_disagreement(eval_set, each, criterion, agreed) for _, each, criterion, agreed in worst)


def _disagreement(eval_set: EvalSet, each: LabelledAnswer, graded: CriterionGrade, agreed: float) -> Disagreement:
    criterion = eval_set.rubric.criterion(graded.id)
    question = eval_set.questionnaire.question(each.answer.question_id)
    raters = dict.fromkeys(label.rater_id for label in each.labels)
    given = {rater: rater_levels(each, rater).get(graded.id) for rater in raters}
    return Disagreement(
        answer_id=each.answer.answer_id,
        question_id=question.id,
        question=question.title,
        criterion_id=criterion.id,
        criterion=criterion.name,
        answer=each.answer.text,
        grader_level=graded.expected_level,
        consensus_level=agreed,
        grader_anchor=criterion.levels[graded.level],
        consensus_anchor=criterion.levels[rounded_level(agreed, criterion)],
        rater_levels={rater: level for rater, level in given.items() if level is not None},
        notes=tuple(sorted({label.note for label in each.labels if label.note and label.criterion_id == graded.id})),
        evidence=graded.evidence,
        rationale=graded.rationale,
        missing=graded.missing,
    )


def _noticed(grade: Grade, note: str, codes: Sequence[str]) -> bool:
    if note == NOT_ANSWERED:
        return grade.status == NOT_ANSWERED
    return any(flag.code in codes for flag in grade.flags)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
