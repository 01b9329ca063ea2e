"""What `evaluator batch` shows: what was written, how batches stand, and every kind of line that brought no reply."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluator.cli.terminal import visible
from evaluator.core.batch_state import ENDED
from evaluator.core.price import Price
from evaluator.files.request_files import RequestFile
from evaluator.report.wording import counted
from evaluator.run.batch_desk import Collection, Standing
from evaluator.run.batch_export import Collected
from evaluator.run.batch_import import SAYINGS, ImportReport


class BatchPresenter:
    """Writes for people on standard output."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(highlight=False, emoji=False)

    def exported(
        self, folder: Path, collected: Collected, files: Sequence[RequestFile], store: str | None, grade_with: str
    ) -> None:
        """What stands in the files, which answers need none, and the commands that follow."""
        self._answers(collected)
        for file in files:
            self._say(f"  {escape(file.path.name)}: {counted(file.requests, 'request')} to {escape(file.model)}")
        if files:
            more = shlex.join([str(folder), *(["--store", store] if store else [])])
            self._say(f"Send them, then: evaluator batch import OUTPUT… --requests {escape(more)}", always=True)
        else:
            self._say("Nothing to ask: `evaluator grade` with the same options pays nothing.", always=True)
            self.how_to_grade(grade_with)

    def priced(self, prices: Sequence[Price]) -> None:
        """By which prices the estimate was reckoned, where a batch has any of its own."""
        if not any(price.costs_money for price in prices):
            return
        shares = {price.batch for price in prices}
        if None in shares:
            self._say("        No discount for batches is known here: these are the usual prices")
        else:
            said = ", ".join(f"{share:.0%}" for share in sorted(share for share in shares if share is not None))
            self._say(f"        That is a batch's price, {said} of the usual one")

    def changed(self, changes: Sequence[str]) -> None:
        """What is not as it was when the batches were submitted, before grading asks for it."""
        if changes:
            self._say("[bold]Changed since it was submitted[/], so that replies of the batches may not fit:")
            self._list(changes)
            self._say("What has no reply is asked at once, at the full price; `submit` again has it in a batch.")

    def capped(self, spent: float, cap: float) -> None:
        """How much of --max-cost is left for grading."""
        left = max(0.0, cap - spent)
        self._say(f"The batches cost ${spent:.4f} of the ${cap:.4f} of --max-cost: ${left:.4f} is left for grading.")

    def changed_in_folder(self, folder: Path, changes: Sequence[str]) -> None:
        """What is not as it was when batches were submitted from this folder before."""
        if changes:
            self._say(f"[bold]Note[/]    other things were submitted from {escape(str(folder))} before:")
            self._list(changes)
            self._say("        `collect` takes all replies in, and grades what is submitted now.")

    def how_to_grade(self, line: str) -> None:
        """The command that grades."""
        self._say(f"Grade: {escape(line)}", always=True)

    def _list(self, texts: Sequence[str]) -> None:
        for text in texts:
            self._say(f"  [dim]·[/] {escape(visible(text))}")

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

    def nothing_missing(self) -> None:
        """What to do when every request has its reply."""
        self._say("Every request has its reply. `evaluator batch export` into another folder says what else is asked")
        self._say("(readings that follow from these), and how to grade when nothing is.")

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

    def resubmitted(self, requests: int, given_up: int, most_tries: int) -> None:
        """What was asked again, and what was not."""
        self._say(f"Asked again: {counted(requests, 'request')}.")
        if given_up:
            batches = counted(most_tries, "batch", "batches")
            self._say(
                f"{counted(given_up, 'request')} ended {batches} without a reply and will not go into another one: "
                "raise --most-tries, or let grade ask one by one."
            )

    def after_collecting(self, folder: Path, waiting: int, unsent: int, lacking: int) -> None:
        """What is still to come and what to do about what never will; `lacking` requests can be asked again."""
        if waiting:
            self._say(f"{counted(waiting, 'batch', 'batches')} still to come.")
        if unsent:
            self._say(f"{counted(unsent, 'file')} not submitted yet: run the same `evaluator batch submit` again.")
        if waiting or unsent:
            return
        if lacking:
            self._say(
                f"{counted(lacking, 'request')} ended without a reply: ask again with "
                f"`evaluator batch collect {escape(str(folder))} --resubmit`, or let grade ask them one by one."
            )

    def everything_is_in(self, *, grades: bool) -> None:
        """Every request has its reply; `grades`: grading begins."""
        self._say("Everything is in. Grading with it:" if grades else "Everything is in.")

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
