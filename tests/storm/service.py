"""A whole service: web servers and workers in processes of their own, over one PostgreSQL, with all that they ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.ats.signing import SECRETS
from tests.storm.fleet import Fleet, Supervised, free_port, plain_environment, wait_until

ONE_REQUEST_EACH = ("--no-control-reading",)
"""Option of a worker, so that what was paid can be counted."""
_BEHIND = ("nice", "-n", "5")
"""As `deploy/evaluator-worker@.service` says it: whoever waits for an acknowledgement goes first."""
_UP_WITHIN = 180.0  # seconds


@dataclass(frozen=True)
class Service:
    """What runs, and where it answers."""

    fleet: Fleet
    webs: Sequence[Supervised]
    workers: Sequence[Supervised]
    urls: Sequence[str]


@contextmanager
def whole_service(
    store: str, model: str, folder: Path, *, webs: int = 1, workers: int = 1, concurrency: int = 8,
    serving: Sequence[str] = (), **further: str,
) -> Iterator[Service]:  # fmt: skip
    """The service, once its web servers are up, for as long as the block lasts. `serving`: their further options;
    `further`: settings of all.
    """
    secrets = {f"EVALUATOR_{name.upper()}_SECRETS": secret for name, secret in SECRETS.items()}
    environment = plain_environment(EVALUATOR_STORE=store, **secrets, **further)
    ports = [free_port() for _ in range(webs)]
    pages = [
        Supervised(f"web{number}", ("serve", "--port", str(port), *serving), environment, folder)
        for number, port in enumerate(ports)
    ]
    options = ("--grader", "openai:mock", "--base-url", model, "--concurrency", str(concurrency), *ONE_REQUEST_EACH)
    working = [
        Supervised(f"worker{number}", ("worker", *options), environment, folder, prefix=_BEHIND)
        for number in range(workers)
    ]
    with Fleet([*pages, *working]) as fleet:
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        for url in urls:
            wait_until(f"{url} answers", lambda url=url: is_ready(url), _UP_WITHIN)
        yield Service(fleet, pages, working, urls)


def is_ready(url: str) -> bool:
    """Whether a web server answers, and reaches its store."""
    try:
        return httpx2.get(f"{url}/readyz", timeout=10, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False
