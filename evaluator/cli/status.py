"""`evaluator status`: what waits, since when, how quickly it is done, and what fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

import click

from evaluator.cli.present_scheduled import scheduled_lines
from evaluator.cli.store_option import opened_store, store_option
from evaluator.settings import read_settings
from evaluator.store.work_status import MOST_COUNTED, WorkStatus

_LANES = {"webhook": "submissions", "bulk": "runs"}


@click.command(short_help="What waits for workers, and how it goes.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, for other programs.")
def command(where: str | None, *, as_json: bool) -> None:
    """Show how the work of a store stands: answers that wait and since when, the rate, workers, submissions, events,
    deliveries, why anything is handed back, and what is done by the clock.
    """
    with opened_store(where, read_settings()) as store:
        now = datetime.now(UTC)
        status = store.status(now)
    if as_json:
        click.echo(json.dumps(asdict(status), indent=2))
        return
    for line in [*_lines(status), *scheduled_lines(status.scheduled, now)]:
        click.echo(line)


def _lines(status: WorkStatus) -> list[str]:
    lines = [f"{'Lane':12} {'Waiting':>9} {'In hand':>8} {'Oldest':>8} {'Last min':>9} {'Last hour':>10}"]
    lines += [
        f"{_LANES[lane.lane]:12} {lane.waiting:>9,} {lane.in_hand:>8,} {_ago(lane.oldest_seconds):>8} "
        f"{lane.done_last_minute:>9,} {lane.done_last_hour:>10,}"
        for lane in status.lanes
    ]
    lines += ["", f"Workers      {len(status.workers)}"]
    lines += [
        f"  {each.id} {each.host.partition(' ')[0]}:{each.process} {each.state}, {each.graded:,} graded, "
        f"version {each.version}"
        for each in status.workers
    ]
    if not status.workers and any(lane.waiting for lane in status.lanes):
        lines.append("  Nobody works. Start one:  evaluator worker")
    lines.append(f"Submissions  {_counted(status.submissions)}")
    if status.oldest_submission_seconds is not None:
        lines.append(f"             the oldest that is not complete: {_ago(status.oldest_submission_seconds)}")
    lines.append(f"Events       {_counted(status.events)}")
    lines.append(f"Deliveries   {_counted(status.deliveries)}")
    if status.deliveries.get("dead"):
        lines.append("             see: evaluator outbox list")
    if status.failing:
        lines += ["", "Handed back, and tried again later:"]
        lines += [f"  {each.chunks:,} × {each.reason}" for each in status.failing]
    return lines


def _counted(counts: Mapping[str, int]) -> str:
    return (
        ", ".join(f"{count:,}{'+' if count == MOST_COUNTED else ''} {state}" for state, count in sorted(counts.items()))
        or "none"
    )


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
