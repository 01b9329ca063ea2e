"""How much of what tells who wrote an answer is taken out of it, and how much else with it (eval_sets/redaction).

    python -m benchmarks.redaction [--split development|held_out] [--misses]

Every made-up person writes every passage of the split. `identity`: what the table has of the person is known; `all`:
nothing is known, and what has the form of a contact is found. An instance counts as found where no character of it is
left. Too much: words outside of the instances that are gone, also from technical texts that name nobody.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from evaluator.core.identity import Identity
from evaluator.core.redaction import Redact, Redaction, redact

SET = Path(__file__).parent.parent / "eval_sets" / "redaction"
_SLOT = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"\w+")
_KINDS = {"given": "name", "family": "name", "full": "name"}
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True)
class Instance:
    """Characters of a text that tell who wrote it, and their kind."""

    start: int
    end: int
    kind: str


@dataclass(slots=True)
class Tally:
    """Counts of one way of redaction."""

    found: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)
    gone: int = 0
    words: int = 0
    technical_gone: int = 0
    technical_words: int = 0
    misses: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)


def people_of(split: str) -> list[dict[str, Any]]:
    """The made-up people of a split, as the file has them."""
    people: list[dict[str, Any]] = _read("people.yaml")[split]
    return people


def passages(split: str) -> Iterator[tuple[Mapping[str, Any], str, list[Instance], str]]:
    """Person, text, instances in it and the passage's id, for every person and every passage that fits."""
    for person in people_of(split):
        scripts = "unspaced" if _UNSPACED.search(person["full"]) else "spaced"
        for passage in _read("passages.yaml")[split]:
            if passage.get("scripts", scripts) == scripts:
                text, instances = filled(passage["text"], person)
                yield person, text, instances, passage["id"]


def filled(template: str, person: Mapping[str, Any]) -> tuple[str, list[Instance]]:
    """The passage as this person writes it."""
    text, instances, last = "", [], 0
    for slot in _SLOT.finditer(template):
        name = slot[1]
        value = str(person[name.lower().removesuffix("_lower")])
        value = value.upper() if name.isupper() else value.lower() if name.endswith("_lower") else value
        text += template[last : slot.start()]
        kind = name.lower().removesuffix("_lower")
        instances.append(Instance(len(text), len(text) + len(value), _KINDS.get(kind, kind)))
        text += value
        last = slot.end()
    return text + template[last:], instances


def identity_of(person: Mapping[str, Any], *, address: bool = True) -> Identity:
    """What the table has of a person."""
    columns = {name: tuple(values) for name, values in person["columns"].items()}
    return Identity(**columns, addresses=(person["address"],) if address else ())


def measure(how: Redact, split: str) -> Tally:
    """Redacts every passage and every technical text of the split."""
    tally = Tally()
    for person, text, instances, name in passages(split):
        identity = identity_of(person) if how == "identity" else None
        redaction = redact(text, identity, how)
        known = _known_kinds(person) if how == "identity" else ("email", "phone", "link", "address")
        _count(tally, redaction, instances, known, f"{name}: ")
    for text in _read("technical.yaml")[split]:
        somebody: list[dict[str, Any] | None] = [*people_of(split)] if how == "identity" else [None]
        for each in somebody:
            redaction = redact(text, identity_of(each) if each else None, how)
            gone = _gone(redaction, [])
            tally.technical_gone += len(gone)
            tally.technical_words += len(_WORD.findall(text))
            tally.extras += [f"technical ({each['full'] if each else 'nobody'}): {word}" for word in gone]
    return tally


def _known_kinds(person: Mapping[str, Any]) -> tuple[str, ...]:
    links = person["columns"].get("links")
    return ("name", "email", "phone", "address", *(("link",) if links else ()))


def _count(tally: Tally, redaction: Redaction, instances: list[Instance], known: tuple[str, ...], where: str) -> None:
    replaced = _replaced(redaction)
    for each in instances:
        if each.kind not in known:
            continue
        tally.of[each.kind] += 1
        left = [redaction.original[at] for at in range(each.start, each.end) if at not in replaced]
        if any(character.isalnum() for character in left):
            tally.misses.append(
                f"{where}{each.kind} {redaction.original[each.start : each.end]!r} -> {redaction.text!r}"
            )
        else:
            tally.found[each.kind] += 1
    gone = _gone(redaction, instances)
    tally.gone += len(gone)
    tally.words += len(_WORD.findall(redaction.original))
    tally.extras += [f"{where}{word} -> {redaction.text!r}" for word in gone]


def _replaced(redaction: Redaction) -> set[int]:
    return {at for each in redaction.replacements for at in range(each.start, each.end)}


def _gone(redaction: Redaction, instances: list[Instance]) -> list[str]:
    inside = {at for each in instances for at in range(each.start, each.end)}
    replaced = _replaced(redaction) - inside
    return [
        found[0] for found in _WORD.finditer(redaction.original) if any(at in replaced for at in range(*found.span()))
    ]


def _read(name: str) -> Any:
    return yaml.safe_load((SET / name).read_text(encoding="utf-8"))


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--split", default="development", choices=["development", "held_out"])
    parser.add_argument("--misses", action="store_true", help="show what was missed and what was taken too much")
    given = parser.parse_args()
    ways: tuple[Redact, ...] = ("identity", "all")
    for how in ways:
        tally = measure(how, given.split)
        print(f"--redact {how}, {given.split}")
        for kind in sorted(tally.of):
            found, of = tally.found[kind], tally.of[kind]
            print(f"  {kind:8} {found:4} of {of:4} found ({found / of:.1%})")
        print(f"  too much {tally.gone:4} of {tally.words} words beside them")
        print(f"           {tally.technical_gone:4} of {tally.technical_words} words of texts that name nobody")
        if given.misses:
            print("\n".join(f"  missed  {each}" for each in tally.misses))
            print("\n".join(f"  extra   {each}" for each in tally.extras))


if __name__ == "__main__":
    main()
