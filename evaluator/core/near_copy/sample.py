"""The sample of an answer's shingles that leads to others which may be near copies, and how much of it they share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evaluator.core.near_copy.shingles import Numbers

_SAMPLED_BITS = np.uint64(2)  # one shingle in four
FEWEST_SAMPLED = 2
"""Sampled shingles that two answers share, at least, for them to be compared as a whole."""
LEAST_CONTAINMENT = 0.28
"""As the sample puts it, for two answers to be compared as a whole; it errs by a tenth or so."""


def is_sampled(numbers: Numbers) -> npt.NDArray[np.bool_]:
    """Which of the shingles are in the sample: those that a hash chooses, so the same ones in every answer."""
    chosen: npt.NDArray[np.bool_] = numbers >> (np.uint64(64) - _SAMPLED_BITS) == 0
    return chosen
