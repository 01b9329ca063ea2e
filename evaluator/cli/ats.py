"""`evaluator ats`: the connections to applicant tracking systems, looked at and tried."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

import click

from evaluator.cli.ats_map import map_questions
from evaluator.cli.ats_quarantine import quarantine

_SOURCES = ("greenhouse", "lever", "ashby", "workable", "smartrecruiters", "standard")


@click.group(name="ats", short_help="Connect an ATS: question maps, quarantine, test events.")
def command() -> None:
    """Connect applicant tracking systems. The secrets are in the environment: docs/ats.md has the table."""


@command.command(short_help="Check the environment and every question map.")
def check() -> None:
    """Check the environment and every question map; says what each connection can do."""
    from evaluator.settings import read_ats_settings
    from evaluator.wiring_service import described, find_questionnaire, make_connections

    said = described(make_connections(read_ats_settings(), find_questionnaire()))
    for name, what in said.items():
        click.echo(f"{name}: {what}")
    if not said:
        click.echo("Nothing is connected: no EVALUATOR_<SOURCE>_SECRETS is set, and there is no question map.")


@command.command(short_help="Print the headers of an event, signed.")
@click.argument("source", type=click.Choice(_SOURCES), metavar="SOURCE")
@click.argument("event", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--event-id", help="The delivery's id (lever: its token); a new one each time where left out.")
@click.option("--event-name", default="", help="For smartrecruiters: what happened.")
@click.option(
    "--body", type=click.Path(path_type=Path, dir_okay=False),
    help="For lever, which signs inside its JSON: the file to write the signed event to.",
)  # fmt: skip
def sign(source: str, event: Path, event_id: str | None, event_name: str, body: Path | None) -> None:
    """Print the headers that SOURCE would send with the event in a file, signed with your own secret. SOURCE is one of
    greenhouse, lever, ashby, workable, smartrecruiters and standard.

    \b
    evaluator ats sign greenhouse event.json > headers.txt
    curl -H @headers.txt --data-binary @event.json http://127.0.0.1:8380/webhooks/greenhouse

    \b
    evaluator ats sign lever event.json --body signed.json > headers.txt
    curl -H @headers.txt --data-binary @signed.json http://127.0.0.1:8380/webhooks/lever
    """
    from evaluator.ats.signing import signed_headers
    from evaluator.errors import UsageError

    if (source == "lever") != (body is not None):
        raise UsageError(
            "Lever signs inside its JSON, the others in headers.",
            hint="Give --body FILE with lever, and with no other: the event is written to it, signed.",
        )
    from evaluator.settings import AtsAccess, read_ats_settings

    access = read_ats_settings().access.get(("default", source), AtsAccess())
    if not access.secrets:
        raise UsageError(f"{source} has no secret.", hint=f"Set EVALUATOR_{source.upper()}_SECRETS.")
    at, name = datetime.now(UTC), event_id or secrets.token_hex(8)
    if body is not None:
        _write_signed(event, body, access.secrets[0], at, name)
    headers = signed_headers(
        source, event.read_bytes(), access.secrets[0], at=at, event_id=name, event_name=event_name
    )  # fmt: skip
    for header, value in headers.items():
        click.echo(f"{header}: {value}")


def _write_signed(event: Path, body: Path, secret: str, at: datetime, token: str) -> None:
    from evaluator.ats.signing import signed_body
    from evaluator.ats.strict_json import UnreadableJsonError
    from evaluator.errors import UsageError
    from evaluator.files.whole_file import cannot_write

    try:
        signed = signed_body(event.read_bytes(), secret, at=at, token=token)
    except UnreadableJsonError as error:
        raise UsageError(f"{event} cannot be signed: it is {error}.") from None
    try:
        body.write_bytes(signed)
    except OSError as error:
        raise cannot_write(body, error) from error


command.add_command(map_questions)
command.add_command(quarantine)
