"""Memory that was freed, given back to the system: the C library keeps it for whatever comes next, if anything does."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """After much was taken and freed. Where the C library is not GNU's, which is asked for it, this does nothing."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
