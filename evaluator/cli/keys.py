"""`evaluator keys`: who may use the JSON API, for what, until when."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evaluator.cli.store_option import opened_store, store_option
from evaluator.cli.terminal import visible
from evaluator.core.api_key import SCOPES, ApiKey, Scope
from evaluator.core.tenant import DEFAULT_TENANT, NAMES, is_tenant
from evaluator.errors import UsageError
from evaluator.settings import read_settings
from evaluator.store.api_key_shelf import written_time
from evaluator.store.store import Store


def _opened(where: str | None) -> Store:
    return opened_store(where, read_settings())


@click.group(name="keys", short_help="Make, list and revoke keys of the JSON API.")
def command() -> None:
    """Keys of the JSON API. A key is shown once and kept nowhere; the store has only a hash of it.

    To change a key without a gap, make a second one of the same name, put it to use, and revoke the first.
    """


@command.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True,
    help="What it may do; several times for several: hand in, read grades, erase candidates.",
)  # fmt: skip
@click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose candidates it opens.")
@click.option("--expires", "days", type=click.IntRange(1, 3650), metavar="DAYS", help="Days until it ends by itself.")
@store_option
def create(name: str, scopes: tuple[Scope, ...], tenant: str, days: int | None, where: str | None) -> None:
    """Make a key and print it: standard output has nothing else."""
    if not is_tenant(tenant):
        raise UsageError(f"'{tenant}' cannot name a tenant.", hint=f"It is made of {NAMES}.")
    if not name.strip() or not name.isprintable() or len(name) > 80:
        raise UsageError("A key needs a name of 1 to 80 letters.", hint="Name it after who holds it.")
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with _opened(where) as store:
        key = store.keys.create(name, sorted(set(scopes), key=SCOPES.index), tenant=tenant, expires_at=ends)
    click.echo(str(key))
    click.echo("This is the only time that it can be seen. Keep it where secrets are kept.", err=True)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@store_option
def list_keys(where: str | None, *, as_json: bool) -> None:
    """Every key, ended ones too, without its secret."""
    with _opened(where) as store:
        keys = store.keys.all()
    if as_json:
        click.echo(json.dumps([_shown(key) for key in keys], indent=2))
        return
    console = Console(highlight=False, emoji=False)
    if not keys:
        console.print("There are no keys. Make one: evaluator keys create NAME --scope submit")
        return
    now = written_time(datetime.now(UTC))
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    for heading in ("Key", "Name", "Tenant", "May", "State", "Last used (UTC)"):
        table.add_column(heading, overflow="fold")
    for key in keys:
        used = (key.last_used_at or "never")[:16].replace("T", " ")
        name = escape(visible(key.name))
        table.add_row(key.id, name, key.tenant, ", ".join(key.scopes), _state(key, now), used)
    console.print(table)


@command.command()
@click.argument("key_id", metavar="KEY")
@store_option
def revoke(key_id: str, where: str | None) -> None:
    """End a key at once. KEY is its id, as `evaluator keys list` shows it."""
    with _opened(where) as store:
        key = store.keys.revoke(key_id)
    click.echo(f"The key {key.id} ({visible(key.name)}) opens nothing any more.")


def _state(key: ApiKey, now: str) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if not key.is_live(now):
        return "expired"
    return f"until {key.expires_at[:10]}" if key.expires_at else "live"


def _shown(key: ApiKey) -> dict[str, Any]:
    return {name: value for name, value in asdict(key).items() if name != "secret_sha256"}
