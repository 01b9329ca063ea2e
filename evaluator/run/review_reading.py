"""What a person may see of reviews: the queue, an item opened, a candidate whole; levels only where they may."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from evaluator.core.account import Who
from evaluator.core.candidate import standing_of
from evaluator.core.grade import Grade
from evaluator.core.review import DRAWN, ItemReview, LogEntry, ReviewLabel, last_undoable, replay
from evaluator.core.review_queue import Choice, QueueChoices, QueueCounts, QueueFilter, QueueItem, QueuePage
from evaluator.core.review_urgency import SCREENING_FLAGS, flags_in
from evaluator.core.score import mean, score_of
from evaluator.errors import NotThereError, UsageError
from evaluator.run.review_rules import criteria_of, is_blind_for, why_not_adjudicate, why_not_save
from evaluator.run.review_views import (
    CandidateView,
    HeldLease,
    NamedDecision,
    NamedLabel,
    OpenItem,
    ReviewedAnswer,
)
from evaluator.store.grade_rows import StoredGrade
from evaluator.store.near_copy_pairs import AlikeAnswer
from evaluator.store.review_leases import Lease
from evaluator.store.review_queue import QueueRow
from evaluator.store.review_shelf import ReviewItem
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store
from evaluator.store.stored_text import stored_text

_HIGHEST = 2**63 - 1  # that a database takes
_SOMEBODY = "somebody who is gone"


class ReviewReading:
    """Reads reviews of one store for a person. `now` gives the time in UTC."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def runs(self, who: Who) -> list[RunRecord]:
        """The runs that this person may see, the newest first."""
        shared = self._store.users.runs_of(who.user_id) if who.role == "recruiter" else None
        return [record for record in self._store.runs.all() if shared is None or record.number in shared]

    def require_run(self, who: Who, run_id: str) -> RunRecord:
        """The run of this name, where this person may see it. Raises NotThereError: nobody is told that it exists."""
        record = self._store.runs.named(run_id)
        if record is None or (who.role == "recruiter" and record.number not in self._store.users.runs_of(who.user_id)):
            raise NotThereError("There is no such run.", hint="Go back to the runs.")
        return record

    def queue(self, who: Who, wanted: QueueFilter, after: str | None = None, limit: int = 50) -> QueuePage:
        """A page of the queue, most urgent first; `after` is what the page before said."""
        rows = self._store.queue.page(who.user_id, wanted, _keys(after), limit + 1)
        page = rows[:limit]
        items = self._items(page, who)
        last = page[-1] if len(rows) > limit else None
        return QueuePage(items, f"{last.rank}.{last.id}" if last else None)

    def counts(self, who: Who, wanted: QueueFilter) -> QueueCounts:
        """How much there is, and what was done today (of UTC)."""
        today = self._now().date().isoformat()
        by_state, by_flag = self._store.queue.counts(wanted)
        return QueueCounts(
            open=by_state.get("open", 0),
            adjudicate=by_state.get("adjudicate", 0),
            done=by_state.get("done", 0),
            withdrawn=by_state.get("withdrawn", 0),
            by_flag=by_flag,
            done_today=self._store.queue.done_since(today),
            done_today_by_me=self._store.queue.done_since(today, who.user_id),
        )

    def choices(self) -> QueueChoices:
        """What the queue can be filtered by."""
        names = self._names()
        records = [record for number in self._store.queue.runs() if (record := self._store.runs.get(number))]
        questions = {
            question.id: question.title for record in records for question in record.order.questionnaire.questions
        }
        return QueueChoices(
            runs=tuple(Choice(record.id, record.order.manifest.input_name) for record in records),
            questions=tuple(Choice(*each) for each in questions.items()),
            reviewers=tuple(Choice(user, names.get(user, _SOMEBODY)) for user in self._store.queue.reviewers()),
            flags=tuple(Choice(code, code) for code in (*flags_in(-1), DRAWN)),
        )

    def colleagues(self, who: Who) -> tuple[Choice, ...]:
        """Whom an item can be handed to."""
        return tuple(
            Choice(user.id, user.name)
            for user in self._store.users.all()
            if user.role != "recruiter" and not user.is_disabled and user.id != who.user_id
        )

    def adjudications(self, who: Who, limit: int = 200) -> tuple[QueueItem, ...]:
        """The answers on which two blind reviewers differ and this person may decide, most urgent first."""
        rows = self._store.queue.page(who.user_id, QueueFilter(state="adjudicate"), None, limit)
        # Who labelled an answer saw its grade, and is one of the two.
        mine = {(row.run, row.answer_id) for row in self._store.queue.page(
            who.user_id, QueueFilter(state="adjudicate", reviewer=who.user_id), None, limit)}  # fmt: skip
        return self._items([row for row in rows if (row.run, row.answer_id) not in mine], who)

    def open_item(self, who: Who, item_id: int, *, held_until: str | None) -> OpenItem:
        """One answer with all that this person may see of it. `held_until`: of their own lease, where they have it."""
        item, stored, entries = self._store.reviews.read(item_id)
        row = self._store.queue.row(who.user_id, item_id)
        record = self._store.runs.get(item.run)
        if row is None or record is None:
            raise NotThereError("This answer was erased.", hint="Go back to the queue.")
        review = replay(entries, item.needed)
        blind = is_blind_for(item, review, who)
        names = self._names()
        grade = stored.grade
        others = () if blind else _labels(review, names, but=who.user_id)
        cannot = why_not_adjudicate(review, who) if review.state == "adjudicate" else why_not_save(review, who)
        lease = self._lease(who, item_id, held_until, names)
        if cannot is None and lease is not None and not lease.is_mine:
            cannot = f"{lease.name} has this answer open."
        return OpenItem(
            item=self._items([row], who)[0],
            record=record,
            answer=stored.answer(grade),
            question=record.order.questionnaire.question(item.question_id),
            rubric=record.order.rubric,
            criteria=criteria_of(record, item.question_id),
            grade=None if blind else grade,
            blind=blind,
            safe_flags=tuple(flag for flag in grade.flags if flag.code in SCREENING_FLAGS),
            alike=self._alike(record, item, grade),
            version=review.version,
            mine=review.labels.get(who.user_id),
            others=others,
            adjudication=_named(review.adjudication, names),
            final_levels=None if blind else review.final_levels,
            lease=lease,
            can_save=cannot is None,
            cannot_because=cannot,
            can_undo=last_undoable(entries, who.user_id) is not None,
            entries=() if blind else tuple(entries),
            regraded_since=_is_regraded_since(entries, review),
        )

    def _alike(self, record: RunRecord, item: ReviewItem, grade: Grade) -> tuple[AlikeAnswer, ...]:
        if all(flag.code != "near_duplicate" for flag in grade.flags):
            return ()
        if grade.rows_alike:
            found = self._store.reviews.at_rows(item.run, item.question_id, grade.rows_alike, "near_duplicate")
            return tuple(AlikeAnswer(each, record.id) for each in found)
        return tuple(self._store.near_copies.of(item.run, item.answer_id))

    def candidate(self, who: Who, record: RunRecord, candidate_id: str) -> CandidateView:
        """One candidate of a run, with all that this person may see. Raises NotThereError."""
        stored, items, entries = self._store.reviews.of_candidate(record.number, candidate_id)
        if not stored:
            raise NotThereError("There is no such candidate in this run.", hint="Go back to the run.")
        names = self._names()
        answers = self._in_order(record, [self._reviewed(who, record, each, items, entries, names) for each in stored])
        hidden = any(each.is_hidden for each in answers)
        grades = [each.grade for each in answers if each.grade is not None]
        questions = _asked(record)
        return CandidateView(
            record=record,
            candidate_id=candidate_id,
            answers=answers,
            standing=None if hidden else standing_of(candidate_id, grades, questions, record.order.rubric),
            score=None if hidden else _score(answers),
            decisions=tuple(
                NamedDecision(names.get(made.user_id, _SOMEBODY), made.decision, made.at, made.note)
                for made in self._store.decisions.of(record.number, candidate_id)
            ),
        )

    def _reviewed(
        self,
        who: Who,
        record: RunRecord,
        stored: StoredGrade,
        items: Mapping[str, ReviewItem],
        entries: Mapping[str, list[LogEntry]],
        names: Mapping[str, str],
    ) -> ReviewedAnswer:
        grade = stored.grade
        question = record.order.questionnaire.question(grade.question_id)
        # By the id as a row has it, and not by the grade's number: after a regrade the item has the old one until the
        # queue has looked, and what is hidden or decided must not come and go with that.
        item = items.get(stored_text(grade.answer_id))
        if item is None:
            return ReviewedAnswer(stored.answer(grade), question, grade, None, None, (), None, None, is_hidden=False)
        review = replay(entries.get(item.answer_id, ()), item.needed)
        # A recruiter labels nothing: nothing they see can sway a label.
        hidden = who.role != "recruiter" and is_blind_for(item, review, who)
        final = None if hidden else review.final_levels
        return ReviewedAnswer(
            answer=stored.answer(grade),
            question=question,
            grade=None if hidden else grade,
            item_id=item.id,
            state=review.state,
            labels=() if hidden else _labels(review, names),
            final_levels=final,
            reviewed_score=score_of(final, record.order.rubric) if final else None,
            is_hidden=hidden,
        )

    def _in_order(self, record: RunRecord, answers: list[ReviewedAnswer]) -> tuple[ReviewedAnswer, ...]:
        order = {question: place for place, question in enumerate(_asked(record))}
        return tuple(sorted(answers, key=lambda each: order.get(each.question.id, len(order))))

    def _items(self, rows: Sequence[QueueRow], who: Who) -> tuple[QueueItem, ...]:
        names = self._names()
        leases = self._store.leases.of([row.id for row in rows], self._now().isoformat(timespec="seconds"))
        titles: dict[int, Mapping[str, str]] = {}
        for row in rows:
            if row.run not in titles:
                record = self._store.runs.get(row.run)
                questions = record.order.questionnaire.questions if record else ()
                titles[row.run] = {question.id: question.title for question in questions}
        return tuple(
            _item(row, who, titles[row.run].get(row.question_id, row.question_id), names, leases.get(row.id, ()))
            for row in rows
        )

    def _lease(self, who: Who, item_id: int, held_until: str | None, names: Mapping[str, str]) -> HeldLease | None:
        if held_until is not None:
            return HeldLease(names.get(who.user_id, _SOMEBODY), is_mine=True, until=held_until)
        now = self._now().isoformat(timespec="seconds")
        held = [lease for lease in self._store.leases.of([item_id], now).get(item_id, ()) if _is_others(lease, who)]
        return HeldLease(names.get(held[0].user_id, _SOMEBODY), False, held[0].until) if held else None

    def _names(self) -> Mapping[str, str]:
        return {user.id: user.name for user in self._store.users.all()}


