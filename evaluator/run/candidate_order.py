"""The candidates of a run in reading order, found once and kept until a grade comes or an answer goes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from evaluator.store.run_candidates import CandidateLine
from evaluator.store.store import Store

_MOST_RUNS = 4  # whose candidates are kept in memory: a run of a million answers has 40 MB of them


@dataclass(frozen=True, slots=True)
class _Kept:
    state: tuple[int, int]
    by_score: tuple[CandidateLine, ...]
    by_id: tuple[CandidateLine, ...]


class CandidateOrderDesk:
    """Pages of the candidates of the runs of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def page(self, run: int, offset: int, limit: int, *, by_score: bool) -> tuple[CandidateLine, ...]:
        """Candidates in reading order (more answers graded first, then the higher score), or by id."""
        with self._one_at_a_time:
            kept = self._of(run)
        return (kept.by_score if by_score else kept.by_id)[offset : offset + limit]

    def _of(self, run: int) -> _Kept:
        # Read before the lines: what comes between is in them, and they are found again with the next page.
        state = self._store.run_candidates.state(run)
        kept = self._kept.get(run)
        if kept is None or kept.state != state:
            by_id = sorted(self._store.run_candidates.lines(run), key=lambda line: line.candidate_id)
            kept = _Kept(state, tuple(sorted(by_id, key=_reading_order)), tuple(by_id))
            self._kept[run] = kept
        self._kept.move_to_end(run)
        while len(self._kept) > _MOST_RUNS:
            self._kept.popitem(last=False)
        return kept


def _reading_order(line: CandidateLine) -> tuple[int, bool, float]:
    return -line.graded, line.score is None, -(line.score or 0.0)
