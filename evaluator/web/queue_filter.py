"""The queue's filter as addresses and scripts give it; what is unknown there is refused, not ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from evaluator.core.grade import FlagCode
from evaluator.core.review import DRAWN, ItemState, Why
from evaluator.core.review_queue import QueueFilter
from evaluator.errors import UsageError


def filter_of(given: Mapping[str, str | None]) -> QueueFilter:
    """The filter; an empty value is none, a state that is not given is `open`, and the state `all` is every one."""
    return QueueFilter(
        run=given.get("run") or None,
        question=given.get("question") or None,
        candidate=given.get("candidate") or None,
        flag=_flag(given.get("flag") or None),
        reviewer=given.get("reviewer") or None,
        state=_state(given.get("state") or "open"),
    )


def _flag(text: str | None) -> Why | None:
    if text is None:
        return None
    if text == DRAWN:
        return "drawn"
    for known in get_args(FlagCode):
        if text == known:
            code: FlagCode = known
            return code
    raise UsageError("There is no such flag.", hint="Choose one from the list.")


def _state(text: str) -> ItemState | None:
    if text == "all":
        return None
    for known in get_args(ItemState):
        if text == known:
            state: ItemState = known
            return state
    raise UsageError("There is no such state.", hint="One of: open, adjudicate, done, withdrawn, all.")
