"""`evaluator batch`: grade through the Batch API at half the price, or through files that any system can answer."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import click

from evaluator.cli.batch_grading import cap_of, changes_since_submitted, grade_collected, grade_line
from evaluator.cli.batch_options import BatchJob, as_for_grade, batch_job, grade_with
from evaluator.cli.present import Presenter
from evaluator.cli.present_batch import BatchPresenter
from evaluator.cli.store_option import opened_store, store_option
from evaluator.core.batch_state import Refused
from evaluator.core.ledger import Ledger
from evaluator.core.price import Price
from evaluator.errors import GraderSetupError, OutputError, UsageError
from evaluator.files.batch_folder import Asked, BatchFolder, BatchPrice, batch_folder
from evaluator.files.file_hash import sha256_of
from evaluator.files.output_file import require_output_file
from evaluator.files.request_files import RequestFiles, read_requests, requested_in, short_id
from evaluator.graders.batch_endpoint import OPENAI, batch_endpoint
from evaluator.graders.batch_line import request_line
from evaluator.run.about_grader import costs_money, describe, prices_by_model
from evaluator.run.batch_desk import BatchDesk
from evaluator.run.batch_export import Collected, collect_requests
from evaluator.run.batch_import import import_output
from evaluator.run.estimate import estimate
from evaluator.run.pipeline import record_of
from evaluator.run.resumption import changes_since
from evaluator.settings import Settings, read_settings
from evaluator.store.store import Store

ALL_IN, SOME_WITHOUT_REPLY, BUDGET_SPENT, STILL_WAITING = 0, 3, 5, 6
_MOST_TRIES = 3
_NOTHING = 0.000001  # dollars; a cap has to be more than none
_DEADLINE = 600.0  # seconds for one request: files are large


@click.group(name="batch", short_help="Grade at half the price through the Batch API, or by files.")
def command() -> None:
    """Grade through OpenAI's Batch API, which answers within a day at half the price; or, without a network, through
    files of requests that any other system answers.

    Replies go into the ledger. `evaluator grade` with the same options then finds them there, checks them like any
    other reply and pays nothing.
    """


@command.command(short_help="Write to files what grading would ask for.")
@as_for_grade
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the files of requests.")
@click.option("--without", metavar="PARAM", multiple=True, help="A parameter that the model refuses (temperature, …).")
@store_option
def export(out: Path, without: tuple[str, ...], where: str | None, **given: Any) -> None:
    """Write the requests that grading INPUT needs and the ledger does not hold as Batch-API files; no network.

    Exit codes: 0 written, or nothing is needed; 5 --max-cost left some out; 2 wrong usage or input.
    """
    if out.exists() and any(out.glob("requests-*.jsonl")):
        raise OutputError(f"{out} holds requests already.", hint="Choose another place with --out.")
    settings = read_settings()
    presenter = BatchPresenter(quiet=given["quiet"])
    with _store(where, settings) as store, RequestFiles(out, request_line, refused={*without}) as files:
        job = batch_job(given, settings, store.ledger(), files, trial=False)
        collected = asyncio.run(_collect(job, Presenter(quiet=given["quiet"], as_json=False)))
    base_url = given["base_url"] or settings.base_url
    presenter.exported(out, collected, files.written, where, grade_with(given, base_url, where))
    sys.exit(BUDGET_SPENT if _is_capped(collected) else ALL_IN)


@command.command(name="import", short_help="Take output files into the ledger.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--requests", type=click.Path(path_type=Path), help="The exported folder: shows what is missing.")
@store_option
def import_(files: tuple[Path, ...], requests: Path | None, where: str | None) -> None:
    """Take Batch-API output FILES into the ledger: in any order, whole or in part, once or twice.

    Exit codes: 0 every line and every request has its reply; 3 some have none (they are counted); 2 a file cannot be
    read.
    """
    for each in files:
        require_output_file(each)
    asked = requested_in(requests) if requests else None
    with _store(where, read_settings()) as store:
        report = asyncio.run(import_output(store.ledger(), files, asked))
    presenter = BatchPresenter(quiet=False)
    presenter.imported(report)
    if report.missing == 0:
        presenter.nothing_missing()
    sys.exit(SOME_WITHOUT_REPLY if report.is_lacking else ALL_IN)


@command.command(short_help="Upload what grading asks for, as batches.")
@as_for_grade
@click.option("--out", type=click.Path(path_type=Path), help="Folder to work in. [default: INPUT's name-batch]")
@click.option("--no-trial", is_flag=True, help="Do not ask one request at once, to see what the model takes.")
@click.option("--yes", is_flag=True, help="Do not ask before money is spent.")
@store_option
def submit(out: Path | None, no_trial: bool, yes: bool, where: str | None, **given: Any) -> None:
    """Upload the requests that grading INPUT needs, and create their batches; what waits already is left alone.

    Run it again after `collect --no-grade`: quotes that were not found are asked about once more and control readings
    asked for, as in any grading; when it says that there is nothing to ask, `collect` grades.

    Exit codes: 0 submitted, or nothing is needed; 5 --max-cost left some out; 2 wrong usage or input, or the endpoint
    cannot be reached (run it again: nothing is paid for twice).
    """
    settings = read_settings()
    path = out or Path(f"{given['table'].stem}-batch")
    with batch_folder(path, make=True) as folder, _store(where, settings) as store:
        sys.exit(asyncio.run(_submit(folder, store.ledger(), given, settings, where, trial=not no_trial, ask=not yes)))


async def _submit(
    folder: BatchFolder,
    ledger: Ledger,
    given: Mapping[str, Any],
    settings: Settings,
    where: str | None,
    *,
    trial: bool,
    ask: bool,
) -> int:
    """Announce, collect, prepare, upload, create. Returns the exit code.

    What an earlier `submit` wrote and did not get through is written anew: other things may be asked now, elsewhere,
    or have been answered since.
    """
    base_url = given["base_url"] or settings.base_url
    await _settle(folder, settings, base_url)
    state, before = folder.state, folder.asked
    presenter = BatchPresenter(quiet=given["quiet"])
    waiting = {short_id(name) for file in state.waiting_files for name, _ in read_requests(folder.file(file.file))}
    people = Presenter(quiet=given["quiet"], as_json=False)
    with RequestFiles(folder.path, request_line, waiting=waiting, refused=set(state.refused)) as files:
        job = batch_job(given, settings, ledger, files, trial=trial and not state.files)
        people.table_read(job.source, job.table)
        expected = estimate(job.grader, job.table, job.count, in_batch=True)
        people.announce(job.grader, describe(job.grader), expected)
        prices = prices_by_model(job.grader)
        presenter.priced([price for price in prices.values() if price is not None])
        source: Path = given["table"]
        record = record_of(job.grader.pipeline, source.name, sha256_of(source))
        if before is not None and before.job is not None and state.files:
            changes = changes_since(before.job, job.grader, source.name, record.input_sha256)
            presenter.changed_in_folder(folder.path, changes)
        if ask and costs_money(job.grader):
            people.confirm()
        await job.grader.check()
        collected = await _collect(job, people)
    if files.refused - state.refused:
        folder.note(Refused(parameters=tuple(sorted(files.refused))))
    written = {model: _written(price) for model, price in prices.items()}
    command_line = grade_with(given, base_url, where)
    folder.remember(
        Asked(base_url=base_url, prices=written, grade_with=command_line, given_in=str(Path.cwd()), job=record)
    )
    async with batch_endpoint(_key(settings, base_url), base_url, _DEADLINE) as endpoint:
        desk = BatchDesk(folder, endpoint, prices)
        desk.prepare(files.written, instead_of=state.unsent_files)
        new = await desk.submit()
    presenter.submitted(folder.path, collected, files.requests, new, len(waiting))
    return BUDGET_SPENT if _is_capped(collected) else ALL_IN


async def _settle(folder: BatchFolder, settings: Settings, base_url: str | None) -> None:
    """Finds batches that nobody heard of. Raises UsageError where the folder's batches are at another endpoint."""
    asked = folder.asked
    if asked is None or not any(file.may_exist for file in folder.state.files):
        return
    if _address(asked.base_url) != _address(base_url):
        raise UsageError(
            f"The batches of {folder.path} are at {asked.base_url or OPENAI}, and this is for {base_url or OPENAI}.",
            hint="Give what goes elsewhere a folder of its own with --out.",
        )
    if any(file.may_exist for file in folder.state.unsent_files):
        async with batch_endpoint(_key(settings, base_url), base_url, _DEADLINE) as endpoint:
            await BatchDesk(folder, endpoint, {}).settle()


