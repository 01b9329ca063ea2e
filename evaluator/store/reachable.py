"""A store's server that is away: told from a wrong address, and waited for."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from evaluator.errors import StoreError
from evaluator.store.address import StoreAddress, server_arguments

T = TypeVar("T")

_AGAIN = 1.0  # seconds between two tries


def is_away(address: StoreAddress) -> bool:
    """Whether nobody answers there, or the server only starts or ends: it may answer later.

    A server that answers and refuses is not away, whatever it refuses for; a host that nobody knows, or a folder of
    sockets that is not there, is a wrong address. A file is never away.
    """
    if address.path is not None:
        return False
    from psycopg import pq  # here: only PostgreSQL needs it
    from psycopg.conninfo import make_conninfo

    said = address.url.translate_connect_args(username="user", database="dbname")
    for name, value in address.url.query.items():
        said[name] = value if isinstance(value, str) else ",".join(value)
    asked = make_conninfo("", **{**server_arguments(address.url), **said})
    # Asked of libpq: what the server says is in the language that it was set to.
    answered = pq.Ping(pq.PGconn.ping(asked.encode()))
    if answered == pq.Ping.NO_RESPONSE:
        return all(_is_known(host) for host in str(said.get("host", "")).split(",") if host)
    return answered == pq.Ping.REJECT


def once_there(
    address: StoreAddress,
    step: Callable[[], T],
    *,
    is_over: Callable[[], bool],
    tell: Callable[[StoreError], None],
    pause: Callable[[float], object],
) -> T:
    """What `step` gives, once the server is there; while it is away, it is tried again until `is_over`.

    `tell` hears, once, why it waits. Raises StoreError where waiting does not help, or was in vain.
    """
    told = answered = False
    while True:
        try:
            return step()
        except StoreError as error:
            if is_over():
                raise
            if not is_away(address):
                if answered:
                    raise
                answered = True  # it may have come up since the step was tried
                continue
            answered = False
            if not told:
                tell(error)
                told = True
        pause(_AGAIN)


def _is_known(host: str) -> bool:
    if host.startswith(("/", "@")):
        return host.startswith("@") or Path(host).is_dir()
    try:
        socket.getaddrinfo(host, None)
    except socket.gaierror as error:
        return error.errno == socket.EAI_AGAIN  # the name server is away
    return True
