"""`--spotlight`: whether the words of answers carry a mark in what a model reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from evaluator.core.spotlight import Spotlight

_Command = TypeVar("_Command", bound=Callable[..., Any])
_HELP = "Put a mark on every word of an answer: a model then sees at each whose it is."


def spotlight_option(command: _Command) -> _Command:
    """Adds --spotlight."""
    return click.option("--spotlight", type=_CHOICE, default="off", show_default=True, help=_HELP)(command)


def spotlight_option_over_settings(command: _Command) -> _Command:
    """Adds --spotlight, which a setting may say too."""
    return click.option("--spotlight", type=_CHOICE, help="As for grade, of submissions.  [default: off]")(command)


_CHOICE = click.Choice(get_args(Spotlight))
