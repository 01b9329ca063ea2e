"""The way of a batch: prepared, uploaded, created, waited for, collected; killed anywhere, it goes on from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast
from uuid import uuid4

from evaluator.core.batch_state import (
    ENDED,
    BatchFile,
    CollectedFile,
    Created,
    Creating,
    Ending,
    Prepared,
    Refused,
    Uploaded,
)
from evaluator.core.ledger import Ledger
from evaluator.core.price import Price, cost_of
from evaluator.files.batch_folder import BatchFolder
from evaluator.files.request_files import RequestFile, RequestFiles, read_requests, short_id, whole_id
from evaluator.graders.batch_endpoint import BatchEndpoint, BatchLook
from evaluator.graders.batch_line import request_line, without_refused
from evaluator.run.batch_import import ImportReport, import_output


@dataclass(frozen=True, slots=True)
class Standing:
    """A file of requests beside its batch; `look` is None where it has none yet, or was collected before."""

    file: BatchFile
    look: BatchLook | None


@dataclass(frozen=True, slots=True)
class Collection:
    """A batch that ended, and what it brought. `cost_usd` is of all that it answered; None where no price is known."""

    file: BatchFile
    look: BatchLook
    report: ImportReport
    cost_usd: float | None


class BatchDesk:
    """The batches of one folder at one endpoint. `prices`: of each model in a batch, where it is known."""

    def __init__(self, folder: BatchFolder, endpoint: BatchEndpoint, prices: dict[str, Price | None]) -> None:
        self._folder = folder
        self._endpoint = endpoint
        self._prices = prices

    async def submit(self) -> int:
        """Uploads and creates whatever is prepared and not yet a batch; how many batches are new."""
        new = 0
        for file in self._folder.state.open_files:
            new += await self._submit(file)
        return new

    async def settle(self) -> tuple[BatchFile, ...]:
        """Finds batches that were created and never heard of; returns the files that are none."""
        for file in self._folder.state.unsent_files:
            await self._adopted(file)
        return self._folder.state.unsent_files

    async def look(self) -> list[Standing]:
        """Every file and how its batch stands now."""
        found = []
        for file in self._folder.state.files:
            known = await self._adopted(file) if file.collected is None else file
            waiting = known.batch_id is not None and known.collected is None
            found.append(Standing(known, await self._endpoint.look(known.batch_id or "") if waiting else None))
        return found

    async def collect(self, ledger: Ledger) -> list[Collection]:
        """Takes in what has ended since; what is collected twice is kept once."""
        return [
            await self._collect(standing.file, standing.look, ledger)
            for standing in await self.look()
            if standing.look is not None and standing.look.status in ENDED
        ]

    async def resubmit(self, ledger: Ledger, most_tries: int) -> tuple[int, int]:
        """Makes new files of the requests that ended without a reply, and submits them.

        Returns how many were asked again, and how many were not because they were asked `most_tries` times. What was
        written and never became a batch is written anew, without what the ledger has by now.
        """
        unsent = await self.settle()
        state = self._folder.state
        waiting = {short_id(name) for file in state.waiting_files for name, _ in self._requests(file)}
        refused = state.refused
        sent = [file for file in state.files if file not in unsent]
        tries = Counter(short_id(name) for file in sent for name, _ in self._requests(file))
        given_up: set[bytes] = set()
        with RequestFiles(self._folder.path, request_line, waiting=waiting) as files:
            for file in state.files:
                if file not in unsent and not _is_lacking(file):
                    continue
                for name, body in self._requests(file):
                    if await ledger.find(name) is not None:
                        continue
                    if tries[short_id(name)] >= most_tries:
                        given_up.add(short_id(name))
                        continue
                    files.add(name, file.model, without_refused(body, refused))
        self.prepare(files.written, instead_of=unsent)
        await self.submit()
        return files.requests, len(given_up)

    async def lacking(self, ledger: Ledger) -> int:
        """How many requests ended without a reply and wait nowhere."""
        state = self._folder.state
        waiting = {short_id(name) for file in state.open_files for name, _ in self._requests(file)}
        without: set[bytes] = set()
        for file in state.files:
            if not _is_lacking(file):
                continue
            for name, _ in self._requests(file):
                if short_id(name) not in waiting and await ledger.find(name) is None:
                    without.add(short_id(name))
        return len(without)

    def prepare(self, files: Sequence[RequestFile], instead_of: Sequence[BatchFile] = ()) -> None:
        """Notes new files of requests, and takes those away in whose place they are."""
        for file in files:
            self._folder.note(
                Prepared(file=file.path.name, model=file.model, requests=file.requests, ticket=uuid4().hex)
            )
        for each in instead_of:
            self._folder.withdraw(each)

    async def _submit(self, file: BatchFile) -> bool:
        """Whether a batch had to be created. Never a second one for the same file."""
        if file.batch_id is not None:
            return False
        if file.file_id is None:
            file = replace(file, file_id=await self._endpoint.upload(self._folder.file(file.file)))
            self._folder.note(Uploaded(file=file.file, file_id=file.file_id or ""))
        if (await self._adopted(file)).batch_id is not None:
            return False
        self._folder.note(Creating(file=file.file))
        batch_id = await self._endpoint.create(file.file_id or "", file.ticket)
        self._folder.note(Created(file=file.file, batch_id=batch_id))
        return True

    async def _adopted(self, file: BatchFile) -> BatchFile:
        """The same with its batch, where one was created and the endpoint's reply was never heard."""
        if file.batch_id is not None or not file.may_exist or file.file_id is None:
            return file
        batch_id = await self._endpoint.find(file.file_id, file.ticket)
        if batch_id is None:
            return file
        self._folder.note(Created(file=file.file, batch_id=batch_id))
        return replace(file, batch_id=batch_id)

    async def _collect(self, file: BatchFile, look: BatchLook, ledger: Ledger) -> Collection:
        downloaded = []
        for kind, file_id in (("output", look.output_file_id), ("errors", look.error_file_id)):
            if file_id is not None:
                into = self._folder.file(file.file.replace("requests", kind))
                await self._endpoint.download(file_id, into)
                downloaded.append(into)
        requested = {whole_id(name) for name, _ in self._requests(file)}
        report = await import_output(ledger, downloaded, requested)
        price = self._prices.get(file.model)
        cost = cost_of((price, usage) for usage in report.usage.values()) if report.usage else 0.0
        if report.refused - self._folder.state.refused:
            self._folder.note(Refused(parameters=tuple(sorted(report.refused))))
        self._folder.note(
            CollectedFile(
                file=file.file,
                ended=cast(Ending, look.status),
                kept=report.kept,
                missing=report.missing or 0,
                cost_usd=cost,
            )
        )
        return Collection(file, look, report, cost)

    def _requests(self, file: BatchFile) -> Iterator[tuple[str, dict[str, object]]]:
        return read_requests(self._folder.file(file.file))


def _is_lacking(file: BatchFile) -> bool:
    return file.collected is not None and file.collected.missing > 0
