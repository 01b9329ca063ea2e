"""`evaluator outbox`: events that could not be delivered, and what to do with them."""

from __future__ import annotations

import click

from evaluator.cli.store_option import opened_store, store_option
from evaluator.errors import UsageError
from evaluator.settings import read_settings


@click.group(short_help="Show and replay events that were not delivered.")
def command() -> None:
    """Events that tell others of grades: those that were given up after three days of tries are kept here."""


@command.command("list")
@store_option
def list_(where: str | None) -> None:
    """List dead letters, the oldest first."""
    with opened_store(where, read_settings()) as store:
        dead = store.outbox.dead(limit=200)
    for each in dead:
        click.echo(f"{each.event_id}  {each.kind}  {each.target}")
        click.echo(f"  made {each.made_at}, {each.tries} tries, the last: {each.reason}")
    click.echo(f"{len(dead)} dead letters." if dead else "No dead letters.")


@command.command()
@click.argument("events", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them.")
@store_option
def replay(events: tuple[str, ...], where: str | None, *, everything: bool) -> None:
    """Have dead letters delivered after all: the EVENTS named, or --all. They have three days again."""
    if bool(events) == everything:
        raise UsageError("Name events, or give --all.", hint="See: evaluator outbox list")
    with opened_store(where, read_settings()) as store:
        count = store.outbox.replay(None if everything else events)
    click.echo(f"{count} deliveries wait again.")
