"""The cells of the matrix: under which conditions a contestant is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["load", "fault", "kill", "start"]
TINY = 10
"""Answers in the run that measures what a contestant uses before and after its work."""
PATIENCE = 10.0
"""Seconds that every contestant waits for a reply where some never come; the usual ten minutes would be the result."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A name, how many answers (None: as many as asked for), how many in flight, and the endpoint's options."""

    name: str
    about: str
    kind: Kind = "load"
    count: int | None = None
    concurrency: int = 64
    options: dict[str, float] = field(default_factory=dict)
    timeout: float | None = None
    only_ours: bool = False
    once: bool = False
    """Whether one round is enough: it takes long, and its figure does not vary."""


_FAULTS = {
    "latency_ms": 50.0,
    "share_429": 0.05,
    "share_500": 0.02,
    "share_truncated": 0.01,
    "share_reset": 0.005,
    "share_hung": 0.01,
    "retry_after": 1.0,
}
CELLS = (
    Cell("c64", "64 in flight, no latency"),
    Cell("lat300", "64 in flight, 300 ms", options={"latency_ms": 300.0}),
    Cell("lat300c256", "256 in flight, 300 ms", concurrency=256, options={"latency_ms": 300.0}),
    Cell("lat300c1000", "1,000 in flight, 300 ms", concurrency=1000, options={"latency_ms": 300.0}),
    Cell("memory500", "500 answers, no latency", count=500, once=True),
    Cell("memory20k", "20,000 answers, no latency", count=20_000, once=True),
    Cell("memory1m", "1,000,000 answers, no latency", count=MILLION, only_ours=True, once=True),
    Cell(
        "fault",
        "5% 429, 2% 500, 1% truncated, 0.5% resets, 1% never come; 50 ms",
        kind="fault",
        options=_FAULTS,
        timeout=PATIENCE,
    ),
    Cell("kill", "kill -9 at half, then again; 300 ms", kind="kill", options={"latency_ms": 300.0}),
    Cell("start", "start-up, beside `python -c pass`", kind="start", count=TINY, only_ours=True),
)
GROUPS = {"memory": ("memory500", "memory20k"), "latency": ("lat300", "lat300c256", "lat300c1000")}


def chosen(names: Sequence[str]) -> list[Cell]:
    """The cells of these names; `memory` and `latency` stand for several. Raises ValueError for any other name."""
    wanted = [each for name in names for each in GROUPS.get(name, (name,))]
    known = {cell.name: cell for cell in CELLS}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"no such cell: {', '.join(unknown)}; there are {', '.join([*known, *GROUPS])}")
    return [known[name] for name in dict.fromkeys(wanted)]