def _address(base_url: str | None) -> str:
    return (base_url or OPENAI).rstrip("/")


@command.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
def status(folder: Path) -> None:
    """Show how the batches of FOLDER stand. Exit codes: 0 all have ended; 6 some have not."""
    settings = read_settings()
    with batch_folder(folder) as opened:
        asked = _asked(opened)

        async def look() -> int:
            async with batch_endpoint(_key(settings, asked.base_url), asked.base_url, _DEADLINE) as endpoint:
                standings = await BatchDesk(opened, endpoint, {}).look()
            return BatchPresenter(quiet=False).standings(folder, standings)

        sys.exit(STILL_WAITING if asyncio.run(look()) else ALL_IN)


@command.command(short_help="Take the replies of batches that have ended.")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--resubmit", is_flag=True, help="Ask again for what ended without a reply.")
@click.option(
    "--most-tries", type=click.IntRange(1, 10), default=_MOST_TRIES, show_default=True, help="Batches for one request."
)
@click.option("--no-grade", is_flag=True, help="Take the replies in, and stop there.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the grades. [default: INPUT's name-grades]")
@click.option("--yes", is_flag=True, help="Do not ask before grading, should that cost anything.")
@store_option
def collect(
    folder: Path, resubmit: bool, most_tries: int, no_grade: bool, out: Path | None, yes: bool, where: str | None
) -> None:
    """Take the replies of FOLDER's batches that have ended into the ledger, whole or in part; when everything is in,
    grade INPUT with them, as `evaluator grade` does.

    Grading finds its replies in the ledger. Where quotes were not in the answer, and for control readings, the model is
    asked once more, at once and at the full price; to have that in a batch too, --no-grade and `submit` again.

    Exit codes: 0 everything is in (and graded); 6 batches still run; 3 all have ended and some requests have no reply,
    or some answers could not be graded; 5 grading stopped at --max-cost.
    """
    settings = read_settings()
    with batch_folder(folder) as opened, _store(where, settings) as store:
        code = asyncio.run(_collect_batches(opened, store.ledger(), settings, resubmit=resubmit, most_tries=most_tries))
        asked, kept_in = _asked(opened), store.address
        spent = sum(file.collected.cost_usd or 0.0 for file in opened.state.files if file.collected is not None)
    presenter = BatchPresenter(quiet=False)
    if code == ALL_IN:
        presenter.everything_is_in(grades=not no_grade)
    if code == ALL_IN and not no_grade:
        presenter.changed(changes_since_submitted(asked, settings))
        at = str(kept_in.path) if kept_in.path else kept_in.url.render_as_string(hide_password=False)
        more = ["--store", at, *(["--out", str(out.absolute())] if out else []), *(["--yes"] if yes else [])]
        if (cap := cap_of(asked)) is not None:
            presenter.capped(spent, cap)
            more += ["--max-cost", f"{max(cap - spent, _NOTHING):.6f}"]
        grade_collected(asked, more)
    if code != STILL_WAITING:
        presenter.how_to_grade(grade_line(asked, kept_in.typed if where else None))
    sys.exit(code)