def _item(row: QueueRow, who: Who, title: str, names: Mapping[str, str], leases: Sequence[Lease]) -> QueueItem:
    blind = row.blind and not row.viewer_saw
    held = next((lease for lease in leases if _is_others(lease, who)), None)
    flags = flags_in(row.flags)
    return QueueItem(
        id=row.id,
        run=row.run,
        run_id=row.run_id,
        answer_id=row.answer_id,
        candidate_id=row.candidate_id,
        question_id=row.question_id,
        question_title=title,
        why=None if blind else row.why,
        flags=tuple(code for code in flags if code in SCREENING_FLAGS) if blind else flags,
        score=None if blind else row.score,
        band=None if blind else row.band,
        spread=None if blind else row.spread,
        state=row.state,
        needed=row.needed,
        labels=row.labels,
        blind=blind,
        held_by=names.get(held.user_id, _SOMEBODY) if held else None,
        held_until=held.until if held else None,
        assigned_to=names.get(row.assigned_to, _SOMEBODY) if row.assigned_to else None,
        entered_at=row.entered_at,
        changed_at=row.changed_at,
    )


def _is_others(lease: Lease, who: Who) -> bool:
    return lease.user_id != who.user_id


def _labels(review: ItemReview, names: Mapping[str, str], *, but: str = "") -> tuple[NamedLabel, ...]:
    return tuple(NamedLabel(names.get(user, _SOMEBODY), label) for user, label in review.labels.items() if user != but)


