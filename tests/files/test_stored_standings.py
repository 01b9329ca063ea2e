"""Standings on disk: the order that people read in, as often as asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.candidate import CandidateStanding, in_reading_order
from evaluator.files.stored_standings import StoredStandings


@st.composite
def standings(draw: st.DrawFn) -> list[CandidateStanding]:
    """Few scores and close ones, so that they tie; ids of every script and length."""
    names = draw(st.sets(st.text(max_size=60, alphabet=st.characters(exclude_categories=("Cs",))), max_size=12))
    made = []
    for name in names:
        score = draw(st.sampled_from([None, 0.0, 1 / 3, 0.1 + 0.2, 0.3, 7.5, 10.0]))
        graded = 0 if score is None else draw(st.integers(1, 2))
        made.append(
            CandidateStanding(
                candidate_id=name, score=score, band=None, asked=2, graded=graded, not_answered=2 - graded, ungraded=0,
                to_review=0, scores={"q": score}, levels={}, flags=(),
            )
        )  # fmt: skip
    return made


@given(standings())
def test_they_come_back_in_reading_order(made: list[CandidateStanding]) -> None:
    """To the last digit of a score and the last letter of an id, twice the same."""
    with StoredStandings() as stored:
        for standing in made:
            stored.add(standing)
        assert len(stored) == len(made)
        assert list(stored) == in_reading_order(made)
        first, second = iter(stored), iter(stored)
        assert list(zip(first, second, strict=True)) == [(each, each) for each in in_reading_order(made)]
