"""Where settings are written: the environment and one settings file, read together and checked with all mistakes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_config_path

from evaluator.core.meant import meant
from evaluator.errors import Mistake, UsageError
from evaluator.settings_table import (
    NO,
    SWITCH,
    YES,
    Place,
    Setting,
    every_key,
    every_variable,
    home_path,
    place_of_key,
    place_of_variable,
)

FILE_VARIABLE = "EVALUATOR_SETTINGS"
_PREFIXES = ("EVALUATOR_", "OPENAI_", "OTEL_")
_HINT = "`evaluator settings show` says what there is and where it comes from; docs/settings.md has the table."
_OF_TENANT = re.compile(r"__[A-Z][A-Z0-9_]*$|\.tenants\.[^.]+(?=\.)")
_CUTOFF = 0.75
"""How like a setting's name a misspelt one has to be: long names have much in common, whatever they say."""
_DEEPEST = 8  # tables inside each other; settings have four
_LARGEST = 1_000_000  # bytes of a settings file, or of a file with one value


@dataclass(frozen=True, slots=True)
class Said:
    """What one setting is, and where that was written. `text` as the environment has it."""

    setting: Setting
    name: str
    text: str = field(repr=False)
    file: str | None
    """The settings file; None: the environment."""
    where: str
    """The variable, or the key in the file."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that was set, by its name in the environment, and every mistake in it."""

    said: Mapping[str, Said]
    mistakes: tuple[Mistake, ...]
    file: Path | None

    @property
    def texts(self) -> Mapping[str, str]:
        """What is set, by its name in the environment."""
        return {name: each.text for name, each in self.said.items()}

    def require(self, further: Sequence[Mistake] = ()) -> None:
        """Raises UsageError with every mistake, and the further ones, if there are any."""
        if mistakes := (*self.mistakes, *further):
            raise UsageError("The settings cannot be used as they are.", mistakes=mistakes, hint=_HINT)


def read_sources(environment: Mapping[str, str]) -> Sources:
    """Reads the environment and the settings file that it names, or else the one in the user's configuration folder.

    The environment comes before the file. An empty value is as good as none.
    """
    mistakes: list[Mistake] = []
    file = _file_of(environment)
    said: dict[str, Said] = {}
    written = _in_file(file, mistakes) if file is not None else ()
    for each in (*written, *_in_environment(environment, mistakes)):
        if each.text.strip():
            # A value and a file with the value are one setting: what comes later stands.
            said[each.name] = each
    for each in list(said.values()):
        if (wrong := each.setting.kind.wrong(each.text)) is not None:
            mistakes.append(Mistake(wrong, each.file, key=each.where))
            del said[each.name]
    return Sources(said, tuple(mistakes), file)


def is_on(text: str | None) -> bool:
    """Whether a switch is on; None: it is not."""
    return (text or "").strip().lower() in YES


def _file_of(environment: Mapping[str, str]) -> Path | None:
    if named := environment.get(FILE_VARIABLE, "").strip():
        return home_path(named)
    usual = user_config_path("screening-answer-evaluator", appauthor=False) / "settings.toml"
    return usual if usual.is_file() else None


def _in_environment(environment: Mapping[str, str], mistakes: list[Mistake]) -> Iterator[Said]:
    # The files first: a value that stands there itself comes before one in a file.
    for name, text in sorted(environment.items(), key=lambda item: "_FILE" not in item[0]):
        if not name.startswith(_PREFIXES) or not text.strip():
            continue
        place = place_of_variable(name)
        if place is not None:
            yield from _at(place, text, None, name, mistakes)
        elif name.startswith("EVALUATOR_"):  # of OPENAI_… and OTEL_… the libraries know more
            mistakes.append(Mistake(_unknown(name, every_variable()), key=name))


def _in_file(path: Path, mistakes: list[Mistake]) -> list[Said]:
    text = _content(path, str(path), FILE_VARIABLE, mistakes)
    if text is None:
        return []
    try:
        whole = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        # The message of the reader names line and column, and repeats nothing of a value but a single character.
        mistakes.append(Mistake(f"is not TOML: {error}", str(path)))
        return []
    said: list[Said] = []
    for key, value in _leaves(whole):
        place = place_of_key(key)
        spelled = _spelled(value)
        if place is None:
            mistakes.append(Mistake(_unknown(key, every_key()), str(path), key=key))
        elif spelled is None:
            mistakes.append(Mistake("has to be text, a number, true, false or a list of texts", str(path), key=key))
        elif place.setting.kind is SWITCH and spelled.lower() not in (*YES, *NO):
            mistakes.append(Mistake("has to be true or false", str(path), key=key))
        else:
            said += _at(place, spelled, str(path), key, mistakes)
    return sorted(said, key=lambda each: "_file" not in each.where)


def _at(place: Place, text: str, file: str | None, where: str, mistakes: list[Mistake]) -> Iterator[Said]:
    value: str | None = text.strip()
    if place.is_file:
        value = _content(home_path(text.strip()), file, where, mistakes)
    if value is not None:
        yield Said(place.setting, place.name, value.strip(), file, where)


def _content(path: Path, file: str | None, where: str, mistakes: list[Mistake]) -> str | None:
    try:
        with path.open("rb") as opened:
            body = opened.read(_LARGEST + 1)
        if len(body) > _LARGEST:
            mistakes.append(Mistake(f"the file {path} is too large to be one of settings", file, key=where))
            return None
        return body.decode("utf-8-sig")
    except OSError as error:
        mistakes.append(Mistake(f"the file {path} cannot be read: {error.strerror}", file, key=where))
    except ValueError:
        mistakes.append(Mistake(f"the file {path} is not text in UTF-8", file, key=where))
    return None


def _leaves(table: Mapping[str, object], before: str = "", depth: int = 1) -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _leaves(value, f"{before}{key}.", depth + 1)
        else:
            yield f"{before}{key}", value


def _spelled(value: object) -> str | None:
    """As the environment has it; None for what no setting is."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (int, float, str)):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    return None


def _unknown(name: str, known: list[str]) -> str:
    tenant = _OF_TENANT.search(name)
    whose = tenant[0] if tenant else ""
    near = meant(name.replace(whose, "", 1), known, cutoff=_CUTOFF)
    if near is None:
        return "there is no such setting"
    section, dot, last = near.rpartition(".")
    wanted = f"{section}{whose}{dot}{last}" if whose.startswith(".") else near + whose
    return f"there is no such setting; is {wanted} meant?"
