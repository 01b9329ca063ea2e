"""A pacer for each endpoint, shared by all graders that ask it."""

from __future__ import annotations

from evaluator.core.pace import PaceSettings
from evaluator.graders.pacer import Pacer


class Pacers:
    """Pacers by the address of their endpoint, made when they are first asked for, all with the same bounds."""

    def __init__(self, settings: PaceSettings) -> None:
        self._settings = settings
        self.made: dict[str, Pacer] = {}

    def of(self, endpoint: str) -> Pacer:
        """The pacer of this endpoint."""
        return self.made.setdefault(endpoint, Pacer(self._settings))

    def change(self, settings: PaceSettings) -> None:
        """Other bounds for all of them (`Pace.change`)."""
        self._settings = settings
        for pacer in self.made.values():
            pacer.change(settings)
