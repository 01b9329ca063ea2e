"""The address of a store: a file for SQLite, or the URL of a PostgreSQL database; shown without its password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from evaluator.errors import UsageError

# A server that a cut cable or a crashed machine took away is noticed within half a minute; left alone, a system waits
# for two minutes to connect, and for a quarter of an hour for an answer.
_SERVER_ARGUMENTS: Mapping[str, str] = {
    "connect_timeout": "10",
    "tcp_user_timeout": "20000",  # milliseconds
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
}

_HINT = "Give a file, such as --store replies.sqlite3, or postgresql+psycopg://USER@HOST/DATABASE."


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a store is. `path` is set where it is a file."""

    url: URL
    path: Path | None

    @property
    def typed(self) -> str:
        """What `--store` may be given to find it again; a password has to come from elsewhere."""
        # `URL.set` takes None for "as it is", and would put stars where the password was.
        return (
            str(self.path)
            if self.path
            else _without_query_password(self.url)._replace(password=None).render_as_string()
        )

    def __str__(self) -> str:
        return str(self.path) if self.path else _without_query_password(self.url).render_as_string(hide_password=True)


def _without_query_password(url: URL) -> URL:
    """libpq takes the password from there, too."""
    return url.difference_update_query(["password", "sslpassword"])


def server_arguments(url: URL) -> dict[str, str]:
    """How to connect to a PostgreSQL server, where its URL does not say otherwise."""
    return {name: value for name, value in _SERVER_ARGUMENTS.items() if name not in url.query}


def queue_file(store: Path) -> Path:
    """Where the workers' queue of a SQLite store is kept: beside it."""
    return store.with_name(f"{store.stem}-work{store.suffix or '.sqlite3'}")


def store_address(text: str) -> StoreAddress:
    """The address that `--store` names: a path, `sqlite:///PATH`, or `postgresql://…`. Raises UsageError."""
    if "://" not in text:
        return _file(Path(text))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The text itself is not repeated: it may hold a password.
        raise UsageError("The address of the store is not a URL.", hint=_HINT) from None
    kind = url.get_backend_name()
    if kind == "sqlite" and url.database:
        return _file(Path(url.database))
    if kind in ("postgresql", "postgres"):
        return StoreAddress(url.set(drivername="postgresql+psycopg"), None)
    raise UsageError(f"A store cannot be kept in '{kind}'.", hint=_HINT)


def _file(path: Path) -> StoreAddress:
    try:
        whole = path.expanduser().absolute()
    except (RuntimeError, ValueError):  # ~somebody, of whom nothing is known, or a zero byte
        raise UsageError(
            "The path of the store is none: it begins with ~ and no user's name, or holds a zero byte.", hint=_HINT
        ) from None
    return StoreAddress(URL.create("sqlite", database=str(whole)), whole)
