"""A time of day that tests give what is done every night: no clock comes to it while they run."""

from __future__ import annotations

from datetime import UTC, datetime

_HOUR = (datetime.now(UTC).hour + 12) % 24

AT = f"{_HOUR:02}:00"
NIGHTLY = f"0 {_HOUR} * * *"
