"""Which answers are drawn: to be labelled blind, by two people, or to be checked although nothing is wrong with them.

A draw is a pure function of the run's and the answer's id, so that it is the same whoever makes it, and the order of a
table cannot steer it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_DENOMINATOR = float(1 << 64)


@dataclass(frozen=True, slots=True)
class DrawShares:
    """Shares, each 0 to 1.

    `blind` of the items in the queue are labelled before the grader's levels are shown, `double` of them by two people
    apart (always blind); `audit` of all graded answers come into the queue although no flag sends them there, blind:
    only these can show what no flag catches.
    """

    blind: float = 0.2
    double: float = 0.05
    audit: float = 0.01

    def __post_init__(self) -> None:
        for name in ("blind", "double", "audit"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"the share '{name}' is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn for one answer."""

    blind: bool
    needed: int
    is_audit: bool


def draw(run_id: str, answer_id: str, shares: DrawShares, *, needs_review: bool) -> Draw:
    """The draw for one answer; `is_audit` only where nothing else sends it to a person."""
    is_audit = not needs_review and _drawn("audit", run_id, answer_id, shares.audit)
    is_double = _drawn("double", run_id, answer_id, shares.double)
    is_blind = is_audit or is_double or _drawn("blind", run_id, answer_id, shares.blind)
    return Draw(is_blind, 2 if is_double else 1, is_audit)


def is_audited(run_id: str, answer_id: str, shares: DrawShares) -> bool:
    """Whether an answer that no flag sends to a person is drawn to be checked."""
    return _drawn("audit", run_id, answer_id, shares.audit)


def _drawn(what: str, run_id: str, answer_id: str, share: float) -> bool:
    if share <= 0:
        return False
    # Half surrogate pairs may stand in an id.
    name = f"{what}\0{run_id}\0{answer_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) < share * _DENOMINATOR
