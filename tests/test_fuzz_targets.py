"""Whatever bytes come from outside are read or refused in words, never with a traceback; `make soak` looks longer."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz_targets import SEEDS, TARGETS

# Reading a whole eval set takes a quarter of a second: only the longer look does that with every input.
SLOW = {"eval_set_labels"}


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in SLOW])
@given(data=st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    """Bytes without any order."""
    TARGETS[name](data)


@pytest.mark.parametrize("name", [name for name in SEEDS if name not in SLOW])
@given(seed=st.integers(0, 2**32))
def test_what_is_nearly_right_is_read_or_refused(name: str, seed: int) -> None:
    """Good input with a few bytes changed, taken away, doubled or put in."""
    chance = random.Random(seed)
    data = bytearray(chance.choice(SEEDS[name]))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        piece = bytes(data[at : at + chance.randint(0, 12)])
        data[at : at + len(piece)] = chance.choice(
            (b"", piece * 2, chance.randbytes(chance.randint(1, 4)), b'{"[', b"\n")
        )
    TARGETS[name](bytes(data))
