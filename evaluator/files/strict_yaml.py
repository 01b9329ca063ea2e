"""YAML read strictly: plain data only, no key twice, no aliases, and the line of every key kept for messages."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from yaml.constructor import SafeConstructor

from evaluator.core.meant import suggestion
from evaluator.errors import InputError, Mistake, number_of

_LARGEST = 2_000_000  # bytes; a rubric is some kilobytes
_DEEPEST = 40
_PLAIN = "tag:yaml.org,2002:"
_PLAIN_TAGS = {"map", "seq", "str", "int", "float", "bool", "null"}

# libyaml reads ten times as fast as Python does; PyYAML may be installed without it.
_LOADER: type[yaml.SafeLoader | yaml.CSafeLoader] = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_QUOTED = re.compile(r"'([^']*)'")
_KEY_PART = re.compile(r"[^.\[\]]+|\[\d+\]")

Key = tuple[str | int, ...]
Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The data of one YAML file with the line at which each key stands (counted from 1)."""

    file: str
    data: Any
    lines: Mapping[Key, int]

    def mistake(self, key: Sequence[str | int], message: str) -> Mistake:
        """A mistake at `key`, with the line of the nearest enclosing key that stands in the file."""
        path = known = self._written(key)
        while known and known not in self.lines:
            known = known[:-1]
        return Mistake(message, file=self.file, line=self.lines.get(known), key=shown_key(path) or None)

    def _written(self, key: Sequence[str | int]) -> Key:
        """The path as `lines` has it: a record names a key such as 4 by its number, as it does a place in a list."""
        path: list[str | int] = []
        data = self.data
        for part in key:
            is_key = isinstance(data, dict)
            path.append(str(part) if is_key else part)
            is_there = part in data if is_key else isinstance(data, list) and part in range(len(data))
            data = data[part] if is_there else None
        return tuple(path)


def shown_key(key: Sequence[str | int]) -> str:
    """A path of keys as people write it: criteria[0].levels."""
    shown = ""
    for part in key:
        shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown


def key_path(shown: str) -> Key:
    """The path of keys that `shown_key` shows as this text."""
    return tuple(int(part[1:-1]) if part[0] == "[" else part for part in _KEY_PART.findall(shown))


def read_yaml(path: Path, error: type[InputError]) -> YamlDocument:
    """The YAML document at `path`. Raises `error`, naming the file and the line, where there is none."""
    try:
        if path.stat().st_size > _LARGEST:
            raise error(f"{path} is larger than {_LARGEST // 1_000_000} MB: not a file of this kind.")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise error(f"{path} does not exist.") from None
    except UnicodeDecodeError:
        raise error(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except OSError as cause:
        raise error(f"{path} cannot be read: {cause.strerror}.") from cause
    return parse_yaml(text, str(path), error)


def parse_yaml(text: str, file: str, error: type[InputError]) -> YamlDocument:
    """The YAML document that `text` holds; `file` is its name in messages."""
    lines: dict[Key, int] = {}
    mistakes: list[Mistake] = []
    try:
        # Aliases are refused while the events stream by, before anything could be expanded.
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else None
                mistake = Mistake("aliases (*name) are not allowed", file, line)
                raise error(f"{file} cannot be read.", mistakes=[mistake])
        root = yaml.compose(text, Loader=_LOADER)
        data = None if root is None else _plain(root, (), lines, mistakes, file)
    except yaml.MarkedYAMLError as cause:
        at = cause.problem_mark.line + 1 if cause.problem_mark else None
        said = Mistake(f"not valid YAML: {cause.problem or cause.context}", file, at)
        raise error(f"{file} cannot be read.", mistakes=[said]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as cause:
        raise error(f"{file} cannot be read.", mistakes=[Mistake(f"not valid YAML: {cause}", file)]) from None
    if mistakes:
        raise error(f"{file} has {number_of(mistakes)}.", mistakes=mistakes)
    return YamlDocument(file, data, lines)


def _plain(node: yaml.Node, key: Key, lines: dict[Key, int], mistakes: list[Mistake], file: str) -> Any:
    """The data under `node`; notes the line of every key on the way."""
    lines.setdefault(key, node.start_mark.line + 1)
    if len(key) > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep at line {node.start_mark.line + 1}")
    if node.tag.removeprefix(_PLAIN) not in _PLAIN_TAGS:
        mistakes.append(Mistake("tags (!name) are not allowed", file, node.start_mark.line + 1, key=shown_key(key)))
        return None
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            name = _scalar(key_node)
            line = key_node.start_mark.line + 1
            part = name if isinstance(name, int) and not isinstance(name, bool) else str(name)
            if not isinstance(name, Hashable) or name in found:
                mistakes.append(Mistake(f"'{name}' stands here twice", file, line, key=shown_key(key) or None))
                continue
            lines[(*key, part if isinstance(part, str) else str(part))] = line
            found[name] = _plain(value_node, (*key, str(part)), lines, mistakes, file)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*key, index), lines, mistakes, file) for index, item in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: yaml.Node) -> Any:
    return SafeConstructor().construct_object(node, deep=True)


