"""A time as a page shows it: UTC, to the minute, and said to be so."""

from __future__ import annotations

from datetime import datetime


def moment(iso: str | None) -> str:
    """2026-11-26 23:10 UTC; a dash where there is none."""
    if not iso:
        return "–"
    return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M} UTC"


def clock(iso: str) -> str:
    """The time of day alone: 23:10 UTC."""
    return f"{datetime.fromisoformat(iso):%H:%M} UTC"
