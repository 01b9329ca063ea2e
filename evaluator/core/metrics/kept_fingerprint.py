"""Fingerprints of texts that a file keeps instead of the texts, so that copies of them are recognised later."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from evaluator.core.metrics.leakage import (
    LEAST_CHARACTERS,
    NEAR_COPY,
    SHINGLE,
    SHORT,
    KeptText,
    Leak,
    fingerprint,
    normalised,
)
from evaluator.core.rubric import FileRecord

if TYPE_CHECKING:
    import numpy as np

# Of each text the smallest hash of its shingles under so many permutations; the share of them that two texts have in
# common estimates their Jaccard similarity with a standard error of sqrt(s (1 - s) / 128), .035 at s = .8.
_PERMUTATIONS = 128
# Two standard errors below the limit, so that hardly any copy is missed for the sketch being rough.
_LIKELY_COPY = NEAR_COPY - 2 * (NEAR_COPY * (1 - NEAR_COPY) / _PERMUTATIONS) ** 0.5
_SKETCH_CHARACTERS = 4 * ((4 * _PERMUTATIONS + 2) // 3)


class KeptFingerprint(FileRecord):
    """A text's id and writer, its SHA-256 after normalising, and its MinHash sketch (base64; null for a short text)."""

    text_id: str
    candidate_id: str | None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    sketch: Annotated[str, Field(pattern=rf"^[A-Za-z0-9+/=]{{{_SKETCH_CHARACTERS}}}$")] | None


def kept_fingerprint(text: KeptText) -> KeptFingerprint:
    """What is kept of this text."""
    plain = normalised(text.text)
    sketch = base64.b64encode(_sketch(plain).tobytes()).decode() if len(plain) >= SHORT else None
    return KeptFingerprint(
        text_id=text.text_id, candidate_id=text.candidate_id, sha256=fingerprint(text.text), sketch=sketch
    )


def find_kept_copies(
    kept: Sequence[KeptFingerprint], texts: Sequence[KeptText], *, candidates: bool
) -> tuple[Leak, ...]:
    """Every pair of a kept text and one of `texts` that are copies, and with `candidates` every shared candidate.

    Exact copies by SHA-256 of the normalised texts; near copies where the sketches share as much as those of texts
    that are `NEAR_COPY` alike do, or two standard errors less (Broder 1997). Of short texts only exact copies are
    found: their shingles are too few for a sketch. Texts under `LEAST_CHARACTERS` are not compared.
    """
    leaks = []
    if candidates:
        others = {text.candidate_id for text in texts}
        shared = dict.fromkeys(each.candidate_id for each in kept)
        leaks += [Leak("candidate", name, name, None) for name in shared if name is not None and name in others]
    plain = [normalised(text.text) for text in texts]
    hashes = [fingerprint(text.text) for text in texts]
    exact = [
        Leak("exact copy", each.text_id, text.text_id, 1.0)
        for each in kept
        for text, words, sha256 in zip(texts, plain, hashes, strict=True)
        if len(words) >= LEAST_CHARACTERS and sha256 == each.sha256
    ]
    copied = {(leak.first_id, leak.second_id) for leak in exact}
    near = [leak for leak in _near(kept, texts, plain) if (leak.first_id, leak.second_id) not in copied]
    return (*leaks, *exact, *near)


def _near(kept: Sequence[KeptFingerprint], texts: Sequence[KeptText], plain: Sequence[str]) -> list[Leak]:
    import numpy as np  # here: the record is part of every run's manifest, a sketch of few runs

    sketched = [(each, np.frombuffer(base64.b64decode(each.sketch), dtype="<u4")) for each in kept if each.sketch]
    long = [(text, _sketch(words)) for text, words in zip(texts, plain, strict=True) if len(words) >= SHORT]
    if not sketched or not long:
        return []
    others = np.stack([sketch for _, sketch in long])
    found = []
    for each, sketch in sketched:
        alike = (others == sketch).mean(axis=1)
        found += [
            Leak("near copy", each.text_id, long[place][0].text_id, float(alike[place]))
            for place in np.flatnonzero(alike >= _LIKELY_COPY)
        ]
    return found


def _sketch(plain: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    import numpy as np
    from datasketch import MinHash

    made = MinHash(num_perm=_PERMUTATIONS, seed=1)
    shingles = {plain[start : start + SHINGLE] for start in range(len(plain) - SHINGLE + 1)}
    made.update_batch([shingle.encode("utf-8", "surrogatepass") for shingle in sorted(shingles)])
    return np.asarray(made.hashvalues).astype("<u4")
