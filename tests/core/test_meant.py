"""Who misspelt a name is told the one that was meant, and no other."""

from __future__ import annotations

import pytest

from evaluator.core.meant import meant, suggestion
from evaluator.settings_table import every_variable


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("EVALUATOR_GRENHOUSE_SECRETS", "EVALUATOR_GREENHOUSE_SECRETS"),
        ("EVALUATOR_SMART_RECRUITERS_SECRETS", "EVALUATOR_SMARTRECRUITERS_SECRETS"),
        ("EVALUATOR_ASHBI_API_KEY_FILE", "EVALUATOR_ASHBY_API_KEY_FILE"),
        ("EVALUATOR_WEBHOK_URL", "EVALUATOR_WEBHOOK_URLS"),
        ("EVALUATOR_GREENHOUSE_SECRET", "EVALUATOR_GREENHOUSE_SECRETS"),
        ("EVALUATOR_GH_SECRETS", None),
        ("EVALUATOR_BULLHORN_SECRETS", None),
        ("EVALUATOR_CANARY_TIME", None),
    ],
)
def test_the_setting_that_is_meant(written: str, wanted: str | None) -> None:
    """By every part of its name: a source that is none of ours is not taken for one that is."""
    assert meant(written, every_variable(), cutoff=0.75) == wanted


def test_what_is_like_nothing_gets_no_guess() -> None:
    """The message ends as it would."""
    assert suggestion("grenhouse", ["greenhouse", "lever"]) == "; is greenhouse meant?"
    assert suggestion("bullhorn", ["greenhouse", "lever"]) == ""
