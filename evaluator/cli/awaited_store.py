"""A store that a long-running command waits for, where its server is away when the command starts."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from evaluator.errors import StoreError
from evaluator.settings import Settings
from evaluator.store.address import StoreAddress, store_address
from evaluator.store.reachable import once_there

T = TypeVar("T")


def address_of(where: str | None, settings: Settings) -> StoreAddress:
    """The address of the store that is named, or of the settings' one. Raises UsageError."""
    return store_address(where or settings.store)


def awaited(
    address: StoreAddress, step: Callable[[], T], settings: Settings, ended: Event, tell: Callable[[str], None]
) -> T:
    """What `step` gives, once the store's server is there; for as long as the settings say at most, and until `ended`.

    Raises StoreError where waiting does not help, was in vain, or is over.
    """
    until = time.monotonic() + settings.store_wait

    def waits(error: StoreError) -> None:
        tell(f"{error.message} Waiting for it, for {settings.store_wait:g} s at most.")

    return once_there(
        address, step, is_over=lambda: ended.is_set() or time.monotonic() >= until, tell=waits, pause=ended.wait
    )
