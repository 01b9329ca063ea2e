"""The ledger as a run uses it: what is known is counted before the run, and a store that fails loses no reply."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from evaluator.core.answer import Answer
from evaluator.core.ledger import KeptReply, Ledger
from evaluator.errors import EvaluatorError, StoreError
from evaluator.graders.model_rater import ModelRater
from evaluator.run.grade_answer import grade_answer
from evaluator.run.grader import Grader
from evaluator.store.reply_ledger import ReplyLedger

MOST_LOOKED_UP = 2_000  # answers; more than that would keep people waiting
_A_FEW = 50


class _OnlyLookedError(EvaluatorError):
    """Ends the reading of an answer before anything is asked about it."""


class RunLedger(Ledger):
    """A store's ledger for one run.

    A reply that cannot be kept is used all the same, for it is paid for; what comes after it is not asked, but told
    why. In between `known` and the run nothing differs: the same code finds out what would be asked.
    """

    def __init__(self, ledger: ReplyLedger) -> None:
        self._ledger = ledger
        self._failure: StoreError | None = None
        self._looked_for: list[str] | None = None

    def belongs_to(self, run: int) -> None:
        """From now on what is found and kept is noted as this run's (the number of its record)."""
        self._ledger = ReplyLedger(self._ledger.shelf, run)

    async def find(self, fingerprint: str, candidate_id: str | None = None) -> KeptReply | None:
        """The reply under this fingerprint. Raises StoreError, also where one before could not be kept."""
        if self._looked_for is not None:
            self._looked_for.append(fingerprint)
            raise _OnlyLookedError("nothing is asked while it is found out what would be")
        if self._failure is not None:
            raise self._failure
        return await self._ledger.find(fingerprint, candidate_id)

    async def keep(self, fingerprint: str, reply: KeptReply, candidate_id: str | None = None) -> None:
        """Keeps the reply; where that fails, the next `find` says so."""
        try:
            await self._ledger.keep(fingerprint, reply, candidate_id)
        except StoreError as error:
            self._failure = error

    async def known(self, grader: Grader, answers: Iterable[Answer]) -> Known:
        """How many of the replies that these answers need are kept.

        Looks at the first `MOST_LOOKED_UP` answers; at the first few only, where none of theirs is. Raters that keep no
        replies are left out: nothing would hold them from asking.
        """
        raters = tuple(each for each in grader.pipeline.raters if isinstance(each, ModelRater) and each.keeps_replies)
        pipeline = replace(grader.pipeline, raters=raters)
        names = self._looked_for = []
        looked_at = 0
        is_all = True
        try:
            for answer in answers if raters else ():
                # A new run should not wait to be told that it is new.
                if looked_at == MOST_LOOKED_UP or (looked_at == _A_FEW and not self._ledger.count(names)):
                    is_all = False
                    break
                looked_at += 1
                try:
                    await grade_answer(pipeline, answer)
                except _OnlyLookedError:
                    await asyncio.sleep(0)  # further readings of this answer come to the same end
        finally:
            self._looked_for = None
        return Known(self._ledger.count(names), len(set(names)), is_all)


@dataclass(frozen=True, slots=True)
class Known:
    """Of the `of` different replies that are needed first, `kept` are in the ledger; `is_all`: of all answers."""

    kept: int
    of: int
    is_all: bool

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left to be paid for."""
        return self.is_all and self.kept == self.of