async def _collect_batches(
    folder: BatchFolder, ledger: Ledger, settings: Settings, *, resubmit: bool, most_tries: int
) -> int:
    asked = _asked(folder)
    prices = {model: _price(price) for model, price in asked.prices.items()}
    presenter = BatchPresenter(quiet=False)
    async with batch_endpoint(_key(settings, asked.base_url), asked.base_url, _DEADLINE) as endpoint:
        desk = BatchDesk(folder, endpoint, prices)
        for collection in await desk.collect(ledger):
            presenter.collected(collection)
        given_up = 0
        if resubmit:
            requests, given_up = await desk.resubmit(ledger, most_tries)
            presenter.resubmitted(requests, given_up, most_tries)
        lacking = await desk.lacking(ledger)
    waiting, unsent = len(folder.state.waiting_files), len(folder.state.unsent_files)
    presenter.after_collecting(folder.path, waiting, unsent, 0 if given_up else lacking)
    if waiting or unsent:
        return STILL_WAITING
    return SOME_WITHOUT_REPLY if lacking else ALL_IN


async def _collect(job: BatchJob, people: Presenter) -> Collected:
    async with job.grader:
        with people.waiting("Collecting the requests"):
            return await collect_requests(job.grader, islice(iter(job.table), job.limit))


def _store(where: str | None, settings: Settings) -> Store:
    return opened_store(where, settings)


def _is_capped(collected: Collected) -> bool:
    return any("budget_spent: " in reason for reason in collected.reasons)


def _asked(folder: BatchFolder) -> Asked:
    asked = folder.asked
    if asked is None:
        raise GraderSetupError(
            f"In {folder.path} nothing was submitted yet.",
            hint=f"Run: evaluator batch submit INPUT --out {shlex.quote(str(folder.path))}",
        )
    return asked


def _key(settings: Settings, base_url: str | None) -> str:
    if settings.api_key is None and base_url is None:
        raise GraderSetupError("Batches need a key, and there is none.", hint="Set OPENAI_API_KEY.")
    return settings.api_key or "none"


def _written(price: Price | None) -> BatchPrice | None:
    return BatchPrice.model_validate(asdict(price)) if price is not None else None


def _price(written: BatchPrice | None) -> Price | None:
    return Price(**written.model_dump()) if written is not None else None
