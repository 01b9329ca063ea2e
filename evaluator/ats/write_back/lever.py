"""Lever: a note at the opportunity for each event."""

from __future__ import annotations

import json

from evaluator.ats.connection import Connection
from evaluator.ats.write_back.outcome_text import DECIDES, by_question, headline, score_text
from evaluator.ats.write_back.write_back import GoneError, Told
from evaluator.core.assessment import Assessment
from evaluator.core.outcome import Outcome
from evaluator.errors import AtsRefusedError


class LeverNotes:
    """https://hire.lever.co/developer/documentation#notes"""

    source = "lever"
    kinds = frozenset({"submission.graded", "submission.needs_review", "review.decided"})
    is_ordered = False

    def lacks(self, connection: Connection) -> str | None:
        """The key that answers are fetched with, which may write notes too."""
        return None if connection.api_key else "EVALUATOR_LEVER_API_KEY"

    async def tell(self, connection: Connection, outcome: Outcome, told: Told, ordered: Assessment | None) -> None:
        """Adds a note, unless one with this event's id is there.

        Lever has no idempotency key: a note that it took without our seeing its answer is looked for before the next
        try, and would be doubled only where Lever does not list it yet by then.
        """
        del ordered
        opportunity = outcome.opportunity or outcome.candidate
        api = connection.api()
        if api is None or opportunity is None:
            raise AtsRefusedError("Lever cannot be told.", hint="Set EVALUATOR_LEVER_API_KEY.")
        async with api:
            async for note in api.pages_by_offset("v1", "opportunities", opportunity, "notes"):
                if told.id in json.dumps(note):
                    return
            said = {"value": note_text(outcome, told)}
            if await api.post("v1", "opportunities", opportunity, "notes", body=said, once=True) is None:
                raise GoneError("Lever does not know this opportunity any more")


def note_text(outcome: Outcome, told: Told) -> str:
    """The note: plain text, since Lever shows no other."""
    what = "A reviewer decided" if told.kind == "review.decided" else "Screening answers graded"
    lines = [f"{what}: {headline(outcome)}. {score_text(outcome).capitalize()}."]
    lines += [f"- {title}: {said}" for title, said in by_question(outcome).items()]
    return "\n".join([*lines, f"Review: {outcome.review_url}", DECIDES, f"[{told.id}]"])
