"""How long to wait before a password is looked at again, so that nobody can guess and nobody can lock others out.

Failures are counted for a name at an address, for an address, and for a name over all addresses. A browser that its
owner signed in with before is counted by itself: whatever strangers do to the name, it is let in; and a one-time link
of an administrator's always is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from evaluator.store.sign_in_failures import FailureCounts, Failures

_FORGOTTEN_AFTER = timedelta(hours=1)
_LONGEST_WAIT = 900  # seconds
# How many failures cost nothing; each further one doubles the wait, from a second on.
_FREE_FOR_PAIR = 5
_FREE_FOR_DEVICE = 10
_FREE_FOR_ADDRESS = 50  # an office of people has one
_FREE_FOR_NAME = 30


@dataclass(frozen=True, slots=True)
class Tries:
    """One try to sign in. `wait`: seconds until one would count; 0: this one does."""

    wait: int
    own: tuple[str, ...]
    shared: tuple[str, ...]


class Throttle:
    """Counts tries in the store, so that every process of a site counts together."""

    def __init__(self, counts: FailureCounts, now: Callable[[], datetime]) -> None:
        self._counts = counts
        self._now = now

    def begin(self, name: str, address: str, device: str | None) -> Tries:
        """Counts a try as failed before anybody knows, unless it has to wait. `device`: the hash of a known one's."""
        name = name.strip().casefold()
        if device is not None:
            free = {_subject("device", device): _FREE_FOR_DEVICE}
        else:
            free = {_subject("pair", name, address): _FREE_FOR_PAIR}
        shared = {_subject("address", address): _FREE_FOR_ADDRESS}
        if device is None:
            shared[_subject("name", name)] = _FREE_FOR_NAME
        else:
            shared = {}
        now = self._now()
        since = _text(now - _FORGOTTEN_AFTER)
        failed = self._counts.of([*free, *shared], since)
        wait = max((_wait(failed.get(subject), most, now) for subject, most in {**free, **shared}.items()), default=0)
        if not wait:
            self._counts.count([*free, *shared], _text(now), since)
        return Tries(wait, tuple(free), tuple(shared))

    def succeeded(self, tries: Tries) -> None:
        """The try was right: it is not counted, and what failed before from here is forgiven."""
        self._counts.forgive(tries.own)
        self._counts.take_back(tries.shared)
        self._counts.clear_before(_text(self._now() - _FORGOTTEN_AFTER))


def _wait(failed: Failures | None, free: int, now: datetime) -> int:
    if failed is None or failed.count < free:
        return 0
    seconds = min(2 ** min(failed.count - free, 20), _LONGEST_WAIT)
    left = datetime.fromisoformat(failed.last_at) + timedelta(seconds=seconds) - now
    return max(0, -int(-left.total_seconds() // 1))


def _subject(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
