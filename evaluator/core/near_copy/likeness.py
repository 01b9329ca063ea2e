"""How alike two answers are, with what many say counted little; and what is too alike to be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluator.core.near_copy.shingles import Numbers

RESEMBLANCE, CONTAINMENT = 0.4, 0.57
"""From either on, two answers are too alike to be chance: chosen on the calibration half of `eval_sets/near_copies`."""
FEWEST_SHARED = 12
"""Runs that both have, at least: in short answers a few meet by chance."""
_CELLS = 1 << 22  # 16 MiB


class Commonness:
    """In about how many answers each shingle stands: counts in a table of fixed size (4 bytes a cell), never too low.

    Two shingles may fall into one cell; then both look more common than they are, and count a little less.
    """

    def __init__(self, cells: int = _CELLS) -> None:
        """`cells`: a power of two; some times as many as there are shingles."""
        self._counts = np.zeros(cells, dtype=np.uint32)
        self._last = np.uint64(cells - 1)
        self._answers = 0

    def count(self, numbers: Numbers, answers: int) -> None:
        """Takes in the shingles of so many answers, each of which names a shingle once."""
        self._answers += answers
        np.add.at(self._counts, self._cells_of(numbers), np.uint32(1))

    def weights(self, numbers: Numbers) -> npt.NDArray[np.float64]:
        """What each shingle counts: log(1 + answers / answers that have it), the inverse document frequency.

        Over the answers to all questions: what everybody says everywhere counts least.
        """
        having = np.maximum(self._counts[self._cells_of(numbers)], 1)
        result: npt.NDArray[np.float64] = np.log1p(max(self._answers, 1) / having)
        return result

    def copy(self) -> Commonness:
        """The same, to count more in."""
        made = Commonness(1)
        made._counts, made._last, made._answers = self._counts.copy(), self._last, self._answers
        return made

    def _cells_of(self, numbers: Numbers) -> npt.NDArray[np.int64]:
        cells: npt.NDArray[np.int64] = (numbers & self._last).astype(np.int64)
        return cells


@dataclass(frozen=True, slots=True)
class Likeness:
    """Weighted resemblance (what both say, of what either says) and containment (of what the shorter one says), 0 to 1.

    Broder, "On the resemblance and containment of documents" (1997), here with weights; computed on the whole sets,
    not estimated. `shared`: how many runs of words both have.
    """

    resemblance: float
    containment: float
    shared: int

    @property
    def is_near_copy(self) -> bool:
        """Whether a person should see the two side by side."""
        return self.shared >= FEWEST_SHARED and (self.resemblance >= RESEMBLANCE or self.containment >= CONTAINMENT)


def likeness(one: Numbers, other: Numbers, commonness: Commonness) -> Likeness:
    """How alike two answers are; `one` and `other` are their shingles, each once."""
    both = np.intersect1d(one, other, assume_unique=True)
    if not len(both):
        return Likeness(0.0, 0.0, 0)
    common = float(commonness.weights(both).sum())
    first, second = (float(commonness.weights(each).sum()) for each in (one, other))
    return Likeness(common / (first + second - common), common / min(first, second), len(both))
