"""Where requests go that wait for a batch instead of being asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class RequestSink(Protocol):
    """Takes requests, each by the name that its reply will be kept under."""

    @property
    def refused(self) -> set[str]:
        """Parameters that the models are known to refuse."""
        ...

    def add(self, fingerprint: str, model: str, body: Mapping[str, Any]) -> None: ...
