"""What a running site is made of: ready objects, handed to `create_app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from evaluator.core.review_draw import DrawShares
from evaluator.run.review_desk import ReviewDesk
from evaluator.run.review_reading import ReviewReading
from evaluator.run.review_upkeep import ReviewUpkeep
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


@dataclass(frozen=True, slots=True)
class Site:
    """The store, the order of work over it, and how the site is reached. `now` gives the time, in UTC."""

    store: Store
    accounts: Accounts
    reading: ReviewReading
    desk: ReviewDesk
    upkeep: ReviewUpkeep
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
    now: Callable[[], datetime] = utc_now,
) -> Site:
    """A site over an open store, which stays the caller's to close."""
    return Site(
        store=store,
        accounts=Accounts(store, passwords or Passwords(), now),
        reading=ReviewReading(store, now),
        desk=ReviewDesk(store, now),
        upkeep=ReviewUpkeep(store, shares or DrawShares(), now),
        settings=settings,
        now=now,
    )
