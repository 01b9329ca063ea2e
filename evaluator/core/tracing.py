"""Traces as the rest of the program sees them: spans with ids and counts, never an answer, a name or a key."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Literal, Protocol

Fact = str | int | float | bool | list[str]
Kind = Literal["internal", "server", "consumer", "client"]


class Span(Protocol):
    """Something that takes time."""

    def note(self, facts: Mapping[str, Fact | None]) -> None:
        """Further facts; what is None is left out."""
        ...

    def failed(self, code: str) -> None:
        """It did not work: a code of the program's own."""
        ...


class Tracer(Protocol):
    """Where spans are begun. A span is the parent of those that are begun while it lasts, in the same task."""

    def span(
        self,
        name: str,
        facts: Mapping[str, Fact | None],
        *,
        kind: Kind = "internal",
        of: str | None = None,
        is_first: bool = False,
        begun: float | None = None,
    ) -> AbstractContextManager[Span]:
        """`of`: the id of what it is done for; all spans of one id are one trace, in whatever process and however much
        later, under the one that `is_first`. None: it belongs to the span that lasts now. `begun`: when it began, in
        seconds since 1970, where that is past.
        """
        ...

    def close(self) -> None:
        """Sends what was not sent yet."""
        ...
