"""`--control-reading`, `--control-below-bar`: beside which grades models are asked for what no answer there says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
_READING, _BELOW_BAR = "--control-reading/--no-control-reading", "--control-below-bar"
_HELP = (
    "Ask models, beside each grade that meets the bar, for what the answer says nothing of: who finds it there "
    "marks anything."
)
_HELP_BELOW_BAR = "Ask it beside every grade: nobody is talked up below the bar either."


def control_options(command: _Command) -> _Command:
    """Adds --control-reading and --control-below-bar."""
    command = click.option(_BELOW_BAR, is_flag=True, help=_HELP_BELOW_BAR)(command)
    return click.option(_READING, default=True, show_default=True, help=_HELP)(command)


def control_options_over_settings(command: _Command) -> _Command:
    """Adds them where settings may say it too."""
    below_bar = f"{_BELOW_BAR}/--no-control-below-bar"
    command = click.option(below_bar, default=None, help="The same of every submission.  [default: no]")(command)
    help_text = "Ask, of submissions that meet the bar, for what they say nothing of.  [default: yes]"
    return click.option(_READING, default=None, help=help_text)(command)
