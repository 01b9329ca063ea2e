"""Whether what the settings say can be built: for a start that tells every mistake at once."""

from __future__ import annotations

from collections.abc import Callable

from evaluator.errors import InputError, Mistake, UsageError
from evaluator.settings import ats_settings, out_settings
from evaluator.settings_sources import Sources
from evaluator.settings_table import home_path
from evaluator.wiring_schedules import periods_of
from evaluator.wiring_service import find_questionnaire, make_connections
from evaluator.wiring_worker import check_write_backs, webhook_targets


def check_settings(sources: Sources) -> None:
    """Raises UsageError with every mistake in the settings, and in the connections and targets that they make."""
    looks: tuple[Callable[[], object], ...] = (
        lambda: make_connections(ats_settings(sources), find_questionnaire()),
        lambda: webhook_targets(out_settings(sources)),
        lambda: check_write_backs(out_settings(sources), ats_settings(sources)),
        lambda: _check_retention(sources),
    )
    further: list[Mistake] = []
    for look in looks:
        try:
            look()
        except InputError as error:
            further += error.mistakes or (Mistake(error.message),)
    sources.require(further)


def _check_retention(sources: Sources) -> None:
    policy = sources.texts.get("EVALUATOR_RETENTION_POLICY")
    if policy is not None:
        periods_of(home_path(policy))
    elif "EVALUATOR_RETENTION_AT" in sources.texts:
        why = "says when, and nothing says for how long: set EVALUATOR_RETENTION_POLICY"
        said = Mistake(why, key="EVALUATOR_RETENTION_AT")
        raise UsageError("Retention is not decided.", mistakes=[said])
