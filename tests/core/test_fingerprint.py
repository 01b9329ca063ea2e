"""Fingerprints by a text: the same names as without what is written down once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.fingerprint import FingerprintByText, fingerprint

TEXTS = st.text(st.characters(), max_size=30)


@given(TEXTS, st.dictionaries(st.text(min_size=1).map("b{}".format), TEXTS | st.integers() | st.booleans()))
def test_any_text_has_the_name_that_it_always_had(text: str, others: dict[str, object]) -> None:
    """Names are in every grade that was ever written: also with half of a surrogate pair, or nothing else asked."""
    assert FingerprintByText("a", others).of(text) == fingerprint({"a": text, **others})


def test_a_key_that_does_not_come_first_is_refused() -> None:
    """Keys are sorted: the text would stand at another place."""
    with pytest.raises(ValueError, match="before the other keys"):
        FingerprintByText("question", {"answer": ""})
