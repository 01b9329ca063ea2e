"""What `evaluator batch` shows: what was written, how batches stand, and every kind of line that brought no reply."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluator.core.batch_state import ENDED
from evaluator.files.request_files import RequestFile
from evaluator.report.wording import counted
from evaluator.run.batch_desk import Collection, Standing
from evaluator.run.batch_export import Collected
from evaluator.run.batch_import import SAYINGS, ImportReport


class BatchPresenter:
    """Writes for people on standard output."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(highlight=False)

    def exported(self, folder: Path, collected: Collected, files: Sequence[RequestFile]) -> None:
        """What stands in the files, and which answers need none."""
        self._answers(collected)
        for file in files:
            self._say(f"  {escape(file.path.name)}: {counted(file.requests, 'request')} to {escape(file.model)}")
        if files:
            self._say(f"Send them, then: evaluator batch import OUTPUT… --requests {escape(str(folder))}", always=True)
        else:
            self._say("Nothing to ask: `evaluator grade` with the same options pays nothing.", always=True)

    def imported(self, report: ImportReport) -> None:
        """Every kind of line, counted, with where the first ones stand."""
        for kind, said in SAYINGS.items():
            count = report.counts.get(kind, 0)
            if count or kind == "kept":
                where = "" if kind in ("kept", "known") else f" ({_places(report, kind)})"
                self._say(f"  {count:>7,} {said.one if count == 1 else said.several}{escape(where)}")
        for code, count in sorted(report.codes.items(), key=lambda each: -each[1]):
            self._say(f"  [dim]· {count:,} with {escape(code)}[/]")
        if report.missing:
            has = "request has" if report.missing == 1 else "requests have"
            self._say(f"  {report.missing:>7,} {has} no reply yet")
        if report.refused:
            names = ", ".join(sorted(report.refused))
            self._say(f"The model does not take: {escape(names)}. Leave it out with --without NAME.")

    def submitted(self, folder: Path, collected: Collected, requests: int, new: int, waiting: int) -> None:
        """What is under way now."""
        self._answers(collected)
        if collected.paid_usd:
            self._say(f"  one request was asked at once, to see what the model takes: ${collected.paid_usd:.4f}")
        if waiting:
            self._say(f"  {counted(waiting, 'request')} waited already")
        if new:
            batches = counted(new, "new batch", "new batches")
            self._say(f"{counted(requests, 'new request')}, {batches}, answered within a day.")
        if new or waiting:
            self._say(f"See: evaluator batch status {escape(str(folder))}", always=True)
        else:
            self._say("Nothing to ask: `evaluator grade` with the same options pays nothing.", always=True)

    def standings(self, folder: Path, standings: Sequence[Standing]) -> int:
        """A line for each batch; returns how many have not ended."""
        table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
        table.add_column("File, batch", no_wrap=True)
        table.add_column("State")
        for heading in ("Asked", "Done", "Failed"):
            table.add_column(heading, justify="right", no_wrap=True)
        running = 0
        for each in standings:
            file, look = each.file, each.look
            if file.collected is not None:
                ended = file.collected
                row = (f"{ended.ended}, collected", f"{file.requests - ended.missing:,}", f"{ended.missing:,}")
            elif look is None:
                row = ("not submitted yet", "–", "–")
                running += 1
            else:
                row = (look.status, f"{look.completed:,}", f"{look.failed:,}")
                running += look.status not in ENDED
            # Under each other: an id of OpenAI's takes half a line.
            named = "\n".join((file.file, *([file.batch_id] if file.batch_id else [])))
            table.add_row(named, row[0], f"{file.requests:,}", row[1], row[2])
        self._console.print(table)
        if any(each.look is None and each.file.collected is None for each in standings):
            self._say("What is not submitted yet goes out when the same `evaluator batch submit` is run again.")
        if any(each.look is not None and each.look.status in ENDED for each in standings):
            self._say(f"Take in what has ended: evaluator batch collect {escape(str(folder))}")
        return running

    def collected(self, collection: Collection) -> None:
        """What one batch brought."""
        file, look = collection.file, collection.look
        cost = "no price is known" if collection.cost_usd is None else f"${collection.cost_usd:.4f}"
        self._say(f"[bold]{escape(look.id)}[/] {look.status}: {file.requests:,} requests, {cost}")
        for error in look.errors:
            self._say(f"  [dim]·[/] {escape(error)}")
        self.imported(collection.report)

    def resubmitted(self, requests: int, given_up: int) -> None:
        """What was asked again."""
        self._say(f"Asked again: {counted(requests, 'request')}.")
        if given_up:
            self._say(f"{counted(given_up, 'request')} asked often enough: `evaluator grade` asks them one by one.")

    def after_collecting(self, folder: Path, waiting: int, lacking: int, grade_with: str, *, grades: bool) -> None:
        """What to do next; `grades`: where everything is in, that is being done."""
        if waiting:
            self._say(f"{counted(waiting, 'batch', 'batches')} still to come.")
            return
        if lacking:
            self._say(
                f"{counted(lacking, 'request')} ended without a reply: ask again with "
                f"`evaluator batch collect {escape(str(folder))} --resubmit`, or let grade ask them one by one."
            )
        else:
            self._say("Everything is in. Grading with it:" if grades else "Everything is in.")
            if grades:
                return
        self._console.print(f"Grade: {escape(grade_with)}", soft_wrap=True)

    def _answers(self, collected: Collected) -> None:
        self._say(
            f"{counted(collected.ready, 'answer')} ready, {collected.waiting:,} waiting for replies"
            + (f", {collected.left:,} left out:" if collected.left else "")
        )
        for reason, count in sorted(collected.reasons.items(), key=lambda each: -each[1])[:5]:
            self._say(f"  [dim]· {count:,}:[/] {escape(reason)}")

    def _say(self, text: str, *, always: bool = False) -> None:
        if always or not self._quiet:
            self._console.print(text, soft_wrap=always)


def _places(report: ImportReport, kind: object) -> str:
    places = next((found for each, found in report.places.items() if each == kind), [])
    more = sum(count for each, count in report.counts.items() if each == kind) - len(places)
    return ", ".join(map(str, places)) + (f" and {more:,} more" if more else "")
