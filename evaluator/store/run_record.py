"""The record of a run: what was graded by what, how far it came, and what it takes to go on with it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import Rubric
from evaluator.core.run_manifest import RunManifest

RunState = Literal["running", "unfinished", "finished", "interrupted", "stopped"]

_SILENCE = timedelta(seconds=100)  # of a run that is alive: three heartbeats


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How far a run has come. `cost_usd`: what its grades cost when they were paid for; `paid_usd`: paid by it."""

    graded: int = 0
    not_answered: int = 0
    ungraded: int = 0
    to_review: int = 0
    cost_usd: float | None = None
    paid_usd: float | None = None

    @property
    def done(self) -> int:
        """Answers that have a grade or a reason for having none."""
        return self.graded + self.not_answered + self.ungraded


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is begun with. `manifest` has its versions and hashes, and nothing counted yet."""

    manifest: RunManifest
    rubric: Rubric
    questionnaire: Questionnaire
    folder: str
    input_path: str
    options: dict[str, Any]
    """What the command was given, as JSON has it, with the folder that it was given in; never a key."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the store has it."""

    number: int
    order: RunOrder
    state: RunState
    counts: RunCounts

    @property
    def id(self) -> str:
        """The name that people use."""
        return self.order.manifest.run_id

    @property
    def answers(self) -> int:
        """How many it has: those of its table, or, where submissions come while it lasts, those that came."""
        return max(self.order.manifest.answers, self.counts.done)


def writer_name(token: str) -> str:
    """Who writes a run: a process of a computer; `token` tells two of its tries apart."""
    return f"{socket.gethostname()}/{os.getpid()}/{token}"


def is_alive(writer: str, heard_at: str, now: datetime) -> bool:
    """Whether the process that writes a run probably still does."""
    if now - datetime.fromisoformat(heard_at) > _SILENCE:
        return False
    host, process, _ = writer.rsplit("/", 2)
    if host != socket.gethostname() or os.name == "nt":  # there, no signal only asks
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is there, and another user's
    return True
