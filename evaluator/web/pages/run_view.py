"""What the page of a run shows: versions, how levels and scores fall by question, flags, reasons, cost, candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request

from evaluator.core.questionnaire import Question
from evaluator.core.review import DECISIONS
from evaluator.core.rubric import Rubric
from evaluator.core.score import band_of, mean, score_of
from evaluator.report.marked_answer import criterion_letter, criterion_look
from evaluator.report.run_at_a_glance import Bar
from evaluator.report.run_view import Fact, facts
from evaluator.report.wording import FLAG_NAMES, number, reason_in_words, shown_score
from evaluator.run.run_figures import SCORE_BINS, RunFigures
from evaluator.store.candidate_decisions import Decision
from evaluator.store.run_candidates import AnswerLine, CandidateLine
from evaluator.store.run_record import RunRecord
from evaluator.web.pages.shown_candidate import ShownCandidate, shown_candidate

STATES: Mapping[str, str] = {
    "running": "running",
    "unfinished": "left off: go on with the same command",
    "finished": "finished",
    "interrupted": "interrupted: go on with the same command",
    "stopped": "stopped early",
}


@dataclass(frozen=True, slots=True)
class LevelPart:
    """A level's part of a bar: `start` and `width` in percent."""

    level: int
    count: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class LevelBar:
    """How the levels of one criterion fall on one question."""

    letter: str
    look: str
    name: str
    parts: tuple[LevelPart, ...]
    said: str


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """One question: its levels by criterion, and its scores by tenths of the scale."""

    title: str
    levels: tuple[LevelBar, ...]
    scores: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate of the run. Scores are empty for whoever still labels blind."""

    who: ShownCandidate
    answers: str
    to_review: int
    score: str
    reviewed: str
    band: str
    decision: str


def questions_of(record: RunRecord, figures: RunFigures) -> tuple[QuestionFigures, ...]:
    """The figures of each question that has any."""
    order = record.order
    return tuple(
        _question(question, order.rubric, figures)
        for question in order.questionnaire.questions
        if question.id in figures.scores
    )


def flag_bars(figures: RunFigures) -> tuple[Bar, ...]:
    """How often each flag was raised, the most frequent first."""
    return _bars([(FLAG_NAMES[code], count) for code, count in figures.flags.most_common()])


def ungraded_bars(figures: RunFigures) -> tuple[Bar, ...]:
    """Why answers could not be graded, the most frequent reason first."""
    return _bars([(reason_in_words(reason), count) for reason, count in figures.ungraded.most_common(20)])


def run_facts(record: RunRecord) -> Sequence[Fact]:
    """With which versions it was graded, and what it took so far."""
    counts = record.counts
    manifest = record.order.manifest
    if record.state != "finished":
        usage = manifest.usage.model_copy(update={"cost_usd": counts.cost_usd, "paid_usd": counts.paid_usd})
        counted = {"graded": counts.graded, "not_answered": counts.not_answered, "ungraded": counts.ungraded}
        manifest = manifest.model_copy(update={"usage": usage, **counted})
    return facts(manifest)


def candidate_rows(
    record: RunRecord,
    lines: Sequence[CandidateLine],
    answers: Sequence[AnswerLine],
    decisions: Mapping[str, Decision],
    request: Request,
    *,
    shows_scores: bool,
) -> list[CandidateRow]:
    """A page of candidates."""
    by_candidate: dict[str, list[AnswerLine]] = {}
    for answer in answers:
        by_candidate.setdefault(answer.candidate_id, []).append(answer)
    asked = len(record.order.manifest.questions_asked) or len(record.order.questionnaire.questions)
    rubric = record.order.rubric
    rows = []
    for line in lines:
        reviewed = _reviewed_score(by_candidate.get(line.candidate_id, ()), rubric)
        score = line.score if reviewed is None else reviewed
        made = decisions.get(line.candidate_id)
        is_complete = score is not None and line.graded >= asked
        rows.append(
            CandidateRow(
                who=shown_candidate(line.candidate_id, record.id, request),
                answers=f"{line.graded} of {asked}",
                to_review=line.to_review,
                score="" if line.score is None or not shows_scores else shown_score(line.score, rubric),
                reviewed="" if reviewed is None or not shows_scores else shown_score(reviewed, rubric),
                band=band_of(score, rubric) if score is not None and is_complete and shows_scores else "",
                decision="" if made is None else DECISIONS[made.decision],
            )
        )
    return rows


def _reviewed_score(answers: Sequence[AnswerLine], rubric: Rubric) -> float | None:
    """The mean with people's levels where they settled; None where they settled nothing."""
    if not any(answer.final_levels for answer in answers):
        return None
    scores = [
        score_of(answer.final_levels, rubric) if answer.final_levels else answer.score
        for answer in answers
        if answer.final_levels or answer.score is not None
    ]
    return mean([score for score in scores if score is not None])


def _question(question: Question, rubric: Rubric, figures: RunFigures) -> QuestionFigures:
    given = figures.levels.get(question.id, {})
    bars = []
    for place, criterion in enumerate(rubric.criteria):
        if criterion.id not in given:
            continue
        counts = given[criterion.id]
        total = sum(counts.values())
        start, parts = 0.0, []
        for level in sorted(criterion.levels):
            width = 100 * counts[level] / total
            parts.append(LevelPart(level, counts[level], round(start, 2), round(width, 2)))
            start += width
        said = ", ".join(f"level {part.level}: {part.count:,}" for part in parts)
        bars.append(LevelBar(criterion_letter(place), criterion_look(place), criterion.name, tuple(parts), said))
    width = rubric.score_out_of / SCORE_BINS
    scores = [
        (f"{number(width * at)} to {number(width * (at + 1))}", count)
        for at, count in reversed(list(enumerate(figures.scores[question.id])))
    ]
    return QuestionFigures(question.title, tuple(bars), _bars(scores))


def _bars(counted: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    longest = max((count for _, count in counted), default=0)
    return tuple(Bar(name, count, round(100 * count / longest, 1) if longest else 0.0) for name, count in counted)
