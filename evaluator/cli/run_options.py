"""What `evaluator grade` was given, as the store keeps it and as it is given again to go on with the run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
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


def as_typed(command: click.Command, values: Mapping[str, Any], *more: str) -> str:
    """The line of `evaluator grade` (`command`) that gives `values`, by parameter, as the command or `kept_options` has
    them: its argument and what is not at its default, then `more`.
    """
    context = click.Context(command)
    words: list[str] = []
    for parameter in command.params:
        value = values.get(parameter.name or "")
        if parameter.name in _NOT_KEPT or value is None or value == parameter.get_default(context):
            continue
        given = value if isinstance(value, tuple | list) else (value,)
        if not isinstance(parameter, click.Option):
            words[:0] = [str(each) for each in given]
        elif parameter.is_flag:
            words += [parameter.opts[0]] if value else parameter.secondary_opts[:1]
        else:
            for each in given:
                words += [parameter.opts[0], str(each)]
    return shlex.join(["evaluator", "grade", *words, *more])


def to_go_on(command: click.Command, kept: Mapping[str, Any], run_id: str, folder: Path, store: str | None) -> str:
    """The line that goes on with a run of `evaluator grade` (`command`): from any folder with a store, else from where
    it was begun.

    `store`: what --store was given; None: the store of the environment or the default one; "" where nothing is kept.
    """
    if store == "":
        return as_typed(command, kept["options"], "--out", str(folder), "--no-store", "--resume")
    return shlex.join(["evaluator", "runs", "resume", run_id, *(["--store", store] if store else [])])


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
