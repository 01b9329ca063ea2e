"""Where the shipped rubrics, prompts and eval sets are: in a checkout beside the package, in a wheel inside it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

Kind = Literal["prompts", "rubrics", "eval_sets"]


def shipped(kind: Kind) -> Path:
    """The folder of the shipped files of one kind.

    An installed wheel carries it as `evaluator/<kind>`; in a checkout it stands beside the package and wins,
    so that an edit is seen at once.
    """
    package = Path(str(files("evaluator")))
    beside = package.parent / kind
    if beside.is_dir() and (package.parent / "pyproject.toml").is_file():
        return beside
    return package / kind
