"""The store: one database that keeps replies, runs with their grades, what the service takes in, and reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from evaluator.store.address import StoreAddress, store_address
from evaluator.store.candidates import candidates_in
from evaluator.store.database import PATIENCE, Database
from evaluator.store.grade_log import GradeLogs
from evaluator.store.keyring import Keyring, unlock
from evaluator.store.loose_replies import LooseReplies
from evaluator.store.master_key import master_keys
from evaluator.store.migrate import migrate
from evaluator.store.reply_ledger import ReplyLedger, ReplyShelf
from evaluator.store.run_shelf import RunShelf
from evaluator.store.writer import Grouping, Writer

if TYPE_CHECKING:
    from evaluator.store.api_key_shelf import ApiKeyShelf
    from evaluator.store.assessments import AssessmentShelf
    from evaluator.store.audit_log import AuditLog
    from evaluator.store.candidate_decisions import CandidateDecisions
    from evaluator.store.encryption import Encryption
    from evaluator.store.erasure import Erasure
    from evaluator.store.inbox import Inbox
    from evaluator.store.near_copy_pairs import NearCopyPairs
    from evaluator.store.outbox import Outbox
    from evaluator.store.retention import Retention
    from evaluator.store.review_intake import ReviewIntake
    from evaluator.store.review_labels import ReviewLabels
    from evaluator.store.review_leases import ReviewLeases
    from evaluator.store.review_log import ReviewLog
    from evaluator.store.review_queue import ReviewQueue
    from evaluator.store.review_shelf import ReviewShelf
    from evaluator.store.run_candidates import RunCandidates
    from evaluator.store.schedule_shelf import ScheduleShelf
    from evaluator.store.sign_in_failures import FailureCounts
    from evaluator.store.sign_in_shelf import SignInShelf
    from evaluator.store.submission_shelf import SubmissionShelf
    from evaluator.store.user_shelf import UserShelf
    from evaluator.store.work_shelf import WorkShelf
    from evaluator.store.work_status import WorkStatus
    from evaluator.store.work_watch import WorkWatch
    from evaluator.store.worker_roll import WorkerRoll


class Store:
    """An open store; a context manager. Safe to use from several processes at once, and from several event loops.

    Shelves are imported when they are first used: of two dozen a grading run needs three, before its first request.
    """

    def __init__(self, database: Database, grouping: Grouping, keyring: Keyring | None = None) -> None:
        self._database = database
        self._keyring = keyring
        self._writer = Writer(database, grouping)
        self._shelf = ReplyShelf(database, self._writer)
        self.loose_replies = LooseReplies(database)
        self.runs = RunShelf(database, GradeLogs(database, self._writer))

    @property
    def address(self) -> StoreAddress:
        """Where it is."""
        return self._database.address

    @cached_property
    def work(self) -> WorkShelf:
        from evaluator.store.work_shelf import WorkShelf

        return WorkShelf(self._database, self._keyring)

    @cached_property
    def work_watch(self) -> WorkWatch:
        from evaluator.store.work_watch import WorkWatch

        return WorkWatch(self._database)

    @cached_property
    def outbox(self) -> Outbox:
        from evaluator.store.outbox import Outbox

        return Outbox(self._database)

    @cached_property
    def workers(self) -> WorkerRoll:
        from evaluator.store.worker_roll import WorkerRoll

        return WorkerRoll(self._database)

    @cached_property
    def schedules(self) -> ScheduleShelf:
        from evaluator.store.schedule_shelf import ScheduleShelf

        return ScheduleShelf(self._database)

    @cached_property
    def run_candidates(self) -> RunCandidates:
        from evaluator.store.run_candidates import RunCandidates

        return RunCandidates(self._database)

    @cached_property
    def users(self) -> UserShelf:
        from evaluator.store.user_shelf import UserShelf

        return UserShelf(self._database)

    @cached_property
    def sign_ins(self) -> SignInShelf:
        from evaluator.store.sign_in_shelf import SignInShelf

        return SignInShelf(self._database)

    @cached_property
    def failures(self) -> FailureCounts:
        from evaluator.store.sign_in_failures import FailureCounts

        return FailureCounts(self._database)

    @cached_property
    def audit(self) -> AuditLog:
        from evaluator.store.audit_log import AuditLog

        return AuditLog(self._database)

    @cached_property
    def intake(self) -> ReviewIntake:
        from evaluator.store.review_intake import ReviewIntake

        return ReviewIntake(self._database)

    @cached_property
    def queue(self) -> ReviewQueue:
        from evaluator.store.review_queue import ReviewQueue

        return ReviewQueue(self._database)

    @cached_property
    def leases(self) -> ReviewLeases:
        from evaluator.store.review_leases import ReviewLeases

        return ReviewLeases(self._database)

    @cached_property
    def reviews(self) -> ReviewShelf:
        from evaluator.store.review_shelf import ReviewShelf

        return ReviewShelf(self._database)

    @cached_property
    def review_log(self) -> ReviewLog:
        from evaluator.store.review_log import ReviewLog

        return ReviewLog(self._database)

    @cached_property
    def review_labels(self) -> ReviewLabels:
        from evaluator.store.review_labels import ReviewLabels

        return ReviewLabels(self._database)

    @cached_property
    def near_copies(self) -> NearCopyPairs:
        from evaluator.store.near_copy_pairs import NearCopyPairs

        return NearCopyPairs(self._database)

    @cached_property
    def decisions(self) -> CandidateDecisions:
        from evaluator.store.candidate_decisions import CandidateDecisions

        return CandidateDecisions(self._database)

    @cached_property
    def inbox(self) -> Inbox:
        from evaluator.store.inbox import Inbox

        return Inbox(self._database, self._writer)

    @cached_property
    def assessments(self) -> AssessmentShelf:
        from evaluator.store.assessments import AssessmentShelf

        return AssessmentShelf(self._database, self.inbox)

    @cached_property
    def submissions(self) -> SubmissionShelf:
        from evaluator.store.submission_shelf import SubmissionShelf

        return SubmissionShelf(self._database)

    @cached_property
    def keys(self) -> ApiKeyShelf:
        from evaluator.store.api_key_shelf import ApiKeyShelf

        return ApiKeyShelf(self._database)

    @cached_property
    def erasure(self) -> Erasure:
        from evaluator.store.erasure import Erasure

        return Erasure(self._database, self._keyring, self.runs)

    @cached_property
    def encryption(self) -> Encryption:
        from evaluator.store.encryption import Encryption

        return Encryption(self._database, self._keyring)

    @cached_property
    def retention(self) -> Retention:
        from evaluator.store.retention import Retention

        return Retention(self._database, self.runs)

    def ledger(self, run: int | None = None) -> ReplyLedger:
        """Where a grader keeps its replies: `GraderOptions(ledger=store.ledger())`."""
        return ReplyLedger(self._shelf, run)

    def erase_candidate(self, candidate_id: str) -> Mapping[str, int]:
        """Erases a candidate, for good; how many records of each kind there were. Safe to call again."""
        return self.erasure.erase(candidate_id, while_graded=True).counts

    def candidates(self) -> Sequence[str]:
        """The ids of all candidates of whom something is kept."""
        return candidates_in(self._database)

    def status(self, now: datetime) -> WorkStatus:
        """How the work stands at `now`, UTC."""
        from evaluator.store.work_status import status_of

        return status_of(self._database, now)

    def recover(self) -> None:
        """Goes on after a failure, for whoever has done again what was lost by it."""
        self._writer.recover()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Writes what is pending and lets go of the database."""
        self._writer.close()
        self._shelf.close()
        self._database.close()


def open_store(
    where: str,
    *,
    patience: float = PATIENCE,
    grouping: Grouping | None = None,
    encryption_key: str | None = None,
) -> Store:
    """Opens the store at a path or URL; makes it where it is not, and brings an older one up to date.

    `patience`: seconds to wait where another process writes. `encryption_key`: 32 bytes in base64 (several: the first
    one encrypts); what candidates wrote is encrypted with keys that it wraps, from the first time on. Raises StoreError
    where it cannot be used, or not with this key, and UsageError where `where` is no address.
    """
    masters = master_keys(encryption_key) if encryption_key is not None else ()
    database = Database(store_address(where), patience=patience)
    try:
        migrate(database)
        keyring = unlock(database, masters)
    except BaseException:
        database.close()
        raise
    return Store(database, grouping or Grouping(), keyring)
