"""What the benchmark tests share: a mock server in a process of its own, and ways to ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from benchmarks.server_process import MockServer


@pytest.fixture
def start_server() -> Iterator[Callable[..., MockServer]]:
    """Starts servers that stop with the test."""
    with ExitStack() as stack:

        def start(**options: float | str) -> MockServer:
            return stack.enter_context(MockServer(**options))

        yield start