def validated(document: YamlDocument, model: type[Record]) -> tuple[Record | None, list[Mistake]]:
    """The record that the document writes, or None with every mistake that keeps it from being one."""
    if not isinstance(document.data, dict):
        return None, [Mistake("expected keys and values at the top", document.file, 1)]
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        problems = error.errors()
        return None, [
            document.mistake(_key_of(problem["loc"]), _said(problem) + _meant(problem, document, model))
            for problem in problems
            if not _follows(problem, problems)
        ]


def _follows(problem: Any, problems: Sequence[Any]) -> bool:
    """Whether a list is only too short for what is wrong with what stands in it."""
    place = problem["loc"]
    return problem["type"] == "too_short" and any(
        len(each["loc"]) > len(place) and each["loc"][: len(place)] == place for each in problems
    )


def _key_of(location: Sequence[str | int]) -> Key:
    return tuple(part for part in location if part != "[key]")


_SAYINGS = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "string_pattern_mismatch": "must be letters, digits and underscores, and not begin with a digit",
}


def _meant(problem: Any, document: YamlDocument, model: type[BaseModel]) -> str:
    """What was meant by a misspelt key, of those that are not there beside it, or by a misspelt word of several."""
    if problem["type"] == "extra_forbidden":
        *place, key = problem["loc"]
        return suggestion(str(key), _keys_at(model, place) - _at(document.data, place).keys())
    if problem["type"] == "literal_error":
        return suggestion(str(problem["input"]), _QUOTED.findall(problem["ctx"]["expected"]))
    return ""


def _at(data: Any, place: Sequence[str | int]) -> dict[Any, Any]:
    """The keys and values at this place; none where it is not to be told, for a key such as 2.5 is text in a place."""
    for part in place:
        if part not in (data if isinstance(data, dict) else range(len(data))):
            return {}
        data = data[part]
    return data if isinstance(data, dict) else {}


def _keys_at(kind: Any, place: Sequence[str | int]) -> set[str]:
    """The keys that a record has which stands at this place inside one of this kind; none where no record does."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        keys = {field.alias or name: field.annotation for name, field in kind.model_fields.items()}
        return _keys_at(keys.get(str(place[0])), place[1:]) if place else set(keys)
    is_one_of_several = get_origin(kind) in (Annotated, Union, UnionType)
    deeper = place if is_one_of_several else place[1:]
    return set().union(*(_keys_at(each, deeper) for each in get_args(kind)))


def _said(problem: Any) -> str:
    kind = str(problem["type"])
    if kind in _SAYINGS:
        return _SAYINGS[kind]
    if kind == "too_short":
        fewest = problem["ctx"]["min_length"]
        return f"must have at least {fewest} item{'' if fewest == 1 else 's'}"
    value = problem.get("input")
    is_plain = isinstance(value, str | int | float | bool)
    if kind == "string_type":
        return f"must be text; in quotes ({str(value)!r:.60}) it is" if is_plain else "must be text"
    return f"{problem['msg']} (found {value!r:.60})" if is_plain else str(problem["msg"])
