"""How long a thread of a service may keep the interpreter from the others."""

from __future__ import annotations

import sys

_TURN = 0.0005  # seconds; the interpreter's own are ten times as long


def take_short_turns() -> None:
    """Has threads of this process take short turns. A thread that writes holds the store's lock, of which SQLite has
    one for everybody, and after each statement waits for its turn behind threads that calculate: thirty statements
    at five milliseconds would keep all other writers waiting, those that acknowledge a delivery too.
    """
    sys.setswitchinterval(_TURN)
