"""The ledger: replies under their fingerprints, looked up together and committed together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from evaluator.core.ledger import KeptReply
from evaluator.errors import StoreError
from evaluator.store.database import Database, is_gone
from evaluator.store.failures import as_store_errors
from evaluator.store.reply_rows import (
    FoundRow,
    KeptRow,
    ReplyLink,
    count_replies,
    read_replies,
    write_links,
    write_replies,
)
from evaluator.store.stored_text import stored_text
from evaluator.store.writer import Writer

_Waiting = dict[str, list[tuple[asyncio.Future[KeptReply | None], str | None]]]
# By name: who waits for its reply, and for which candidate.
_AT_ONCE = 512  # names in one look


class ReplyShelf:
    """The replies of one store. Used through `ReplyLedger`s, from any number of event loops."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        # Links come after replies in a transaction: they point to them.
        self._keeps = writer.kind(write_replies, urgent=True)
        self._links = writer.kind(write_links, urgent=False)
        self._waiting: dict[tuple[asyncio.AbstractEventLoop, int | None], _Waiting] = {}
        self._reader: Connection | None = None
        self._one_at_a_time = threading.Lock()
        # SQLite answers in microseconds, less than a thread takes to be woken; a server has to be waited for.
        self._threads = None if database.is_sqlite else ThreadPoolExecutor(1, "store-reader")

    async def find(self, fingerprint: str, run: int | None, candidate_id: str | None) -> KeptReply | None:
        """What is kept under the name. All that is looked for in one turn of the event loop is one query."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[KeptReply | None] = loop.create_future()
        waiting = self._waiting.get((loop, run))
        if waiting is None:
            waiting = self._waiting[loop, run] = {}
            loop.call_soon(self._look_up, loop, run)
        waiting.setdefault(fingerprint, []).append((future, candidate_id))
        return await future

    async def keep(self, fingerprint: str, reply: KeptReply, run: int | None, candidate_id: str | None) -> None:
        """Returns when the reply is committed."""
        await self._writer.written(self._keeps, KeptRow(fingerprint, reply, run, candidate_id), len(reply.text))

    def count(self, fingerprints: Sequence[str]) -> int:
        """Under how many of these names something is kept."""
        names = list(dict.fromkeys(fingerprints))
        with self._database.reading() as connection:
            return sum(
                count_replies(connection, names[start : start + _AT_ONCE]) for start in range(0, len(names), _AT_ONCE)
            )

    def close(self) -> None:
        """Lets go of the connection that replies are read by."""
        if self._threads is not None:
            self._threads.shutdown()
        if self._reader is not None:
            self._reader.close()

    def _look_up(self, loop: asyncio.AbstractEventLoop, run: int | None) -> None:
        waiting = self._waiting.pop((loop, run))
        if self._threads is None:
            self._settle(waiting, run, self._read(list(waiting)))
        else:
            looking = loop.run_in_executor(self._threads, self._read, list(waiting))
            looking.add_done_callback(lambda done: self._settle(waiting, run, done.result()))

    def _read(self, fingerprints: Sequence[str]) -> Mapping[str, FoundRow] | StoreError:
        """What is found, or why nothing can be: it is raised where somebody waits for it."""
        try:
            with self._one_at_a_time, as_store_errors(self._database.address):
                return self._read_or_reconnect(fingerprints)
        except StoreError as error:
            return error

    def _read_or_reconnect(self, fingerprints: Sequence[str]) -> Mapping[str, FoundRow]:
        for last_try in (False, True):
            if self._reader is None:
                self._reader = self._database.connect()
            try:
                return read_replies(self._reader, fingerprints)
            except DBAPIError as error:
                self._reader.close()
                self._reader = None
                if last_try or not is_gone(error):
                    raise
        raise AssertionError("the last try returns or raises")

    def _settle(self, waiting: _Waiting, run: int | None, found: Mapping[str, FoundRow] | StoreError) -> None:
        if not isinstance(found, StoreError):
            found = self._link(waiting, run, found) or found
        for fingerprint, futures in waiting.items():
            for future, _ in futures:
                if future.done():  # cancelled meanwhile
                    continue
                if isinstance(found, StoreError):
                    future.set_exception(found)
                else:
                    row = found.get(fingerprint)
                    future.set_result(None if row is None else row.reply)

    def _link(self, waiting: _Waiting, run: int | None, found: Mapping[str, FoundRow]) -> StoreError | None:
        """Notes whose replies these are, too; why that cannot be, where the writer failed."""
        try:
            for fingerprint, futures in waiting.items():
                row = found.get(fingerprint)
                for candidate_id in {each for _, each in futures}:
                    if row is not None and (run is not None or candidate_id is not None):
                        self._writer.hand_in(self._links, ReplyLink(row.number, run, candidate_id), 16)
        except StoreError as error:
            return error
        return None


@dataclass(frozen=True, slots=True)
class ReplyLedger:
    """A `Ledger` on a store's shelf. With a run's number, what that run used is noted, so that it can be deleted."""

    shelf: ReplyShelf
    run: int | None = None

    async def find(self, fingerprint: str, candidate_id: str | None = None) -> KeptReply | None:
        """The reply under this fingerprint, None where there is none. Raises StoreError."""
        return await self.shelf.find(fingerprint, self.run, _stored(candidate_id))

    async def keep(self, fingerprint: str, reply: KeptReply, candidate_id: str | None = None) -> None:
        """Returns when the reply is committed; the last one under a fingerprint stands. Raises StoreError."""
        await self.shelf.keep(fingerprint, reply, self.run, _stored(candidate_id))

    def count(self, fingerprints: Sequence[str]) -> int:
        """How many of these fingerprints, counted once each, have a reply. Raises StoreError."""
        return self.shelf.count(fingerprints)


def _stored(candidate_id: str | None) -> str | None:
    return None if candidate_id is None else stored_text(candidate_id)
