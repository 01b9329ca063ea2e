"""Memory that was freed, given back to the system: the C library keeps it for whatever comes next, if anything does."""

from __future__ import annotations

import sys


def give_back() -> None:
    """After much was taken and freed. Where the C library is not GNU's, which is asked for it, this does nothing."""
    if sys.platform != "linux":
        return
    try:
        import ctypes  # not every Python was built with it

        ctypes.CDLL(None).malloc_trim(0)
    except (ImportError, OSError, AttributeError):
        return
