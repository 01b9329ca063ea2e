"""What `evaluator runs` shows: the list in 80 columns, one run's facts, and both as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluator.cli.terminal import visible
from evaluator.report.wording import counted
from evaluator.store.address import StoreAddress
from evaluator.store.run_record import RunRecord
from evaluator.store.run_shelf import Holding


def say_runs(records: Sequence[RunRecord], address: StoreAddress) -> None:
    """A line a run."""
    console = Console(highlight=False, emoji=False)
    if not records:
        console.print(f"No runs in {escape(visible(str(address)))}.")
        console.print("evaluator grade records each run there.")
        return
    # What has no grade is not done: where a run was stopped, it waits.
    done = [f"{record.counts.done - record.counts.ungraded:,} of {record.answers:,}" for record in records]
    # Rich would cut every column a little, times and counts too; the table's name is what can do without its end.
    paid = [_dollars(record.counts.paid_usd) for record in records]
    ids, states = [record.id for record in records], [str(record.state) for record in records]
    columns = (["Run", *ids], ["State", *states], ["Done", *done], ["Paid", *paid])
    left = console.width - sum(max(map(len, column)) for column in columns) - len("2026-01-01 00:00") - 5 * len("  ")
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    table.add_column("Run", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Input", no_wrap=True, overflow="ellipsis", max_width=max(8, min(18, left)))
    table.add_column("Done", justify="right", no_wrap=True)
    table.add_column("Paid", justify="right", no_wrap=True)
    table.add_column("Started (UTC)", no_wrap=True)
    for record, how_far in zip(records, done, strict=True):
        manifest = record.order.manifest
        table.add_row(
            escape(visible(record.id)),
            record.state,
            escape(visible(manifest.input_name)),
            how_far,
            _dollars(record.counts.paid_usd),
            manifest.started_at[:16].replace("T", " "),
        )
    console.print(table)


def say_run(record: RunRecord, holding: Holding) -> None:
    """The facts, one a line."""
    console = Console(highlight=False, emoji=False)
    manifest, counts = record.order.manifest, record.counts
    facts = [
        ("Run", f"{record.id}, {record.state}"),
        ("Stopped", manifest.stopped_because),
        ("Started", manifest.started_at),
        ("Finished", manifest.finished_at if record.state not in ("running", "unfinished") else None),
        ("Input", _input(record)),
        ("Results", record.order.folder or None),
        ("Grader", manifest.grader),
        ("Prompt", f"{manifest.prompt} ({(manifest.prompt_sha256 or '')[:12]}…)" if manifest.prompt else None),
        ("Rubric", f"{manifest.rubric} ({manifest.rubric_sha256[:12]}…)"),
        ("Questions", f"{manifest.questionnaire} ({manifest.questionnaire_sha256[:12]}…)"),
        ("Answers", f"{record.answers:,}: {counts.graded:,} graded, {counts.not_answered:,} not answered"),
        ("Ungraded", f"{counts.ungraded:,}" if counts.ungraded else None),
        ("To review", f"{counts.to_review:,}"),
        ("Paid", f"{_dollars(counts.paid_usd)}; its grades cost {_dollars(counts.cost_usd)} when they were asked for"),
        (
            "In the store",
            f"{counted(holding.answers, 'answer')}, {counted(holding.grades, 'grade')}; "
            f"{counted(holding.replies, 'reply', 'replies')} its own",
        ),
    ]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, fact in facts:
        if fact is not None:
            table.add_row(name, escape(visible(fact)))
    console.print(table)


def as_json(record: RunRecord) -> dict[str, Any]:
    """A run for programs: `run.json` as the store has it, with state, places and counts of now."""
    return {
        **record.order.manifest.model_dump(mode="json"),
        "state": record.state,
        "folder": record.order.folder,
        "input_path": record.order.input_path,
        "graded": record.counts.graded,
        "not_answered": record.counts.not_answered,
        "ungraded": record.counts.ungraded,
        "to_review": record.counts.to_review,
        "cost_usd": record.counts.cost_usd,
        "paid_usd": record.counts.paid_usd,
        "options": record.order.options["options"],
    }


def _input(record: RunRecord) -> str:
    """The table and its hash; of what came in one by one, its name."""
    if not record.order.input_path:
        return visible(record.order.manifest.input_name)
    return f"{record.order.input_path} (SHA-256 {record.order.manifest.input_sha256[:12]}…)"


def _dollars(amount: float | None) -> str:
    if amount is None:
        return "–"
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"
