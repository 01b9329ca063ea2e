"""What a page shows of one candidate: a row of the table, and a section that holds their answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from evaluator.core.candidate import CandidateStanding
from evaluator.core.rubric import Rubric
from evaluator.report.arithmetic import candidate_sum
from evaluator.report.wording import FLAG_NAMES, band_in_words, counted, shown_score


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """A candidate in the table. `href` is empty where the candidate's answers are on no page.

    `filled` is the score's share of the scale in percent, for the small bar beside it.
    """

    candidate_id: str
    href: str
    score: str
    filled: float
    of_how_many: str
    complete: bool
    levels: tuple[str, ...]
    band: str
    band_look: str
    to_review: int
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CandidateSection:
    """What stands above a candidate's answers."""

    anchor: str
    row: CandidateRow
    arithmetic: str
    lacking: str


def candidate_row(standing: CandidateStanding, rubric: Rubric, href: str) -> CandidateRow:
    """The row of the table for this candidate."""
    counts = Counter(flag.code for flag in standing.flags)
    names = (FLAG_NAMES[code] + (f" ×{count}" if count > 1 else "") for code, count in counts.most_common())
    return CandidateRow(
        candidate_id=standing.candidate_id,
        href=href,
        score="" if standing.score is None else shown_score(standing.score, rubric),
        filled=0.0 if standing.score is None else round(100 * standing.score / rubric.score_out_of, 1),
        of_how_many=f"{standing.graded} of {counted(standing.asked, 'answer')}",
        complete=standing.complete,
        levels=tuple(
            f"{standing.levels[criterion.id]:.1f}" if criterion.id in standing.levels else ""
            for criterion in rubric.criteria
        ),
        band=band_in_words(standing.band),
        band_look={"meets_bar": "meets", "below_bar": "below", None: "open"}[standing.band],
        to_review=standing.to_review,
        flags=tuple(names),
    )


def candidate_section(standing: CandidateStanding, rubric: Rubric, anchor: str) -> CandidateSection:
    """The section of the page for this candidate."""
    lacking = []
    if standing.not_answered:
        lacking.append(f"{standing.not_answered} not answered")
    if standing.ungraded:
        lacking.append(f"{standing.ungraded} not graded")
    return CandidateSection(
        anchor=anchor,
        row=candidate_row(standing, rubric, f"#{anchor}"),
        arithmetic=candidate_sum(standing, rubric),
        lacking=f"{', '.join(lacking)}." if lacking else "",
    )
