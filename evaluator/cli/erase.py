"""`evaluator erase`: everything of one candidate, out of the store and out of the folders of runs; with a receipt."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from evaluator.cli.erase_folder import FolderOutcome, erase_in_folder
from evaluator.cli.store_option import existing_store, store_option
from evaluator.cli.terminal import visible
from evaluator.errors import UsageError
from evaluator.files.batch_folder import batch_folders_in
from evaluator.settings import read_settings
from evaluator.store.erasure import Erased, OfCandidate
from evaluator.store.store import Store

_NAMES = {
    "redactions": "maps of what was taken out of answers", "answers": "answers", "grades": "grades",
    "replies": "replies of models", "replies shared": "replies that another candidate's same answer got too",
    "replies unclaimed": "replies of the same runs of which it is not known whose they are",
    "review_items": "answers in the review queue", "review_labels": "labels and comments of reviewers",
    "review_log": "entries of the review log", "candidate_decisions": "decisions with their notes",
    "review_skips": "skips", "review_leases": "leases", "submissions": "submissions", "events": "events of an ATS",
    "submission_answers": "submitted answers", "keys": "encryption key",
}  # fmt: skip
_NOT_REACHED = (
    "tables that the answers were read from: take the candidate's rows out, or the next run reads them again",
    "copies of a run's folder, mailed reports, files of `evaluator calibrate` and of batches elsewhere: delete them",
    "what a model's provider keeps: see its terms; OpenAI keeps API data up to 30 days unless agreed otherwise",
)


@click.command(short_help="Erase a candidate.")
@click.option("--candidate", required=True, metavar="ID", help="The candidate's id, as the table or the ATS has it.")
@click.option("--run", "run_name", metavar="RUN", help="Only in this run. [default: everywhere]")
@click.option("--receipt", type=click.Path(path_type=Path), help="Write the receipt to this file too, as JSON.")
@click.option("--dry-run", is_flag=True, help="Only show what there is.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
def command(
    candidate: str, run_name: str | None, receipt: Path | None, where: str | None, *, dry_run: bool, yes: bool
) -> None:
    """Erase what the store, and the folders of runs that it knows, hold of a candidate: answers, grades, replies of
    models, reviews, submissions. Shows what there is, asks, erases, and prints a receipt.

    Exit codes: 0 erased, or nothing was there; 2 wrong usage, or a run of the candidate is being graded.
    """
    with existing_store(where, read_settings()) as store:
        run = store.runs.find(run_name).number if run_name else None
        holding = store.erasure.holding(candidate, run)
        _say_holding(store, candidate, holding)
        if dry_run or not holding.total:
            return
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError("Nobody is there to be asked.", hint="Add --yes to erase it.")
            click.confirm("Erase all of it? This cannot be undone", abort=True)
        erased = store.erasure.erase(candidate, run)
        batches = sorted({folder for place in holding.runs for folder in _batches_near(store, place.id, place.folder)})
        folders = [erase_in_folder(store, place, candidate) for place in holding.runs]
        written = _receipt(store, erased, folders, batches, run_name)
    _say_receipt(written)
    if receipt is not None:
        receipt.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _say_holding(store: Store, candidate: str, holding: OfCandidate) -> None:
    if not holding.total:
        click.echo(f"{store.address} holds nothing of {visible(candidate)}.")
        return
    click.echo(f"{store.address} holds of {visible(candidate)}:")
    _say_counts(holding.counts)
    for place in holding.runs:
        click.echo(f"  run {place.id} in {visible(place.folder)}")


def _say_counts(counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        click.echo(f"  {count:>7,} {_NAMES.get(name, name)}")


def _receipt(
    store: Store, erased: Erased, folders: Sequence[FolderOutcome], batches: Sequence[Path], run: str | None
) -> dict[str, Any]:
    """What was done, without the candidate's id: whoever has the store's key can tell whose receipt it is."""
    return {
        "erased_at": erased.erased_at,
        "store": str(store.address),
        "candidate": erased.pseudonym,
        "run": run,
        "erased": dict(erased.counts),
        "folders": [{"folder": str(each.path), "outcome": each.said} for each in folders],
        "encrypted": store.encryption.is_on,
        "backups": _backups(encrypted=store.encryption.is_on),
        "not_reached": [*(_of_batch(each) for each in batches), *_NOT_REACHED],
    }


def _batches_near(store: Store, run_id: str, folder: str) -> Iterator[Path]:
    """Folders of `evaluator batch` where the run was begun and where its results are: it puts them there by itself."""
    record = store.runs.named(run_id)
    begun = record.order.options.get("given_in") if record else None
    for place in {Path(folder).parent, *([Path(begun)] if begun else [])}:
        if place.is_dir():
            yield from (each.resolve() for each in batch_folders_in(place))


def _of_batch(folder: Path) -> str:
    return (
        f"{folder}: files of `evaluator batch`, whose requests may hold the candidate's answers, without names; "
        "collect what is open, then delete the folder"
    )


def _backups(*, encrypted: bool) -> str:
    if encrypted:
        return (
            "What a backup holds of the candidate cannot be read without their key, which is gone from the store. A "
            "backup that holds the table candidate_keys too has to be deleted, or erased again when it is put back."
        )
    return "Backups still hold what was erased. Delete them by their age, and erase again after one is put back."


def _say_receipt(written: Mapping[str, Any]) -> None:
    click.echo(f"\nReceipt, {written['erased_at']}")
    click.echo(f"Candidate (pseudonym): {written['candidate']}")
    click.echo("Erased from the store:")
    _say_counts(written["erased"])
    for each in written["folders"]:
        click.echo(f"Folder {visible(each['folder'])}: {each['outcome']}.")
    click.echo(f"Backups: {written['backups']}")
    click.echo("Not reached from here:")
    for line in written["not_reached"]:
        click.echo(f"  - {line}")
