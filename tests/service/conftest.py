"""A service as it is installed: `evaluator serve` in a process of its own, over a store, on a port of loopback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from evaluator.core.api_key import SCOPES, Scope
from evaluator.store.store import Store, open_store
from tests.ats.signing import SECRETS, Sent
from tests.store.conftest import postgresql  # noqa: F401  fixture

SECRETS_SET = {f"EVALUATOR_{name.upper()}_SECRETS": secret for name, secret in SECRETS.items()}
SECRETS_SET["EVALUATOR_ASHBY_SECRETS__ACME"] = "secret-of-acme"


@dataclass(frozen=True)
class Running:
    """A service that answers at `url`; `store` is opened by the test as well."""

    url: str
    store: Store
    process: subprocess.Popen[str]

    def ring(self, sent: Sent, path: str | None = None) -> httpx.Response:
        """Delivers as the source would."""
        address = f"{self.url}/webhooks/{path or sent.source}"
        return httpx.post(address, headers=sent.headers, content=sent.body, timeout=30)

    def client(self, *scopes: Scope, tenant: str = "default") -> httpx.Client:
        """A caller of the API with a new key for these scopes."""
        key = self.store.keys.create(f"test {os.urandom(4).hex()}", scopes or SCOPES, tenant=tenant)
        return httpx.Client(base_url=self.url, headers={"authorization": f"Bearer {key}"}, timeout=30)


@contextmanager
def service(address: str, **environment: str) -> Iterator[Running]:
    """`evaluator serve` for as long as the block lasts; it has to end well when it is asked to."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("EVALUATOR_", "OPENAI_"))}
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "evaluator", "serve", "--port", "0", "--store", address],
        env={**plain, **SECRETS_SET, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = ""
        while "Ctrl-C stops it." not in said:
            line = process.stdout.readline()
            assert line, said + (process.stderr.read() if process.stderr else "")
            said += line
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said
        _wait_until_up(found[0])
        with open_store(address) as store:
            yield Running(found[0], store, process)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _wait_until_up(url: str) -> None:
    transport = httpx.HTTPTransport(retries=5)
    with httpx.Client(transport=transport, timeout=60) as client:
        client.get(f"{url}/openapi.json").raise_for_status()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for the tests of a file; each takes candidates of its own."""
    with service(str(tmp_path_factory.mktemp("service") / "store.sqlite3")) as started:
        yield started
