"""`evaluator users`: who may use the pages, from where the store is; for when nobody can sign in there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from evaluator.cli.service_extra import require_service_extra
from evaluator.cli.store_option import opened_store, store_option
from evaluator.core.account import ABOUT_ROLES, ROLES, User
from evaluator.errors import UsageError
from evaluator.settings import read_settings
from evaluator.store.store import Store

if TYPE_CHECKING:
    from evaluator.web.accounts import Accounts

_URL = "http://127.0.0.1:8380"
_COMMAND_LINE = ""

url_option = click.option(
    "--url", default=_URL, show_default=True, metavar="URL", help="Where `evaluator serve` answers; links begin so."
)


@click.group(name="users", short_help="Who may use the pages; a link for whoever cannot get in.")
def command() -> None:
    """Who may use the pages of `evaluator serve`. Whoever can read the store's file may do this."""


@command.command(name="list")
@store_option
def list_users(where: str | None) -> None:
    """Every user, with their role and when they were last seen."""
    with opened_store(where, read_settings()) as store:
        found = store.users.all()
    if not found:
        click.echo("There are no users yet. Open the pages:  evaluator serve")
    for user in found:
        click.echo(f"{user.name:30} {user.role:14} {_state(user)}")


@command.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="reviewer", show_default=True, help="What they may do.")
@url_option
@store_option
def add(name: str, role: str, url: str, where: str | None) -> None:
    """Make a user, and a link by which they choose their password."""
    with opened_store(where, read_settings()) as store:
        user, token = _accounts(store).add_user(_COMMAND_LINE, name, role)
    click.echo(f"'{user.name}', {user.role}: {ABOUT_ROLES[user.role]}.")
    _say_link(user, url, token)


@command.command()
@click.argument("name")
@url_option
@store_option
def link(name: str, url: str, where: str | None) -> None:
    """A new link for NAME, who cannot get in. Until it is used the old password holds."""
    with opened_store(where, read_settings()) as store:
        user = store.users.named(name)
        if user is None:
            raise UsageError(f"There is no user '{name}'.", hint="See: evaluator users list")
        token = _accounts(store).new_link(_COMMAND_LINE, user.id)
    _say_link(user, url, token)


def _accounts(store: Store) -> Accounts:
    require_service_extra()
    from evaluator.web.accounts import Accounts
    from evaluator.web.passwords import Passwords

    return Accounts(store, Passwords(), lambda: datetime.now(UTC))


def _say_link(user: User, url: str, token: str) -> None:
    click.echo(f"A link for '{user.name}'; it works once, for 24 hours:")
    click.echo(f"  {url.rstrip('/')}/link/{token}")


def _state(user: User) -> str:
    if user.is_disabled:
        return "disabled"
    if user.last_seen is not None:
        return f"last seen {user.last_seen[:16].replace('T', ' ')} UTC"
    return "never signed in" if user.has_password else "has a link, no password yet"
