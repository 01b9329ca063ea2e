"""`evaluator store`: encryption of the store at rest."""

from __future__ import annotations

import click

from evaluator.cli.store_option import opened_store, store_option
from evaluator.settings import read_settings


@click.group(name="store", short_help="Encrypt the store, change its key, make one.")
def command() -> None:
    """What candidates wrote, encrypted where it is kept. The key is in EVALUATOR_ENCRYPTION_KEY, or in the file that
    EVALUATOR_ENCRYPTION_KEY_FILE names: without it, nobody reads the store, you included.
    """


@command.command(name="new-key")
def new_key() -> None:
    """Print a key that nobody has. Keep it where the store's backups are not."""
    from evaluator.store.master_key import new_master_key

    click.echo(new_master_key())


@command.command()
@store_option
def status(where: str | None) -> None:
    """Show how much of the store is encrypted."""
    with opened_store(where, read_settings()) as store:
        click.echo(f"{store.address}: {'encrypted' if store.encryption.is_on else 'not encrypted'}")
        for name, count in store.encryption.counts().items():
            if count.bodies:
                click.echo(f"  {name:24} {count.bodies:>9,} kept, {count.bodies - count.plain:>9,} encrypted")


@command.command()
@store_option
def encrypt(where: str | None) -> None:
    """Encrypt what was kept before there was a key. It can be stopped and started again."""
    with opened_store(where, read_settings()) as store:
        changed = store.encryption.encrypt()
        click.echo(f"{changed:,} bodies of {store.address} were encrypted. Backups of before are not: delete them.")


@command.command(name="rotate-key")
@store_option
def rotate_key(where: str | None) -> None:
    """Change the key: give the new one first, then the old one, apart by a comma. Quick: bodies stay as they are."""
    with opened_store(where, read_settings()) as store:
        changed = store.encryption.rotate()
        click.echo(
            f"{changed:,} keys of {store.address} are wrapped by the new key. The old one is not needed any more."
        )
