"""What `evaluator grade` was given, as the store keeps it and as it is given again to go on with the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import click

# How a run is watched and where it goes is chosen anew each time; the store itself may have a password.
_NOT_KEPT = frozenset({"out", "resume", "where", "no_store", "yes", "quiet", "as_json"})


def kept_options(context: click.Context, base_url: str | None) -> dict[str, Any]:
    """The command's options as JSON has them, and the folder that they were given in. There is no key among them."""
    given = {name: _as_json(value) for name, value in context.params.items() if name not in _NOT_KEPT}
    return {"given_in": str(Path.cwd()), "options": {**given, "base_url": _without_password(base_url)}}


def given_again(command: click.Command, kept: dict[str, Any]) -> dict[str, Any]:
    """The kept options as the command takes them. Options that the command no longer has are left out."""
    context = click.Context(command)
    return {
        parameter.name: parameter.type_cast_value(context, kept["options"][parameter.name])
        for parameter in command.params
        if parameter.name in kept["options"] and parameter.name is not None
    }


def _as_json(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple):
        return [_as_json(each) for each in value]
    return value


def _without_password(url: str | None) -> str | None:
    if url is None or "@" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
