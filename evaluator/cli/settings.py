"""`evaluator settings`: what is set and where, and every mistake in it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from evaluator.cli.terminal import visible
from evaluator.settings_sources import Said, read_sources
from evaluator.store.address import store_address


@click.group(name="settings", short_help="Show what is set and where; check it.")
def command() -> None:
    """The settings, from the environment and from a file that EVALUATOR_SETTINGS names; docs/settings.md lists them."""


@command.command()
def show() -> None:
    """Show what is set and where it comes from. Secrets are not shown."""
    sources = read_sources(os.environ)
    click.echo(f"Settings file: {sources.file or 'none'}")
    if not sources.said:
        click.echo("Nothing is set; docs/settings.md says what can be.")
    for name, said in sorted(sources.said.items()):
        click.echo(f"{name} = {_shown(said)}")
        click.echo(f"    from {_origin(said)}")
    if sources.mistakes:
        click.echo(f"{len(sources.mistakes)} mistakes: evaluator settings check", err=True)


@command.command()
def check() -> None:
    """Check all settings, the connections that they make and whom they have told; every mistake at once."""
    from evaluator.wiring_settings import check_settings

    sources = read_sources(os.environ)
    check_settings(sources)
    for name, said in sorted(sources.said.items()):
        if said.setting.is_secret and said.file is not None and _is_open_to_others(said.file):
            click.echo(f"Note: others on this machine may read {said.file}, and with it {name}: chmod 600", err=True)
    click.echo(f"{len(sources.said)} settings, no mistakes.")


def _shown(said: Said) -> str:
    if said.name == "EVALUATOR_STORE":
        return visible(str(store_address(said.text)))  # without its password
    return "(set, and not shown)" if said.setting.is_secret else visible(said.text)


def _origin(said: Said) -> str:
    if said.file is None:
        return "the environment" if said.where == said.name else f"a file that {said.where} names"
    return f"{said.file}: {said.where}"


def _is_open_to_others(path: str) -> bool:
    return os.name == "posix" and bool(Path(path).stat().st_mode & 0o044)
