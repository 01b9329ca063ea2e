"""Fingerprints that a file keeps: copies of a text are found without the text."""

from __future__ import annotations

import pytest

from evaluator.core.metrics.kept_fingerprint import KeptFingerprint, find_kept_copies, kept_fingerprint
from evaluator.core.metrics.leakage import KeptText

LONG = " ".join(f"word{number} stands here for the {number}th time" for number in range(20))


def found(kept: str, other: str, *, candidates: bool = False) -> list[str]:
    fingerprints = [kept_fingerprint(KeptText("kept", kept, "c1"))]
    return [leak.kind for leak in find_kept_copies(fingerprints, [KeptText("x", other, "c1")], candidates=candidates)]


@pytest.mark.parametrize(
    ("kept", "other", "kinds"),
    [
        (LONG, LONG, ["exact copy"]),
        (LONG, f"  {LONG.upper()} ", ["exact copy"]),
        (LONG, LONG.replace("word7", "term7"), ["near copy"]),
        (LONG, LONG[::-1], []),
        ("It is a linked list of nodes", "it is a  LINKED list of nodes", ["exact copy"]),
        ("I don't know", "I don't know", []),
    ],
)
def test_copies_are_found_by_what_was_kept(kept: str, other: str, kinds: list[str]) -> None:
    """Exact after normalising, near by the sketch; what is too short to give anybody away is not compared."""
    assert found(kept, other) == kinds


def test_a_shared_candidate_is_found_where_that_is_asked() -> None:
    """Where the set is not divided by candidate it is no leak."""
    assert found(LONG, LONG[::-1], candidates=True) == ["candidate"]


def test_no_text_is_kept() -> None:
    """What is written down holds no word of the answer, and is read back as it was."""
    kept = kept_fingerprint(KeptText("a", LONG, "c1"))
    assert "word" not in kept.model_dump_json()
    assert KeptFingerprint.model_validate_json(kept.model_dump_json()) == kept
