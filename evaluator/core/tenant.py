"""Tenants: whose candidates these are, and ids of candidates that are unique over all of them."""

from __future__ import annotations

import re

DEFAULT_TENANT = "default"
TENANT = r"[a-z](?:_?[a-z0-9]){0,39}"
NAMES = "lower-case letters, digits and single underscores: it stands in names of variables, too"
"""What a tenant's name is made of, for people."""


def is_tenant(name: str) -> bool:
    """Whether this may name a tenant: a letter, then up to 39 lower-case letters and digits, with `_` between them.

    No hyphen, which a variable's name cannot have: `big_co` is `EVALUATOR_ASHBY_SECRETS__BIG_CO`, and nothing else is.
    """
    return re.fullmatch(TENANT, name) is not None


def stored_candidate(tenant: str, candidate_id: str) -> str:
    """The id under which the store has this candidate: as given, or `@tenant/id` for any tenant but the default one.

    Raises ValueError where the default tenant gives an id that could be another tenant's.
    """
    if tenant != DEFAULT_TENANT:
        return f"@{tenant}/{candidate_id}"
    if candidate_id.startswith("@"):
        raise ValueError("a candidate's id must not begin with @")
    return candidate_id


def shown_candidate(tenant: str, stored: str) -> str:
    """The id that the tenant gave, from the one that the store has."""
    return stored.removeprefix(f"@{tenant}/") if tenant != DEFAULT_TENANT else stored
