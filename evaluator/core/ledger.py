"""The ledger as raters see it: replies that were paid for, under the fingerprint of exactly what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from evaluator.core.reply import Usage


@dataclass(frozen=True, slots=True)
class KeptReply:
    """What a model wrote and what it took to get it, unusable attempts before it included.

    `usage.batched` is set where a batch wrote it, at a batch's price.
    """

    text: str
    model: str | None
    usage: Usage


class Ledger(Protocol):
    """Keeps replies so that nothing is paid for twice.

    `candidate_id`: about whose answer the reply is, so that it can be erased with everything else of theirs.
    """

    async def find(self, fingerprint: str, candidate_id: str | None = None) -> KeptReply | None: ...

    async def keep(self, fingerprint: str, reply: KeptReply, candidate_id: str | None = None) -> None:
        """Returns when the reply would survive the death of this process. Raises StoreError where it cannot be kept."""
        ...
