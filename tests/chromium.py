"""A real browser for tests: Debian's Chromium, headless. Where it is absent these tests say so and are left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser, while the block lasts."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: install the Debian package chromium to test pages in a browser")
    expect.set_options(timeout=60_000)  # of a machine that has much else to do
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
