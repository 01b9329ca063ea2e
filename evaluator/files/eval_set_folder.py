"""Writing eval sets: a whole new folder, or a new division of one that nobody has reported on yet."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from evaluator.core.eval_set import EvalSet, EvalSetManifest
from evaluator.errors import EvalSetError, OutputError
from evaluator.files.eval_set_file import ANSWER_COLUMNS, ANSWERS, HISTORY, LABEL_COLUMNS, LABELS, MANIFEST
from evaluator.files.strict_yaml import parse_yaml, read_yaml, validated
from evaluator.files.whole_file import whole_file

_LINE = 110


def write_eval_set(eval_set: EvalSet, folder: Path) -> None:
    """Write the set with its own questionnaire and rubric into a new folder. Raises OutputError."""
    _new_folder(folder)
    files = {
        f"questionnaire.v{eval_set.questionnaire.version}.yaml": _yaml(eval_set.questionnaire),
        f"rubric.v{eval_set.rubric.version}.yaml": _yaml(eval_set.rubric),
        ANSWERS: _answers(eval_set),
        LABELS: _labels(eval_set),
        # Last: a folder without a manifest is no eval set, so that half a folder is not taken for one.
        MANIFEST: _yaml(eval_set.manifest),
    }
    for name, text in files.items():
        _write_whole(folder / name, text)


def write_new_split(folder: Path, divided: EvalSet, out: Path | None) -> Path:
    """Write the new division into `folder`, or a copy of the set with it into the new folder `out`.

    The manifest keeps its words and comments except for what the splits hold; a copy is the next version. Raises
    EvalSetError where the set was reported on already (it has a history) and no `out` is given, and OutputError.
    """
    if out is None and (folder / HISTORY).exists():
        raise EvalSetError(
            f"{folder} was reported on already ({HISTORY}): another division would make those figures untrue.",
            hint="Write the new division beside it: --out NEW_FOLDER.",
        )
    manifest = _manifest_again(folder / MANIFEST, divided, next_version=out is not None)
    if out is not None:
        _new_folder(out)
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name not in (ANSWERS, MANIFEST, HISTORY):
                _copy(path, out / path.name)
    target = out or folder
    _write_whole(target / ANSWERS, _answers(divided))
    _write_whole(target / MANIFEST, manifest)
    return target


def _new_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(f"{folder} is not empty.", hint="Give a new folder: nothing is overwritten.")
    except (FileExistsError, NotADirectoryError):
        raise OutputError(f"{folder} is a file, not a folder.", hint="Give a new folder.") from None
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made: {error.strerror}.") from error


def _write_whole(path: Path, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def _copy(path: Path, target: Path) -> None:
    try:
        shutil.copyfile(path, target)
    except OSError as error:
        raise OutputError(f"{path} cannot be copied to {target}: {error.strerror}.") from error


def _answers(eval_set: EvalSet) -> str:
    rows = (
        (each.answer.answer_id, each.answer.candidate_id, each.answer.question_id, each.answer.text, each.split)
        for each in eval_set.answers
    )
    return _csv(ANSWER_COLUMNS, rows)


def _labels(eval_set: EvalSet) -> str:
    rows = (
        (label.answer_id, label.criterion_id, label.rater_id, _level(label.level), label.note)
        for each in eval_set.answers
        for label in each.labels
    )
    return _csv(LABEL_COLUMNS, rows)


def _level(level: float) -> str:
    return str(int(level)) if level.is_integer() else str(level)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    plain = csv.writer(text, lineterminator="\n")
    # A lone carriage return is a row's end to a reader, and the csv module does not quote it by itself.
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow(columns)
    for row in rows:
        (quoted if any("\r" in cell for cell in row) else plain).writerow(row)
    return text.getvalue()


class _PlainDumper(yaml.SafeDumper):
    """Writes what the strict reader takes: no aliases, however often a value occurs."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 yaml's signature
        return True


def _yaml(record: BaseModel) -> str:
    return _dumped(_plain(record.model_dump(exclude_defaults=True)))


def _dumped(data: Any) -> str:
    return yaml.dump(data, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=_LINE)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value


def _manifest_again(path: Path, divided: EvalSet, *, next_version: bool) -> str:
    """The manifest's text with its splits (and version) written anew, all else as it stands: people's comments too."""
    document = read_yaml(path, EvalSetError)
    starts = sorted(line for key, line in document.lines.items() if len(key) == 1)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    manifest = divided.manifest
    anew: dict[str, Any] = {"splits": dict(manifest.splits), "split_by": manifest.split_by}
    if next_version:
        anew["version"] = manifest.version + 1
    for key in sorted(anew, key=lambda key: document.lines.get((key,), 0), reverse=True):
        line = document.lines.get((key,))
        text = _dumped({key: anew[key]}).rstrip("\n").split("\n")
        if line is None:
            lines += text
            continue
        end = next((start for start in starts if start > line), len(lines) + 1)
        while not lines[end - 2].strip() or lines[end - 2].startswith("#"):
            end -= 1  # What stands above the next key belongs to that.
        lines[line - 1 : end - 1] = text
    text_again = "\n".join(lines) + "\n"
    wanted = manifest.model_copy(update={"version": anew.get("version", manifest.version)})
    # A manifest on one line, or one that is indented in an unusual way, is written whole instead.
    return text_again if _reads_as(text_again, wanted, path) else _yaml(wanted)


def _reads_as(text: str, wanted: EvalSetManifest, path: Path) -> bool:
    try:
        return validated(parse_yaml(text, str(path), EvalSetError), EvalSetManifest)[0] == wanted
    except EvalSetError:
        return False
