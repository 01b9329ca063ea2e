"""`evaluator serve` as a process: where it listens, what it says, how it ends."""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from evaluator.store.store import open_store


def command(*arguments: str, store: Path) -> list[str]:
    return [sys.executable, "-m", "evaluator", "serve", "--store", str(store), "--port", "0", *arguments]


class Process:
    """The command, running; `lines` is what it said so far."""

    def __init__(self, arguments: list[str]) -> None:
        self.running = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "COLUMNS": "80"}
        )
        self.lines: list[str] = []

    def said(self, wanted: str) -> re.Match[str]:
        """Reads on until a line fits."""
        assert self.running.stdout is not None
        for line in self.running.stdout:
            self.lines.append(line)
            found = re.search(wanted, line)
            if found:
                return found
        raise AssertionError("".join(self.lines))

    def ends(self, how: signal.Signals) -> int:
        self.running.send_signal(how)
        assert self.running.stdout is not None
        self.lines += list(self.running.stdout)
        return self.running.wait(timeout=60)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for each in processes:
        each.running.kill()
        each.running.wait()


def answers(client: httpx.Client, url: str) -> httpx.Response:
    """The page, as soon as the server is up."""
    for _ in range(300):
        try:
            return client.get(url)
        except httpx.ConnectError:
            time.sleep(0.1)
    raise AssertionError(f"{url} never answered")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_with_nothing_said_it_opens_the_store_and_gives_the_first_administrator_a_link(
    started: list[Process], tmp_path: Path, how: signal.Signals
) -> None:
    """On this computer alone; the link opens, and the process ends in order when it is asked to."""
    process = Process(command(store=tmp_path / "s.sqlite3"))
    started.append(process)
    link = process.said(r"(http://127\.0\.0\.1:\d+)/link/\S+")
    process.said("Ctrl-C")
    with httpx.Client() as client:
        assert answers(client, link[0]).status_code == 200
        reply = client.get(f"{link[1]}/sign-in")
        assert "server" not in reply.headers
        assert "strict-transport-security" not in reply.headers
    assert process.ends(how) == 0
    said = "".join(process.lines)
    assert "no runs in it yet" in said
    assert said.rstrip().endswith("Stopped.")
    assert "Traceback" not in said
    # Everything was taken back into the file: another program can open it.
    with open_store(str(tmp_path / "s.sqlite3")) as store:
        assert [user.name for user in store.users.all()] == ["administrator"]


@pytest.mark.parametrize(
    ("arguments", "why", "hint"),
    [
        (("--host", "0.0.0.0"), "could read what candidates wrote", "--tls-cert"),
        (("--host", "::"), "could read what candidates wrote", "--behind-proxy"),
        (("--host", "0.0.0.0", "--behind-proxy"), "not known", "--public-url"),
        (("--behind-proxy",), "not known", "--public-url"),
        (("--behind-proxy", "--public-url", "http://review.example.com"), "not a site's address", "https://"),
        (("--proxy-address", "10.0.0.1"), "goes with --behind-proxy", "--behind-proxy"),
        (("--host", "no.such.host.invalid", "--behind-proxy", "--public-url", "https://x.example"), "listen", "--port"),
    ],
)
def test_it_does_not_listen_where_others_could_read_along(
    tmp_path: Path, arguments: tuple[str, ...], why: str, hint: str
) -> None:
    """Refused with what to do, before anything listens."""
    done = subprocess.run(
        command(*arguments, store=tmp_path / "s.sqlite3"), capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert why in done.stderr
    assert hint in done.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """With what to do."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = command(store=tmp_path / "s.sqlite3")
        arguments[arguments.index("--port") + 1] = str(taken.getsockname()[1])
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "already in use" in done.stderr
    assert "--port" in done.stderr


def test_over_tls_cookies_never_travel_in_the_clear(started: list[Process], tmp_path: Path) -> None:
    """Secure cookies bound to the host, and browsers told to come by TLS alone."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(str(tmp_path / "cert.pem"), append=number > 0)
    process = Process(
        command(
            "--tls-cert",
            str(tmp_path / "cert.pem"),
            "--tls-key",
            str(tmp_path / "key.pem"),
            store=tmp_path / "s.sqlite3",
        )
    )
    started.append(process)
    link = process.said(r"(https://127\.0\.0\.1:\d+)/link/\S+")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with httpx.Client(verify=context, headers={"origin": link[1]}, timeout=60) as client:
        assert "max-age" in answers(client, link[0]).headers["strict-transport-security"]
        words = {"password": "four words that nobody guesses", "again": "four words that nobody guesses"}
        reply = client.post(link[0], data=words)
    assert reply.status_code == 303, reply.text
    cookies = reply.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "secure" in cookie.lower()
        assert "httponly" in cookie.lower()


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """In an environment that has none of its packages."""
    code = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("fastapi", "uvicorn", "pwdlib", "argon2", "python_multipart"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.argv = ["evaluator", "serve", "--store", {str(tmp_path / "s.sqlite3")!r}]
from evaluator.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stderr
    assert "pip install 'screening-answer-evaluator[service]'" in done.stderr
