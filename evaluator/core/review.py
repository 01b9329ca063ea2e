"""A person's review of a grade: what is decided, as entries of a log that is only ever appended to, and what follows.

The state of an item is what its entries add up to (`replay`); the tables that pages read can be made anew from the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from evaluator.core.grade import FlagCode

ItemState = Literal["open", "adjudicate", "done", "withdrawn"]
"""`adjudicate`: two blind reviewers are more than a level apart; `withdrawn`: a later grade needs no person."""

Action = Literal["labelled", "explained", "adjudicated", "undone", "skipped", "handed", "regraded", "flagged"]
_OF_THE_PROGRAM: frozenset[Action] = frozenset({"regraded", "flagged"})

Reason = Literal[
    "evidence_missed",
    "evidence_misread",
    "anchor_misapplied",
    "too_generous",
    "too_strict",
    "rubric_unclear",
    "manipulation",
    "other",
]
REASONS: dict[Reason, str] = {
    "evidence_missed": "Evidence in the answer was missed",
    "evidence_misread": "A quote was misread or says something else",
    "anchor_misapplied": "The level's words do not fit this answer",
    "too_generous": "Too generous: asserted, not shown",
    "too_strict": "Too strict: it is there in other words",
    "rubric_unclear": "The rubric leaves it open",
    "manipulation": "The answer tries to steer the grader",
    "other": "Something else",
}

Why = FlagCode | Literal["drawn"]
"""Why an item is in the queue, most urgent reason first; `drawn`: nothing is wrong, it was drawn to be checked."""
DRAWN: Literal["drawn"] = "drawn"

CandidateDecision = Literal["advance", "hold", "talk_again"]
DECISIONS: dict[CandidateDecision, str] = {
    "advance": "Advance",
    "hold": "Hold",
    "talk_again": "Talk again",
}
CANDIDATE_DECISIONS: tuple[CandidateDecision, ...] = get_args(CandidateDecision)

MOST_APART = 1
"""Two blind reviewers further apart than this many levels on any criterion need a third."""

Levels = Mapping[str, int]
"""Levels by criterion id."""


class EntryDetail(BaseModel):
    """What an entry says beyond who, when and about what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    levels: dict[str, int] | None = None
    before: dict[str, int] | None = None
    """What stood until then: the person's own earlier levels, else the grader's; null while these were hidden."""
    grader_levels: dict[str, int] | None = None
    """The grader's levels at that moment, shown or not; null where it gave none."""
    blind: bool = False
    grade: int | None = None
    """The number of the grade that stood."""
    reason: Reason | None = None
    comment: str = ""
    to_user: str | None = None
    undoes: int | None = None
    """The version that an undoing takes back."""
    needs_review: bool | None = None
    """Of a `regraded` or `flagged` entry: whether the grade sends the answer to a person now."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry about one item. `version` counts the item's entries from 1; `actor` is "" for the program itself."""

    at: str
    actor: str
    action: Action
    run: int
    answer_id: str
    candidate_id: str
    version: int
    detail: EntryDetail
    number: int = 0
    """The entry's place in the whole log; 0 before it is written."""


@dataclass(frozen=True, slots=True)
class ReviewLabel:
    """The levels that one person gave one answer, as they stand.

    `blind_levels` are those given before the grader's were shown, kept when the person changes their mind after;
    agreement rests on these alone. `blind` says that `levels` are still those.
    """

    user_id: str
    levels: dict[str, int]
    blind: bool
    grade: int | None
    grader_levels: dict[str, int] | None
    blind_levels: dict[str, int] | None
    reason: Reason | None
    comment: str
    saved_at: str
    version: int


@dataclass(frozen=True, slots=True)
class ItemReview:
    """What an item's entries add up to. `needed`: 1, or 2 where two people label it blind and apart."""

    needed: int
    state: ItemState = "open"
    version: int = 0
    labels: Mapping[str, ReviewLabel] = field(default_factory=dict)
    """By user id, in the order in which they were last given."""
    adjudication: ReviewLabel | None = None
    assigned_to: str | None = None
    skipped_by: frozenset[str] = frozenset()
    saw: frozenset[str] = frozenset()
    """Who was shown the grader's levels, having given their own: what they say from then on is not blind."""
    is_wanted: bool = True
    """Whether the grade that stands needs a person."""
    last_by: str | None = None
    """Who made the last entry that can be undone; None where there is nothing to undo."""

    @property
    def final_levels(self) -> dict[str, int] | None:
        """The levels that people settled on; None while they have not."""
        given = self.deciding
        # Within a level of each other: half way goes up, as between samples of a grader.
        return (
            {
                criterion: int(sum(label.levels[criterion] for label in given) / len(given) + 0.5)
                for criterion in given[0].levels
            }
            if given
            else None
        )

    @property
    def deciding(self) -> tuple[ReviewLabel, ...]:
        """The labels that the final levels rest on; none while people have not settled."""
        if self.adjudication is not None:
            return (self.adjudication,)
        if self.state != "done" or not self.labels:
            return ()
        given = tuple(self.labels.values())
        return given[-1:] if self.needed == 1 else given


