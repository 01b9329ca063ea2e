"""`evaluator store`: encryption of the store at rest, its backup, and what a backup brings back."""

from __future__ import annotations

from pathlib import Path

import click

from evaluator.cli.store_option import existing_store, store_option
from evaluator.errors import UsageError
from evaluator.settings import Settings, read_settings
from evaluator.store.address import store_address


@click.group(name="store", short_help="Encrypt the store; back it up, restore it.")
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
    with existing_store(where, read_settings()) as store:
        click.echo(f"{store.address}: {'encrypted' if store.encryption.is_on else 'not encrypted'}")
        for name, count in store.encryption.counts().items():
            if count.bodies:
                click.echo(f"  {name:24} {count.bodies:>9,} kept, {count.bodies - count.plain:>9,} encrypted")


@command.command()
@store_option
def encrypt(where: str | None) -> None:
    """Encrypt what was kept before there was a key. It can be stopped and started again."""
    with existing_store(where, read_settings()) as store:
        changed = store.encryption.encrypt()
        click.echo(f"{changed:,} bodies of {store.address} were encrypted. Backups of before are not: delete them.")


@command.command(name="rotate-key", short_help="Change the key that the store is encrypted with.")
@store_option
def rotate_key(where: str | None) -> None:
    """Change the key: give the new one first, then the old one, apart by a comma. Quick: bodies stay as they are."""
    with existing_store(where, read_settings()) as store:
        changed = store.encryption.rotate()
        click.echo(
            f"{changed:,} keys of {store.address} are wrapped by the new key. The old one is not needed any more."
        )


@command.command(short_help="Copy the store to a file while others work with it.")
@click.argument("target", type=click.Path(path_type=Path))
@store_option
def backup(target: Path, where: str | None) -> None:
    """Copy the store to the file TARGET, whole and of one moment, while others work with it.

    For a SQLite file; PostgreSQL has pg_dump. What is encrypted stays so: keep its key elsewhere.
    """
    from evaluator.store.backup import back_up

    settings = read_settings()
    address = store_address(where or settings.store)
    if address.path is not None and not address.path.exists():
        raise UsageError(f"There is no store {address}.", hint="Name it with --store, or set EVALUATOR_STORE.")
    size = back_up(address, target)
    click.echo(f"{address} is copied to {target}: {size:,} bytes.")


@command.command()
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path))
@click.option(
    "--erased-in", metavar="PATH|URL", help="The store of before: who was erased there is erased in what is restored."
)
@store_option
def restore(source: Path, erased_in: str | None, where: str | None) -> None:
    """Make a store of BACKUP, where there is none yet. What was queued then is queued again; what is graded stays so.

    A backup brings back whom somebody erased since. --erased-in erases them again; without it, do so by hand.
    """
    from evaluator.store.backup import restore as put_back

    settings = read_settings()
    address = store_address(where or settings.store)
    before = None if erased_in is None else store_address(erased_in).path
    if before is not None and not before.exists():
        raise UsageError(f"There is no store {before}.", hint="Name the store of before with --erased-in.")
    put_back(source, address)
    click.echo(f"{address} is restored from {source}.")
    if erased_in is not None:
        _erase_again(erased_in, str(address.path), settings)
    else:
        click.echo("Whoever was erased after that backup is back: erase them again (docs/privacy.md).")


@command.command(name="erase-again", short_help="Erase whoever was erased in another store.")
@click.argument("before", metavar="STORE")
@store_option
def erase_again(before: str, where: str | None) -> None:
    """Erase from the store whoever was erased in STORE: the one of before, where this one came out of a backup."""
    settings = read_settings()
    _erase_again(before, where or settings.store, settings)


def _erase_again(before: str, where: str, settings: Settings) -> None:
    with existing_store(before, settings) as old, existing_store(where, settings) as new:
        # Who was erased before the backup was made, and has applied again since, is there by right.
        erased = [
            each for each in new.candidates() if old.erasure.erased_at(each) not in (None, new.erasure.erased_at(each))
        ]
        for candidate in erased:
            new.erase_candidate(candidate)
        erased_again = "1 candidate" if len(erased) == 1 else f"{len(erased):,} candidates"
        click.echo(f"Erased again in {new.address}, as in {old.address}: {erased_again}.")
