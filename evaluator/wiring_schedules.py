"""Where scheduled work is built: what workers do by themselves, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from evaluator.core.cron import cron_of
from evaluator.files.retention_file import load_retention_policy
from evaluator.run.durable.scheduled import Do, Schedule
from evaluator.settings import CanarySettings, RetentionSettings
from evaluator.store.retention import Periods
from evaluator.store.schedule_shelf import JobOutcome, ScheduledRun
from evaluator.store.store import Store


def make_schedules(
    store: Store, canary: CanarySettings, retention: RetentionSettings, measure: Do
) -> Mapping[str, Schedule]:
    """What workers of a store do by themselves. `measure` carries out a canary. Raises UsageError for a policy with
    mistakes, before anything is deleted by it.
    """
    periods = None if retention.policy is None else periods_of(retention.policy)

    async def keep_no_longer(_: ScheduledRun) -> JobOutcome:
        if periods is None:
            return JobOutcome("failed", "This worker has no policy: EVALUATOR_RETENTION_POLICY is not set.")
        return await asyncio.to_thread(_apply, store, periods)

    return {
        "canary": Schedule("canary", _cron(canary.at), measure),
        "retention": Schedule("retention", _cron(retention.at), keep_no_longer),
    }


def periods_of(policy: Path) -> Periods:
    """The periods that a policy says. Raises UsageError with every mistake."""
    return Periods(**load_retention_policy(policy).model_dump())


def _cron(at: str | None) -> str | None:
    return None if at is None else cron_of(at)


def _apply(store: Store, periods: Periods) -> JobOutcome:
    running = [record.number for record in store.runs.all() if record.state == "running"]
    counts = store.retention.apply(periods, datetime.now(UTC), spare=running).counts
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    return JobOutcome("done", f"Deleted: {said}." if said else "Nothing was old enough.")
