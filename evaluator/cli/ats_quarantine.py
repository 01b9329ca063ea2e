"""`evaluator ats quarantine`: events that a person has to look at, and letting them try again."""

from __future__ import annotations

import json

import click

from evaluator.cli.store_option import opened_store, store_option
from evaluator.cli.terminal import visible
from evaluator.core.held_back import held_back_reason
from evaluator.core.inbox_event import InboxEvent
from evaluator.errors import UsageError


@click.group(name="quarantine")
def quarantine() -> None:
    """Events that could not be mapped. They wait here, and nothing is lost: mend what is wrong, then replay them."""


@quarantine.command(name="list")
@click.option("--source", help="Only of this source.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, without what candidates wrote.")
@store_option
def list_held(source: str | None, where: str | None, *, as_json: bool) -> None:
    """Every event that is held back, the oldest first, with the reason."""
    held = _held(where, source)
    if as_json:
        click.echo(json.dumps([_shown(event) for event in held], indent=2))
        return
    for event in held:
        click.echo(f"{event.id}  {event.received_at[:16].replace('T', ' ')}  {event.source}  {visible(event.kind)}")
        click.echo(f"  {held_back_reason(event.reason).means}")
        for each in event.detail:
            click.echo(f"    {visible(each)}")
    if held:
        click.echo(f"{len(held)} held back. When it is mended: evaluator ats quarantine replay EVENT, or --all")
    else:
        click.echo("Nothing is held back.")


@quarantine.command(short_help="Let events that are held back try again.")
@click.argument("event_ids", metavar="[EVENT]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that are held back (of --source).")
@click.option("--source", help="Only of this source.")
@store_option
def replay(event_ids: tuple[str, ...], source: str | None, where: str | None, *, everything: bool) -> None:
    """Let events try again; a worker takes them up as if they had just come in."""
    if everything == bool(event_ids):
        raise UsageError("Which events?", hint="Name them, or give --all.")
    from evaluator.settings import read_settings

    with opened_store(where, read_settings()) as store:
        wanted = [event.id for event in _held(where, source)] if everything else list(event_ids)
        replayed = store.inbox.replay(wanted)
    if replayed < len(wanted):
        raise UsageError(
            "It is not held back."
            if len(wanted) == 1
            else f"{len(wanted) - replayed} of {len(wanted)} are not held back; the other {replayed} wait again.",
            hint="See: evaluator ats quarantine list",
        )
    click.echo(f"Waiting for a worker again: {replayed}." if replayed else "Nothing is held back.")


def _held(where: str | None, source: str | None) -> list[InboxEvent]:
    from evaluator.settings import read_settings

    held: list[InboxEvent] = []
    with opened_store(where, read_settings()) as store:
        while page := store.inbox.in_state("quarantined", source=source, after=held[-1].number if held else 0):
            held += page
    return held


def _shown(event: InboxEvent) -> dict[str, object]:
    names = ("id", "tenant", "source", "kind", "purpose", "reason", "received_at", "settled_at")
    return {name: getattr(event, name) for name in names} | {"questions": list(event.detail)}
