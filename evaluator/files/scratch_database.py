"""A scratch database: what has to be remembered of every answer, on disk so that memory stays the same for a million.

SQLite's nameless database is used: it stays in memory while it is small, goes to a file without a name in the
system's temporary folder when it is not, and is gone with the process, also after a kill. Nothing in it is the only
copy of anything, so it takes no care to survive.
"""

from __future__ import annotations

import sqlite3
import tempfile
import weakref
from collections.abc import Iterator
from hashlib import blake2b
from types import TracebackType
from typing import Any, Self

from evaluator.errors import OutputError

CACHE = 1024  # KiB that one database holds in memory before it writes to its file
LONGEST_KEY = 48  # bytes; a longer id is found by its hash
# No byte of UTF-8 is 255: a hash is never taken for an id.
_HASHED = b"\xff"

Value = int | float | str | bytes | None


class ScratchDatabase:
    """Tables by a schema in SQL. Everything raises OutputError where the temporary folder is full or gone.

    Closed at the end of its `with` block, or with the last reference to it.
    """

    def __init__(self, schema: str) -> None:
        try:
            # Autocommit, then one transaction that never ends: there is nothing to commit to.
            self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._closing = weakref.finalize(self, self._connection.close)
            self._connection.executescript(
                f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE};"
                f"PRAGMA temp_store = FILE; {schema}; BEGIN"
            )
        except sqlite3.Error as error:
            raise _failure(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file, which has no name and is gone with that."""
        self._closing()

    def change(self, statement: str, *values: Value) -> int:
        """Carries out one statement; how many rows it changed."""
        try:
            return self._connection.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise _failure(error) from error

    def first(self, query: str, *values: Value) -> tuple[Any, ...] | None:
        """The first row that the query finds, None where it finds none."""
        try:
            row: tuple[Any, ...] | None = self._connection.execute(query, values).fetchone()
        except sqlite3.Error as error:
            raise _failure(error) from error
        return row

    def rows(self, query: str, *values: Value) -> Iterator[tuple[Any, ...]]:
        """The rows that the query finds, read as they are asked for."""
        try:
            cursor = self._connection.execute(query, values)
            while (row := cursor.fetchone()) is not None:
                yield row
        except sqlite3.Error as error:
            raise _failure(error) from error


def stored(text: str) -> bytes:
    """Any string as bytes, half a surrogate pair too; they sort as the strings do."""
    return text.encode("utf-8", errors="surrogatepass")


def restored(data: bytes) -> str:
    """The string that `stored` made these bytes of."""
    return data.decode("utf-8", errors="surrogatepass")


def key_of(text: str) -> bytes:
    """The key under which an id is kept: its own bytes, or a hash of 256 bits where it is long."""
    key = stored(text)
    return key if len(key) <= LONGEST_KEY else _HASHED + blake2b(key, digest_size=32).digest()


def _failure(error: sqlite3.Error) -> OutputError:
    return OutputError(
        f"Temporary notes cannot be written or read: {error}.",
        hint=f"Make room in the system's temporary folder ({tempfile.gettempdir()}), or name another one in the "
        "environment variable TMPDIR. What was written so far is whole.",
    )
