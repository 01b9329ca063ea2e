"""What was freed is given back to the system."""

from __future__ import annotations

import platform
import resource
from pathlib import Path

import pytest

from evaluator.files.freed_memory import give_back


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library is not asked")
def test_freed_memory_between_what_is_still_used_is_given_back():
    """40 MB in small pieces, of which a few are kept: the rest is no longer the process's."""
    pieces = [bytearray(4_000) for _ in range(10_000)]
    kept = pieces[::1_000]
    pieces.clear()
    before = resident()
    give_back()
    assert before - resident() > 20e6, len(kept)
