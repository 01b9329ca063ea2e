"""Hosts of a network inside this machine: namespaces of its own kernel, with cables that can be cut."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_MADE = 0
_SERVER = "db"


@dataclass(frozen=True)
class Host:
    """A host at the other end of a cable to the server. `prefix` has a command run there, under its name."""

    name: str
    server: str
    """The namespace of the server."""
    cable: str
    """The name of the cable at the server's end."""
    server_address: str
    """The server's address, seen from here."""

    @property
    def prefix(self) -> tuple[str, ...]:
        naming = 'hostname "$0" && exec "$@"'
        return (*in_namespace(self.name), "unshare", "--uts", "--", "sh", "-c", naming, self.name)

    def cut(self) -> None:
        """Pulls the cable."""
        _ip("-n", self.server, "link", "set", self.cable, "down")

    def mend(self) -> None:
        """Puts it back."""
        _ip("-n", self.server, "link", "set", self.cable, "up")


@dataclass(frozen=True)
class Network:
    """A server, and hosts that reach nothing but it."""

    server: str
    hosts: tuple[Host, ...]


def in_namespace(name: str) -> tuple[str, ...]:
    """What goes before a command that is to run in a namespace."""
    return ("ip", "netns", "exec", name)


def why_not() -> str | None:
    """Why there can be no such network here; None where there can."""
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        return "iproute2 and util-linux are needed for namespaces of the network, and are not installed"
    if os.geteuid() != 0:
        return "namespaces of the network are made by root alone"
    try:
        with network(1):
            return None
    except subprocess.CalledProcessError as error:
        return f"namespaces of the network are not allowed here: {error.stderr.strip()[:200]}"


@contextmanager
def network(hosts: int) -> Iterator[Network]:
    """So many hosts, each with a cable of its own to the server, for as long as the block lasts."""
    global _MADE
    _MADE += 1
    mark = f"ev{os.getpid() % 100_000}n{_MADE}"
    server = f"{mark}{_SERVER}"
    made: list[str] = []
    try:
        _add(server, made)
        joined = []
        for number in range(hosts):
            host = Host(f"{mark}h{number}", server, f"to{number}", f"10.213.{number}.1")
            _add(host.name, made)
            _ip("-n", server, "link", "add", host.cable, "type", "veth", "peer", "name", "up0", "netns", host.name)
            for namespace, link, address in ((server, host.cable, 1), (host.name, "up0", 2)):
                _ip("-n", namespace, "address", "add", f"10.213.{number}.{address}/24", "dev", link)
                _ip("-n", namespace, "link", "set", link, "up")
            joined.append(host)
        yield Network(server, tuple(joined))
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _add(name: str, made: list[str]) -> None:
    _ip("netns", "add", name)
    made.append(name)
    _ip("-n", name, "link", "set", "lo", "up")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True)
