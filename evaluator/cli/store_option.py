"""`--store` and `--no-store`: which store a command uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from evaluator.errors import UsageError
from evaluator.settings import Settings
from evaluator.store.address import store_address
from evaluator.store.store import Store, open_store

_Command = TypeVar("_Command", bound=Callable[..., Any])

_WHERE = "Where replies and runs are kept: a file, or postgresql://… [default: your data folder; env: EVALUATOR_STORE]"


def store_option(command: _Command) -> _Command:
    """Adds --store."""
    return click.option("--store", "where", metavar="PATH|URL", callback=_require_name, help=_WHERE)(command)


def _require_name(_context: click.Context, _option: click.Parameter, where: str | None) -> str | None:
    # As of `--store "$VARIABLE"` with one that is not set: the usual store is not what was meant.
    if where is not None and not where.strip():
        raise UsageError(
            "--store is empty.", hint="Name a file or postgresql://…, or leave --store out for the usual store."
        )
    return where


def store_options(command: _Command) -> _Command:
    """Adds --store and --no-store."""
    without = click.option("--no-store", is_flag=True, help="Keep nothing: every reply is asked and paid for anew.")
    return store_option(without(command))


def chosen_store(where: str | None, settings: Settings, *, no_store: bool = False) -> Store | None:
    """The store, open; None with --no-store. Raises UsageError where both are given, and StoreError."""
    if no_store:
        if where is not None:
            raise UsageError("--store and --no-store do not go together.", hint="Leave one of them out.")
        return None
    return opened_store(where, settings)


def opened_store(where: str | None, settings: Settings) -> Store:
    """The store that is named, or the one of the settings, with the key of the settings. Raises StoreError."""
    return open_store(where or settings.store, encryption_key=settings.encryption_key)


def existing_store(where: str | None, settings: Settings) -> Store:
    """As `opened_store`, for commands that only make sense for a store that is there: a path that is mistyped would be
    made a new store, in which nothing is found. Raises UsageError too.
    """
    address = store_address(where or settings.store)
    if address.path is not None and not address.path.exists():
        raise UsageError(f"There is no store {address}.", hint="Name it with --store, or set EVALUATOR_STORE.")
    return opened_store(where, settings)
