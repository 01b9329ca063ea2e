"""The file of a calibration: written whole, read strictly, with the key of every mistake."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from evaluator.core.calibration import Calibration
from evaluator.errors import CalibrationError, Mistake, OutputError
from evaluator.files.strict_yaml import shown_key
from evaluator.files.whole_file import cannot_write, whole_file

_LARGEST = 100_000_000  # bytes; about a kilobyte an answer
_HINT = "Give the file that `evaluator calibrate` wrote, of this version of its format; it is not written by hand."
_TAGS = ("curve", "ordinal")


def load_calibration(path: Path | str) -> Calibration:
    """The calibration in this file. Raises CalibrationError with every key that is wrong."""
    path = Path(path)
    try:
        if path.stat().st_size > _LARGEST:
            raise CalibrationError(f"{path} is larger than {_LARGEST // 1_000_000} MB: no calibration.", hint=_HINT)
        text = path.read_bytes()
    except OSError as error:
        raise CalibrationError(f"{path} cannot be read: {error.strerror}.", hint=_HINT) from error
    try:
        return Calibration.model_validate_json(text)
    except ValidationError as error:
        mistakes = [
            Mistake(_said(problem["type"], problem["msg"]), str(path), key=_key(problem["loc"]))
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise CalibrationError(f"{path} is no calibration.", hint=_HINT, mistakes=mistakes) from None


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Writes the file whole, or not at all. Raises OutputError where it stands already or cannot be written."""
    require_new(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    with whole_file(path) as partial:
        partial.write_text(calibration.model_dump_json(indent=1) + "\n", encoding="utf-8")


def require_new(path: Path) -> None:
    """Raises OutputError where something stands at this place: nothing is overwritten."""
    if path.exists():
        raise OutputError(f"{path} is there already.", hint="Choose another place with --out; nothing is overwritten.")


def _key(location: tuple[int | str, ...]) -> str | None:
    # Pydantic names the kind of a map as a part of the path; the file has no such key.
    return shown_key([part for part in location if part not in _TAGS]) or None


def _said(kind: str, message: str) -> str:
    return {"extra_forbidden": "unknown key", "missing": "is missing"}.get(kind, message)
