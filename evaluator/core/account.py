"""Who works with the pages: people with a role, and what each role is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["recruiter", "reviewer", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)

ABOUT_ROLES: dict[Role, str] = {
    "recruiter": "sees the runs that are shared with them and decides on candidates; does not review grades",
    "reviewer": "reviews grades of every run, and decides on candidates",
    "administrator": "everything a reviewer may; keeps users, sessions, shares runs, reads the log",
}


@dataclass(frozen=True, slots=True)
class User:
    """One person who may sign in. Times are UTC, ISO 8601; `disabled_at` is set where they may no longer."""

    id: str
    name: str
    role: Role
    made_at: str
    disabled_at: str | None = None
    has_password: bool = False
    last_seen: str | None = None

    @property
    def is_disabled(self) -> bool:
        """Whether this person may not sign in."""
        return self.disabled_at is not None


@dataclass(frozen=True, slots=True)
class Who:
    """Whoever does something on the pages: a user, in one of their sessions (one browser)."""

    user_id: str
    role: Role
    session_id: str