def _named(label: ReviewLabel | None, names: Mapping[str, str]) -> NamedLabel | None:
    return None if label is None else NamedLabel(names.get(label.user_id, _SOMEBODY), label)


def _is_regraded_since(entries: Sequence[LogEntry], review: ItemReview) -> bool:
    given = [label.version for label in review.labels.values()]
    return bool(given) and any(entry.action == "regraded" and entry.version > min(given) for entry in entries)


def _score(answers: Sequence[ReviewedAnswer]) -> float | None:
    """The mean over the answers: people's levels where they settled, else the grader's."""
    scores = [
        score
        for each in answers
        if (score := each.reviewed_score if each.final_levels else _graded_score(each.grade)) is not None
    ]
    return mean(scores) if scores else None


def _graded_score(grade: Grade | None) -> float | None:
    return grade.score if grade is not None else None


def _asked(record: RunRecord) -> tuple[str, ...]:
    asked = record.order.manifest.questions_asked
    return asked or tuple(question.id for question in record.order.questionnaire.questions)


def _keys(after: str | None) -> tuple[int, int] | None:
    if after is None:
        return None
    rank, _, item = after.partition(".")
    try:
        keys = int(rank), int(item)
        if max(map(abs, keys)) > _HIGHEST:
            raise ValueError(after)
        return keys
    except ValueError:
        raise UsageError("This page of the queue cannot be found.", hint="Begin at the first page.") from None
