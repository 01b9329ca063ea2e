"""What a running site is made of: ready objects, handed to `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from evaluator.core.review_draw import DrawShares
from evaluator.run.candidate_order import CandidateOrderDesk
from evaluator.run.quarantine_desk import QuarantineDesk
from evaluator.run.review_desk import ReviewDesk
from evaluator.run.review_figures import ReviewFigures
from evaluator.run.review_reading import ReviewReading
from evaluator.run.review_upkeep import ReviewUpkeep
from evaluator.run.run_figures import RunFiguresDesk
from evaluator.store.run_record import RunRecord
from evaluator.store.store import Store
from evaluator.web.accounts import Accounts
from evaluator.web.passwords import Passwords


@dataclass(frozen=True, slots=True)
class WebSettings:
    """How the site is reached.

    `origins`: what browsers may send as Origin, such as https://review.example.com; links begin with the first.
    `secure`: cookies only travel over TLS. `body_limits`: bytes by the beginning of a path, for what takes more than a
    page's form.
    """

    origins: tuple[str, ...]
    secure: bool
    body_limits: tuple[tuple[str, int], ...] = ()

    @property
    def hosts(self) -> frozenset[str]:
        """What a request's Host may be."""
        return frozenset(origin.partition("://")[2] for origin in self.origins)


ExportRun = Callable[[Store, RunRecord, Path], int]
"""Writes a run's results into a new folder, as `evaluator grade` does; how many answers they hold."""


@dataclass(frozen=True, slots=True)
class Site:
    """The store, the order of work over it, and how the site is reached. `now` gives the time, in UTC.

    `export_run` is None where runs cannot be downloaded here.
    """

    store: Store
    accounts: Accounts
    reading: ReviewReading
    desk: ReviewDesk
    figures: ReviewFigures
    upkeep: ReviewUpkeep
    run_figures: RunFiguresDesk
    quarantine: QuarantineDesk
    candidate_order: CandidateOrderDesk
    export_run: ExportRun | None
    settings: WebSettings
    now: Callable[[], datetime]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def make_site(
    store: Store,
    settings: WebSettings,
    *,
    shares: DrawShares | None = None,
    passwords: Passwords | None = None,
    export_run: ExportRun | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Site:
    """A site over an open store, which stays the caller's to close."""
    return Site(
        store=store,
        accounts=Accounts(store, passwords or Passwords(), now),
        reading=ReviewReading(store, now),
        desk=ReviewDesk(store, now),
        figures=ReviewFigures(store),
        upkeep=ReviewUpkeep(store, shares or DrawShares(), now),
        run_figures=RunFiguresDesk(store),
        quarantine=QuarantineDesk(store, now),
        candidate_order=CandidateOrderDesk(store),
        export_run=export_run,
        settings=settings,
        now=now,
    )
