"""The order of work of a review: an item is opened, held, decided on, taken back, handed on; and who may do which."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from evaluator.core.account import Who
from evaluator.core.review import (
    DECISIONS,
    REASONS,
    CandidateDecision,
    EntryDetail,
    ItemReview,
    ItemState,
    Levels,
    LogEntry,
    Reason,
    ReviewLabel,
    conflicts,
    last_undoable,
)
from evaluator.core.review_queue import QueueFilter
from evaluator.errors import NotAllowedError, NotThereError, UsageError
from evaluator.run.review_rules import check_levels, grader_levels, is_blind_for, why_not_adjudicate, why_not_save
from evaluator.store.candidate_decisions import Decision
from evaluator.store.review_leases import Lease, leases_on, release_lease, take_lease
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store

LEASE_LASTS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of a decision. `revealed`: the levels were given blind, and the grader's may be shown from now on;
    `changed`: the criteria on which the person differs from the grader.
    """

    version: int
    state: ItemState
    revealed: bool
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was saved: others acted since the page was opened. `theirs`: what they said, the last one last."""

    version: int
    mine: dict[str, int]
    theirs: tuple[LogEntry, ...]

    @property
    def regraded(self) -> bool:
        """Whether a later grade came."""
        return any(entry.action == "regraded" for entry in self.theirs)


class ReasonNeededError(UsageError):
    """Whoever overrules the grader, or a colleague, says why."""


class ReviewDesk:
    """Decisions on items of one store. `now` gives the time in UTC."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def next_item(self, who: Who, wanted: QueueFilter, after_item: int | None = None) -> int | None:
        """The most urgent item that this person may label and nobody else has open, now held for them."""
        _require_reviewer(who)
        lease = Lease(0, who.session_id, who.user_id, self._lease_ends())
        if after_item is not None:
            self._store.leases.release(after_item, who.session_id)
        return self._store.queue.take_next(who.user_id, wanted, after_item, lease, self._time())

    def hold(self, who: Who, item_id: int) -> str | None:
        """Takes or renews the lease on an item that waits for this person; until when (UTC).

        None where it does not wait for them, or as many others have it open as are needed.
        """
        _require_reviewer(who)
        now = self._time()
        with self._store.reviews.deciding(item_id) as case:
            if not _wants(case.review, who):
                return None
            held = [lease for lease in leases_on(case.connection, item_id, now) if lease.user_id != who.user_id]
            if len(held) >= _places(case.review):
                return None
            lease = Lease(item_id, who.session_id, who.user_id, self._lease_ends())
            take_lease(case.connection, lease, now)
            return lease.until

    def release(self, who: Who, item_id: int) -> None:
        """Lets go of an item."""
        self._store.leases.release(item_id, who.session_id)

    def save(
        self,
        who: Who,
        item_id: int,
        version: int,
        levels: Levels | None,
        reason: Reason | None = None,
        comment: str = "",
    ) -> Saved | Conflict:
        """Saves a person's levels; None are the grader's, confirmed.

        Raises ReasonNeededError where it overrules what was shown without a reason, NotAllowedError where this person
        may not, UsageError where a level is missing or none of the scale.
        """
        _require_reviewer(who)
        with self._store.reviews.deciding(item_id) as case:
            grade = case.stored.grade
            found = conflicts(case.entries, version, who.user_id, case.item.needed)
            blind = is_blind_for(case.item, case.review, who)
            shown = None if blind else grader_levels(grade)
            wanted = dict(levels) if levels is not None else shown
            if wanted is None:
                raise UsageError("There is nothing to confirm here yet.", hint="Give a level for each criterion.")
            if found:
                return Conflict(case.review.version, wanted, tuple(found))
            cannot = why_not_save(case.review, who)
            if cannot is not None:
                raise NotAllowedError(cannot)
            record = self.run_of(case.item.run)
            check_levels(wanted, record, case.item.question_id)
            before = _before(case.review, who, shown)
            if before is not None and wanted != before and reason is None:
                raise ReasonNeededError("Say why the level changes.", hint="Choose a reason; a comment helps.")
            detail = EntryDetail(
                levels=wanted,
                before=before,
                grader_levels=grader_levels(grade),
                blind=blind,
                grade=case.item.grade,
                reason=reason,
                comment=_comment(comment),
            )
            review = case.append(self._time(), who.user_id, "labelled", detail)
            release_lease(case.connection, item_id, who.session_id)
            return _saved(review, wanted, grader_levels(grade), revealed=blind)

    def explain(self, who: Who, item_id: int, version: int, reason: Reason | None, comment: str) -> Saved | Conflict:
        """Says why, after the grader's levels were shown to somebody who had labelled blind."""
        _require_reviewer(who)
        with self._store.reviews.deciding(item_id) as case:
            mine = case.review.labels.get(who.user_id)
            if mine is None:
                raise NotAllowedError("You gave no levels here.")
            found = conflicts(case.entries, version, who.user_id, case.item.needed)
            if found:
                return Conflict(case.review.version, mine.levels, tuple(found))
            review = case.append(
                self._time(), who.user_id, "explained", EntryDetail(reason=reason, comment=_comment(comment))
            )
            return _saved(review, mine.levels, mine.grader_levels, revealed=False)

    def adjudicate(
        self, who: Who, item_id: int, version: int, levels: Levels, reason: Reason | None, comment: str
    ) -> Saved | Conflict:
        """Settles an answer on which two blind reviewers differ; by a third person, who saw both."""
        _require_reviewer(who)
        with self._store.reviews.deciding(item_id) as case:
            found = conflicts(case.entries, version, who.user_id, case.item.needed)
            if found:
                return Conflict(case.review.version, dict(levels), tuple(found))
            cannot = why_not_adjudicate(case.review, who)
            if cannot is not None:
                raise NotAllowedError(cannot)
            check_levels(levels, self.run_of(case.item.run), case.item.question_id)
            given = grader_levels(case.stored.grade)
            detail = EntryDetail(
                levels=dict(levels),
                grader_levels=given,
                grade=case.item.grade,
                reason=reason,
                comment=_comment(comment),
            )
            review = case.append(self._time(), who.user_id, "adjudicated", detail)
            release_lease(case.connection, item_id, who.session_id)
            return _saved(review, levels, given, revealed=False)

    def undo(self, who: Who, item_id: int) -> Saved:
        """Takes back one's own last entry about an item, while nobody acted after it. Raises NotAllowedError."""
        _require_reviewer(who)
        with self._store.reviews.deciding(item_id) as case:
            last = last_undoable(case.entries, who.user_id)
            if last is None:
                raise NotAllowedError("There is nothing of yours to take back here, or somebody acted after it.")
            review = case.append(self._time(), who.user_id, "undone", EntryDetail(undoes=last.version))
            return Saved(review.version, review.state, revealed=False, changed=())

    def skip(self, who: Who, item_id: int) -> Saved:
        """Leaves an item to others: it is not offered to this person again until somebody labels it."""
        _require_reviewer(who)
        with self._store.reviews.deciding(item_id) as case:
            if case.review.state != "open":
                return Saved(case.review.version, case.review.state, revealed=False, changed=())
            review = case.append(self._time(), who.user_id, "skipped", EntryDetail())
            release_lease(case.connection, item_id, who.session_id)
        return Saved(review.version, review.state, revealed=False, changed=())

    def hand(self, who: Who, item_id: int, to: str, comment: str = "") -> Saved:
        """Hands an item to a colleague, who is offered it first. Raises NotAllowedError and NotThereError."""
        _require_reviewer(who)
        colleague = self._store.users.get(to)
        if colleague is None or colleague.is_disabled or colleague.role == "recruiter":
            raise NotThereError("There is no such reviewer.", hint="Choose one from the list.")
        with self._store.reviews.deciding(item_id) as case:
            if case.review.state != "open":
                raise NotAllowedError("This answer is settled: there is nothing to hand on.")
            if to in case.review.labels:
                raise NotAllowedError(f"'{colleague.name}' gave levels here already.")
            detail = EntryDetail(to_user=to, comment=_comment(comment))
            review = case.append(self._time(), who.user_id, "handed", detail)
            release_lease(case.connection, item_id, who.session_id)
        return Saved(review.version, review.state, revealed=False, changed=())

    def decide_on_candidate(
        self, who: Who, record: RunRecord, candidate_id: str, decision: CandidateDecision, note: str
    ) -> None:
        """Appends a person's decision on a candidate of a run; there is none that rejects."""
        if not self._store.reviews.has_candidate(record.number, candidate_id):
            raise NotThereError("There is no such candidate in this run.", hint="Go back to the run.")
        made = Decision(decision, who.user_id, self._time(), _comment(note))
        self._store.decisions.append(record.number, candidate_id, made)

    def run_of(self, number: int) -> RunRecord:
        """The record of a run. Raises NotThereError."""
        record = self._store.runs.get(number)
        if record is None:
            raise NotThereError("This run was deleted.", hint="Go back to the queue.")
        return record

    def _lease_ends(self) -> str:
        return (self._now() + LEASE_LASTS).isoformat(timespec="seconds")

    def _time(self) -> str:
        return self._now().isoformat(timespec="seconds")


