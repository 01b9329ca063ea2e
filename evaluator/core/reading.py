"""A reading: one grader's reply to one answer after its quotes were looked up, and several readings made one.

Only what the answer bears out counts. A check whose quotes are not in the answer is not met; a level whose
quotes are not in the answer falls to the lowest. The highest level takes two quotes from different places, unless the
answer is too short to have them. What the grader had said stays on record as claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from evaluator.core.grade import CriterionGrade, Evidence, RedFlagSeen
from evaluator.core.redaction import OriginalQuotes, Redaction
from evaluator.core.reply import CriterionReply, RedFlagReply, Reply
from evaluator.core.rubric import Criterion
from evaluator.core.score import mean, rounded_level
from evaluator.core.span import QuoteFinder

FEWEST_CHARACTERS_FOR_TWO = 240
"""An answer that is shorter may say all that the highest level takes in one sentence."""
_LONGEST_NOTE = 2_000  # characters of a rationale that are kept: a model may ramble


@dataclass(frozen=True, slots=True)
class CriterionReading:
    """One criterion as one grader read it. `claimed` is set where the quotes did not bear out what it said; `too_few`
    where they are in the answer, and one of them alone was given for the highest level."""

    id: str
    level: int
    claimed: int | None
    checks: Mapping[str, bool] | None
    evidence: tuple[Evidence, ...]
    missing: str
    rationale: str
    too_few: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One grader's verified reply, one sample."""

    criteria: tuple[CriterionReading, ...]
    red_flags: tuple[RedFlagSeen, ...]

    @property
    def fallen(self) -> tuple[str, ...]:
        """The criteria whose level fell because the quotes for it are not in the answer."""
        return tuple(criterion.id for criterion in self.criteria if criterion.claimed is not None)

    @property
    def thin(self) -> tuple[str, ...]:
        """The criteria whose level fell because a single quote was given for the highest."""
        return tuple(criterion.id for criterion in self.criteria if criterion.too_few)


def verify(reply: Reply, criteria: Sequence[Criterion], finder: QuoteFinder | OriginalQuotes) -> Reading:
    """The reply with every quote looked up in the answer, and the levels that the found ones support."""
    by_id = {criterion.id: criterion for criterion in reply.criteria}
    two_at_the_top = reply.most_quotes != 1 and finder.length >= FEWEST_CHARACTERS_FOR_TWO
    verified = (_verified(by_id[criterion.id], criterion, finder) for criterion in criteria)
    return Reading(
        criteria=tuple(
            _borne_out_twice(each, criterion) if two_at_the_top else each
            for each, criterion in zip(verified, criteria, strict=True)
        ),
        red_flags=tuple(_red_flag(flag, finder) for flag in reply.red_flags),
    )


def restored(reading: Reading, redaction: Redaction) -> Reading:
    """The same with the candidate's own words in its quotes, where the grader read placeholders. What it wrote itself
    (what is missing, and why) stays as it wrote it.
    """
    if not redaction.replacements:
        return reading
    return Reading(
        criteria=tuple(
            replace(criterion, evidence=tuple(_in_own_words(each, redaction) for each in criterion.evidence))
            for criterion in reading.criteria
        ),
        red_flags=tuple(_in_own_words(flag, redaction) for flag in reading.red_flags),
    )


_Quote = TypeVar("_Quote", Evidence, RedFlagSeen)


def _in_own_words(each: _Quote, redaction: Redaction) -> _Quote:
    return each.model_copy(update={"quote": redaction.restored(each.quote)})


def _verified(said: CriterionReply, criterion: Criterion, finder: QuoteFinder | OriginalQuotes) -> CriterionReading:
    if said.level is None:
        return _from_checks(said, criterion, finder)
    lowest = min(criterion.levels)
    evidence = _evidence(said.quotes, finder)
    supported = said.level == lowest or any(each.verified for each in evidence)
    return CriterionReading(
        id=criterion.id,
        level=said.level if supported else lowest,
        claimed=None if supported else said.level,
        checks=None,
        evidence=evidence,
        missing=said.missing[:_LONGEST_NOTE],
        rationale=said.rationale[:_LONGEST_NOTE],
    )


def _borne_out_twice(reading: CriterionReading, criterion: Criterion) -> CriterionReading:
    """The highest level falls to the next where all that it rests on is one place of the answer."""
    levels = sorted(criterion.levels)
    if reading.level != levels[-1] or _places(reading.evidence) > 1:
        return reading
    return replace(reading, level=levels[-2], claimed=reading.claimed or reading.level, too_few=True)


def _places(evidence: Sequence[Evidence]) -> int:
    """How many quotes do not overlap with another."""
    places = 0
    reached = -1
    spans = [(each.end, each.start) for each in evidence if each.start is not None and each.end is not None]
    for end, start in sorted(spans):
        if start >= reached:
            places += 1
            reached = end
    return places