def replay(entries: Iterable[LogEntry], needed: int) -> ItemReview:
    """The review that these entries of one item, in order, add up to."""
    taken = list(entries)
    standing = _without_undone(taken)
    review = ItemReview(needed)
    for entry in standing:
        review = _after(review, entry)
    saw = frozenset(entry.actor for entry in taken if entry.action in ("labelled", "adjudicated"))
    version = taken[-1].version if taken else 0
    return replace(review, version=version, saw=saw, last_by=_undoable(taken, standing))


def with_entry(entries: Iterable[LogEntry], entry: LogEntry, needed: int) -> ItemReview:
    """The review once `entry` is appended."""
    return replay([*entries, entry], needed)


def furthest_apart(labels: Iterable[Levels]) -> int:
    """The largest difference between any two people on any criterion, in levels; 0 for fewer than two."""
    given = list(labels)
    if len(given) < 2:
        return 0
    criteria = set.intersection(*(set(levels) for levels in given))
    return max((max(each[c] for each in given) - min(each[c] for each in given) for c in criteria), default=0)


def conflicts(entries: Iterable[LogEntry], since: int, who: str, needed: int) -> list[LogEntry]:
    """The entries after version `since` that whoever saves on that version has to see first.

    What another person wrote, or a new grade. Not the blind label of the other one of two: the two label apart.
    """
    later = [entry for entry in entries if entry.version > since and entry.actor != who]
    return [
        entry
        for entry in later
        if entry.action in ("adjudicated", "undone", "regraded", "handed")
        or (entry.action == "labelled" and not (needed > 1 and entry.detail.blind))
    ]


def _without_undone(entries: list[LogEntry]) -> list[LogEntry]:
    undone = {entry.detail.undoes for entry in entries if entry.action == "undone"}
    return [entry for entry in entries if entry.action != "undone" and entry.version not in undone]


def _undoable(entries: list[LogEntry], standing: list[LogEntry]) -> str | None:
    """Whose entry may be undone: the last one that stands, where nobody else did anything after it."""
    own = [entry for entry in standing if entry.action not in _OF_THE_PROGRAM]
    if not own:
        return None
    last = own[-1]
    later = [entry for entry in entries if entry.version > last.version]
    return last.actor if all(entry.actor in (last.actor, "") for entry in later) else None


def last_undoable(entries: Iterable[LogEntry], who: str) -> LogEntry | None:
    """The entry that `who` may take back now; None where there is none."""
    taken = list(entries)
    standing = _without_undone(taken)
    if _undoable(taken, standing) != who:
        return None
    return [entry for entry in standing if entry.action not in _OF_THE_PROGRAM][-1]


def _after(review: ItemReview, entry: LogEntry) -> ItemReview:
    detail = entry.detail
    if entry.action == "labelled":
        labels = {user: label for user, label in review.labels.items() if user != entry.actor}
        labels[entry.actor] = _label(entry, review.labels.get(entry.actor))
        return _settled(replace(review, labels=labels, assigned_to=None, skipped_by=frozenset()))
    if entry.action == "explained":
        return _explained(review, entry)
    if entry.action == "adjudicated":
        return _settled(replace(review, adjudication=_label(entry, None)))
    if entry.action == "skipped":
        assigned_to = None if review.assigned_to == entry.actor else review.assigned_to
        return replace(review, skipped_by=review.skipped_by | {entry.actor}, assigned_to=assigned_to)
    if entry.action == "handed":
        return replace(review, assigned_to=detail.to_user, skipped_by=review.skipped_by - {detail.to_user or ""})
    # regraded, flagged: what people said stands; only an item that nobody has touched leaves the queue or comes back.
    return _settled(replace(review, is_wanted=bool(detail.needs_review)))


def _label(entry: LogEntry, earlier: ReviewLabel | None) -> ReviewLabel:
    detail = entry.detail
    levels = dict(detail.levels or {})
    kept = earlier.blind_levels if earlier else None
    return ReviewLabel(
        user_id=entry.actor,
        levels=levels,
        blind=detail.blind,
        grade=detail.grade,
        grader_levels=detail.grader_levels,
        blind_levels=levels if detail.blind else kept,
        reason=detail.reason,
        comment=detail.comment,
        saved_at=entry.at,
        version=entry.version,
    )


def _explained(review: ItemReview, entry: LogEntry) -> ItemReview:
    label = review.labels.get(entry.actor)
    if label is None:
        return review
    said = replace(label, reason=entry.detail.reason, comment=entry.detail.comment)
    return replace(review, labels={**review.labels, entry.actor: said})


def _settled(review: ItemReview) -> ItemReview:
    """The state that labels, adjudication and the standing grade make."""
    state: ItemState = "open"
    if review.adjudication is not None:
        state = "done"
    elif len(review.labels) >= review.needed:
        apart = furthest_apart(label.levels for label in review.labels.values())
        state = "adjudicate" if review.needed > 1 and apart > MOST_APART else "done"
    elif not review.labels and not review.is_wanted:
        state = "withdrawn"
    return replace(review, state=state)
