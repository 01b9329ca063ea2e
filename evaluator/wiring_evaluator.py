"""The service's core for programs: hand a submission in, have it graded by workers, read the result."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from evaluator.core.identity import Identity
from evaluator.core.tenant import DEFAULT_TENANT
from evaluator.errors import Mistake, NotYetGradedError, SubmissionError, UsageError
from evaluator.run.submission_desk import AskedAnswer, AskedSubmission, GradedSubmission, SubmissionDesk
from evaluator.settings import read_ats_settings, read_settings
from evaluator.store.store import Store, open_store
from evaluator.store.submission_rows import Submitted
from evaluator.wiring_service import make_service

_FIRST_LOOK, _LONGEST_LOOK = 0.1, 2.0  # seconds between two looks for a result
_SETTLED = ("complete", "set_aside", "erased")


class Evaluator:
    """Hands submissions in and reads their results; `evaluator worker` processes of the same store grade them.

    An async context manager; any number may be open, in any number of processes. Every method is safe to call twice,
    and to cancel: a submission that was handed in stays handed in, and the same call finds it again.

    Raises SubmissionError for what cannot be taken (`mistakes` says what, with its place), IdempotencyConflictError
    for a key that was used for something else, NotYetGradedError at a deadline, StoreError where the store is away.
    """

    def __init__(self, store: Store, desk: SubmissionDesk, tenant: str = DEFAULT_TENANT) -> None:
        self._store = store
        self._desk = desk
        self._tenant = tenant

    @classmethod
    def from_settings(cls, environment: Mapping[str, str] = os.environ, *, tenant: str = DEFAULT_TENANT) -> Self:
        """Over the store and questionnaires that the environment names. Raises InputError and StoreError."""
        store = open_store(read_settings(environment).store)
        try:
            return cls(store, make_service(read_ats_settings(environment), store).desk, tenant)
        except BaseException:
            store.close()
            raise

    async def submit(
        self,
        candidate_id: str,
        answers: Mapping[str, str],
        *,
        idempotency_key: str | None = None,
        questionnaire: str | None = None,
        application_id: str | None = None,
        identity: Identity | None = None,
    ) -> Submitted:
        """Hands a submission in; returns once it is kept. `answers`: text by the question's id, title or text.

        Two calls with the same key are one submission; without a key, its content is its key. `identity`: who wrote
        them, which is taken out of what a grader reads.
        """
        if not isinstance(answers, Mapping):
            wrong = f"has to be a mapping of questions to texts, not {type(answers).__name__}"
            raise SubmissionError("The answers cannot be taken.", mistakes=[Mistake(wrong, key="/answers")])
        asked = AskedSubmission(
            candidate_id=candidate_id,
            answers=[AskedAnswer(question, text) for question, text in answers.items()],
            questionnaire=questionnaire,
            application_id=application_id,
            idempotency_key=idempotency_key,
            identity=identity,
        )
        return await asyncio.to_thread(self._desk.submit, self._tenant, asked)

    async def result(self, submission_id: str) -> GradedSubmission:
        """A submission as it stands, with the grades that it has. Raises UsageError for an id that there is not."""
        found = await asyncio.to_thread(self._desk.graded, self._tenant, submission_id)
        if found is None:
            raise UsageError(f"There is no submission '{submission_id}'.", hint="Give the id that `submit` returned.")
        return found

    async def grade(
        self,
        candidate_id: str,
        answers: Mapping[str, str],
        *,
        deadline: float,
        idempotency_key: str | None = None,
        questionnaire: str | None = None,
        identity: Identity | None = None,
    ) -> GradedSubmission:
        """Hands in and waits for the grades, `deadline` seconds at most. Raises NotYetGradedError then; the submission
        is graded all the same, and the same call waits for it again.
        """
        until = time.monotonic() + deadline
        submitted = await self.submit(
            candidate_id, answers, idempotency_key=idempotency_key, questionnaire=questionnaire, identity=identity
        )
        wait = _FIRST_LOOK
        while True:
            found = await self.result(submitted.id)
            if found.submission.state in _SETTLED:
                return found
            left = until - time.monotonic()
            if left <= 0:
                raise NotYetGradedError(
                    f"Submission {submitted.id} is not graded after {deadline:g} s.",
                    submission_id=submitted.id,
                    hint="Workers grade it: see `evaluator status`. Ask again with the same key, or with `result`.",
                )
            await asyncio.sleep(min(wait, left))
            wait = min(_LONGEST_LOOK, 1.5 * wait)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._store.close)