def _from_checks(said: CriterionReply, criterion: Criterion, finder: QuoteFinder | OriginalQuotes) -> CriterionReading:
    claimed = {check.id: check.met for check in said.checks}
    # Quotes under a check that is not met earn nothing, so nothing rests on them and they are left out.
    evidence = tuple(each for check in said.checks if check.met for each in _evidence(check.quotes, finder, check.id))
    supported = {each.check for each in evidence if each.verified}
    met = {check: said_met and check in supported for check, said_met in claimed.items()}
    borne_out = met == claimed
    return CriterionReading(
        id=criterion.id,
        level=criterion.level_of(met),
        claimed=None if borne_out else criterion.level_of(claimed),
        checks=met,
        evidence=evidence,
        missing=said.missing[:_LONGEST_NOTE],
        rationale=said.rationale[:_LONGEST_NOTE],
    )


def _evidence(
    quotes: Sequence[str], finder: QuoteFinder | OriginalQuotes, check: str | None = None
) -> tuple[Evidence, ...]:
    found = []
    for quote in dict.fromkeys(quote for quote in quotes if quote.strip()):
        span = finder.find(quote)
        if span is None:
            found.append(Evidence(quote=quote, check=check))
        else:
            found.append(Evidence(quote=quote, start=span.start, end=span.end, verified=True, check=check))
    return tuple(found)


def _red_flag(said: RedFlagReply, finder: QuoteFinder | OriginalQuotes) -> RedFlagSeen:
    span = finder.find(said.quote)
    if span is None:
        return RedFlagSeen(id=said.id, quote=said.quote)
    return RedFlagSeen(id=said.id, quote=said.quote, start=span.start, end=span.end, verified=True)


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The verdicts of a reply that its quotes do not bear out (`leakage_awareness`, or `leakage_awareness.leak_path`
    for a check), and those of their quotes that are not in the answer."""

    verdicts: tuple[str, ...]
    quotes: tuple[str, ...]


def unsupported(
    replies: Sequence[CriterionReply], criteria: Sequence[Criterion], finder: QuoteFinder | OriginalQuotes
) -> Unsupported:
    """What a rater should be asked about once more before its reply is used."""
    lowest = {criterion.id: min(criterion.levels) for criterion in criteria}
    verdicts: list[str] = []
    quotes: list[str] = []
    for reply in replies:
        claims = [(f"{reply.id}.{check.id}", check.quotes) for check in reply.checks if check.met]
        if reply.level is not None and reply.level > lowest[reply.id]:
            claims.append((reply.id, reply.quotes))
        for verdict, given in claims:
            if not any(finder.find(quote) for quote in given):
                verdicts.append(verdict)
                quotes.extend(given)
    return Unsupported(tuple(verdicts), tuple(dict.fromkeys(quotes)))


def combine(readings: Sequence[Reading], criteria: Sequence[Criterion]) -> tuple[CriterionGrade, ...]:
    """Several readings of one answer made one: the mean level, its spread, and all distinct evidence.

    The mean is used because it agreed with people more often than the mode did (arXiv 2503.03064). `missing` and
    `rationale` are those of the reading nearest to the mean.
    """
    return tuple(
        _combined([reading.criteria[place] for reading in readings], criterion)
        for place, criterion in enumerate(criteria)
    )


def _combined(readings: Sequence[CriterionReading], criterion: Criterion) -> CriterionGrade:
    if len(readings) == 1:
        return _only(readings[0])
    levels = [reading.level for reading in readings]
    expected = mean(levels)
    nearest = min(readings, key=lambda reading: abs(reading.level - expected))
    claims = [reading.claimed for reading in readings if reading.claimed is not None]
    return CriterionGrade(
        id=criterion.id,
        level=rounded_level(expected, criterion),
        expected_level=expected,
        spread=float(max(levels) - min(levels)),
        claimed_level=max(claims) if claims else None,
        checks=_majority(readings),
        evidence=_distinct(each for reading in readings for each in reading.evidence),
        missing=nearest.missing,
        rationale=nearest.rationale,
    )


def _only(reading: CriterionReading) -> CriterionGrade:
    """A single reading stands as it is."""
    return CriterionGrade(
        id=reading.id,
        level=reading.level,
        expected_level=float(reading.level),
        claimed_level=reading.claimed,
        checks=None if reading.checks is None else dict(reading.checks),
        evidence=_distinct(reading.evidence),
        missing=reading.missing,
        rationale=reading.rationale,
    )


def _distinct(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    evidence: dict[tuple[int | None, int | None, str, str | None], Evidence] = {}
    for each in found:
        evidence.setdefault((each.start, each.end, "" if each.verified else each.quote, each.check), each)
    return tuple(evidence.values())


def _majority(readings: Sequence[CriterionReading]) -> dict[str, bool] | None:
    """Each check by more than half of the readings that answered it; null where any reading gave a level."""
    checked = [reading.checks for reading in readings]
    if any(checks is None for checks in checked):
        return None
    named = dict.fromkeys(check for checks in checked for check in checks or {})
    return {check: 2 * sum((checks or {}).get(check, False) for checks in checked) > len(checked) for check in named}