def reason_of(text: str | None) -> Reason | None:
    """The reason of this code; None for none. Raises UsageError for an unknown one."""
    if not text:
        return None
    for known in REASONS:
        if text == known:
            return known
    raise UsageError("There is no such reason.", hint=f"One of: {', '.join(REASONS)}.")


def decision_of(text: str) -> CandidateDecision:
    """The decision of this code. Raises UsageError for an unknown one."""
    for known in DECISIONS:
        if text == known:
            return known
    raise UsageError("There is no such decision.", hint=f"One of: {', '.join(DECISIONS)}.")


def _require_reviewer(who: Who) -> None:
    if who.role == "recruiter":
        raise NotAllowedError("A recruiter does not review grades.", hint="Ask an administrator.")


def _wants(review: ItemReview, who: Who) -> bool:
    """Whether an item waits for this person's levels."""
    if review.state == "adjudicate":
        return who.user_id not in review.labels
    return review.state == "open" and who.user_id not in review.labels


def _places(review: ItemReview) -> int:
    """How many people may have an item open at once."""
    return 1 if review.state == "adjudicate" else max(review.needed - len(review.labels), 1)


def _before(review: ItemReview, who: Who, shown: dict[str, int] | None) -> dict[str, int] | None:
    """What a change is measured against: one's own earlier levels do not count, a colleague's that stand do."""
    others: list[ReviewLabel] = [label for user, label in review.labels.items() if user != who.user_id]
    if review.needed == 1 and others:
        return others[-1].levels
    return shown


def _saved(review: ItemReview, levels: Levels, given: Mapping[str, int] | None, *, revealed: bool) -> Saved:
    changed = tuple(criterion for criterion, level in levels.items() if given and given.get(criterion) != level)
    return Saved(review.version, review.state, revealed, changed)


_LONGEST_COMMENT = 4_000


def _comment(text: str) -> str:
    text = text.strip()
    if len(text) > _LONGEST_COMMENT:
        raise UsageError(f"The comment has {len(text):,} characters.", hint=f"Use {_LONGEST_COMMENT:,} at most.")
    return text
