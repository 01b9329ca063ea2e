"""`run.json`, the manifest of a run: whole or not there, also after a kill while it is written."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from evaluator.core.run_manifest import RunManifest
from evaluator.files.whole_file import whole_file

MANIFEST = "run.json"


def write_manifest(folder: Path, manifest: RunManifest) -> None:
    """Puts the manifest in the place of the one that stood there. Raises OutputError."""
    with whole_file(folder / MANIFEST) as partial:
        partial.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> RunManifest | None:
    """The manifest in this folder; None where there is none that can be read."""
    try:
        return RunManifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        return None
