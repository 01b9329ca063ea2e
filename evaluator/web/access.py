"""Who may use a route: stated at each route, denied where nothing is stated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from evaluator.core.account import ROLES, Role

_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])

RECRUITER: Role = "recruiter"
REVIEWER: Role = "reviewer"
ADMINISTRATOR: Role = "administrator"


@dataclass(frozen=True, slots=True)
class Rule:
    """Which roles may use a route. `is_public`: nobody has to sign in; `has_own_key`: the route itself checks a
    signature or an API key, and neither session nor cookie counts there.
    """

    roles: frozenset[Role] = frozenset()
    is_public: bool = False
    has_own_key: bool = False


EVERYONE = Rule(is_public=True)
OWN_KEY = Rule(has_own_key=True)
SIGNED_IN = Rule(frozenset(ROLES))


def rule(*allowed: Role | Rule) -> Callable[[_Endpoint], _Endpoint]:
    """States who may use the route that this decorates: roles, or one of EVERYONE, OWN_KEY, SIGNED_IN.

    It stands below the route's own decorator, next to the function.
    """
    stated = [each for each in allowed if isinstance(each, Rule)]
    if stated and len(allowed) > 1:
        raise ValueError("a rule stands alone, or roles do")
    made = stated[0] if stated else Rule(frozenset(each for each in allowed if not isinstance(each, Rule)))

    def state(endpoint: _Endpoint) -> _Endpoint:
        endpoint.__dict__["access_rule"] = made
        return endpoint

    return state


def rule_of(endpoint: Callable[..., Any]) -> Rule | None:
    """The rule that is stated for a route's function; None where there is none."""
    found = getattr(endpoint, "access_rule", None)
    return found if isinstance(found, Rule) else None
