"""When something is done by the clock: what is read as a time, and what is refused."""

from __future__ import annotations

import pytest

from evaluator.core.cron import cron_of


@pytest.mark.parametrize(
    ("said", "cron"),
    [("02:30", "30 2 * * *"), ("23:59", "59 23 * * *"), ("*/15 1-3 * * 1,5", "*/15 1-3 * * 1,5")],
)
def test_a_time_is_read_as_cron_reads_it(said: str, cron: str) -> None:
    """A time of day, or the five fields themselves."""
    assert cron_of(said) == cron


@pytest.mark.parametrize("said", ["24:00", "2.30", "* * * *", "60 * * * *", "5-3 * * * *", "*/0 * * * *", "@daily"])
def test_what_is_no_time_is_refused(said: str) -> None:
    """With what it has to be."""
    with pytest.raises(ValueError, match="has to be"):
        cron_of(said)
